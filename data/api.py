"""The doors to what we know: enterprises, points and their readings, stations, loggers, regions.

Row-level security decides which rows a person sees; what lies outside is not found.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from data import enterprise_lists, intake_lists, point_lists, reading_lists, region_lists
from data.shapes import (
    DeviceItem,
    EnterpriseDetail,
    EnterpriseItem,
    Level,
    Period,
    PointDetail,
    PointItem,
    QuarantinedFrameItem,
    ReadingListing,
    RegionListing,
    StationItem,
)
from gis.http import Listing, PageDep, SessionDep

router = APIRouter(prefix="/api", tags=["data"])

IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
RegionQuery = Annotated[str | None, Query(description="GB/T 2260 code: 37, 3707, 370705 or 370700")]
BoxQuery = Annotated[str | None, Query(description="minlon,minlat,maxlon,maxlat (degrees, WGS84)")]


@router.get("/enterprises")
async def list_enterprises(
    session: SessionDep,
    page: PageDep,
    q: Annotated[str | None, Query(description="part of the name, or beginning of the social credit code")] = None,
    tags: Annotated[str | None, Query(description="a,b: has all of these")] = None,
    risk: Annotated[str | None, Query(description="a,b: one of low, medium, high")] = None,
    region: RegionQuery = None,
    bbox: BoxQuery = None,
) -> Listing[EnterpriseItem]:
    """Enterprises, by id."""
    items = await enterprise_lists.list_enterprises(session, page, q=q, tags=tags, risk=risk, region=region, bbox=bbox)
    return Listing(items=items, next=page.cut(items))


@router.get("/enterprises/{enterprise_id}")
async def get_enterprise(session: SessionDep, enterprise_id: IdPath) -> EnterpriseDetail:
    """One enterprise with its monitoring points."""
    return await enterprise_lists.enterprise(session, enterprise_id)


@router.get("/points")
async def list_points(
    session: SessionDep,
    page: PageDep,
    kind: Annotated[str | None, Query(description="a,b: outfall, stack, ambient_air, surface_water")] = None,
    region: RegionQuery = None,
    bbox: BoxQuery = None,
) -> Listing[PointItem]:
    """Monitoring points, by id."""
    items = await point_lists.list_points(session, page, kind=kind, region=region, bbox=bbox)
    return Listing(items=items, next=page.cut(items))


@router.get("/points/{point_id}")
async def get_point(session: SessionDep, point_id: IdPath) -> PointDetail:
    """One monitoring point with its newest values."""
    return await point_lists.point(session, point_id)


@router.get("/points/{point_id}/readings")
async def list_readings(
    session: SessionDep,
    page: PageDep,
    point_id: IdPath,
    factor: Annotated[str, Query(description="code of HJ 212, such as w01018", min_length=1)],
    start: Annotated[AwareDatetime | None, Query(alias="from", description="a day before `to` when absent")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="now when absent")] = None,
    period: Period = "realtime",
) -> ReadingListing:
    """Readings of one factor, oldest first, and the limit that holds on the last day."""
    return await reading_lists.list_readings(
        session, page, point_id=point_id, factor=factor, period=period, start=start, end=end
    )


@router.get("/stations")
async def list_stations(
    session: SessionDep, page: PageDep, region: RegionQuery = None, bbox: BoxQuery = None
) -> Listing[StationItem]:
    """Bases from which officers set out, by id."""
    items = await point_lists.list_stations(session, page, region=region, bbox=bbox)
    return Listing(items=items, next=page.cut(items))


@router.get("/intake/devices")
async def list_devices(
    session: SessionDep,
    page: PageDep,
    state: Literal["active", "quarantined"] | None = None,
    region: RegionQuery = None,
) -> Listing[DeviceItem]:
    """Data loggers, quarantined ones too, by id; empty for those who do not work at a desk."""
    items = await intake_lists.list_devices(session, page, state=state, region=region)
    return Listing(items=items, next=page.cut(items))


@router.get("/intake/quarantine")
async def list_quarantine(session: SessionDep, page: PageDep, mn: str | None = None) -> Listing[QuarantinedFrameItem]:
    """Frames that we could not take, newest first; empty for those who do not work at a desk."""
    items = await intake_lists.list_quarantined_frames(session, page, mn=mn)
    return Listing(items=items, next=page.cut(items))


@router.get("/regions")
async def list_regions(
    session: SessionDep,
    page: PageDep,
    level: Level | None = None,
    parent: Annotated[str | None, Query(description="code of a province or city")] = None,
    tolerance_m: Annotated[float, Query(ge=0, le=50_000, description="how far a boundary may be off, metres")] = 200,
    geometry: Annotated[bool, Query(description="false: without boundaries")] = True,
) -> RegionListing:
    """Regions of your area and those above it, by adcode."""
    return await region_lists.list_regions(
        session, page, level=level, parent=parent, tolerance_m=tolerance_m, geometry=geometry
    )
