"""The media hub."""

import asyncio

from command.media import run_media
from command.processes.starting import begin
from command.settings import MediaSettings, ServerSettings

if __name__ == "__main__":
    asyncio.run(run_media(begin(ServerSettings()), MediaSettings()))
