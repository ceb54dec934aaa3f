"""Hours of joining and leaving at the media hub: does anything grow?

    python -m benchmarks.video_soak [--minutes 10] [--rooms 4]

In each room one person sends all the time, and viewers come, look for a while, and go: in order, or by falling silent,
or by coming anew without a word; now and then the publisher does. All over this machine's own addresses, never more
than `--rooms` publishers and three viewers a room. Once a minute: the hub's memory, sockets, threads and tasks. By hand
for eight hours with `--minutes 480`; a run ends with the growth between its second minute and its last.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import random
import sys
import threading
import time
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvicorn

from benchmarks.machine import machine
from benchmarks.peers.video_servers import SECRET
from benchmarks.tables import table
from benchmarks.video import answers, free_port, rss_mb
from video.client import HubClient
from video.door import create_hub_app
from video.engine import Leg, MediaEvent
from video.errors import HubBusy, NoSuchPublication
from video.guard import Guard, Limits
from video.hub import Hub
from video.peer import Peer
from video.synthetic import MovingPicture, Tone

HEAD = ["minute", "joined", "refused", "RSS MB", "sockets", "threads", "tasks", "objects", "legs"]
VIEWERS = 3
ASK_S = 60.0


async def serve(port: int) -> None:
    """The hub, with a word a line on its input asking for figures."""

    async def ignore(_event: MediaEvent) -> None:
        return

    hub = Hub(ignore, guard=Guard(Limits(lag_s=2, cpu=2)))
    await hub.start()
    config = uvicorn.Config(create_hub_app(hub, SECRET), host="127.0.0.1", port=port, log_level="warning")
    serving = asyncio.create_task(uvicorn.Server(config).serve())
    while await asyncio.to_thread(sys.stdin.readline):
        gc.collect()
        figures = {
            "sockets": sum(target.startswith("socket") for target in _descriptors()),
            "threads": threading.active_count(),
            "tasks": len(asyncio.all_tasks()),
            "objects": len(gc.get_objects()),
            "legs": hub.load()["publications"] + hub.load()["viewings"],
        }
        print(json.dumps(figures), flush=True)
    serving.cancel()


def _descriptors() -> list[str]:
    """What this process has open."""
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the folder's own is gone by the time it is looked at
            targets.append(str(link.readlink()))
    return targets


class Crowd:
    """People of some rooms who come and go until told to stop."""

    def __init__(self, client: HubClient, rooms: int, seed: int) -> None:
        self._client = client
        self._rooms = rooms
        self._dice = random.Random(seed)
        self.joined = 0
        self.refused = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for room in range(1, self._rooms + 1):
                tasks.create_task(self._publisher(str(room)))
                for number in range(VIEWERS):
                    tasks.create_task(self._viewer(str(room), f"viewer{number}"))

    async def _publisher(self, room: str) -> None:
        while True:
            peer = await self._join(lambda offer: self._client.publish(room, "officer", offer), sends=True)
            await asyncio.sleep(self._dice.uniform(10, 60))
            await self._leave(peer)

    async def _viewer(self, room: str, name: str) -> None:
        while True:
            peer = await self._join(lambda offer: self._client.view(room, "officer", name, offer), sends=False)
            await asyncio.sleep(self._dice.uniform(1, 8))
            await self._leave(peer)

    async def _join(self, ask: Callable[[str], Awaitable[Leg]], *, sends: bool) -> Peer | None:
        async def take(offer: str) -> str:
            return (await ask(offer)).answer

        try:
            if sends:
                picture = MovingPicture(width=160, height=128, fps=10)
                peer = await Peer.publishing([picture, Tone()], take)
            else:
                peer = await Peer.viewing(take)
        except (HubBusy, NoSuchPublication):
            self.refused += 1
            return None
        self.joined += 1
        return peer

    async def _leave(self, peer: Peer | None) -> None:
        """In order; or without a goodbye, so that the hub has to find out."""
        if peer is None:
            return
        if self._dice.random() < 0.3:
            ice = peer.connection.getTransceivers()[0].sender.transport.transport
            await ice.stop()
        await peer.close()


async def main(words: argparse.Namespace) -> None:
    print(machine("aiortc", "aioice"))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.video_soak", "--serve", str(port), stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    rows: list[list[float]] = []
    try:
        await answers(f"http://127.0.0.1:{port}")
        async with HubClient(f"http://127.0.0.1:{port}", SECRET) as client:
            crowd = Crowd(client, words.rooms, seed=1)
            coming_and_going = asyncio.create_task(crowd.run())
            until = time.monotonic() + words.minutes * 60
            print(table(HEAD, []))
            while time.monotonic() < until:
                await asyncio.sleep(ASK_S)
                if coming_and_going.done():
                    coming_and_going.result()
                process.stdin.write(b"\n")
                said = json.loads(await process.stdout.readline())
                rss = rss_mb(process.pid)
                row = [len(rows) + 1, crowd.joined, crowd.refused, rss, *(said[name] for name in HEAD[4:])]
                rows.append(row)
                print(table(HEAD, [[f"{value:.0f}" for value in row]]).splitlines()[-1], flush=True)
            coming_and_going.cancel()
            await asyncio.gather(coming_and_going, return_exceptions=True)
    finally:
        process.kill()
        await process.communicate()
    if len(rows) > 2:
        growth = {name: last - first for name, first, last in zip(HEAD[3:], rows[1][3:], rows[-1][3:], strict=True)}
        print("growth from minute 2 to the last: " + ", ".join(f"{name} {by:+.0f}" for name, by in growth.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rooms", type=int, default=4)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve(given.serve) if given.serve else main(given))
