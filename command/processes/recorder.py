"""The recorder of calls."""

import asyncio

from command.processes.starting import begin
from command.recorder import run_recorder
from command.settings import RecordingSettings, ServerSettings
from video.client import HubClient

if __name__ == "__main__":
    of_this, recording = ServerSettings(), RecordingSettings()
    asyncio.run(run_recorder(begin(of_this), recording.folder_in(of_this.home), recording, HubClient))
