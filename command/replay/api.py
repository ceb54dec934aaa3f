"""The HTTP door of the replay."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from geoalchemy2.shape import to_shape
from pydantic import AwareDatetime, BaseModel
from shapely.geometry import mapping
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import Id
from command.alerts.views import AlertOut, alert_view
from command.dispatch.responders_api import ReasonOut
from command.events.api import EventOut
from command.events.feed import event_json
from command.events.tables import Event
from command.replay.recall import Window, closures_during, events_of, rankings_of, tracks_near
from data.reading_lists import list_readings
from data.shapes import Period, ReadingListing
from gis.http import BadQuery, NotFound, PageParams, SessionDep
from routing.tables import RoadClosure

router = APIRouter(tags=["replay"])

LONGEST = timedelta(hours=24)
_USUAL = timedelta(hours=12)
_LEAD, _TAIL = timedelta(minutes=5), timedelta(minutes=5)
_READINGS_AROUND = timedelta(hours=1)
_RADIUS_M = 3000.0
_CLOSURES_WITHIN_DEGREES = 0.3
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_LATEST = datetime(2199, 12, 30, tzinfo=UTC)


class TrackThenOut(BaseModel):
    """Where an officer was: [seconds since `start`, lon, lat] each, oldest first; `concerned`: was sent there."""

    officer_id: int
    name: str
    organisation: str
    concerned: bool
    points: list[tuple[float, float, float]]


class ClosedThenOut(BaseModel):
    id: int
    geometry: dict[str, Any]
    reason: str
    closed_by: str
    closed_at: datetime
    until: datetime | None
    reopened_at: datetime | None


class RankedThenOut(BaseModel):
    """An officer of the list as it was."""

    officer_id: int
    name: str
    organisation: str
    status: Literal["free", "busy", "stale"]
    lon: float
    lat: float
    distance_m: float
    travel_time_s: float | None
    road_distance_m: float | None
    position_age_s: float
    reasons: list[ReasonOut]
    route: dict[str, Any] | None


class SeenOut(BaseModel):
    officer_id: int
    travel_time_s: float | None


class RankingOut(BaseModel):
    """The list at the moment of sending: the server's, and (`seen`) the one that the dispatcher's screen showed."""

    at: datetime
    by: str
    way: Literal["list", "joint"]
    assignment_ids: list[int]
    radius_m: float | None
    roads_version: str
    in_range: int
    recommended: int | None
    chosen: list[int]
    override_reason: str | None
    seen: list[SeenOut] | None
    ranked: list[RankedThenOut]


class WindowOut(BaseModel):
    """What this answer covers, and from when to when there is something to see at all."""

    start: datetime
    end: datetime
    first: datetime
    last: datetime


class ReplayOut(BaseModel):
    """Everything that moves on the bar of time between `from` and `to`; `cut`: there was more than is sent at once."""

    alert: AlertOut
    window: WindowOut
    events: list[EventOut]
    rankings: list[RankingOut]
    tracks: list[TrackThenOut]
    cut: bool
    readings: ReadingListing | None
    closures: list[ClosedThenOut]


@router.get("/api/alerts/{alert_id}/replay")
async def replay(
    alert_id: Id,
    session: SessionDep,
    start: Annotated[AwareDatetime | None, Query(alias="from", description="by default just before the alert")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to", description="by default just after its end")] = None,
) -> ReplayOut:
    """An alert's past: what happened, who was where, what was measured, closed and offered; at most a day at once.

    Each sees what they may see now: tracks of their own area's officers, on duty; rankings that were shown in an area
    that theirs contains.
    """
    alert = await alert_view(session, alert_id)
    window, whole = _window(alert, start, end)
    officer_ids = {one.officer_id for one in alert.assignments if one.officer_id is not None}
    place = (alert.lon, alert.lat)
    tracks, cut = await tracks_near(session, window, place, _RADIUS_M, officer_ids)
    closures = await closures_during(session, window, place, _CLOSURES_WITHIN_DEGREES)
    return ReplayOut(
        alert=alert,
        window=WindowOut(start=window.start, end=window.end, first=whole.start, last=whole.end),
        events=[EventOut(**event_json(one)) for one in await events_of(session, alert_id)],
        rankings=[_ranking_out(one) for one in await rankings_of(session, alert_id)],
        tracks=[
            TrackThenOut(
                officer_id=one.officer_id,
                name=one.name,
                organisation=one.organisation,
                concerned=one.officer_id in officer_ids,
                points=one.points,
            )
            for one in tracks
        ],
        cut=cut,
        readings=await _readings(session, alert, window),
        closures=[_closure_out(one) for one in closures],
    )


def _window(alert: AlertOut, start: datetime | None, end: datetime | None) -> tuple[Window, Window]:
    """What is asked for (by default the beginning of the alert), and the alert from beginning to end."""
    now = datetime.now(UTC)
    whole = Window(alert.raised_at - _LEAD, min(now, (alert.closed_at or now) + _TAIL))
    for moment in (start, end):
        if moment is not None and not _EARLIEST <= moment <= _LATEST:
            raise BadQuery("from and to: moments between 1970 and 2199")
    first = start or whole.start
    last = end or min(max(whole.end, first + _LEAD), first + _USUAL)
    if not first < last or last - first > LONGEST:
        raise BadQuery("from must be before to, by at most 24 hours")
    return Window(first, last), whole


async def _readings(session: AsyncSession, alert: AlertOut, window: Window) -> ReadingListing | None:
    """The alert's factor from an hour before to an hour after; None when it has none or the point is not to be seen."""
    if alert.point_id is None or alert.factor is None:
        return None
    try:
        return await list_readings(
            session,
            PageParams(limit=10_000),
            point_id=alert.point_id,
            factor=alert.factor,
            period=cast(Period, alert.period or "realtime"),
            start=window.start - _READINGS_AROUND,
            end=window.end + _READINGS_AROUND,
        )
    except NotFound:
        return None


def _ranking_out(event: Event) -> RankingOut:
    fields = {name: event.data[name] for name in RankingOut.model_fields if name in event.data and name != "seen"}
    seen = event.data["seen"]
    shown = None if seen is None else [SeenOut(officer_id=one, travel_time_s=seconds) for one, seconds in seen]
    return RankingOut(at=event.at, by=event.actor, seen=shown, **fields)


def _closure_out(row: RoadClosure) -> ClosedThenOut:
    own = {name: getattr(row, name) for name in ClosedThenOut.model_fields if name != "geometry"}
    return ClosedThenOut(geometry=mapping(to_shape(row.geom)), **own)
