"""A media engine written by hand: it answers offers with words, and remembers what it was told."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import count

from video.engine import Kind, Leg
from video.errors import BadOffer, HubLost, NoSuchLeg, NoSuchPublication


class FakeEngine:
    """Implements `MediaEngine`. `refuses` is raised by whatever is asked next of it, until it is taken away."""

    _numbers = count(1)

    def __init__(self) -> None:
        self.published: dict[tuple[str, str], str] = {}
        self.legs: dict[str, tuple[str, str]] = {}
        self.muted: dict[tuple[str, str], frozenset[Kind]] = {}
        self.numbers: dict[tuple[str, str], int] = {}
        self.told: list[str] = []
        self.refuses: Exception | None = None
        self.deaf = False  # to words about who is muted
        self.on_the_way: Callable[[], Awaitable[object]] | None = None  # happens while the next mute is on its way

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        self._willing(offer)
        self.told.append(f"publish {participant}")
        leg = self._leg(room, participant)
        self.published[room, participant] = leg.id
        return leg

    async def view(self, room: str, of: str, viewer: str, offer: str) -> Leg:
        self._willing(offer)
        if (room, of) not in self.published:
            raise NoSuchPublication(f"{of} sends nothing")
        self.told.append(f"view {of} by {viewer}")
        return self._leg(room, viewer)

    async def close(self, leg: str) -> None:
        self._willing("v=0")
        if self.legs.pop(leg, None) is None:
            raise NoSuchLeg("there is no such leg")
        self.told.append(f"close {leg}")

    async def remove(self, room: str, participant: str) -> None:
        self.told.append(f"remove {participant}")
        self.published.pop((room, participant), None)

    async def mute(self, room: str, participant: str, kinds: Collection[Kind], *, number: int) -> None:
        meanwhile, self.on_the_way = self.on_the_way, None
        if meanwhile is not None:
            await meanwhile()
        if self.deaf:
            raise HubLost("it does not answer")
        self.told.append(f"mute {participant} {','.join(sorted(kinds))}".rstrip())
        if number > self.numbers.get((room, participant), 0):
            self.muted[room, participant], self.numbers[room, participant] = frozenset(kinds), number

    async def close_room(self, room: str) -> None:
        self.told.append(f"close room {room}")

    async def stats(self, room: str) -> Mapping[str, Mapping[str, float]]:
        return {leg: {"fps": 15.0} for leg, (where, _) in self.legs.items() if where == room}

    def _willing(self, offer: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        if not offer.startswith("v=0"):
            raise BadOffer("this is no SDP")

    def _leg(self, room: str, participant: str) -> Leg:
        leg = Leg(f"leg{next(self._numbers)}", "v=0\r\ns=answer\r\n")
        self.legs[leg.id] = (room, participant)
        return leg


class Hubs:
    """Hubs by their address, as the carrier connects to them; a dead one answers nobody."""

    def __init__(self) -> None:
        self.engines: dict[str, FakeEngine] = {}

    def connect(self, url: str, _secret: str) -> FakeEngine:
        return self.engines.setdefault(url, FakeEngine())

    def kill(self, url: str) -> None:
        self.engines[url].refuses = HubLost(f"nothing answers at {url}")
