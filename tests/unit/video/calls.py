"""A call at a hub in this process, for tests."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiortc import RTCRtpReceiver

from video.engine import Happening, Kind, Leg, MediaEngine, MediaEvent
from video.guard import Guard, Limits
from video.hub import Hub
from video.peer import Peer
from video.synthetic import MovingPicture, Tone

ROOM = "1"
CALM = Limits(lag_s=60, cpu=60)  # the machine that runs tests is allowed to be slow
WIDTH, HEIGHT = 320, 240


class Call:
    """A hub, its events so far, and peers that are closed at the end. `engine` is whom the peers ask."""

    def __init__(self, engine: MediaEngine | None = None, *, hold_s: float = 0.0) -> None:
        self.events: list[MediaEvent] = []
        self._news = asyncio.Event()
        self.hub = Hub(self._note, guard=Guard(CALM), hold_s=hold_s)
        self.engine: MediaEngine = engine or self.hub
        self.legs: dict[Peer, Leg] = {}

    async def __aenter__(self) -> Self:
        await self.hub.start()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(peer.close() for peer in self.legs))
        await self.hub.stop()

    async def publisher(
        self, name: str, who: int = 0, *, codec: str | None = None, room: str = ROOM, sound: bool = True
    ) -> Peer:
        tracks = [MovingPicture(who, width=WIDTH, height=HEIGHT)] + ([Tone()] if sound else [])
        legs: list[Leg] = []

        async def take(offer: str) -> str:
            legs.append(await self.engine.publish(room, name, offer))
            return legs[0].answer

        peer = await Peer.publishing(tracks, take, codec=codec)
        self.legs[peer] = legs[0]
        return peer

    async def viewer(self, of: str, name: str = "desk", *, room: str = ROOM) -> Peer:
        legs: list[Leg] = []

        async def take(offer: str) -> str:
            legs.append(await self.engine.view(room, of, name, offer))
            return legs[0].answer

        peer = await Peer.viewing(take)
        self.legs[peer] = legs[0]
        return peer

    async def until(self, condition: Callable[[MediaEvent], bool]) -> MediaEvent:
        """The first event like that; those before the call count, too."""
        async with asyncio.timeout(60):
            while True:
                for event in self.events:
                    if condition(event):
                        return event
                self._news.clear()
                await self._news.wait()

    async def told(self, what: Happening, participant: str, generation: int | None = None) -> MediaEvent:
        return await self.until(
            lambda event: (
                (event.what, event.participant) == (what, participant) and generation in {None, event.generation}
            )
        )

    async def _note(self, event: MediaEvent) -> None:
        self.events.append(event)
        self._news.set()


def receivers(peer: Peer) -> dict[Kind, RTCRtpReceiver]:
    return {Kind(each.kind): each.receiver for each in peer.connection.getTransceivers()}


async def leave_without_a_word(peer: Peer) -> None:
    """As a phone does that loses its network: nothing is sent any more, not even a goodbye."""
    for transceiver in peer.connection.getTransceivers():
        ice = transceiver.sender.transport.transport

        async def nowhere(_data: bytes) -> None:
            return

        ice._send = nowhere
