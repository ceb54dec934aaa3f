"""A WebRTC client without a browser: publishes tracks, or views and decodes what another publishes.

publisher = await Peer.publishing([MovingPicture(), Tone()], lambda offer: whip(offer))
viewer = await Peer.viewing(lambda offer: whep(offer))
await viewer.until(lambda: viewer.pictures >= 10)
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Self

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from av import AudioFrame, VideoFrame

from video.engine import Kind
from video.offers import preferences
from video.synthetic import loudness, read_stamp, wall_ms

_AGES_KEPT: Final = 10_000

TakeOffer = Callable[[str], Awaitable[str]]
"""Give an offer to somebody, have the answer: a WHIP or WHEP request, or a hub at hand."""


class Peer:
    """One leg, seen from the client's side."""

    def __init__(
        self,
        *,
        ice_servers: Sequence[RTCIceServer] = (),
        relay_only: bool = False,
        connection: RTCPeerConnection | None = None,
    ) -> None:
        self.connection = connection or RTCPeerConnection(
            RTCConfiguration(
                iceServers=list(ice_servers),
                iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )
        self.pictures = 0
        self.sounds = 0
        self.loudest = 0.0
        self.size: tuple[int, int] | None = None
        self.seen: Counter[int] = Counter()  # pictures by who sent them, as their stamps say
        self.ages_ms: deque[int] = deque(maxlen=_AGES_KEPT)
        self._reading: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self.connection.on("connectionstatechange", self._news.set)

    @classmethod
    async def publishing(
        cls,
        tracks: Sequence[MediaStreamTrack],
        take: TakeOffer,
        *,
        codec: str | None = None,
        ice_servers: Sequence[RTCIceServer] = (),
        relay_only: bool = False,
    ) -> Self:
        """Send these tracks; `codec` is the only one offered for pictures, if given."""
        peer = cls(ice_servers=ice_servers, relay_only=relay_only)
        for track in tracks:
            transceiver = peer.connection.addTransceiver(track, direction="sendonly")
            if codec is not None and track.kind == Kind.VIDEO:
                transceiver.setCodecPreferences(preferences(Kind.VIDEO, codec))
        await peer._agree(take)
        return peer

    @classmethod
    async def viewing(
        cls,
        take: TakeOffer,
        *,
        kinds: Sequence[Kind] = tuple(Kind),
        ice_servers: Sequence[RTCIceServer] = (),
        relay_only: bool = False,
    ) -> Self:
        """Receive and decode."""
        peer = cls(ice_servers=ice_servers, relay_only=relay_only)
        for kind in kinds:
            peer.connection.addTransceiver(kind.value, direction="recvonly")
        await peer._agree(take)
        peer._read_all()
        return peer

    @classmethod
    def reading(cls, connection: RTCPeerConnection) -> Self:
        """Receive and decode from a connection that was agreed on elsewhere."""
        peer = cls(connection=connection)
        peer._read_all()
        return peer

    @property
    def state(self) -> str:
        return self.connection.connectionState

    async def until(self, condition: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait for something that shows in this peer.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(within_s):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        await self.connection.close()

    async def _agree(self, take: TakeOffer) -> None:
        try:
            await self.connection.setLocalDescription(await self.connection.createOffer())
            answer = await take(self.connection.localDescription.sdp)
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        except BaseException:
            await self.connection.close()
            raise

    def _read_all(self) -> None:
        for transceiver in self.connection.getTransceivers():
            if transceiver.receiver.track is not None:
                self._reading.append(asyncio.create_task(self._read(transceiver.receiver.track)))

    async def _read(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                match frame:
                    case VideoFrame():
                        self._look(frame)
                    case AudioFrame():
                        self.sounds += 1
                        self.loudest = max(self.loudest, loudness(frame))
                self._news.set()

    def _look(self, picture: VideoFrame) -> None:
        self.pictures += 1
        self.size = (picture.width, picture.height)
        if (stamp := read_stamp(picture)) is not None:
            who, at = stamp
            self.seen[who] += 1
            self.ages_ms.append((wall_ms() - at) & 0xFFFFFFFF)
