"""Follows what the database announces, for one web worker: new events to the feed, moved officers to index and feed."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from command.events.feed import Header, LiveFeed
from command.events.layer_changes import ANY_LAYER, CHANNEL, LayerChanges
from command.housekeeping import obey_closures, obey_speeds
from command.officers.live import LiveOfficers
from command.officers.moved import Batch, View, frame_of
from command.rooms.presence import RoomWatch
from gis.database import Database
from gis.listen import listening, own_connection
from routing.roads import Roads

log = logging.getLogger(__name__)

EVENTS, MOVED, ROOMS = "onemap_event", "onemap_moved", "onemap_room"
_MOVED_EVERY_S = 0.5
_AGAIN_AFTER_S = 1.0
_LINK_ANSWERS_WITHIN_S = 4.0


@dataclass
class Follower:
    """Keeps the memory of this worker equal to the tables; says once when it lost the database, and once when back."""

    database: Database
    feed: LiveFeed
    officers: LiveOfficers
    roads: Roads
    rooms: RoomWatch = field(default_factory=RoomWatch)
    connected: bool = False
    speeds_changed: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: datetime | None = None
    heard_every_s: Final = 2.0  # how often the link is tried: a server that hangs sends no word of its own
    _warned: bool = False

    async def run(self) -> None:
        """Follow for ever, through losses of the database."""
        while True:
            try:
                await self._follow()
            except* (OSError, psycopg.Error, SQLAlchemyError) as errors:  # a group when it was lost while following
                self._lose(errors.exceptions[0])
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _follow(self) -> None:
        async with listening(self.database.url, (EVENTS, MOVED, ROOMS, CHANNEL)) as announcements:
            # Whatever was announced while nobody listened is in the tables.
            await self.officers.reload()
            await obey_closures(self.database, self.roads)
            self.speeds_changed.set()
            await self._events()
            log.info("following the event log from %d", self.feed.last_seq)
            self.connected, self._warned, self.heard_at = True, False, datetime.now(UTC)
            self._say_link("source.recovered")
            moved = asyncio.Event()
            changes = LayerChanges(self.feed)
            changes.hear(ANY_LAYER)  # what was announced while nobody listened
            self.rooms.wake_all()
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(part)
                    for part in (self._tell_moved(moved), self._drive(), self._try_link(), changes.tell())
                ]
                async for announcement in announcements:
                    self.heard_at = datetime.now(UTC)
                    if announcement.channel == MOVED:
                        await self.officers.catch_up()
                        moved.set()
                    elif announcement.channel == ROOMS:
                        self.rooms.hear(announcement.payload)
                    elif announcement.channel == CHANNEL:
                        changes.hear(announcement.payload)
                    else:
                        await self._events()
                for helper in helpers:
                    helper.cancel()
            raise psycopg.OperationalError("the connection was closed")

    async def _events(self) -> None:
        await self.feed.catch_up(self._take_in)

    async def _take_in(self, page: Sequence[Header]) -> None:
        for header in page:
            if header.kind == "duty.ended" and header.officer_id is not None:
                self.officers.forget(header.officer_id)
        if any(header.kind.startswith("road.") for header in page):
            await obey_closures(self.database, self.roads)
        if any(header.kind == "road.speeds_changed" for header in page):
            self.speeds_changed.set()

    async def _drive(self) -> None:
        """Take in other speeds beside everything else: they take a second for a province, and no news may wait."""
        while True:
            await self.speeds_changed.wait()
            self.speeds_changed.clear()
            await obey_speeds(self.database, self.roads)

    async def _try_link(self) -> None:
        connection = await own_connection(self.database.url)  # the pool may be busy, and well
        trying: asyncio.Task[object] | None = None
        try:
            while True:
                trying = asyncio.create_task(_ask(connection))
                # Not cancelled and then waited for: a server that hangs does not answer that, either.
                done, _ = await asyncio.wait({trying}, timeout=_LINK_ANSWERS_WITHIN_S)
                if not done:
                    silent = TimeoutError(f"the database has not answered for {_LINK_ANSWERS_WITHIN_S:g} s")
                    self._lose(silent)
                    raise silent
                trying.result()
                self.heard_at = datetime.now(UTC)
                await asyncio.sleep(self.heard_every_s)
        finally:
            if trying is not None:
                trying.cancel()
            await connection.close()

    def _lose(self, error: BaseException) -> None:
        """Say once that what is told from here on is not the present."""
        if not self._warned:
            log.warning("lost the database's announcements: %s", error)
            self._warned = True
        if self.connected:
            self.connected = False
            self._say_link("source.lost")

    def _say_link(self, kind: str) -> None:
        """Tell this worker's screens of its own link; the log cannot hold it, and other workers have theirs."""
        at = datetime.now(UTC).isoformat()
        state = "stopped" if kind == "source.lost" else "live"
        heard_at = self.heard_at and self.heard_at.isoformat()
        data = {"id": "feed", "state": state, "last_at": heard_at}
        data["stopped_since"] = heard_at if state == "stopped" else None
        self.feed.say("sources", {"kind": kind, "at": at, "data": data})

    async def _tell_moved(self, moved: asyncio.Event) -> None:
        """At most twice a second: however many move, a client gets a batch it can draw."""
        while True:
            await moved.wait()
            moved.clear()
            self._tell(Batch(self.officers.take_news()))
            await asyncio.sleep(_MOVED_EVERY_S)

    def _tell(self, batch: Batch) -> None:
        at = datetime.now(UTC)
        for scope, listeners in self.feed.scopes.items():
            if scope.role == "officer":  # a phone knows where it is
                continue
            frames: dict[View | None, bytes | None] = {}
            for listener in listeners:
                if "officers" not in listener.topics:
                    continue
                if listener.view not in frames:
                    officers = batch.visible_to(scope, listener.view)
                    encoded = (one.encoded for one in officers)
                    frames[listener.view] = frame_of(encoded, [], at) if officers else None
                frame = frames[listener.view]
                if frame is not None:
                    listener.offer(frame)


async def _ask(connection: psycopg.AsyncConnection) -> None:
    await connection.execute("SELECT 1")
