"""The ends of a call as programs, to be run in namespaces: `python -m tests.networks.ends hub|publish|view …`.

They agree over a Unix socket, which no network stands between. Each says ten times a second how it is, as a line of
JSON; a line `again` on its input makes a publisher or viewer build its connection anew.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import uvicorn
from aiortc import RTCIceServer
from aiortc.mediastreams import MediaStreamTrack

from tests.unit.video.calls import CALM, ROOM
from video.client import HubClient
from video.door import create_hub_app
from video.engine import MediaEvent
from video.errors import MediaError
from video.guard import Guard
from video.hub import Hub
from video.peer import Peer
from video.synthetic import MovingPicture, Tone
from video.turn import TurnServers

SECRET = "between ends"
NAME = "officer"


async def run_hub(words: argparse.Namespace) -> None:
    async def say(event: MediaEvent) -> None:
        print(json.dumps({"what": event.what, "who": event.participant, "why": event.why}), flush=True)

    turn = TurnServers(tuple(words.turn), words.turn_secret)
    hub = Hub(say, ice_servers=turn.for_hub, relay_only=words.relay_only, guard=Guard(CALM))
    await hub.start()
    await uvicorn.Server(
        uvicorn.Config(create_hub_app(hub, SECRET), uds=str(words.socket), log_level="warning")
    ).serve()


async def run_end(words: argparse.Namespace) -> None:
    client = HubClient("http://hub", SECRET, transport=httpx.AsyncHTTPTransport(uds=str(words.socket)))
    turn = TurnServers(tuple(words.turn), words.turn_secret, lasting_s=words.lasting_s).for_hub()
    peer = await connect(words, client, turn)
    commands = asyncio.Queue[bytes]()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: commands.put_nowait(sys.stdin.buffer.readline()))
    silence = Silence()
    while True:
        print(json.dumps(facts(peer)), flush=True)
        try:
            command = await asyncio.wait_for(commands.get(), 0.1)
        except TimeoutError:
            if not words.rebuild or not await silence.lasts(peer):
                continue
        else:
            if not command:
                return
        peer = await connect(words, client, turn)  # the one before is left to its fate, as by a page that reloads


class Silence:
    """When to build anew, as pages do: after 5 s if nothing ever came; after 2.5 s of silence, and then each 0.7 s."""

    def __init__(self) -> None:
        self._heard = 0
        self._at = time.monotonic()
        self._due_s = 5.0
        self._was_live = False

    async def lasts(self, peer: Peer) -> bool:
        stats = await peer.connection.getStats()
        heard = sum(report.packetsReceived for report in stats.values() if report.type == "transport")
        now = time.monotonic()
        if heard != self._heard:
            self._heard, self._at, self._due_s, self._was_live = heard, now, 2.5, True
        if now - self._at < self._due_s:
            return False
        self._heard, self._at, self._due_s = 0, now, 0.7 if self._was_live else 5.0
        return True


async def connect(words: argparse.Namespace, client: HubClient, turn: Sequence[RTCIceServer]) -> Peer:
    async def publish(offer: str) -> str:
        return (await client.publish(ROOM, NAME, offer)).answer

    async def view(offer: str) -> str:
        return (await client.view(ROOM, words.of, "desk", offer)).answer

    while True:
        try:
            if words.role == "view":
                return await Peer.viewing(view, ice_servers=turn, relay_only=words.relay_only)
            tracks: list[MediaStreamTrack] = [MovingPicture(5, width=320, height=240), Tone()]
            return await Peer.publishing(tracks, publish, ice_servers=turn, relay_only=words.relay_only)
        except MediaError:  # nobody there yet
            await asyncio.sleep(0.2)


def facts(peer: Peer) -> dict[str, object]:
    connection = peer.connection.getTransceivers()[0].sender.transport.transport._connection
    pairs = connection._nominated.values()
    return {
        "state": peer.state,
        "pictures": peer.pictures,
        "seen": peer.seen[5],
        "sounds": peer.sounds,
        "through": sorted({pair.local_candidate.type for pair in pairs}),
        "candidates": sorted({candidate.type for candidate in connection.local_candidates}),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["hub", "publish", "view"])
    parser.add_argument("socket", type=Path)
    parser.add_argument("--of", default=NAME, help="whom to view")
    parser.add_argument("--turn", action="append", default=[])
    parser.add_argument("--turn-secret", default="")
    parser.add_argument("--lasting-s", type=int, default=600)
    parser.add_argument("--relay-only", action="store_true")
    parser.add_argument("--rebuild", action="store_true")
    words = parser.parse_args()
    asyncio.run(run_hub(words) if words.role == "hub" else run_end(words))


if __name__ == "__main__":
    main()
