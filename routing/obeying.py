"""What the tables say about roads, taken in by the roads of one process; and what begins or ends by the clock."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import shapely
from geoalchemy2.shape import to_shape
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.doors import RecordEvent
from routing.roads import Roads
from routing.speed_factors import SpeedFactors
from routing.tables import RoadClosure, RoadSpeeds


async def take_in_closures(session: AsyncSession, roads: Roads) -> str:
    """Make `roads` obey the closures that are in force now; return the roads' new version.

    Called at the start, when another process announces a `road.…` event, and every few seconds for those whose time
    has come. The session must see all closures: a closed road is closed for every region's cars.
    """
    async with roads.changing:
        rows: Sequence[RoadClosure] = (await session.scalars(not_over())).all()
        return await asyncio.to_thread(roads.reload_closures, rows, now=datetime.now(UTC))


async def take_in_speeds(session: AsyncSession, roads: Roads) -> str:
    """Make `roads` drive at the speeds of this hour; return their version. Other speeds take a second for a province.

    Called as `take_in_closures` is, and after a new network was opened. Searches and closures go on meanwhile.
    """
    async with roads.retiming:
        row = await session.get(RoadSpeeds, RoadSpeeds.ONLY)
        if row is not None:
            await asyncio.to_thread(roads.reload_speeds, factors_of(row), now=datetime.now(UTC))
        return roads.version


async def begin_and_end(session: AsyncSession, record_event: RecordEvent, now: datetime) -> None:
    """Write into the log which planned closures have begun and which are over by `now`.

    Any number of processes may do so at once: each row is told by one of them.
    """
    unopened = RoadClosure.reopened_at.is_(None)
    for row in await _due(session, and_(unopened, RoadClosure.began_at.is_(None), RoadClosure.since <= now)):
        row.began_at = row.since
        await record_event(session, "road.closed", f"closure/{row.id}", row.region, plain(described(row)))
    for row in await _due(session, and_(unopened, RoadClosure.until <= now)):
        row.reopened_at = row.until
        await record_event(session, "road.reopened", f"closure/{row.id}", row.region, plain(described(row)))


async def _due(session: AsyncSession, condition: ColumnElement[bool]) -> Sequence[RoadClosure]:
    query = select(RoadClosure).where(condition).order_by(RoadClosure.id).with_for_update(skip_locked=True)
    return (await session.scalars(query)).all()


def not_over() -> Select[RoadClosure]:
    """The query of the closures in force now or planned."""
    return select(RoadClosure).where(
        RoadClosure.reopened_at.is_(None), or_(RoadClosure.until.is_(None), RoadClosure.until > func.now())
    )


def factors_of(row: RoadSpeeds) -> SpeedFactors:
    """The setting as the roads take it; JSON knows no whole numbers as keys."""
    return SpeedFactors(row.by_class, {int(hour): factors for hour, factors in row.by_hour.items()})


def described(row: RoadClosure) -> dict[str, Any]:
    """A closure as everybody outside sees it."""
    geometry = to_shape(row.geom)
    inside = geometry.representative_point()
    return {
        "id": row.id,
        "geometry": shapely.geometry.mapping(geometry),
        "ways": row.ways,
        "reason": row.reason,
        "closed_by": row.closed_by,
        "closed_at": row.closed_at,
        "since": row.since,
        "until": row.until,
        "began_at": row.began_at,
        "reopened_at": row.reopened_at,
        "region": row.region,
        "lon": inside.x,
        "lat": inside.y,
        "drill": row.drill,
    }


def plain(described: dict[str, Any]) -> dict[str, Any]:
    """The same with times as text, as the event log keeps it."""
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in described.items()}
