"""One publisher and many viewers, and recorded rooms of two: the hub beside aiortc's MediaRelay and Janus.

    python -m benchmarks.video [--seconds 10] [--viewers 10 50 100] [--rooms 15] [--servers hub relay janus]

One person sends 640x480 at 15 pictures a second, 600 kbit/s VP8, and a tone. Three viewers decode, and read off each
picture how old it is; the others count packets. All clients are the same programs for every server, on the same
machine, so they share its cores with the server; what is printed of the server is its own processor time. Janus is
Debian's package with its video room. In the recorded rooms each of two people is seen by the other, and recorded by the
product's recorder in a process of its own, whose files are read at the end; their pictures were encoded beforehand,
since no machine encodes thirty of them.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import machine
from benchmarks.peers.environment import PeerMissing
from benchmarks.peers.janus import VideoRoom, start_janus
from benchmarks.peers.video_servers import SECRET
from benchmarks.tables import number, table

EYES = 3
SETTLE_S = 3.0
RELAY_BEARS = 10  # viewers; it fills a core with eight, so that more would measure nothing but the machine
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Result:
    """One server with so many viewer streams."""

    server: str
    streams: int
    cpu: float  # of one core
    fps: float
    least_fps: float
    ages: list[float] | None  # p50 and p95, ms
    bitrate: float  # of all counted streams
    rss_mb: float

    def row(self) -> list[str]:
        ages = [f"{age:.0f}" for age in self.ages] if self.ages else ["-", "-"]
        return [
            self.server,
            str(self.streams),
            f"{self.cpu:.1%}",
            f"{self.cpu / self.streams:.2%}",
            f"{self.fps:.1f}",
            f"{self.least_fps:.1f}",
            *ages,
            number(self.bitrate / 1e6),
            number(self.rss_mb),
        ]


HEAD = ["server", "viewer streams", "CPU", "each", "fps", "least", "age p50 ms", "p95", "Mbit/s", "RSS MB"]

RECORDED = ["recorded rooms", "hub CPU", "a stream", "recorder CPU", "fps seen", "least", "shortest file s", "MB"]


class Client:
    """A process of `benchmarks.peers.video_clients`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, stack: AsyncExitStack, *words: str) -> "Client":
        process = await _start(stack, "-m", "benchmarks.peers.video_clients", *words)
        client = cls(process)
        await client.hear(within_s=300)
        return client

    async def hear(self, within_s: float = 30) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), within_s)
        if not line:
            raise RuntimeError("a client has ended; its words are above")
        said: dict[str, Any] = json.loads(line)
        return said

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, word: str = "", within_s: float = 30) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        await self._process.stdin.drain()
        return await self.hear(within_s)


async def measure(server: str, streams: int, seconds: float) -> Result:
    """Start the server and its clients anew, let them settle, and measure for so long."""
    async with AsyncExitStack() as stack:
        process, url = await stack.enter_async_context(running(server, 1))
        await Client.start(stack, "publish", url)
        clients = [await Client.start(stack, "count", url, "--viewers", str(streams - EYES))]
        clients.append(await Client.start(stack, "eyes", url, "--viewers", str(EYES)))
        await asyncio.sleep(SETTLE_S)
        before = [await client.ask() for client in clients]
        used = cpu_seconds(process.pid)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        used = cpu_seconds(process.pid) - used
        passed = asyncio.get_running_loop().time() - began
        after = [await client.ask() for client in clients]
        return _result(server, used / passed, before, after, rss_mb(process.pid))


