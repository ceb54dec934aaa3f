"""HTTP doors of closed roads: what is closed or will be, closing, reopening."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

import shapely
from fastapi import APIRouter, Response
from geoalchemy2.shape import from_shape
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from gis.http import BadQuery, DatabaseDep, Listing, NotFound, PageDep, ScopeDep, SessionDep, require
from routing.doors import LocateRegionDep, RecordEventDep, RoadsDep
from routing.errors import UnusableClosure
from routing.obeying import described, not_over, plain, take_in_closures
from routing.tables import RoadClosure

router = APIRouter(prefix="/roads/closures")

MAY_CLOSE = ("duty", "dispatcher")
LONGEST = timedelta(days=3650)
MOST_WAYS = 500

WayId = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class ClosureIn(BaseModel):
    """What nobody can drive through, from when to when, and why.

    Either a point, line or area (GeoJSON, WGS84), or `ways`: ids of OpenStreetMap, the `osmid` of exported edges,
    closed from end to end. Without `since` from now on, without `until` until somebody reopens it.
    """

    geometry: dict[str, Any] | None = None
    ways: list[WayId] | None = Field(default=None, min_length=1, max_length=MOST_WAYS)
    reason: str = Field(min_length=1, max_length=500)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.geometry is None) == (self.ways is None):
            raise ValueError("say either geometry or ways")
        return self


class ClosureOut(BaseModel):
    """A closure; `began_at` is null while it is only planned."""

    id: int
    geometry: dict[str, Any]
    ways: list[int] | None
    reason: str
    closed_by: str
    closed_at: datetime
    since: datetime
    until: datetime | None
    began_at: datetime | None
    reopened_at: datetime | None
    region: str
    lon: float
    lat: float
    drill: bool


class ClosedOut(ClosureOut):
    """A new closure, with how many stretches of road it closes and the roads' version from now on."""

    stretches: int
    roads_version: str


@router.get("")
async def list_closures(session: SessionDep, page: PageDep) -> Listing[ClosureOut]:
    """The closures in force and those planned, oldest first."""
    rows = (
        await session.scalars(
            not_over().where(RoadClosure.id > page.after()).order_by(RoadClosure.id).limit(page.limit)
        )
    ).all()
    return Listing(items=[ClosureOut(**described(row)) for row in rows], next=page.cut(rows))


@router.post("", status_code=201)
async def close_road(
    asked: ClosureIn,
    scope: ScopeDep,
    session: SessionDep,
    database: DatabaseDep,
    roads: RoadsDep,
    record_event: RecordEventDep,
    locate_region: LocateRegionDep,
) -> ClosedOut:
    """Close roads; every ranking and route from then on goes round them."""
    require(scope, *MAY_CLOSE)
    now = datetime.now(UTC)
    since = _since(asked, now)
    if asked.ways is not None:
        geometry, stretches = await asyncio.to_thread(roads.ways, asked.ways)
    else:
        geometry = parse_geometry(asked.geometry or {})
        stretches = await asyncio.to_thread(roads.closes, geometry)
    inside = geometry.representative_point()
    row = RoadClosure(
        geom=from_shape(geometry, srid=4326),
        ways=asked.ways,
        reason=asked.reason,
        closed_by=scope.actor,
        closed_at=now,
        since=since,
        until=asked.until,
        began_at=now if since == now else None,
        region=locate_region(inside.x, inside.y),
        drill=False,
    )
    session.add(row)
    await session.flush()
    told = described(row)
    kind = "road.closed" if row.began_at else "road.closure_planned"
    await record_event(session, kind, f"closure/{row.id}", row.region, plain(told))
    await session.commit()
    async with database.for_system() as everything:
        version = await take_in_closures(everything, roads)
    return ClosedOut(**told, stretches=stretches, roads_version=version)


@router.delete("/{closure_id}", status_code=204)
async def reopen_road(
    closure_id: int,
    scope: ScopeDep,
    session: SessionDep,
    database: DatabaseDep,
    roads: RoadsDep,
    record_event: RecordEventDep,
) -> Response:
    """Reopen a road before its time, or drop a closure that was only planned."""
    require(scope, *MAY_CLOSE)
    if not 0 < closure_id < 2**63:
        raise NotFound(f"there is no closure {closure_id}")
    row = await session.scalar(select(RoadClosure).where(RoadClosure.id == closure_id).with_for_update())
    if row is None or row.reopened_at is not None:
        raise NotFound(f"there is no closure {closure_id} in force or planned")
    row.reopened_at = datetime.now(UTC)
    await record_event(session, "road.reopened", f"closure/{row.id}", row.region, plain(described(row)))
    await session.commit()
    async with database.for_system() as everything:
        await take_in_closures(everything, roads)
    return Response(status_code=204)


def _since(asked: ClosureIn, now: datetime) -> datetime:
    """When the closure begins: never in the past. Raises `BadQuery` for times that cannot be."""
    if "\0" in asked.reason:
        raise BadQuery("reason: text, without zero bytes")
    since = now if asked.since is None else max(asked.since, now)
    if asked.until is not None and asked.until <= since:
        raise BadQuery("until: a time to come, later than since, or null")
    for name, time in (("since", since), ("until", asked.until)):
        if time is not None and time > now + LONGEST:
            raise BadQuery(f"{name}: at most {LONGEST.days // 365} years from now")
    return since


def parse_geometry(value: dict[str, Any]) -> BaseGeometry:
    """Read a GeoJSON geometry; raise `UnusableClosure` with what is wrong."""
    try:
        geometry = shapely.force_2d(shapely.geometry.shape(value))
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise UnusableClosure(f"geometry is not a GeoJSON geometry: {error}") from error
    return geometry
