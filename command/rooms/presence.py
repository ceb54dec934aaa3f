"""Who is really there: seats that are heard of, and what becomes of those that are not."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from command.rooms.carrying import Carrier
from command.rooms.coming import end
from command.rooms.floor import Muting, mutings, take_word_from
from command.rooms.keeping import SYSTEM, hold_room, now, seat_of, told
from command.rooms.tables import MediaHub, Room, RoomLeg, RoomSeat, RoomTokenUse
from gis.database import Database
from gis.http import NotFound

log = logging.getLogger(__name__)

_BEAT_S = 1.0
_HUB_FORGOTTEN_AFTER = timedelta(hours=1)

_TellHub = Callable[[], Awaitable[None]] | None
"""What to do when a change is committed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """After how long what is taken for what."""

    silent_s: float = 4.5  # a page says a word every 1.5 s
    unheard: timedelta = timedelta(seconds=8)  # by any worker: the one that held the socket has died with it
    left: timedelta = timedelta(seconds=30)
    rings: timedelta = timedelta(seconds=45)
    empty: timedelta = timedelta(minutes=10)


class RoomWatch:
    """Wakes the sockets of this worker when their room has changed."""

    def __init__(self) -> None:
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def watching(self, room_id: int) -> Iterator[asyncio.Event]:
        """An event that is set on each change of a room, and at first."""
        changed = asyncio.Event()
        changed.set()
        self._waiting[room_id].add(changed)
        try:
            yield changed
        finally:
            self._waiting[room_id].discard(changed)
            if not self._waiting[room_id]:
                del self._waiting[room_id]

    def hear(self, room_id: str) -> None:
        """A room was announced to have changed."""
        for changed in self._waiting.get(int(room_id), ()):
            changed.set()

    def wake_all(self) -> None:
        """Announcements may have been missed."""
        for room_id in list(self._waiting):
            self.hear(str(room_id))


async def arrive(database: Database, room_id: int, seat_id: int, presence: UUID) -> None:
    """A seat's holder has opened a socket. Who had come in before is there again; who was only called is not yet."""
    async with database.for_system() as session, session.begin():
        room = await hold_room(session, room_id, open_only=False)
        seat = await seat_of(session, room_id, seat_id)
        if room.state == "closed" or seat.state == "removed":
            return
        at = await now(session)
        seat.presence, seat.seen_at = presence, at
        if seat.joined_at is None or seat.state not in ("away", "left"):
            return
        came_back = "returned" if seat.state == "away" else "joined"
        seat.state, seat.left_at = "present", None
        await _told_of(session, room, seat, came_back)


async def depart(database: Database, carrier: Carrier, room_id: int, seat_id: int, presence: UUID) -> None:
    """That socket is gone; if it was the seat's newest, its holder is away. The others see it at once."""
    silenced: list[Muting] = []
    async with database.for_system() as session, session.begin():
        room = await hold_room(session, room_id, open_only=False)
        seat = await seat_of(session, room_id, seat_id)
        if seat.presence == presence and seat.state == "present":
            silenced = await _go_away(session, room, seat)
    await carrier.mute(room_id, silenced)


async def _go_away(session: AsyncSession, room: Room, seat: RoomSeat) -> list[Muting]:
    """Who is away has not the word: another may take it, and a voice that still comes is not to be heard too."""
    seat.state, seat.left_at = "away", await now(session)
    spoke = take_word_from(room, seat)
    await _told_of(session, room, seat, "went_away")
    return await mutings(session, room, [seat]) if spoke else []


async def _told_of(session: AsyncSession, room: Room, seat: RoomSeat, kind: str, why: str = "") -> None:
    await told(session, room, kind, seat, by_system=True, why=why)


