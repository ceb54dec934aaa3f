"""Looks every second at what has come, in every area, and says each loss and each return once, in the event log.

What is known between two looks lies in the table, and a look is one transaction behind one lock: any number of workers
may look, and any of them may die.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.log import record_event
from command.sources.areas import areas_of, outermost
from command.sources.heartbeat import DEAD_AFTER_S
from command.sources.judging import Heard, Known, judge
from command.sources.tables import SourceState
from gis.database import Database

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
# A county is silent a moment before its province is: what has stopped everywhere is said once, of the province.
_SMALLER_AREAS_WAIT = timedelta(seconds=2.5)
_KNOWN = tuple(field.name for field in fields(Known))

# source -> region, newest arrival, how many should report. Drills are nobody's source.
_ARRIVALS = {
    "positions": text("""
        SELECT o.region, max(p.received_at) AS last_at, count(*) FILTER (WHERE o.on_duty) AS expected
        FROM officer o LEFT JOIN officer_position p ON p.officer_id = o.id WHERE NOT o.drill GROUP BY o.region
    """),
    "hj212": text("""
        SELECT p.region, max(l.last_seen_at) AS last_at, count(l.last_seen_at) AS expected
        FROM data_logger l JOIN monitoring_point p ON p.id = l.point_id
        WHERE l.state = 'active' AND NOT p.drill GROUP BY p.region
    """),
}
_PROCESSES = text("""
    SELECT h.source, max(h.beat_at) AS beat_at,
           bool_or(a.pid IS NOT NULL AND h.beat_at > clock_timestamp() - make_interval(secs => :dead_after_s)) AS alive
    FROM source_heartbeat h LEFT JOIN pg_stat_activity a ON a.pid = h.backend GROUP BY h.source
""")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(212, 7)")
_STORE = text(f"""
    INSERT INTO source_state (source, area, told, {", ".join(_KNOWN)})
    SELECT source, area, told, {", ".join(_KNOWN)}
    FROM jsonb_populate_recordset(NULL::source_state, CAST(:rows AS jsonb))
    ON CONFLICT (source, area) DO UPDATE SET told = excluded.told,
        {", ".join(f"{name} = excluded.{name}" for name in _KNOWN)}
""")  # noqa: S608 - put together from our own constants


@dataclass
class SourceWatcher:
    """Keeps `source_state` true."""

    database: Database

    async def run(self) -> None:
        """Look for ever; a look that fails because the database is away is made again."""
        failing = False
        while True:
            try:
                async with self.database.for_system() as session, session.begin():
                    await look(session)
                failing = False
            except (SQLAlchemyError, OSError) as error:
                if not failing:
                    log.warning("the sources cannot be looked at now: %s", error)
                failing = True
            await asyncio.sleep(LOOK_EVERY_S)


async def look(session: AsyncSession) -> bool:
    """One look, in the caller's transaction; False while another worker is at it."""
    if not await session.scalar(_TRY_LOCK):
        return False
    now: datetime = await session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
    before: dict[str, dict[str, Any]] = {source: {} for source in _ARRIVALS}
    for row in await session.execute(select(SourceState.__table__)):
        before.setdefault(row.source, {})[row.area] = row
    processes = {row.source: row for row in await session.execute(_PROCESSES, {"dead_after_s": DEAD_AFTER_S})}
    changed: list[dict[str, Any]] = []
    told: list[tuple[str, str, str, Known]] = []
    for source, arrivals in _ARRIVALS.items():
        rows = (await session.execute(arrivals)).all()
        process = processes.get(source)
        heard = _by_area(
            rows, taken_in=None if process is None else process.alive, lost_at=process.beat_at if process else None
        )
        for area in before[source].keys() - heard.keys():  # nobody of that area is left
            heard[area] = Heard(None, 0)
        known = {area: judge(known_of(before[source].get(area)), one, now) for area, one in heard.items()}
        news = tidings(known, {area for area, row in before[source].items() if row.told}, now)
        told += [(source, area, kind, known[area]) for area, kind in news.said]
        for area, one in known.items():
            was, is_told = before[source].get(area), area in news.told
            if was is None or one != known_of(was) or was.told != is_told:
                changed.append(
                    {"source": source, "area": area, "told": is_told} | {name: getattr(one, name) for name in _KNOWN}
                )
    if changed:
        await session.execute(_STORE, {"rows": orjson.dumps(changed).decode()})
    for source, area, kind, one in told:
        record_event(
            session,
            kind,
            subject=f"source:{source}",
            region=area,
            data={"id": source, "region": area} | view_of(one),
            actor="system:sources",
        )
    return True


@dataclass(frozen=True, slots=True)
class Tidings:
    """What is to be said now, as (area, kind), and of which areas the loss stands in the log afterwards."""

    said: list[tuple[str, str]]
    told: set[str]


def tidings(known: Mapping[str, Known], told: set[str], now: datetime) -> Tidings:
    """Which losses and returns to say: of the largest area that has stopped as a whole, and each once."""
    stopped = {area for area, one in known.items() if one.state == "stopped"}
    outer = outermost(stopped)
    said: list[tuple[str, str]] = [(area, "source.recovered") for area in sorted(told - stopped) if area in known]
    still_told = told & outer
    for area in sorted(outer - told):
        since = known[area].since or now
        if len(areas_of(area)) == 1 or now - since >= _SMALLER_AREAS_WAIT:
            said.append((area, "source.lost"))
            still_told.add(area)
    return Tidings(said, still_told)


def view_of(one: Known) -> dict[str, Any]:
    """A state as events and `/api/sources` show it."""
    every_s = one.expected_every_s
    return {
        "state": one.state,
        "last_at": one.last_at and one.last_at.isoformat(),
        "stopped_since": one.stopped_since and one.stopped_since.isoformat(),
        "expected_every_s": None if every_s is None else round(every_s, 1),
    }


def known_of(row: Any) -> Known:
    """A row of `source_state` as what is known; None is nothing."""
    return Known() if row is None else Known(**{name: getattr(row, name) for name in _KNOWN})


def _by_area(rows: Sequence[Any], *, taken_in: bool | None, lost_at: datetime | None) -> dict[str, Heard]:
    last_at: dict[str, datetime] = {}
    expected: dict[str, int] = {}
    for row in rows:
        for area in areas_of(row.region):
            expected[area] = expected.get(area, 0) + row.expected
            if row.last_at is not None:
                last_at[area] = max(row.last_at, last_at.get(area, row.last_at))
    return {area: Heard(last_at.get(area), count, taken_in, lost_at) for area, count in expected.items()}
