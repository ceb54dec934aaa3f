"""Follows what the database announces, for one web worker: new events to the feed, moved officers to index and feed."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from command.events.feed import Header, LiveFeed
from command.housekeeping import obey_closures, obey_speeds
from command.officers.live import LiveOfficers
from command.officers.moved import moved_since
from gis.database import Database
from gis.listen import listening
from routing.roads import Roads

log = logging.getLogger(__name__)

EVENTS, MOVED = "onemap_event", "onemap_moved"
_MOVED_EVERY_S = 0.5
_AGAIN_AFTER_S = 1.0


@dataclass
class Follower:
    """Keeps the memory of this worker equal to the tables; says once when it lost the database, and once when back."""

    database: Database
    feed: LiveFeed
    officers: LiveOfficers
    roads: Roads
    stale_after: timedelta
    connected: bool = False
    speeds_changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Follow for ever, through losses of the database."""
        told = False
        while True:
            try:
                await self._follow()
            except* (OSError, psycopg.Error, SQLAlchemyError) as errors:  # a group when it was lost while following
                told = told and not self.connected
                if not told:
                    log.warning("lost the database's announcements: %s", errors.exceptions[0])
                told = True
            self.connected = False
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def _follow(self) -> None:
        async with listening(self.database.url, (EVENTS, MOVED)) as announcements:
            # Whatever was announced while nobody listened is in the tables.
            await self.officers.reload()
            await obey_closures(self.database, self.roads)
            self.speeds_changed.set()
            await self._events()
            if not self.connected:
                log.info("following the event log from %d", self.feed.last_seq)
            self.connected = True
            moved = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self._tell_moved(moved)), tasks.create_task(self._drive())]
                async for announcement in announcements:
                    if announcement.channel == MOVED:
                        await self.officers.catch_up()
                        moved.set()
                    else:
                        await self._events()
                for task in beside:
                    task.cancel()
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

    async def _tell_moved(self, moved: asyncio.Event) -> None:
        """At most twice a second: however many move, a client gets a batch it can draw."""
        told = self.officers.last_moved
        while True:
            await moved.wait()
            moved.clear()
            before, told = told, self.officers.last_moved
            at = datetime.now(UTC).isoformat()
            for scope, listeners in self.feed.scopes.items():
                if scope.role == "officer" or not any("officers" in one.topics for one in listeners):
                    continue
                rows = await moved_since(self.database, scope, before, stale_after=self.stale_after)
                if rows:
                    self.feed.send(
                        scope, "officers", {"kind": "officers.moved", "at": at, "data": {"officers": rows, "gone": []}}
                    )
            await asyncio.sleep(_MOVED_EVERY_S)
