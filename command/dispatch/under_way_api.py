"""HTTP doors of those under way: all of them, and one."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from command.alerts.api import Id
from command.dispatch.under_way import arrival, arrivals
from command.settings import DispatchSettings
from gis.http import NotFound, ScopeDep, SessionDep, require

router = APIRouter(tags=["dispatch"])


class ArrivalOut(BaseModel):
    """When somebody who was sent will be there, from where they are now; `why` says why nobody can tell."""

    assignment_id: int
    alert_id: int
    officer_id: int | None
    officer_name: str
    state: str
    lon: float | None
    lat: float | None
    at: datetime | None
    position_age_s: float | None
    travel_time_s: float | None
    road_distance_m: float | None
    route: dict[str, Any] | None
    asked_at: datetime
    arrives_at: datetime | None
    promised_s: float | None
    promised_at: datetime | None
    late_s: float | None
    progress: float | None
    why: Literal["over", "arrived", "no_position", "old_position", "no_road"] | None


class ArrivalsOut(BaseModel):
    items: list[ArrivalOut]


@router.get("/api/dispatch/under-way")
async def under_way(request: Request, session: SessionDep, scope: ScopeDep, alert: Id | None = None) -> ArrivalsOut:
    """Everybody with an open assignment in one's area, and when they will be where they were sent."""
    require(scope, "duty", "dispatcher", "admin")
    settings: DispatchSettings = request.app.state.dispatch
    found = await arrivals(session, request.app.state.roads, stale_after=settings.stale_after, alert_id=alert)
    return ArrivalsOut(items=[ArrivalOut.model_validate(one, from_attributes=True) for one in found])


@router.get("/api/assignments/{assignment_id}/eta")
async def eta(assignment_id: Id, request: Request, session: SessionDep) -> ArrivalOut:
    """When the officer of an assignment will be there; officers may ask for their own."""
    settings: DispatchSettings = request.app.state.dispatch
    found = await arrival(session, request.app.state.roads, assignment_id, stale_after=settings.stale_after)
    if found is None:
        raise NotFound(f"there is no assignment {assignment_id} in your area")
    return ArrivalOut.model_validate(found, from_attributes=True)
