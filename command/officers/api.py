"""HTTP doors of officers: the list, one's track, duty."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, func, select

from command.alerts.api import Id
from command.officers.duty import DutyOut, forget_positions, set_duty
from command.officers.status import status as status_of
from command.problems import Refused
from command.settings import DispatchSettings
from data.tables import Officer, OfficerPosition, TrackPoint
from gis.http import (
    BadQuery,
    DatabaseDep,
    Listing,
    NotFound,
    PageDep,
    ScopeDep,
    SessionDep,
    require,
)
from gis.parameters import in_area, in_box, parse_region

router = APIRouter(prefix="/api/officers", tags=["officers"])

Status = Literal["free", "busy", "stale", "off_duty"]
_LONGEST_DUTY = timedelta(hours=36)
_LONGEST_TRACK = timedelta(days=7)
_MOST_TRACK_POINTS = 20_000


class OfficerOut(BaseModel):
    id: int
    code: str
    name: str
    organisation: str
    level: str
    phone: str | None
    skills: list[str]
    certificate_valid_to: date | None
    shift: str
    station_id: int | None
    region: str
    status: Status
    on_duty: bool
    duty_since: datetime | None
    duty_until: datetime | None
    lon: float | None
    lat: float | None
    at: datetime | None
    position_age_s: float | None
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    demo: bool
    version: int


class TrackPointOut(BaseModel):
    lon: float
    lat: float
    at: datetime
    accuracy_m: float | None
    speed_mps: float | None
    heading: float | None
    suspect: str | None


class TrackOut(BaseModel):
    officer_id: int
    items: list[TrackPointOut]
    next: str | None = None


class DutyIn(BaseModel):
    on: bool
    until: AwareDatetime | None = Field(default=None, description="when duty ends by itself")


@router.get("")
async def list_officers(
    request: Request,
    session: SessionDep,
    page: PageDep,
    bbox: str | None = None,
    status: Status | None = None,
    region: str | None = None,
) -> Listing[OfficerOut]:
    """Officers of one's area with where they are; those off duty have no position."""
    query = _select_officers(request).where(Officer.id > page.after(), ~Officer.drill).limit(page.limit)
    if (inside := in_box(OfficerPosition.geom, bbox)) is not None:
        query = query.where(inside)
    if (area := parse_region(region)) is not None:
        query = query.where(in_area(Officer.region, area))
    if status is not None:
        settings: DispatchSettings = request.app.state.dispatch
        query = query.where(status_of(settings.stale_after).element == status)
    rows = (await session.execute(query)).all()
    items = [_officer_out(row) for row in rows]
    return Listing[OfficerOut](items=items, next=page.cut(items))


@router.get("/{officer_id}")
async def show_officer(officer_id: Id, request: Request, session: SessionDep) -> OfficerOut:
    row = (await session.execute(_select_officers(request).where(Officer.id == officer_id))).one_or_none()
    if row is None:
        raise NotFound(f"there is no officer {officer_id} in your area")
    return _officer_out(row)


@router.get("/{officer_id}/track")
async def show_track(
    officer_id: Id,
    session: SessionDep,
    from_: Annotated[AwareDatetime, Query(alias="from")],
    to: AwareDatetime,
) -> TrackOut:
    """Where an officer was, oldest first; at most a week at once."""
    if not from_ < to or to - from_ > _LONGEST_TRACK:
        raise BadQuery("from must be before to, by at most seven days")
    if await session.scalar(select(Officer.id).where(Officer.id == officer_id)) is None:
        raise NotFound(f"there is no officer {officer_id} in your area")
    rows = await session.execute(
        select(
            func.ST_X(TrackPoint.geom).label("lon"),
            func.ST_Y(TrackPoint.geom).label("lat"),
            TrackPoint.at,
            TrackPoint.accuracy_m,
            TrackPoint.speed_mps,
            TrackPoint.heading,
            TrackPoint.suspect,
        )
        .where(TrackPoint.officer_id == officer_id, TrackPoint.at >= from_, TrackPoint.at < to)
        .order_by(TrackPoint.at)
        .limit(_MOST_TRACK_POINTS)
    )
    items = [TrackPointOut.model_validate(row, from_attributes=True) for row in rows]
    more = items[-1].at.isoformat() if len(items) == _MOST_TRACK_POINTS else None
    return TrackOut(officer_id=officer_id, items=items, next=more)


@router.post("/{officer_id}/duty")
async def change_duty(
    officer_id: Id, duty: DutyIn, request: Request, session: SessionDep, scope: ScopeDep, database: DatabaseDep
) -> DutyOut:
    """Go on duty (until a time) or off. Going off deletes where one is; it is refused while on an assignment."""
    require(scope, "officer", "duty", "dispatcher", "admin")
    async with session.begin():
        now = await session.scalar(select(func.now()))
        if now is not None and duty.on and duty.until is not None and not now < duty.until <= now + _LONGEST_DUTY:
            raise Refused(f"until must lie in the next {_LONGEST_DUTY.total_seconds() / 3600:.0f} hours")
        view = await set_duty(session, officer_id, on=duty.on, until=duty.until)
        if view is None:
            raise NotFound(f"there is no officer {officer_id} whose duty you may change")
    if not duty.on:
        await forget_positions(database, [officer_id])
        request.app.state.officers.forget(officer_id)
    return view


def _select_officers(request: Request) -> Select[Any]:
    settings: DispatchSettings = request.app.state.dispatch
    return (
        select(
            Officer,
            func.ST_X(OfficerPosition.geom).label("lon"),
            func.ST_Y(OfficerPosition.geom).label("lat"),
            OfficerPosition.at,
            func.extract("epoch", func.now() - OfficerPosition.at).label("age_s"),
            OfficerPosition.accuracy_m,
            OfficerPosition.speed_mps,
            OfficerPosition.heading,
            status_of(settings.stale_after),
        )
        .outerjoin(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .order_by(Officer.id)
    )


def _officer_out(row: Any) -> OfficerOut:
    officer = row.Officer
    shown = row.status != "off_duty"  # duty may have run out a moment ago
    own = {
        name: getattr(officer, name)
        for name in OfficerOut.model_fields
        if name in Officer.__table__.columns and name != "on_duty"
    }
    return OfficerOut(
        **own,
        status=row.status,
        on_duty=shown,
        lon=row.lon if shown else None,
        lat=row.lat if shown else None,
        at=row.at if shown else None,
        position_age_s=float(row.age_s) if shown and row.age_s is not None else None,
        accuracy_m=row.accuracy_m if shown else None,
        speed_mps=row.speed_mps if shown else None,
        heading=row.heading if shown else None,
    )
