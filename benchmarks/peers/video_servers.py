"""What carries the streams of `benchmarks.video`, as processes.

python -m benchmarks.peers.video_servers hub|relay PORT
"""

import asyncio
import sys
import uuid
from collections.abc import Mapping
from typing import cast

import uvicorn
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamTrack

from video.door import create_hub_app
from video.engine import Leg, MediaEvent
from video.guard import Guard, Limits
from video.hub import Hub

SECRET = "benchmark"  # noqa: S105 - of a process that lives for one measurement, on loopback


class Relay:
    """aiortc's own `MediaRelay`: decodes once, encodes once for each viewer."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[tuple[str, str], list[MediaStreamTrack]] = {}
        self._connections: list[RTCPeerConnection] = []

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        connection = self._connection()
        tracks = self._tracks[room, participant] = []
        connection.on("track", tracks.append)
        return await self._answer(connection, offer)

    async def view(self, room: str, of: str, _viewer: str, offer: str) -> Leg:
        connection = self._connection()
        for track in sorted(self._tracks[room, of], key=lambda track: track.kind):  # as offered: sound first
            connection.addTrack(self._relay.subscribe(track, buffered=False))
        return await self._answer(connection, offer)

    def load(self) -> Mapping[str, float]:
        return {"rooms": 1, "publications": len(self._tracks), "viewings": 0, "cpu": 0, "lag_s": 0}

    def _connection(self) -> RTCPeerConnection:
        made = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connections.append(made)
        return made

    async def _answer(self, connection: RTCPeerConnection, offer: str) -> Leg:
        await connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await connection.setLocalDescription()
        return Leg(uuid.uuid4().hex, connection.localDescription.sdp)


async def serve(kind: str, port: int) -> None:
    async def ignore(_event: MediaEvent) -> None:
        return

    if kind == "hub":
        hub = Hub(ignore, guard=Guard(Limits(lag_s=10, cpu=10, waiting=1000)))
        await hub.start()
    else:
        hub = cast(Hub, Relay())
    config = uvicorn.Config(create_hub_app(hub, SECRET), host="127.0.0.1", port=port, log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
