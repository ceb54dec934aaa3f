"""Taking positions: fixes from every door are gathered, screened and stored in batches, and only then acknowledged."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from command.officers.live import LiveOfficers
from command.officers.status import on_duty
from data.positions.fix import Fix
from data.positions.screening import judge
from data.tables import Officer, OfficerPosition
from gis.database import Database

log = logging.getLogger(__name__)

_BATCH = 1_000
# A shift rarely starts to the second: a fix taken just before the tap on "on duty" still belongs to it.
_BEFORE_DUTY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A fix of an officer, from which door, and when it came."""

    officer_id: int
    fix: Fix
    source: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a fix: kept (perhaps for the track only), or refused with the reason."""

    kept: bool
    reason: str | None = None


@dataclass
class PositionWriter:
    """Gathers what arrives while the last batch is being stored, so that many phones cost one commit."""

    database: Database
    officers: LiveOfficers
    _doubted: dict[int, Fix] = field(default_factory=dict)  # the last fix of each officer that was kept out as a jump
    _waiting: list[tuple[Arrived, asyncio.Future[Taken]]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, arrived: Sequence[Arrived]) -> list[Taken]:
        """Store fixes; returns, in order, what became of each once the batch is committed."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in arrived]
        self._waiting += zip(arrived, futures, strict=True)
        self._wake.set()
        return list(await asyncio.gather(*futures))

    async def run(self) -> None:
        """Store batches for ever; a batch that cannot be stored fails its callers, who keep their fixes."""
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            if not self._waiting:
                self._wake.clear()
            waiting = [(one, future) for one, future in batch if not future.cancelled()]
            if waiting:
                await self._store_batch(waiting)

    async def _store_batch(self, waiting: Sequence[tuple[Arrived, asyncio.Future[Taken]]]) -> None:
        try:
            async with self.database.for_system() as session, session.begin():
                taken = await store(session, [one for one, _ in waiting], self._doubted)
            # Whoever has the answer finds the position in the next ranking, not half a second later.
            await self.officers.catch_up()
        except Exception as error:  # noqa: BLE001 - handed to every caller, whose door answers for it
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(waiting, taken, strict=True):
            if not future.done():
                future.set_result(result)


async def store(session: AsyncSession, arrived: Sequence[Arrived], doubted: dict[int, Fix]) -> list[Taken]:
    """Screen and store a batch in the caller's transaction; announces it to every web worker on commit.

    `doubted` remembers, from batch to batch, the fix of each officer that was kept out as a jump.
    """
    # One writer at a time, so that batch numbers become visible in their order.
    await session.execute(text("SELECT pg_advisory_xact_lock(212, 3)"))
    people = await _people(session, {one.officer_id for one in arrived})
    batch = _Batch(people, doubted)
    taken = [batch.take(one) for one in arrived]
    if batch.tracks:
        await session.execute(_INSERT_TRACK, _columns(batch.tracks))
    if batch.latest:
        rows = [batch.latest[officer_id] for officer_id in sorted(batch.latest)]
        await session.execute(_UPSERT_POSITION, _columns(rows))
    return taken


@dataclass
class _Person:
    region: str
    on_duty: bool
    duty_since: datetime | None
    last: Fix | None


@dataclass
class _Batch:
    people: dict[int, _Person]
    doubted: dict[int, Fix]
    tracks: list[dict[str, Any]] = field(default_factory=list)
    latest: dict[int, dict[str, Any]] = field(default_factory=dict)

    def take(self, one: Arrived) -> Taken:
        person = self.people.get(one.officer_id)
        if person is None:
            return Taken(False, "there is no such officer")
        if not person.on_duty:
            return Taken(False, "off duty: the position is not kept")
        if person.duty_since is not None and one.fix.at < person.duty_since - _BEFORE_DUTY:
            return Taken(False, "from before duty began: the position is not kept")
        verdict = judge(person.last, one.fix, doubted=self.doubted.pop(one.officer_id, None))
        if verdict.suspect == "jump":
            self.doubted[one.officer_id] = one.fix
        if verdict.keep_track or verdict.new_position:
            self.tracks.append(_row(one, person.region, verdict.suspect))
        if verdict.new_position:
            person.last = one.fix
            self.latest[one.officer_id] = _row(one, person.region, None)
        if verdict.suspect:
            return Taken(True, f"kept for the track only: {verdict.suspect}")
        return Taken(True)


