"""How long a call is without pictures when its network is cut, mended, or changed. Needs root and `ip`.

    python -m benchmarks.video_networks [--rounds 3]

An officer in one network namespace, the hub and a desk in another, a cable between; as in `tests/networks`. Times are
from the end of the trouble to the next picture that the desk decodes, and from its beginning to the hub's `stalled`.
A publisher builds anew by the rule of the pages: after 2.5 s without a packet from the hub, again each 0.7 s.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.tables import table
from tests.networks.conftest import ROOT, End
from tests.networks.lands import Lands, missing

OFFICER, MOVED, HUB = "10.77.3.2", "10.77.3.7", "10.77.3.1"
LONG_S = 240


@dataclass
class Scene:
    """A call that stands."""

    lands: Lands
    hub: End
    officer: End
    desk: End

    async def stalled(self) -> float:
        await self.hub.until(lambda said: said["what"] == "stalled", LONG_S)
        return time.monotonic()

    async def next_pictures(self) -> float:
        """When three more pictures have been decoded: one may have been under way."""
        before = self.desk.said[-1]["seen"]
        await self.desk.until(lambda said: said["seen"] >= before + 3, LONG_S)
        return time.monotonic()


Trouble = Callable[[Scene], Awaitable[tuple[float, float]]]


def cut_for(seconds: float) -> Trouble:
    async def trouble(scene: Scene) -> tuple[float, float]:
        began = time.monotonic()
        scene.lands.cut("officer", "hub")
        noticed = await scene.stalled()
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        await drain(scene.desk)
        scene.lands.mend("officer", "hub")
        mended = time.monotonic()
        return noticed - began, await scene.next_pictures() - mended

    return trouble


async def moved(scene: Scene) -> tuple[float, float]:
    began = time.monotonic()
    scene.lands.move("officer", "hub", OFFICER, MOVED)
    noticed = await scene.stalled()
    await drain(scene.desk)
    back = await scene.next_pictures()
    return noticed - began, back - began


async def drain(end: End) -> None:
    """Hear all that it has said so far."""
    with contextlib.suppress(TimeoutError):
        while True:
            await end.until(lambda _: True, 0.05)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    with tempfile.TemporaryDirectory() as folder, Lands() as lands:
        for name in ("officer", "hub"):
            lands.add(name)
        lands.cable("officer", OFFICER, "hub", HUB)
        door = Path(folder) / "door"
        running: list[Process] = []

        async def start(where: str, role: str, *words: str) -> End:
            command = lands.into(where, sys.executable, "-m", "tests.networks.ends", role, str(door), *words)
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            running.append(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment))
            return End(running[-1])

        try:
            hub = await start("hub", "hub")
            made = Scene(lands, hub, await start("officer", "publish", "--rebuild"), await start("hub", "view"))
            await made.desk.until(lambda said: said["seen"] >= 30, LONG_S)
            yield made
        finally:
            for process in running:
                process.kill()
                await process.communicate()


async def main(words: argparse.Namespace) -> None:
    if reason := missing():
        raise SystemExit(reason)
    print(machine("aiortc", "aioice"), f"load {os.getloadavg()[0]:.1f}\n")
    rows = []
    troubles = {"cut for 5 s": cut_for(5), "cut for 15 s": cut_for(15), "another address": moved}
    for name, trouble in troubles.items():
        times = []
        for _ in range(words.rounds):
            async with scene() as made:
                times.append(await trouble(made))
        noticed, back = zip(*times, strict=True)
        rows.append([name, f"{statistics.median(noticed):.1f}", f"{statistics.median(back):.1f}", f"{max(back):.1f}"])
    print(table(["what happens", "stalled after s", "pictures after s, median", "longest"], rows))
    print("pictures: after the network is back; for another address, after the change")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args()))
