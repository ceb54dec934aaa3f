"""HTTP doors of the roads: route, isochrone, closures.

The app provides `app.state.roads` (`Roads`), `app.state.record_event` (writes the event log in the same transaction)
and `app.state.locate_region` (the county of a place).
"""

import asyncio
import math
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response
from geoalchemy2.shape import from_shape, to_shape
from pydantic import AwareDatetime, BaseModel, Field
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gis.http import BadQuery, DatabaseDep, Listing, NotFound, PageDep, ScopeDep, SessionDep, parse_lonlat, require
from routing.errors import UnusableClosure
from routing.ranking import Route
from routing.roads import Roads
from routing.tables import RoadClosure

router = APIRouter(prefix="/api", tags=["roads"])

MAY_CLOSE = ("duty", "dispatcher")
MOST_MINUTES, MOST_AREAS = 120.0, 10
LONGEST = timedelta(days=3650)


class RecordEvent(Protocol):
    """How the event log is written: inside the caller's transaction."""

    def __call__(
        self, session: AsyncSession, kind: str, subject: str, region: str, data: dict[str, Any]
    ) -> Awaitable[object]: ...


class LocateRegion(Protocol):
    """The county (adcode) of a place."""

    def __call__(self, lon: float, lat: float) -> str: ...


def roads_of(request: Request) -> Roads:
    roads: Roads = request.app.state.roads
    return roads


def record_event_of(request: Request) -> RecordEvent:
    record: RecordEvent = request.app.state.record_event
    return record


def locate_region_of(request: Request) -> LocateRegion:
    locate: LocateRegion = request.app.state.locate_region
    return locate


RoadsDep = Annotated[Roads, Depends(roads_of)]
RecordEventDep = Annotated[RecordEvent, Depends(record_event_of)]
LocateRegionDep = Annotated[LocateRegion, Depends(locate_region_of)]


class StepOut(BaseModel):
    name: str
    road_class: str
    distance_m: float
    travel_time_s: float


class RouteOut(BaseModel):
    """A drive; `travel_time_s` includes `walk_s`, the way on foot between road and place at both ends."""

    roads_version: str
    travel_time_s: float
    road_distance_m: float
    walk_s: float
    route: dict[str, Any]
    steps: list[StepOut]


class AreaOut(BaseModel):
    """A GeoJSON feature: what can be reached within `properties.minutes`."""

    type: str = "Feature"
    properties: dict[str, float]
    geometry: dict[str, Any]


class IsochroneOut(BaseModel):
    """A GeoJSON feature collection, one area for each of the minutes asked for, in that order."""

    type: str = "FeatureCollection"
    roads_version: str
    features: list[AreaOut]


class ClosureIn(BaseModel):
    """A point, line or area (GeoJSON, WGS84) that nobody can drive through, and why."""

    geometry: dict[str, Any]
    reason: str = Field(min_length=1, max_length=500)
    until: AwareDatetime | None = None


class ClosureOut(BaseModel):
    id: int
    geometry: dict[str, Any]
    reason: str
    closed_by: str
    closed_at: datetime
    until: datetime | None
    reopened_at: datetime | None
    region: str
    lon: float
    lat: float
    drill: bool


class ClosedOut(ClosureOut):
    """A new closure, with how many stretches of road it closes and the roads' version from now on."""

    stretches: int
    roads_version: str


@router.get("/route")
async def get_route(
    _: ScopeDep,
    roads: RoadsDep,
    start: Annotated[str, Query(alias="from", description="lon,lat (WGS84)")],
    end: Annotated[str, Query(alias="to", description="lon,lat (WGS84)")],
) -> RouteOut:
    """The fastest drive between two places on the roads as they are now."""
    version = roads.version
    route = await roads.route(parse_lonlat(start, "from"), parse_lonlat(end, "to"))
    return _route_out(route, version)


@router.get("/isochrone")
async def get_isochrone(
    _: ScopeDep,
    roads: RoadsDep,
    at: Annotated[str, Query(description="lon,lat (WGS84)")],
    minutes: Annotated[str, Query(description="one or more, separated by commas")] = "5,10,15",
) -> IsochroneOut:
    """How far one comes from a place by road."""
    version = roads.version
    areas = await roads.isochrones(parse_lonlat(at, "at"), parse_minutes(minutes))
    features = [
        AreaOut(properties={"minutes": each.minutes}, geometry=shapely.geometry.mapping(each.area)) for each in areas
    ]
    return IsochroneOut(roads_version=version, features=features)


@router.get("/roads/closures")
async def list_closures(session: SessionDep, page: PageDep) -> Listing[ClosureOut]:
    """The closures in force, oldest first."""
    rows = (
        await session.scalars(
            in_force().where(RoadClosure.id > page.after()).order_by(RoadClosure.id).limit(page.limit)
        )
    ).all()
    return Listing(items=[ClosureOut(**_described(row)) for row in rows], next=page.cut(rows))


