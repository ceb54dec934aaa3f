"""Which hub carries a room, and what the doors ask of it."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from command.rooms.floor import Muting
from command.rooms.keeping import hold_room
from command.rooms.shapes import IceOut
from command.rooms.tables import MediaHub, Room, RoomLeg, RoomSeat
from gis.database import Database
from video.engine import MediaEngine
from video.errors import HubLost, MediaError, NoSuchLeg

log = logging.getLogger(__name__)

_DEAD_AFTER = timedelta(seconds=5)
OUTSIDE = UUID(int=0)
"""The hub of all rooms when they are carried by a service that is no process of ours."""

Connect = Callable[[str, str], MediaEngine]
"""Makes an engine of a hub's address and secret."""
IceFor = Callable[[str], IceOut]
"""What somebody's connections are built with: addresses, and credentials in their name."""


def alive() -> ColumnElement[bool]:
    """A hub that said so within the last seconds."""
    return MediaHub.seen_at > func.now() - _DEAD_AFTER


async def mute(engine: MediaEngine, *, room_id: int, muting: Muting) -> None:
    """Tell an engine what to forward from a seat."""
    await engine.mute(str(room_id), str(muting.seat_id), muting.kinds, number=muting.number)


def no_ice(_: str) -> IceOut:
    """Nothing between: loopback and LAN need neither STUN nor TURN."""
    return IceOut(servers=[], relay_only=False)


def no_hub(url: str, _: str) -> MediaEngine:
    """An installation whose web process was told no way to speak to media processes."""
    raise HubLost(f"this web process cannot speak to the media process at {url}")


class Carrier:
    """The living hubs of this installation, and the rooms on them."""

    def __init__(
        self, database: Database, connect: Connect, ice: IceFor = no_ice, *, outside: MediaEngine | None = None
    ) -> None:
        """`outside` is an engine that carries all rooms by itself; then no hub of ours is looked for."""
        self._database = database
        self._connect = connect
        self._engines: dict[UUID, MediaEngine] = {} if outside is None else {OUTSIDE: outside}
        self.outside = outside
        self.ice = ice

    async def hub_of(self, room_id: int, *, but: UUID | None = None) -> tuple[UUID, MediaEngine]:
        """The hub that carries a room; if that has died, the room moves to the one with the fewest rooms.

        `but` is one that has just not answered, though it was seen a moment ago. Raises `HubLost` when no hub lives.
        """
        if self.outside is not None:
            if but == OUTSIDE:
                raise HubLost("the media service does not answer")
            return OUTSIDE, self.outside
        async with self._database.for_system() as session, session.begin():
            room = await hold_room(session, room_id, open_only=False)
            rows = await session.scalars(select(MediaHub).where(alive()))
            hubs = {row.id: row for row in rows if row.id != but}
            if not hubs:
                raise HubLost("no media process is running; nobody can be seen or heard until one is")
            hub = hubs.get(room.hub_id) if room.hub_id else None
            if hub is None:
                hub = await self._move(session, room, hubs)
        return hub.id, self._engine(hub)

    async def close(self) -> None:
        """Let go of the hubs' connections."""
        for engine in self._engines.values():
            if (end := getattr(engine, "aclose", None)) is not None:
                await end()
        self._engines.clear()

    async def mute(self, room_id: int, mutings: Iterable[Muting]) -> None:
        """Have forwarded from these seats what shall be, and no more."""
        for one in mutings:
            await self._ask(room_id, partial(mute, room_id=room_id, muting=one))

    async def remove(self, room_id: int, seat_id: int) -> None:
        """End all connections of a seat."""
        await self._ask(room_id, lambda engine: engine.remove(str(room_id), str(seat_id)))

    async def close_room(self, room_id: int) -> None:
        await self._ask(room_id, lambda engine: engine.close_room(str(room_id)))

    async def close_leg(self, leg: RoomLeg) -> None:
        """End one connection; one that has ended already is no error, nor is one whose hub has died."""
        engine = self.outside
        if engine is None:
            async with self._database.for_system() as session:
                hub = await session.get(MediaHub, leg.hub_id)
            engine = self._engine(hub) if hub is not None else None
        if engine is not None:
            with suppress(NoSuchLeg, HubLost):
                await engine.close(leg.id)

    async def _ask(self, room_id: int, what: Callable[[MediaEngine], Awaitable[None]]) -> None:
        """Tell the hub of a room something that the tables say already: what it misses, it is told when a leg is built
        anew.
        """
        engine = self.outside or await self._hub_in_use(room_id)
        if engine is None:
            return  # nobody has sent anything in this room
        try:
            await what(engine)
        except MediaError as error:
            log.warning("room %d: the hub was not told: %s", room_id, error)

    async def _hub_in_use(self, room_id: int) -> MediaEngine | None:
        async with self._database.for_system() as session:
            query = select(MediaHub).join(Room, Room.hub_id == MediaHub.id).where(Room.id == room_id)
            hub = await session.scalar(query)
        return None if hub is None else self._engine(hub)

    async def _move(self, session: AsyncSession, room: Room, hubs: Mapping[UUID, MediaHub]) -> MediaHub:
        """Give a room a living hub. Whatever it had on the old one is gone with it."""
        busy = dict(
            (
                await session.execute(
                    select(Room.hub_id, func.count()).where(Room.state == "open").group_by(Room.hub_id)
                )
            ).all()
        )
        hub = min(hubs.values(), key=lambda one: (busy.get(one.id, 0), one.started_at, one.id))
        room.hub_id = hub.id
        await session.execute(
            update(RoomSeat).where(RoomSeat.room_id == room.id, RoomSeat.publishing).values(publishing=False),
            execution_options={"synchronize_session": False},
        )
        await session.execute(
            update(RoomLeg)
            .where(RoomLeg.room_id == room.id, RoomLeg.ended_at.is_(None))
            .values(ended_at=func.now(), why="its hub died"),
            execution_options={"synchronize_session": False},
        )
        return hub

    def _engine(self, hub: MediaHub) -> MediaEngine:
        if hub.id not in self._engines:
            self._engines[hub.id] = self._connect(hub.url, hub.secret)
        return self._engines[hub.id]


def carrier_of(connection: HTTPConnection) -> Carrier:
    """The carrier of the web process that answers a request or a socket."""
    carrier: Carrier = connection.app.state.carrier
    return carrier
