"""HTTP doors of the roads: route and isochrone; closures and speeds have files of their own."""

import math
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Query
from pydantic import BaseModel

import routing.closures_api
import routing.speeds_api
from gis.http import BadQuery, ScopeDep, parse_lonlat
from routing.doors import RoadsDep
from routing.ranking import Route

router = APIRouter(prefix="/api", tags=["roads"])

MOST_MINUTES, MOST_AREAS = 120.0, 10


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


def parse_minutes(value: str) -> list[float]:
    """Read `5,10,15`; raise `BadQuery` with what is wrong."""
    try:
        minutes = [float(part) for part in value.split(",")]
    except ValueError:
        raise BadQuery(f"minutes: numbers separated by commas, not {value[:80]!r}") from None
    if len(minutes) > MOST_AREAS or not all(math.isfinite(m) and 0 < m <= MOST_MINUTES for m in minutes):
        raise BadQuery(f"minutes: up to {MOST_AREAS} numbers above 0, at most {MOST_MINUTES:g}")
    return minutes


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


# The other doors of the roads, under the same name for whoever puts the house together.
router.include_router(routing.closures_api.router)
router.include_router(routing.speeds_api.router)