@router.post("/roads/closures", status_code=201)
async def close_road(
    asked: ClosureIn,
    scope: ScopeDep,
    session: SessionDep,
    database: DatabaseDep,
    roads: RoadsDep,
    record_event: RecordEventDep,
    locate_region: LocateRegionDep,
) -> ClosedOut:
    """Close roads from now on; every ranking and route that follows goes round them."""
    require(scope, *MAY_CLOSE)
    now = datetime.now(UTC)
    if asked.until is not None and asked.until <= now:
        raise BadQuery("until: a time to come, or null")
    if asked.until is not None and asked.until > now + LONGEST:
        raise BadQuery(f"until: at most {LONGEST.days // 365} years from now, or null for a closure without an end")
    if "\0" in asked.reason:
        raise BadQuery("reason: text, without zero bytes")
    geometry = parse_geometry(asked.geometry)
    stretches = await asyncio.to_thread(roads.closes, geometry)
    inside = geometry.representative_point()
    row = RoadClosure(
        geom=from_shape(geometry, srid=4326),
        reason=asked.reason,
        closed_by=scope.actor,
        closed_at=now,
        until=asked.until,
        region=locate_region(inside.x, inside.y),
        drill=False,
    )
    session.add(row)
    await session.flush()
    described = _described(row)
    await record_event(session, "road.closed", f"closure/{row.id}", row.region, _plain(described))
    await session.commit()
    async with database.for_system() as everything:
        version = await take_in_closures(everything, roads)
    return ClosedOut(**described, stretches=stretches, roads_version=version)


@router.delete("/roads/closures/{closure_id}", status_code=204)
async def reopen_road(
    closure_id: int,
    scope: ScopeDep,
    session: SessionDep,
    database: DatabaseDep,
    roads: RoadsDep,
    record_event: RecordEventDep,
) -> Response:
    """Reopen a road before its time."""
    require(scope, *MAY_CLOSE)
    if not 0 < closure_id < 2**63:
        raise NotFound(f"there is no closure {closure_id}")
    row = await session.scalar(select(RoadClosure).where(RoadClosure.id == closure_id).with_for_update())
    if row is None or row.reopened_at is not None:
        raise NotFound(f"there is no closure {closure_id} in force")
    row.reopened_at = datetime.now(UTC)
    await record_event(session, "road.reopened", f"closure/{row.id}", row.region, _plain(_described(row)))
    await session.commit()
    async with database.for_system() as everything:
        await take_in_closures(everything, roads)
    return Response(status_code=204)


async def take_in_closures(session: AsyncSession, roads: Roads) -> str:
    """Make `roads` obey the closures that are in force now; return the roads' new version.

    The app calls it at its start, when another process announces `road.closed` or `road.reopened`, and once a minute
    for those whose time is up. The session must see all closures: a closed road is closed for every region's cars.
    """
    async with roads.changing:
        rows: Sequence[RoadClosure] = (await session.scalars(in_force())).all()
        return await asyncio.to_thread(roads.reload_closures, rows, now=datetime.now(UTC))


def in_force() -> "Any":
    """The query of the closures in force now."""
    return select(RoadClosure).where(
        RoadClosure.reopened_at.is_(None), or_(RoadClosure.until.is_(None), RoadClosure.until > func.now())
    )


def parse_minutes(value: str) -> list[float]:
    """Read `5,10,15`; raise `BadQuery` with what is wrong."""
    try:
        minutes = [float(part) for part in value.split(",")]
    except ValueError:
        raise BadQuery(f"minutes: numbers separated by commas, not {value[:80]!r}") from None
    if len(minutes) > MOST_AREAS or not all(math.isfinite(m) and 0 < m <= MOST_MINUTES for m in minutes):
        raise BadQuery(f"minutes: up to {MOST_AREAS} numbers above 0, at most {MOST_MINUTES:g}")
    return minutes


def parse_geometry(value: dict[str, Any]) -> BaseGeometry:
    """Read a GeoJSON geometry; raise `UnusableClosure` with what is wrong."""
    try:
        geometry = shapely.force_2d(shapely.geometry.shape(value))
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise UnusableClosure(f"geometry is not a GeoJSON geometry: {error}") from error
    return geometry


def _route_out(route: Route, version: str) -> RouteOut:
    return RouteOut(
        roads_version=version,
        travel_time_s=route.travel_time_s,
        road_distance_m=route.distance_m,
        walk_s=route.walk_s,
        route=route.as_geojson(),
        steps=[
            StepOut(
                name=step.name, road_class=step.road_class, distance_m=step.distance_m, travel_time_s=step.travel_time_s
            )
            for step in route.steps
        ],
    )


def _described(row: RoadClosure) -> dict[str, Any]:
    geometry = to_shape(row.geom)
    inside = geometry.representative_point()
    return {
        "id": row.id,
        "geometry": shapely.geometry.mapping(geometry),
        "reason": row.reason,
        "closed_by": row.closed_by,
        "closed_at": row.closed_at,
        "until": row.until,
        "reopened_at": row.reopened_at,
        "region": row.region,
        "lon": inside.x,
        "lat": inside.y,
        "drill": row.drill,
    }


def _plain(described: dict[str, Any]) -> dict[str, Any]:
    """The same with times as text, as the event log keeps it."""
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in described.items()}