async def record(rooms: int, seconds: float) -> list[str]:
    """So many rooms of two at the hub, all recorded; one row of figures."""
    people = rooms * 2
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        process, url = await stack.enter_async_context(running("hub", people))
        crowd = ("--people", str(people))
        await Client.start(stack, "prerecorded", url, *crowd)
        viewers = await Client.start(stack, "count", url, *crowd, "--viewers", str(people))
        recorder = await Client.start(stack, "record", url, *crowd, "--folder", folder)
        await asyncio.sleep(SETTLE_S)
        before = await viewers.ask()
        used = [cpu_seconds(process.pid), cpu_seconds(recorder.pid)]
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(seconds)
        passed = asyncio.get_running_loop().time() - began
        hub, writing = (
            (cpu_seconds(pid) - was) / passed for pid, was in zip((process.pid, recorder.pid), used, strict=True)
        )
        seen = _result("hub", hub, [before], [await viewers.ask()], 0)
        files = await recorder.ask("end", 120)
    return [
        f"{rooms}, {files['files']} files",
        f"{hub:.1%}",
        f"{hub / people / 2:.2%}",
        f"{writing:.1%}",
        f"{seen.fps:.1f}",
        f"{seen.least_fps:.1f}",
        f"{files['shortest_s']:.1f}",
        number(files["octets"] / 1e6),
    ]


def _result(server: str, cpu: float, before: list[dict[str, Any]], after: list[dict[str, Any]], rss: float) -> Result:
    rates = [
        (now - then) / (late["at"] - early["at"])
        for early, late in zip(before, after, strict=True)
        for then, now in zip(early["pictures"], late["pictures"], strict=True)
    ]
    bitrate = (after[0]["octets"] - before[0]["octets"]) * 8 / (after[0]["at"] - before[0]["at"])
    ages = after[-1]["ages"]
    return Result(server, len(rates), cpu, sum(rates) / len(rates), min(rates), ages, bitrate, rss)


@asynccontextmanager
async def running(server: str, people: int) -> AsyncIterator[tuple[Process, str]]:
    """A server's process and the address of its door."""
    port = free_port()
    async with AsyncExitStack() as stack:
        if server == "janus":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            process = await start_janus(Path(folder), port)
            stack.push_async_callback(_end, process)
            room = await stack.enter_async_context(VideoRoom(f"ws://127.0.0.1:{port}", 1))
            await room.make_room(people)
            yield process, f"ws://127.0.0.1:{port}"
        else:
            process = await _start(stack, "-m", "benchmarks.peers.video_servers", server, str(port))
            await answers(f"http://127.0.0.1:{port}")
            yield process, f"http://127.0.0.1:{port}"


async def answers(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, headers={"Authorization": f"Bearer {SECRET}"}) as client:
        for _ in range(300):
            try:
                (await client.get(f"{url}/load")).raise_for_status()
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")


async def _start(stack: AsyncExitStack, *words: str) -> Process:
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=PIPE, stdout=PIPE)
    stack.push_async_callback(_end, process)
    return process


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def main(words: argparse.Namespace) -> None:
    print(machine("aiortc", "aioice", "av"))
    print(f"\nOne publisher, {words.seconds:g} s each, {EYES} viewers decode:\n")
    results = []
    for streams in words.viewers:
        for server in words.servers:
            if server == "relay" and streams > RELAY_BEARS:
                print(f"relay with {streams} viewers: not run, {RELAY_BEARS} are more than a core already")
                continue
            try:
                results.append(await measure(server, streams, words.seconds))
                print(table(HEAD, [results[-1].row()]).splitlines()[-1], flush=True)
            except PeerMissing as reason:
                print(f"{server}: skipped, {reason}")
            except (TimeoutError, RuntimeError) as problem:
                print(f"{server} with {streams} viewers: gave up, {problem!r}")
    print("\n" + table(HEAD, [result.row() for result in results]))
    if words.rooms:
        print(f"\nRecorded rooms of two for {words.seconds + SETTLE_S:g} s and more:\n")
        print(table(RECORDED, [await record(words.rooms, words.seconds)]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--viewers", type=int, nargs="*", default=[10, 50, 100])
    parser.add_argument("--rooms", type=int, default=15)
    parser.add_argument("--servers", nargs="+", choices=["hub", "relay", "janus"], default=["hub", "relay", "janus"])
    asyncio.run(main(parser.parse_args()))
