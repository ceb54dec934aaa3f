"""Monitoring points by kind, region and box, and stations."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from data.shapes import LatestReading, PointDetail, PointItem, StationItem
from data.tables import POINT_KINDS, Enterprise, MonitoringPoint, Reading, Station
from gis.http import BadQuery, NotFound, PageParams
from gis.parameters import in_area, in_box, parse_region, parse_words

_LATEST = timedelta(days=3)


def _selected() -> Select[*tuple[Any, ...]]:
    return select(
        MonitoringPoint.id,
        MonitoringPoint.code,
        MonitoringPoint.name,
        MonitoringPoint.kind,
        MonitoringPoint.enterprise_id,
        Enterprise.name.label("enterprise_name"),
        MonitoringPoint.standard,
        MonitoringPoint.grade,
        MonitoringPoint.reference_oxygen,
        MonitoringPoint.demo,
        MonitoringPoint.drill,
        MonitoringPoint.version,
        MonitoringPoint.updated_at,
        MonitoringPoint.region,
        func.ST_X(MonitoringPoint.geom).label("lon"),
        func.ST_Y(MonitoringPoint.geom).label("lat"),
    ).outerjoin(Enterprise, Enterprise.id == MonitoringPoint.enterprise_id)


async def points_of(
    session: AsyncSession, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[PointItem]:
    """Return the points that meet the conditions, by id."""
    rows = await session.execute(_selected().where(*conditions).order_by(MonitoringPoint.id).limit(limit))
    return [PointItem.model_validate(row) for row in rows]


async def list_points(
    session: AsyncSession,
    page: PageParams,
    *,
    kind: str | None = None,
    region: str | None = None,
    bbox: str | None = None,
) -> list[PointItem]:
    """Return one page, by id; `kind` may name several (`a,b`)."""
    conditions: list[ColumnElement[bool]] = [MonitoringPoint.id > page.after()]
    if kinds := parse_words(kind, "kind"):
        if unknown := set(kinds) - set(POINT_KINDS):
            raise BadQuery(f"kind: one or more of {', '.join(POINT_KINDS)}, not {min(unknown)[:20]!r}")
        conditions.append(MonitoringPoint.kind.in_(kinds))
    if (area := parse_region(region)) is not None:
        conditions.append(in_area(MonitoringPoint.region, area))
    if (box := in_box(MonitoringPoint.geom, bbox)) is not None:
        conditions.append(box)
    return await points_of(session, *conditions, limit=page.limit)


async def point(session: AsyncSession, point_id: int, *, now: datetime | None = None) -> PointDetail:
    """Return one point with the newest value of each factor and period; raise `NotFound`."""
    found = await points_of(session, MonitoringPoint.id == point_id)
    if not found:
        raise NotFound(f"there is no monitoring point {point_id} in your area")
    since = (now or datetime.now(UTC)) - _LATEST
    latest = await session.execute(
        select(Reading.factor, Reading.period, Reading.at, Reading.value, Reading.converted, Reading.flag)
        .ext(distinct_on(Reading.factor, Reading.period))
        .where(Reading.point_id == point_id, Reading.at >= since)
        .order_by(Reading.factor, Reading.period, Reading.at.desc())
    )
    return PointDetail(**found[0].model_dump(), latest=[LatestReading.model_validate(row) for row in latest])


async def list_stations(
    session: AsyncSession, page: PageParams, *, region: str | None = None, bbox: str | None = None
) -> list[StationItem]:
    """Return one page of the bases from which officers set out, by id."""
    conditions: list[ColumnElement[bool]] = [Station.id > page.after()]
    if (area := parse_region(region)) is not None:
        conditions.append(in_area(Station.region, area))
    if (box := in_box(Station.geom, bbox)) is not None:
        conditions.append(box)
    rows = await session.execute(
        select(
            Station.id,
            Station.code,
            Station.name,
            Station.organisation,
            Station.level,
            Station.demo,
            Station.version,
            Station.updated_at,
            Station.region,
            func.ST_X(Station.geom).label("lon"),
            func.ST_Y(Station.geom).label("lat"),
        )
        .where(*conditions)
        .order_by(Station.id)
        .limit(page.limit)
    )
    return [StationItem.model_validate(row) for row in rows]
