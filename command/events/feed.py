"""The live feed: a reader of the event log for every screen and phone of this web worker.

What a person may hear is decided by the database: events are read again under the rights of each kind of listener, one
query for all who share role and area. A listener that cannot keep up is cut off, and comes back with `since`.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import func, select

from command.events.log import topic_of
from command.events.tables import Event
from command.rooms.tables import RoomSeat
from gis.database import Database, Scope
from gis.parameters import area_prefix

log = logging.getLogger(__name__)

BACKLOG_PAGE = 1_000
QUEUE_LIMIT = 2_000
_DESKS = ("duty", "dispatcher", "admin")  # they hear of every room of their area
# A reader that is this far behind sees the past; and two hundred of them must not take the memory of all others.
QUEUE_BYTES_LIMIT = 4 * 1024 * 1024


@dataclass(eq=False)
class Listener:
    """One open feed: its queue holds encoded frames; `cut_off` is set when it fell too far behind.

    `view` (west, south, east, north) is what it shows of the map; None is everything.
    """

    scope: Scope
    topics: frozenset[str]
    start_seq: int
    view: tuple[float, float, float, float] | None = None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(QUEUE_LIMIT))
    cut_off: asyncio.Event = field(default_factory=asyncio.Event)
    _bytes: int = 0

    def offer(self, frame: bytes) -> None:
        """Queue a frame, or cut the listener off; a frame larger than the limit passes when nothing waits."""
        if self.queue.full() or (self._bytes and self._bytes + len(frame) > QUEUE_BYTES_LIMIT):
            self.cut_off.set()
            return
        self._bytes += len(frame)
        self.queue.put_nowait(frame)

    async def take(self) -> bytes:
        """The next frame, once there is one."""
        frame = await self.queue.get()
        self._bytes -= len(frame)
        return frame


@dataclass(frozen=True, slots=True)
class Header:
    """What an event is about, without its data."""

    seq: int
    kind: str
    region: str
    officer_id: int | None
    alert_id: int | None
    subject: str = ""

    @property
    def is_room(self) -> bool:
        return self.kind.startswith("room.")


@dataclass(frozen=True, slots=True)
class Seated:
    """Who sits in the rooms that a page is about, wherever those are: officers by id, others by user name."""

    officers: frozenset[int] = frozenset()
    users: frozenset[str] = frozenset()


TakeIn = Callable[[Sequence[Header]], Awaitable[None]]


class LiveFeed:
    """Hands the log's news to the listeners of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: set[Listener] = set()
        self._lock = asyncio.Lock()
        self.last_seq = 0

    async def start(self) -> None:
        """Begin at the end of the log: a listener that wants more says so with `since`."""
        async with self._database.for_system() as session:
            self.last_seq = await session.scalar(select(func.max(Event.seq))) or 0

    def join(self, scope: Scope, topics: Iterable[str]) -> Listener:
        listener = Listener(scope, frozenset(topics), self.last_seq)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    @property
    def listening(self) -> int:
        """How many feeds are open here."""
        return len(self._listeners)

    @property
    def scopes(self) -> dict[Scope, list[Listener]]:
        """Listeners by who they are, cut-off ones left out."""
        groups: dict[Scope, list[Listener]] = defaultdict(list)
        for listener in self._listeners:
            if not listener.cut_off.is_set():
                groups[_rights(listener.scope)].append(listener)
        return groups

    async def backlog(self, listener: Listener, since: int) -> tuple[int, list[bytes]]:
        """A page of what came after `since`, up to where the listener joined: how far it goes, and its frames."""
        rows = await self._read(listener.scope, since, listener.start_seq)
        reached = rows[-1].seq if len(rows) == BACKLOG_PAGE else listener.start_seq
        return reached, [frame for row in rows if (frame := _frame_for(listener, row))]

    async def catch_up(self, take_in: TakeIn | None = None) -> None:
        """Read what is new in the log and hand it on.

        `take_in` hears of each page first: who is told of a closed road must find it closed when they ask.
        """
        async with self._lock:
            while page := await self._headers():
                if take_in is not None:
                    await take_in(page)
                # Before they are handed on: who joins meanwhile begins behind this page, and finds it in the tables.
                before, self.last_seq = self.last_seq, page[-1].seq
                try:
                    await self._hand_on(page, after=before)
                except BaseException:
                    self.last_seq = before  # told again the next time, and hearing it twice is harmless
                    raise

    def say(self, topic: str, frame: dict[str, Any]) -> None:
        """Send a frame that is not an event, and nobody's secret, to all listeners of a topic."""
        encoded = orjson.dumps(frame)
        for listener in self._listeners:
            if topic in listener.topics and not listener.cut_off.is_set():
                listener.offer(encoded)

    def tell_roads(self, version: str) -> None:
        """Tell everybody that this worker's roads are others now: whoever shows a ranking asks again.

        Not an event: each worker says it when its own answers change, be it by a closure, an hour or an import.
        """
        at = datetime.now(UTC).isoformat()
        self.say("roads", {"kind": "roads.changed", "at": at, "data": {"version": version}})

    async def _headers(self) -> list[Header]:
        async with self._database.for_system() as session:
            rows = await session.execute(
                select(Event.seq, Event.kind, Event.region, Event.officer_id, Event.alert_id, Event.subject)
                .where(Event.seq > self.last_seq)
                .order_by(Event.seq)
                .limit(BACKLOG_PAGE)
            )
            return [Header(*row) for row in rows]

    async def _hand_on(self, page: Sequence[Header], *, after: int) -> None:
        seated = await self._seated(page)
        for rights, listeners in self.scopes.items():
            if not any(_may_concern(rights, header, seated) for header in page):
                continue
            for row in await self._read(rights, after, page[-1].seq):
                for listener in listeners:
                    if row.seq > listener.start_seq and (frame := _frame_for(listener, row)):
                        listener.offer(frame)
        await self._hand_on_as_seated([header.seq for header in page if header.is_room], seated)

    async def _hand_on_as_seated(self, seqs: Sequence[int], seated: Seated) -> None:
        """Tell those who sit in a room that their role or area alone would not show them: each by their own rights."""
        for listener in [one for one in self._listeners if one.scope.actor in seated.users]:
            for row in await self._read_some(listener.scope, seqs):
                shown = listener.scope.role in _DESKS and row.region.startswith(listener.scope.region)
                if not shown and row.seq > listener.start_seq and (frame := _frame_for(listener, row)):
                    listener.offer(frame)

    async def _seated(self, page: Sequence[Header]) -> Seated:
        subjects = [header.subject.removeprefix("room:") for header in page if header.is_room]
        rooms = {int(one) for one in subjects if one.isdecimal()}
        if not rooms:
            return Seated()
        async with self._database.for_system() as session:
            rows = (
                await session.execute(
                    select(RoomSeat.officer_id, RoomSeat.user_name).where(RoomSeat.room_id.in_(rooms))
                )
            ).all()
        return Seated(
            frozenset(row.officer_id for row in rows if row.officer_id is not None),
            frozenset(row.user_name for row in rows if row.user_name is not None),
        )

    async def _read_some(self, scope: Scope, seqs: Sequence[int]) -> Sequence[Event]:
        async with self._database.for_person(scope) as session:
            return (await session.scalars(select(Event).where(Event.seq.in_(seqs)).order_by(Event.seq))).all()

    async def _read(self, scope: Scope, after: int, until: int) -> Sequence[Event]:
        async with self._database.for_person(scope) as session:
            rows = await session.scalars(
                select(Event).where(Event.seq > after, Event.seq <= until).order_by(Event.seq).limit(BACKLOG_PAGE)
            )
            return rows.all()


def _rights(scope: Scope) -> Scope:
    """Two people with the same role and area hear the same, whatever their names; an officer hears his own calls."""
    return Scope(actor="feed", role=scope.role, region=scope.region, officer_id=scope.officer_id)


def _may_concern(rights: Scope, header: Header, seated: Seated) -> bool:
    """A cheap first sieve; the database decides."""
    if header.is_room and rights.role == "officer":
        return rights.officer_id in seated.officers
    if rights.role == "officer":
        return header.officer_id == rights.officer_id or header.alert_id is not None or header.kind.startswith("road.")
    if header.kind.startswith("source.") and rights.region.startswith(area_prefix(header.region)):
        return True  # what has stopped in the whole city or province
    return header.region.startswith(rights.region)


def _frame_for(listener: Listener, event: Event) -> bytes | None:
    if topic_of(event.kind) not in listener.topics:
        return None
    return orjson.dumps(event_json(event))


def event_json(event: Event) -> dict[str, Any]:
    """An event as the feed and the timeline show it."""
    at: datetime = event.at
    return {
        "seq": event.seq,
        "at": at.isoformat(),
        "kind": event.kind,
        "subject": event.subject,
        "region": event.region,
        "actor": event.actor,
        "data": event.data,
    }
