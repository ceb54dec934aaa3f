"""Recording real calls: an aiortc publisher, a hub, the recorder as a viewer; and what is left when one is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import pytest
import uvicorn

from tests.addresses import has_address
from tests.media import decoded_pictures, decoded_sound_s, packets_in
from tests.unit.video.calls import CALM
from video.door import create_hub_app
from video.engine import MediaEngine
from video.errors import HubLost
from video.guard import Guard
from video.hub import Hub
from video.peer import Peer
from video.recording.checking import check
from video.recording.manifest import Manifest
from video.recording.recording import Recording
from video.recording.reel import Lengths
from video.synthetic import MovingPicture, Tone, read_stamp, wall_ms

ROOM, SEAT, WHO = "12", "31", 7
ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(not has_address(), reason="ICE offers no loopback address, and there is no other")


async def nothing(_: object) -> None:
    """Nobody listens to what a hub tells."""


@dataclass
class House:
    """A hub that can be lost, and those who send to it."""

    hub: Hub | None = None
    peers: list[Peer] = field(default_factory=list)

    async def start(self) -> None:
        self.hub = Hub(nothing, guard=Guard(CALM))
        await self.hub.start()

    async def lose_hub(self) -> None:
        """As if it were killed: no more packets, no more answers."""
        hub, self.hub = self.hub, None
        if hub is not None:
            await hub.stop()

    async def engine(self) -> MediaEngine:
        if self.hub is None:
            raise HubLost("the hub is gone")
        return self.hub

    async def send(self, *, codec: str | None = None, picture: bool = True, sound: bool = True) -> Peer:
        hub = self.hub
        assert hub is not None

        async def offer(sdp: str) -> str:
            return (await hub.publish(ROOM, SEAT, sdp)).answer

        tracks = [MovingPicture(WHO, width=320, height=240)] if picture else []
        peer = await Peer.publishing([*tracks, *([Tone()] if sound else [])], offer, codec=codec)
        self.peers.append(peer)
        return peer

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()
        await self.lose_hub()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.close()


def begin(folder: Path) -> Manifest:
    return Manifest.open(folder, {"room": ROOM}, now=datetime.now(UTC))


async def until(condition: object, within_s: float = 40.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.05)


def written_s(folder: Path) -> float:
    """Seconds of pictures that can be read in all files of a folder now."""
    total = 0.0
    for path in folder.glob("*-*.*"):
        try:
            times = packets_in(path).picture_times_s
        except av.error.FFmpegError:
            continue  # its head is not written yet
        total += max(times) - min(times) if times else 0
    return total


class Stamp(NamedTuple):
    """Who sent a picture, when (milliseconds as by `wall_ms`), and where in its file it stands."""

    who: int
    made_ms: int
    at_s: float


def stamps(path: Path) -> list[Stamp]:
    """Of all pictures whose stamp can be read: one that was squeezed hard may not show it."""
    with av.open(str(path)) as container:
        read = [(read_stamp(frame), frame.time) for frame in container.decode(video=0)]
    return [Stamp(*stamp, float(at_s)) for stamp, at_s in read if stamp is not None]


def signed(difference_ms: int) -> int:
    """Of two times that count in 32 bits."""
    return (difference_ms + 2**31) % 2**32 - 2**31


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_call_is_recorded_with_whose_picture_it_is_and_when(tmp_path: Path, house: House, codec: str) -> None:
    await house.send(codec=codec)
    recording = Recording(begin(tmp_path), ROOM, house.engine)
    recording.follow({SEAT: {"name": "王强"}})
    await until(lambda: written_s(tmp_path) >= 3)
    await recording.close()
    (entry,) = recording.manifest.of_kind("opened").values()
    assert entry.facts["codecs"] == [codec.lower(), "opus"]
    path = tmp_path / entry.facts["file"]
    seen = stamps(path)
    assert len(seen) >= 40
    assert {stamp.who for stamp in seen} == {WHO}
    # The picture's own stamp against the file's time: the clock of both is this machine's.
    began_ms = int(datetime.fromisoformat(entry.facts["started_at"]).timestamp() * 1000)
    off_ms = [signed(began_ms + round(stamp.at_s * 1000) - stamp.made_ms) for stamp in seen]
    assert abs(sorted(off_ms)[len(off_ms) // 2]) < 1000
    assert abs(decoded_sound_s(path) - written_s(tmp_path)) < 1
    assert check(tmp_path).faults == []
    assert list(recording.manifest.of_kind("copied")) == [1]


async def test_segments_are_cut_by_key_frames_that_the_publisher_is_asked_for(tmp_path: Path, house: House) -> None:
    await house.send()
    recording = Recording(begin(tmp_path), ROOM, house.engine, lengths=Lengths(segment_s=1.5))
    recording.follow({SEAT: {}})
    await until(lambda: len(recording.manifest.of_kind("sealed")) >= 3)
    await recording.close()
    for entry in recording.manifest.of_kind("sealed").values():
        path = tmp_path / entry.facts["file"]
        assert len(list(decoded_pictures(path))) == len(packets_in(path).pictures)
    # Nothing between two segments is missing: sound has a packet each 20 ms.
    times = [
        datetime.fromisoformat(opened.facts["started_at"]).timestamp() + at_s
        for opened in recording.manifest.of_kind("opened").values()
        for at_s in packets_in(tmp_path / opened.facts["file"]).sound_times_s
    ]
    assert len(times) >= 3 * 1.5 * 50 * 0.9
    assert max(b - a for a, b in pairwise(times)) < 0.3
    assert check(tmp_path).faults == []


async def test_a_hub_that_is_lost_and_comes_back_costs_a_gap_and_nothing_else(tmp_path: Path, house: House) -> None:
    await house.send()
    recording = Recording(begin(tmp_path), ROOM, house.engine)
    recording.follow({SEAT: {}})
    await until(lambda: written_s(tmp_path) >= 2)
    lost_ms = wall_ms()
    await house.lose_hub()
    await until(lambda: len(recording.manifest.of_kind("sealed")) == 1)
    await house.start()
    await house.send()
    await until(lambda: len(recording.manifest.of_kind("opened")) == 2 and written_s(tmp_path) >= 4)
    await recording.close()
    first, second = (tmp_path / entry.facts["file"] for entry in recording.manifest.of_kind("sealed").values())
    assert signed(lost_ms - stamps(first)[-1].made_ms) < 2000
    assert signed(stamps(second)[0].made_ms - lost_ms) > 0
    assert check(tmp_path).faults == []


async def test_one_who_sends_sound_only_is_recorded(tmp_path: Path, house: House) -> None:
    await house.send(picture=False)
    recording = Recording(begin(tmp_path), ROOM, house.engine, lengths=Lengths(picture_s=1.0))
    recording.follow({SEAT: {}})
    await until(
        lambda: any(decoded_sound_s(path) >= 2 for path in tmp_path.glob("*.webm") if path.stat().st_size > 2000)
    )
    await recording.close()
    (entry,) = recording.manifest.of_kind("sealed").values()
    assert packets_in(tmp_path / entry.facts["file"]).pictures == []


async def test_one_who_is_followed_no_more_is_sealed_and_the_others_go_on(tmp_path: Path, house: House) -> None:
    await house.send()
    recording = Recording(begin(tmp_path), ROOM, house.engine)
    recording.follow({SEAT: {}, "32": {}})  # nobody sits there yet
    await until(lambda: written_s(tmp_path) >= 1)
    recording.follow({"32": {}})
    await until(lambda: len(recording.manifest.of_kind("sealed")) == 1)
    await recording.close()
    assert check(tmp_path).faults == []


async def test_a_folder_that_cannot_be_written_to_is_told_once_and_ends_the_recording(
    tmp_path: Path, house: House
) -> None:
    await house.send()
    told: list[OSError] = []
    manifest = begin(tmp_path / "recording")
    recording = Recording(manifest, ROOM, house.engine, on_failure=told.append)
    (tmp_path / "recording" / "00001-31.webm").mkdir()  # a file cannot be opened there, whoever we are
    recording.follow({SEAT: {}})
    await until(lambda: told)
    recording.follow({SEAT: {}})
    await recording.close()
    assert len(told) == 1


async def test_a_recorder_killed_in_the_middle_leaves_a_recording_to_within_two_seconds(
    tmp_path: Path, house: House, free_door: "Door"
) -> None:
    assert house.hub is not None
    await free_door.open(house.hub)
    await house.send()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.record", str(tmp_path), ROOM, SEAT, free_door.url, "secret",
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        await until(lambda: written_s(tmp_path) >= 3, within_s=90)
    finally:
        killed_ms = wall_ms()
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    path = tmp_path / f"00001-{SEAT}.webm"
    seen = stamps(path)
    assert signed(killed_ms - seen[-1].made_ms) < 2000
    assert len(seen) >= 40
    assert decoded_sound_s(path) >= 2
    before = path.read_bytes()
    again = begin(tmp_path)
    assert path.read_bytes() == before
    (sealed,) = again.of_kind("sealed").values()
    assert sealed.facts["found"]
    report = check(tmp_path)
    assert report.faults == []
    assert [note.file for note in report.notes] == [path.name]


class Door:
    """A hub's HTTP door on a free port."""

    def __init__(self) -> None:
        self.url = ""
        self._server: object = None
        self._task: asyncio.Task[None] | None = None

    async def open(self, hub: Hub) -> None:
        config = uvicorn.Config(create_hub_app(hub, "secret"), host="127.0.0.1", port=0, log_level="warning", ws="none")
        server = uvicorn.Server(config)
        self._server, self._task = server, asyncio.create_task(server.serve())
        await until(lambda: server.started)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._task is not None:
            self._server.should_exit = True  # type: ignore[attr-defined]
            await self._task


@pytest.fixture
async def free_door() -> AsyncIterator[Door]:
    door = Door()
    yield door
    await door.close()
