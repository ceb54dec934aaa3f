"""The clients of `benchmarks.video`, the same for every server: publishers, eyes that decode, and viewers that count.

    python -m benchmarks.peers.video_clients ROLE URL [--rooms 1] [--people 1] [--viewers 10]

ROLE is `publish` (one live encoder a person), `prerecorded` (one encoder's work sent again by everybody), `eyes`,
`count`, or `record` (the product's own recorder, two people a recording, to `--folder`). Each says a line of JSON when
all are connected, and then one for every line that it is given.
"""

import argparse
import asyncio
import json
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import vpx
from aiortc.codecs.opus import OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder

from benchmarks.peers.janus import BITRATE, VideoRoom
from benchmarks.peers.video_servers import SECRET
from video.client import HubClient
from video.engine import Kind
from video.errors import NoSuchPublication
from video.forwarding import CLOCK_RATE, Frame, Sink, StandIn, give_to
from video.keyframes import begins_key_frame
from video.peer import Peer
from video.recording.manifest import Manifest
from video.recording.recording import Recording
from video.synthetic import MovingPicture, Tone

WIDTH, HEIGHT, FPS, GRAIN = 640, 480, 15, 60
SOUNDS_PER_S = 50
LOOP_S = 10


class Counter:
    """Counts what a connection brings, by the RTP headers alone: the crowd shall cost the machine little.

    A picture ends with a marked packet of the codec's own payload type, which is agreed on before anything comes.
    """

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.pictures = 0
        self.octets = 0
        [self._video] = [each for each in connection.getTransceivers() if each.kind == Kind.VIDEO]
        self._marked: int | None = None
        self._video.receiver.transport._handle_rtp_data = self._count  # type: ignore[method-assign]

    async def _count(self, data: bytes, arrival_time_ms: int) -> None:  # noqa: ARG002 - as aiortc calls it
        if self._marked is None:
            self._marked = 0x80 + int(self._video._codecs[0].payloadType or 0)
        self.octets += len(data)
        self.pictures += data[1] == self._marked


@dataclass
class Server:
    """Whoever carries the streams: how to publish to it, and how to view."""

    publish: Callable[[int, str], Awaitable[str]]
    view: Callable[[int, Callable[[RTCPeerConnection], None]], Awaitable[RTCPeerConnection]]


def plain() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


@asynccontextmanager
async def server_at(url: str) -> AsyncIterator[Server]:
    """The hub or the relay by HTTP, Janus by its WebSocket."""
    if url.startswith("ws"):
        async with VideoRoom(url, 1) as room:
            yield _janus(room)
    else:
        async with HubClient(url, SECRET) as client:
            yield _door(client)


def _door(client: HubClient) -> Server:
    async def publish(person: int, offer: str) -> str:
        return (await client.publish("1", str(person), offer)).answer

    async def view(person: int, prepare: Callable[[RTCPeerConnection], None]) -> RTCPeerConnection:
        connection = plain()
        for kind in Kind:
            connection.addTransceiver(kind.value, direction="recvonly")
        prepare(connection)
        await connection.setLocalDescription(await connection.createOffer())
        async with asyncio.timeout(60):
            while True:
                try:
                    leg = await client.view("1", str(person), uuid.uuid4().hex, connection.localDescription.sdp)
                    break
                except NoSuchPublication:
                    await asyncio.sleep(0.2)
        await connection.setRemoteDescription(RTCSessionDescription(sdp=leg.answer, type="answer"))
        return connection

    return Server(publish, view)


def _janus(room: VideoRoom) -> Server:
    async def view(person: int, prepare: Callable[[RTCPeerConnection], None]) -> RTCPeerConnection:
        handle, offer = await room.view(person)
        connection = plain()
        await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        prepare(connection)
        await connection.setLocalDescription()
        await room.start(handle, connection.localDescription.sdp)
        return connection

    return Server(room.publish, view)


async def publish_live(server: Server, people: int) -> list[Peer]:
    # One bitrate for all, whatever a server's estimate says: the streams must be the same.
    vpx.MIN_BITRATE = vpx.MAX_BITRATE = vpx.DEFAULT_BITRATE = BITRATE
    peers = []
    for person in range(1, people + 1):
        tracks = [MovingPicture(person, width=WIDTH, height=HEIGHT, fps=FPS, grain=GRAIN), Tone()]

        async def take(offer: str, person: int = person) -> str:
            return await server.publish(person, offer)

        peers.append(await Peer.publishing(tracks, take, codec="VP8"))
    return peers


async def encoded() -> dict[Kind, list[Frame]]:
    """Ten seconds of pictures and sound, encoded once."""
    vpx.DEFAULT_BITRATE = BITRATE
    picture, tone = MovingPicture(1, width=WIDTH, height=HEIGHT, fps=FPS, grain=GRAIN), Tone()
    pictures, sounds = Vp8Encoder(), OpusEncoder()
    frames: dict[Kind, list[Frame]] = {kind: [] for kind in Kind}
    for number in range(LOOP_S * FPS):
        payloads, _ = await asyncio.to_thread(pictures.encode, await picture.recv(), number == 0)
        frames[Kind.VIDEO].append(Frame(payloads, 0, begins_key_frame("VP8", payloads[0])))
    for _ in range(LOOP_S * SOUNDS_PER_S):
        payloads, _ = sounds.encode(await tone.recv())
        frames[Kind.AUDIO].append(Frame(payloads, 0))
    return frames