async def _people(session: AsyncSession, officer_ids: set[int]) -> dict[int, _Person]:
    rows = await session.execute(
        select(
            Officer.id,
            Officer.region,
            on_duty().label("is_on_duty"),
            Officer.duty_since,
            OfficerPosition.at,
            func.ST_X(OfficerPosition.geom).label("lon"),
            func.ST_Y(OfficerPosition.geom).label("lat"),
            OfficerPosition.accuracy_m,
        )
        .outerjoin(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .where(Officer.id.in_(officer_ids))
        # Going off duty waits for us, or we for it: no position is written for someone who has just left.
        .with_for_update(read=True, of=Officer)
    )
    return {
        row.id: _Person(
            region=row.region,
            on_duty=row.is_on_duty,
            duty_since=row.duty_since,
            last=None if row.at is None else Fix(lon=row.lon, lat=row.lat, at=row.at, accuracy_m=row.accuracy_m),
        )
        for row in rows
    }


def _row(one: Arrived, region: str, suspect: str | None) -> dict[str, Any]:
    fix = one.fix
    return {
        "officer_id": one.officer_id,
        "at": fix.at,
        "lon": fix.lon,
        "lat": fix.lat,
        "received_at": one.received_at,
        "accuracy_m": fix.accuracy_m,
        "speed_mps": fix.speed_mps,
        "heading": fix.heading,
        "altitude_m": fix.altitude_m,
        "battery_pct": fix.battery_pct,
        "suspect": suspect,
        "source": one.source,
        "region": region,
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


_UNNEST = """
    FROM unnest(
        CAST(:officer_id AS bigint[]), CAST(:at AS timestamptz[]), CAST(:lon AS float8[]), CAST(:lat AS float8[]),
        CAST(:received_at AS timestamptz[]), CAST(:accuracy_m AS float8[]), CAST(:speed_mps AS float8[]),
        CAST(:heading AS float8[]), CAST(:altitude_m AS float8[]), CAST(:battery_pct AS float8[]),
        CAST(:suspect AS text[]), CAST(:source AS text[]), CAST(:region AS text[])
    ) AS f (officer_id, at, lon, lat, received_at, accuracy_m, speed_mps, heading, altitude_m, battery_pct, suspect,
            source, region)
"""

_INSERT_TRACK = text(
    f"""
    INSERT INTO track (officer_id, at, geom, received_at, accuracy_m, speed_mps, heading, altitude_m, battery_pct,
                       suspect, source, region)
    SELECT officer_id, at, ST_SetSRID(ST_MakePoint(lon, lat), 4326), received_at, accuracy_m, speed_mps, heading,
           altitude_m, battery_pct, suspect, source, region
    {_UNNEST}
    ON CONFLICT DO NOTHING
    """
)

_UPSERT_POSITION = text(
    f"""
    WITH batch AS (SELECT nextval('position_batch') AS moved),
    stored AS (
        INSERT INTO officer_position (officer_id, geom, at, received_at, accuracy_m, speed_mps, heading, source,
                                      region, moved)
        SELECT officer_id, ST_SetSRID(ST_MakePoint(lon, lat), 4326), at, received_at, accuracy_m, speed_mps, heading,
               source, region, (SELECT moved FROM batch)
        {_UNNEST}
        ON CONFLICT (officer_id) DO UPDATE SET
            geom = excluded.geom, at = excluded.at, received_at = excluded.received_at,
            accuracy_m = excluded.accuracy_m, speed_mps = excluded.speed_mps, heading = excluded.heading,
            source = excluded.source, region = excluded.region, moved = excluded.moved
        RETURNING 1
    )
    SELECT pg_notify('onemap_moved', (SELECT moved FROM batch)::text), (SELECT count(*) FROM stored)
    """  # noqa: S608 - put together from our own constants
)
