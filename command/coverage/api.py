"""The doors of coverage while officers are at work: what a sending costs, how counties stand, who could stand by."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy import select

from command.alerts.api import Id
from command.alerts.views import alert_view
from command.coverage.network import PlannedRoads
from command.coverage.watching import (
    StandBy,
    enterprises,
    free_officers,
    minutes_to,
    shares,
    stand_by,
    stations_of,
)
from command.settings import CoverageSettings, DispatchSettings
from gis.http import BadQuery, NotFound, ScopeDep, SessionDep, require
from gis.parameters import area_prefix
from gis.tables import RegionRow
from planning.demands import Floats
from planning.ports import Network

router = APIRouter(prefix="/api", tags=["coverage"])

MINUTES = Query(gt=0, le=180, allow_inf_nan=False, description="so soon a free officer shall be there")


class AreaCost(BaseModel):
    """What a county or city loses: shares of its enterprises reached in time by a free officer, mean minutes."""

    region: str
    name: str
    enterprises: int
    share_before: float | None
    share_after: float | None
    lost: int
    mean_before: float | None
    mean_after: float | None
    longest_delay_minutes: float | None


class SendingCost(BaseModel):
    """`free` officers whom the person sees, of whom `sent` would go; those of `officer_ids` not free cost nothing."""

    alert_id: int
    minutes: float
    as_of: datetime
    roads_version: str
    free: int
    sent: int
    areas: list[AreaCost]


class CountyNow(BaseModel):
    """How a county stands: its own free officers, and the share of its enterprises that any free officer reaches."""

    region: str
    name: str
    free: int
    enterprises: int
    share: float | None
    covered: bool


class CoverageNow(BaseModel):
    as_of: datetime
    minutes: float
    least: float
    roads_version: str
    counties: list[CountyNow]


class StandByOut(BaseModel):
    """`uncovers`: counties that would then have too little cover themselves."""

    officer_id: int
    officer_name: str
    from_region: str
    station: str
    lon: float
    lat: float
    minutes: float
    share_with: float
    uncovers: list[str]


class StandByAnswer(BaseModel):
    """`proposal` is null when nobody free could better the county by waiting at one of its stations."""

    region: str
    minutes: float
    share: float | None
    proposal: StandByOut | None


@router.get("/alerts/{alert_id}/cost")
async def cost_of_sending(
    alert_id: Id,
    request: Request,
    session: SessionDep,
    scope: ScopeDep,
    officer_ids: Annotated[str, Query(pattern=r"^[0-9]{1,18}(,[0-9]{1,18}){0,19}$", description="1,2,3")],
    minutes: Annotated[float | None, MINUTES] = None,
) -> SendingCost:
    """What sending these officers costs the alert's county and its city, before anybody is sent."""
    require(scope, "duty", "dispatcher", "admin")
    alert = await alert_view(session, alert_id)
    within = minutes or CoverageSettings().minutes
    city = area_prefix(alert.region[:4] + "00")
    officers = await free_officers(session, _stale_after(request))
    places = await enterprises(session, city)
    names = await _names(session, (alert.region, city.ljust(6, "0")))
    network = await _network(request)
    left = officers.without([int(one) for one in officer_ids.split(",")])

    def count() -> list[AreaCost]:
        before, after = minutes_to(network, officers, places), minutes_to(network, left, places)
        everywhere = np.ones(len(before), np.bool_)
        return [
            _cost(alert.region, names, places.region == alert.region, before, after, within),
            *([_cost(city.ljust(6, "0"), names, everywhere, before, after, within)] if len(scope.region) < 6 else []),
        ]

    return SendingCost(
        alert_id=alert_id,
        minutes=within,
        as_of=datetime.now(UTC),
        roads_version=network.version,
        free=len(officers.id),
        sent=len(officers.id) - len(left.id),
        areas=await asyncio.to_thread(count),
    )


@router.get("/coverage-now")
async def coverage_now(
    request: Request, session: SessionDep, scope: ScopeDep, minutes: Annotated[float | None, MINUTES] = None
) -> CoverageNow:
    """How each county of one's area stands at this moment."""
    require(scope, "planner", "duty", "dispatcher", "admin")
    settings = CoverageSettings()
    within = minutes or settings.minutes
    officers, places = await free_officers(session, _stale_after(request)), await enterprises(session)
    names = await _names(session, sorted(set(places.region.tolist())))
    network = await _network(request)
    found = shares(places, await asyncio.to_thread(minutes_to, network, officers, places), within)
    return CoverageNow(
        as_of=datetime.now(UTC),
        minutes=within,
        least=settings.least_share,
        roads_version=network.version,
        counties=[
            CountyNow(
                region=region,
                name=names.get(region, region),
                free=int((officers.region == region).sum()),
                enterprises=int((places.region == region).sum()),
                share=share,
                covered=share >= settings.least_share,
            )
            for region, share in sorted(found.items())
        ],
    )


@router.get("/standby")
async def propose_stand_by(
    request: Request,
    session: SessionDep,
    scope: ScopeDep,
    region: Annotated[str, Query(pattern=r"^[1-9][0-9]{5}$", description="a county")],
    minutes: Annotated[float | None, MINUTES] = None,
) -> StandByAnswer:
    """Which free officer could wait at which station of a county, by road, and whom that would leave without cover."""
    require(scope, "planner", "duty", "dispatcher", "admin")
    if region.endswith("00"):
        raise BadQuery("region: a county such as 370705")
    if not region.startswith(scope.region):
        raise NotFound(f"region {region} lies outside of your area")
    settings = CoverageSettings()
    within = minutes or settings.minutes
    officers, places = await free_officers(session, _stale_after(request)), await enterprises(session)
    stations = await stations_of(session, region)
    network = await _network(request)

    def find() -> tuple[float | None, StandBy | None]:
        share = shares(places, minutes_to(network, officers, places), within).get(region)
        return share, stand_by(network, officers, places, stations, region, within=within, least=settings.least_share)

    share, found = await asyncio.to_thread(find)
    proposal = None if found is None else StandByOut(**{name: getattr(found, name) for name in StandByOut.model_fields})
    return StandByAnswer(region=region, minutes=within, share=share, proposal=proposal)


def _cost(
    region: str, names: dict[str, str], rows: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    before: Floats, after: Floats, within: float,
) -> AreaCost:  # fmt: skip
    one, other = before[rows], after[rows]
    both = np.isfinite(one) & np.isfinite(other)
    return AreaCost(
        region=region,
        name=names.get(region, region),
        enterprises=int(rows.sum()),
        share_before=float((one <= within).mean()) if len(one) else None,
        share_after=float((other <= within).mean()) if len(other) else None,
        lost=int(((one <= within) & ~(other <= within)).sum()),
        mean_before=_mean(one),
        mean_after=_mean(other),
        longest_delay_minutes=float((other - one)[both].max()) if both.any() else None,
    )


def _mean(minutes: Floats) -> float | None:
    known = minutes[np.isfinite(minutes)]
    return float(known.mean()) if len(known) else None


async def _names(session: SessionDep, regions: Sequence[str]) -> dict[str, str]:
    rows = await session.execute(select(RegionRow.adcode, RegionRow.name).where(RegionRow.adcode.in_(regions)))
    return {row.adcode: row.name for row in rows}


async def _network(request: Request) -> Network:
    return await asyncio.to_thread(PlannedRoads(request.app.state.roads).network, None)


def _stale_after(request: Request) -> timedelta:
    settings: DispatchSettings = request.app.state.dispatch
    return settings.stale_after
