"""What has to happen by itself: offers run out, duties end, closures begin and lapse, days get their partitions."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from command.dispatch.handlers import expire_offers
from command.drill import cast
from command.events.log import record_for_rooms
from command.officers.duty import end_overdue_duties, forget_positions
from data.bulk import connected
from gis.cells import fill_cells
from gis.database import Database
from routing.obeying import begin_and_end, take_in_closures, take_in_speeds
from routing.roads import Roads

log = logging.getLogger(__name__)

_DAYS_BACK, _DAYS_AHEAD = 2, 3
_LOOK_FOR_SILENCE_S = 10.0
_QUARANTINE_KEPT = 20_000  # newest damaged or strange frames; a broken logger must not fill the disk


@dataclass
class Housekeeping:
    """Runs each job again and again; any number of workers may do so at once, every job takes only what is free."""

    database: Database
    roads: Roads

    async def run(self) -> None:
        """Keep house for ever; a job that fails because the database is away is tried again at its next turn."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_again(1.0, self.expire_offers))
            tasks.create_task(_again(5.0, self.end_duties))
            tasks.create_task(_again(2.0, self.follow_roads))
            tasks.create_task(_again(60.0, self.end_forgotten_drills))
            tasks.create_task(_again(60.0, self.find_cells))
            tasks.create_task(_again(_LOOK_FOR_SILENCE_S, self.tell_silence))
            tasks.create_task(_again(3600.0, self.tidy))

    async def expire_offers(self) -> None:
        async with self.database.for_system() as session, session.begin():
            await expire_offers(session)

    async def end_duties(self) -> None:
        async with self.database.for_system() as session, session.begin():
            ended = await end_overdue_duties(session)
        if ended:
            await forget_positions(self.database, [one.id for one in ended])

    async def follow_roads(self) -> None:
        """Take up a newly imported network, closures whose time has come or passed, and the speeds of the hour."""
        await asyncio.to_thread(self.roads.reload_network)
        async with self.database.for_system() as session, session.begin():
            await begin_and_end(session, record_for_rooms, datetime.now(UTC))
        await obey_closures(self.database, self.roads)
        await obey_speeds(self.database, self.roads)

    async def end_forgotten_drills(self) -> None:
        async with self.database.for_system() as session, session.begin():
            for drill_id in await cast.forgotten(session):
                await cast.tear_down(session, drill_id, actor="system:drills")

    async def find_cells(self) -> None:
        """Find the H3 cells of rows that came or moved without saying theirs."""
        await asyncio.to_thread(_find_cells, self.database.url)

    async def tell_silence(self) -> None:
        """Have maps drawn again when points have fallen silent since the last look: no commit says so."""
        async with self.database.for_system() as session, session.begin():
            await session.execute(
                text(
                    "SELECT pg_notify('onemap_layer', 'points ' || pg_current_xact_id()) WHERE EXISTS (SELECT"
                    " FROM point_state WHERE due <= now() AND due > now() - 2 * make_interval(secs => :every))"
                ),
                {"every": _LOOK_FOR_SILENCE_S},
            )

    async def tidy(self) -> None:
        await make_partitions(self.database)
        async with self.database.for_system() as session, session.begin():
            await session.execute(
                text(
                    "DELETE FROM quarantined_frame WHERE id <="
                    " (SELECT id FROM quarantined_frame ORDER BY id DESC OFFSET :kept LIMIT 1)"
                ),
                {"kept": _QUARANTINE_KEPT},
            )


def _find_cells(url: str) -> None:
    with connected(url) as connection:
        fill_cells(connection)


async def make_partitions(database: Database) -> None:
    """Give the days around today their own partitions of readings and tracks."""
    today = datetime.now(UTC).date()
    days = {"first": today - timedelta(days=_DAYS_BACK), "last": today + timedelta(days=_DAYS_AHEAD)}
    async with database.for_system() as session, session.begin():
        for parent in ("reading", "track"):
            await session.execute(
                text("SELECT ensure_partitions(CAST(:parent AS text), CAST(:first AS date), CAST(:last AS date))"),
                {"parent": parent, **days},
            )


async def obey_closures(database: Database, roads: Roads) -> None:
    """Close on this worker's roads what is closed in the table, whosever area it lies in."""
    if roads.ready:
        async with database.for_system() as session:
            await take_in_closures(session, roads)


async def obey_speeds(database: Database, roads: Roads) -> None:
    """Drive on this worker's roads at the speeds of the setting, as they are at this hour."""
    if roads.ready:
        async with database.for_system() as session:
            await take_in_speeds(session, roads)


async def _again(every_s: float, job: Callable[[], Awaitable[None]]) -> None:
    failing = False
    while True:
        try:
            await job()
            failing = False
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            if not failing:
                log.warning("%s cannot be done now: %s", getattr(job, "__name__", job), error)
            failing = True
        await asyncio.sleep(every_s)