class PresenceKeeper:
    """Says for its worker's sockets that they live, and takes note of all who do not, whosever they were."""

    def __init__(self, database: Database, carrier: Carrier, patience: Patience) -> None:
        self._database = database
        self._carrier = carrier
        self.patience = patience
        self.live: dict[int, int] = {}  # sockets by seat

    @contextmanager
    def alive(self, seat_id: int) -> Iterator[None]:
        """For as long as a seat's socket is open here."""
        self.live[seat_id] = self.live.get(seat_id, 0) + 1
        try:
            yield
        finally:
            self.live[seat_id] -= 1
            if not self.live[seat_id]:
                del self.live[seat_id]

    async def run(self) -> None:
        """Go round for ever; what the database does not take now is done at the next turn."""
        failing, swept_at = False, 0.0
        while True:
            try:
                await self.beat()
                await self.sweep()
                if time.monotonic() - swept_at > 60:
                    await self.tidy()
                    swept_at = time.monotonic()
                failing = False
            except (SQLAlchemyError, OSError) as error:
                if not failing:
                    log.warning("the rooms cannot be kept now: %s", error)
                failing = True
            await asyncio.sleep(_BEAT_S)

    async def beat(self) -> None:
        """One statement for all seats of this worker."""
        if not self.live:
            return
        async with self._database.for_system() as session, session.begin():
            await session.execute(
                update(RoomSeat).where(RoomSeat.id.in_(list(self.live))).values(seen_at=func.now()),
                execution_options={"synchronize_session": False},
            )

    async def sweep(self) -> None:
        """Seats that were not heard of are away; those long away have left; rings that nobody answered are missed."""
        for state, over, act in (
            ("present", RoomSeat.seen_at < func.now() - self.patience.unheard, self._away),
            ("away", RoomSeat.left_at < func.now() - self.patience.left, self._left),
            ("ringing", RoomSeat.rang_at < func.now() - self.patience.rings, self._missed),
        ):
            due = and_(RoomSeat.state == state, RoomSeat.role != "device", over)
            await self._each(due, act)
        await self._close_empty()

    async def tidy(self) -> None:
        """Forget used tokens that have expired anyway, and hubs that are long dead."""
        async with self._database.for_system() as session, session.begin():
            for table, old in (
                (RoomTokenUse, RoomTokenUse.expires_at < func.now()),
                (MediaHub, MediaHub.seen_at < func.now() - _HUB_FORGOTTEN_AFTER),
            ):
                await session.execute(table.__table__.delete().where(old))  # type: ignore[attr-defined]
            gone = ~select(MediaHub.id).where(MediaHub.id == RoomLeg.hub_id).exists()
            await session.execute(
                update(RoomLeg).where(RoomLeg.ended_at.is_(None), gone).values(ended_at=func.now(), why="its hub died"),
                execution_options={"synchronize_session": False},
            )

    async def _each(
        self, due: ColumnElement[bool], act: Callable[[AsyncSession, Room, RoomSeat], Awaitable[_TellHub]]
    ) -> None:
        async with self._database.for_system() as session:
            found = (
                await session.execute(select(RoomSeat.room_id, RoomSeat.id).where(due).order_by(RoomSeat.id))
            ).all()
        for room_id, seat_id in found:
            async with self._database.for_system() as session, session.begin():
                room = await hold_room(session, room_id, open_only=False)
                # Looked at again: another worker may have been first, or its holder is back.
                seat = await session.scalar(select(RoomSeat).where(RoomSeat.id == seat_id, due))
                tell_hub = None if seat is None else await act(session, room, seat)
            if tell_hub is not None:
                await tell_hub()

    async def _away(self, session: AsyncSession, room: Room, seat: RoomSeat) -> _TellHub:
        return partial(self._carrier.mute, room.id, await _go_away(session, room, seat))

    async def _left(self, session: AsyncSession, room: Room, seat: RoomSeat) -> _TellHub:
        seat.state, seat.hand_raised_at, seat.publishing = "left", None, False
        await _told_of(session, room, seat, "left", "lost")
        return partial(self._carrier.remove, room.id, seat.id)

    async def _missed(self, session: AsyncSession, room: Room, seat: RoomSeat) -> _TellHub:
        seat.state = "missed"
        await _told_of(session, room, seat, "missed")
        return None

    async def _close_empty(self) -> None:
        """End rooms in which nobody has been for a while."""
        somebody = select(RoomSeat.id).where(
            RoomSeat.room_id == Room.id,
            or_(
                RoomSeat.state.in_(("present", "away", "ringing")),
                RoomSeat.left_at > func.now() - self.patience.empty,
                RoomSeat.publishing,
            ),
        )
        empty = and_(Room.state == "open", Room.opened_at < func.now() - self.patience.empty, ~somebody.exists())
        async with self._database.for_system() as session:
            ids = (await session.scalars(select(Room.id).where(empty).order_by(Room.id))).all()
        for room_id in ids:
            async with self._database.for_system() as session, session.begin():
                try:
                    room = await hold_room(session, room_id, open_only=False)
                except NotFound:
                    continue
                if await session.scalar(select(Room.id).where(Room.id == room_id, empty)) is not None:
                    await end(session, room, SYSTEM, by_system=True)
            await self._carrier.close_room(room_id)
