"""A recorder as a process of its own, for a test to kill: `python -m tests.record FOLDER ROOM SEAT URL SECRET`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from video.client import HubClient
from video.engine import MediaEngine
from video.recording.manifest import Manifest
from video.recording.recording import Recording


async def record(folder: Path, room: str, seat: str, url: str, secret: str) -> None:
    async with HubClient(url, secret) as client:

        async def engine() -> MediaEngine:
            return client

        recording = Recording(Manifest.open(folder, {"room": room}, now=datetime.now(UTC)), room, engine)
        recording.follow({seat: {}})
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1]), *sys.argv[2:6]))
