"""When those who were sent will be there: by road, from where they are now, against what was promised."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.tables import Alert
from command.dispatch.responders import RoadRanking, legs_by_road
from command.dispatch.tables import OPEN_STATES, Assignment
from data.tables import OfficerPosition
from routing.ranking import Ranked

ON_THE_WAY = ("offered", "accepted", "departed")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One assignment on its way. Times in seconds, distances in metres, places in degrees (WGS84).

    `arrives_at` is None when nobody can say: no position, one that is too old, no road, or there already; `why` is the
    reason as a code. With an old position `travel_time_s` still says how far it would be from the last known place.
    """

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
    why: str | None


async def arrivals(
    session: AsyncSession, roads: RoadRanking, *, stale_after: timedelta, alert_id: int | None = None
) -> list[Arrival]:
    """Everybody whom the session's person may see and who has an open assignment, in the order of offering.

    One search a destination; whose position may not be seen is listed without one.
    """
    query = _select().where(Assignment.state.in_(OPEN_STATES))
    if alert_id is not None:
        query = query.where(Assignment.alert_id == alert_id)
    rows = (await session.execute(query.order_by(Assignment.id))).all()
    return await _with_legs(roads, rows, stale_after)


async def arrival(
    session: AsyncSession, roads: RoadRanking, assignment_id: int, *, stale_after: timedelta
) -> Arrival | None:
    """One assignment's arrival, also of one that is over; None when there is none in the area."""
    rows = (await session.execute(_select().where(Assignment.id == assignment_id))).all()
    found = await _with_legs(roads, rows, stale_after)
    return found[0] if found else None


def _select() -> Select[Any]:
    return (
        select(
            Assignment,
            func.ST_X(Alert.geom).label("to_lon"),
            func.ST_Y(Alert.geom).label("to_lat"),
            func.ST_X(OfficerPosition.geom).label("lon"),
            func.ST_Y(OfficerPosition.geom).label("lat"),
            OfficerPosition.at,
            func.extract("epoch", func.now() - OfficerPosition.at).label("age_s"),
            func.now().label("asked_at"),
        )
        .join(Alert, Alert.id == Assignment.alert_id)
        # Where somebody is concerns this assignment only as long as it lasts.
        .outerjoin(
            OfficerPosition,
            (OfficerPosition.officer_id == Assignment.officer_id) & Assignment.state.in_(OPEN_STATES),
        )
    )


async def _with_legs(roads: RoadRanking, rows: Sequence[Any], stale_after: timedelta) -> list[Arrival]:
    driving = defaultdict(list)
    for row in rows:
        if row.lon is not None and row.Assignment.state in ON_THE_WAY:
            driving[row.to_lon, row.to_lat].append((row.Assignment.id, row.lon, row.lat))
    legs: dict[int, Ranked[int]] = {}
    for target, starts in driving.items():
        legs |= {leg.id: leg for leg in await legs_by_road(roads, target, starts, routes=len(starts))}
    return [_arrival(row, legs.get(row.Assignment.id), stale_after) for row in rows]


def _arrival(row: Any, leg: Ranked[int] | None, stale_after: timedelta) -> Arrival:
    one: Assignment = row.Assignment
    age_s = None if row.age_s is None else max(0.0, float(row.age_s))
    travel_s = leg.travel_time_s if leg else None
    why = _why(one.state, age_s, travel_s, stale_after)
    promised_at = None if one.travel_time_s is None else one.offered_at + timedelta(seconds=one.travel_time_s)
    arrives_at = row.asked_at + timedelta(seconds=travel_s) if travel_s is not None and why is None else None
    return Arrival(
        assignment_id=one.id,
        alert_id=one.alert_id,
        officer_id=one.officer_id,
        officer_name=one.officer_name,
        state=one.state,
        lon=row.lon,
        lat=row.lat,
        at=row.at,
        position_age_s=age_s,
        travel_time_s=travel_s,
        road_distance_m=leg.road_distance_m if leg else None,
        route=leg.route.as_geojson() if leg and leg.route else None,
        asked_at=row.asked_at,
        arrives_at=arrives_at,
        promised_s=one.travel_time_s,
        promised_at=promised_at,
        late_s=(arrives_at - promised_at).total_seconds() if arrives_at and promised_at else None,
        progress=_progress(one, travel_s),
        why=why,
    )


def _why(state: str, age_s: float | None, travel_s: float | None, stale_after: timedelta) -> str | None:
    """Why nobody can say when: `over`, `arrived`, `no_position`, `old_position` or `no_road`; None when one can."""
    if state not in OPEN_STATES:
        return "over"
    if state == "arrived":
        return "arrived"
    if age_s is None:
        return "no_position"
    if travel_s is None:
        return "no_road"
    return "old_position" if age_s > stale_after.total_seconds() else None


def _progress(one: Assignment, travel_s: float | None) -> float | None:
    """How much of the promised drive is done, from 0 to 1; somebody who drives away from the place has done nothing."""
    if one.state in ("arrived", "finished"):
        return 1.0
    if travel_s is None or not one.travel_time_s:
        return None
    return min(1.0, max(0.0, 1.0 - travel_s / one.travel_time_s))