@dataclass
class Loop:
    """One person's track: the encoded frames over and over, from the first again when a key frame is wanted."""

    frames: list[Frame]
    sink: Sink
    per_s: int
    at: int = 0
    sent: int = 0

    def send(self) -> None:
        frame = self.frames[self.at % len(self.frames)]
        step = CLOCK_RATE[self.sink.kind] // self.per_s
        self.sink.put(Frame(frame.payloads, self.sent * step & 0xFFFFFFFF, frame.key))
        self.at += 1
        self.sent += 1

    def rewind(self) -> None:
        self.at = 0


async def publish_prerecorded(server: Server, people: int) -> list[RTCPeerConnection]:
    frames = await encoded()
    loops: dict[Kind, list[Loop]] = {kind: [] for kind in Kind}
    connections = []
    for person in range(1, people + 1):
        connection = plain()
        for kind, per_s in ((Kind.AUDIO, SOUNDS_PER_S), (Kind.VIDEO, FPS)):
            transceiver = connection.addTransceiver(StandIn(kind), direction="sendonly")
            loop = Loop(frames[kind], Sink(kind), per_s)
            loop.sink.ask = loop.rewind  # type: ignore[method-assign]
            give_to(transceiver.sender, loop.sink)
            loops[kind].append(loop)
        await connection.setLocalDescription(await connection.createOffer())
        answer = await server.publish(person, connection.localDescription.sdp)
        await connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        connections.append(connection)
    for kind, per_s in ((Kind.AUDIO, SOUNDS_PER_S), (Kind.VIDEO, FPS)):
        asyncio.create_task(_send_all(loops[kind], per_s)).add_done_callback(lambda task: task.result())
    return connections


async def _send_all(loops: list[Loop], per_s: int) -> None:
    """Everybody's next frame, not all in one moment."""
    due = time.monotonic()
    while True:
        for loop in loops:
            loop.send()
            due += 1 / per_s / len(loops)
            await asyncio.sleep(max(0, due - time.monotonic()))


@dataclass
class Viewers:
    counters: list[Counter] = field(default_factory=list)
    eyes: list[Peer] = field(default_factory=list)

    def counting(self, connection: RTCPeerConnection) -> None:
        self.counters.append(Counter(connection))

    def says(self) -> dict[str, object]:
        """Pictures and packets so far by viewer, and ages since the last time."""
        ages = [age for eye in self.eyes for age in eye.ages_ms]
        for eye in self.eyes:
            eye.ages_ms.clear()
        pictures = [counter.pictures for counter in self.counters] + [eye.pictures for eye in self.eyes]
        return {
            "at": time.monotonic(),
            "pictures": pictures,
            "octets": sum(counter.octets for counter in self.counters),
            "ages": np.percentile(ages, [50, 95]).tolist() if ages else None,
        }


async def view_all(server: Server, words: argparse.Namespace) -> Viewers:
    viewers = Viewers()
    for number in range(words.viewers):
        person = number % words.people + 1
        if words.role == "count":
            connection = await server.view(person, viewers.counting)
        else:
            connection = await server.view(person, lambda _: None)
            viewers.eyes.append(Peer.reading(connection))
        await _connected(connection)
    return viewers


@dataclass
class Recorder:
    """The recordings, and what they have written."""

    recordings: list[Recording]

    @classmethod
    def of(cls, client: HubClient, people: int, folder: Path) -> "Recorder":
        async def engine() -> HubClient:
            return client

        recordings = []
        for first in range(1, people + 1, 2):
            manifest = Manifest.open(folder / str(first), {"room": first}, now=datetime.now(UTC))
            recordings.append(Recording(manifest, "1", engine))
            recordings[-1].follow({str(person): {"name": str(person)} for person in (first, first + 1)})
        return cls(recordings)

    async def says(self, end: bool) -> dict[str, object]:
        """Files so far; with `end` all are closed and read from disk: seconds of pictures in the shortest."""
        if end:
            await asyncio.gather(*(recording.close() for recording in self.recordings))
        files = [file for recording in self.recordings for file in recording.manifest.folder.glob("*.webm")]
        octets = sum(file.stat().st_size for file in files)
        seconds = min(pictures_in(file) for file in files) / FPS if end and files else 0.0
        return {"files": len(files), "octets": octets, "shortest_s": seconds}


def pictures_in(file: Path) -> int:
    with av.open(str(file)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


async def _connected(connection: RTCPeerConnection) -> None:
    changed = asyncio.Event()
    connection.on("connectionstatechange", changed.set)
    async with asyncio.timeout(30):
        while connection.connectionState != "connected":
            changed.clear()
            await changed.wait()


async def main(words: argparse.Namespace) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(server_at(words.url))
        viewers = Viewers()
        match words.role:
            case "publish":
                kept: object = await publish_live(server, words.people)
            case "prerecorded":
                kept = await publish_prerecorded(server, words.people)
            case "record":
                client = await stack.enter_async_context(HubClient(words.url, SECRET))
                kept = Recorder.of(client, words.people, words.folder)
            case _:
                kept = viewers = await view_all(server, words)
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            said = await kept.says(line == "end\n") if isinstance(kept, Recorder) else viewers.says()
            print(json.dumps(said), flush=True)
        del kept


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["publish", "prerecorded", "eyes", "count", "record"])
    parser.add_argument("url")
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--viewers", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    asyncio.run(main(parser.parse_args()))
