"""The recorder's connection to one publisher: an ordinary viewer that takes frames out before they are decoded."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import SessionDescription

from video.engine import Kind, MediaEngine
from video.errors import BadOffer, MediaError
from video.forwarding import Frame, Sink, Source, take_from
from video.recording.errors import BadPicture
from video.recording.frames import Codec, EncodedFrame, read_frame

log = logging.getLogger(__name__)

VIEWER: Final = "recorder"
CONNECT_WITHIN_S: Final = 10.0
_GOODBYE_S: Final = 2.0  # a hub that was killed does not answer, and nobody shall wait for it
_GONE: Final = frozenset({"failed", "closed"})

Take = Callable[[EncodedFrame, float], None]
"""Has each frame, with when it came on the server's clock."""


class _Tap(Sink):
    """Stands where a viewer's queue stands in the hub, and hands every frame on at once."""

    def __init__(self, codec: Codec, source: Source, take: Take) -> None:
        super().__init__(codec.kind)
        self._codec = codec
        self._take = take
        self.follow(source)

    def put(self, frame: Frame) -> None:
        try:
            whole = read_frame(self._codec, frame.payloads, frame.timestamp)
        except BadPicture as problem:
            log.debug("left out: %s", problem)
            self.ask()
            return
        self._take(whole, time.time())

    def need_key_frame(self) -> None:
        """A picture is missing. What follows is recorded all the same: half a picture may be the evidence."""


class RecordingLeg:
    """Views one participant; `lost` when it has to be built anew."""

    def __init__(self, engine: MediaEngine, connection: RTCPeerConnection) -> None:
        self._engine = engine
        self._connection = connection
        self._sources: list[Source] = []
        self._since_s = time.monotonic()
        self._connected = False
        connection.on("connectionstatechange", self._changed)
        self._id: str | None = None

    @classmethod
    async def open(
        cls,
        engine: MediaEngine,
        room: str,
        of: str,
        take: Take,
        *,
        ice_servers: Sequence[RTCIceServer] = (),
        relay_only: bool = False,
    ) -> Self:
        """Ask the engine for a view of `of`; frames come as soon as the connection is there.

        Raises:
            MediaError: as the engine says.
        """
        policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
        configuration = RTCConfiguration(
            iceServers=list(ice_servers), iceTransportPolicy=policy, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE
        )
        leg = cls(engine, RTCPeerConnection(configuration))
        try:
            await leg._agree(room, of, take)
        except BaseException:
            await leg.close()
            raise
        return leg

    @property
    def lost(self) -> bool:
        return self._connection.connectionState in _GONE

    def silent(self, limit_s: float) -> bool:
        """Whether nothing has come for so long; one that is not yet connected has its own time for that."""
        came = [source.last_packet_at for source in self._sources if source.last_packet_at is not None]
        silent_s = time.monotonic() - max([self._since_s, *came])
        return silent_s >= (limit_s if self._connected else max(limit_s, CONNECT_WITHIN_S))

    @property
    def brought(self) -> int:
        """Packets so far."""
        return sum(source.packets for source in self._sources)

    def ask_key(self) -> None:
        for source in self._sources:
            source.ask()

    async def close(self) -> None:
        """End it here and at the engine, which may be gone."""
        if self._id is not None:
            with suppress(MediaError, TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._engine.close(self._id)
        with suppress(ConnectionError):
            await self._connection.close()

    def _changed(self) -> None:
        if self._connection.connectionState == "connected":
            self._connected, self._since_s = True, time.monotonic()

    async def _agree(self, room: str, of: str, take: Take) -> None:
        for kind in Kind:
            self._connection.addTransceiver(kind.value, direction="recvonly")
        await self._connection.setLocalDescription(await self._connection.createOffer())
        leg = await self._engine.view(room, of, VIEWER, self._connection.localDescription.sdp)
        self._id = leg.id
        # Before the answer is taken in: from then on packets may come.
        for media in SessionDescription.parse(leg.answer).media:
            self._tap(Kind(media.kind), media.rtp.codecs[0].name if media.rtp.codecs else "", take)
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=leg.answer, type="answer"))
        self._since_s = time.monotonic()

    def _tap(self, kind: Kind, name: str, take: Take) -> None:
        try:
            codec = Codec(name.lower())
        except ValueError:
            raise BadOffer(f"{name or 'nothing'} cannot be recorded") from None
        source = Source(kind, name)
        _Tap(codec, source, take)
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind == kind:
                take_from(transceiver.receiver, source)
        self._sources.append(source)
