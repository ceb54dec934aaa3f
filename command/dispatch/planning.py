"""From alerts that wait to a plan for all of them at once: who is free near each, how long by road, who goes where."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.tables import Alert
from command.alerts.views import AlertOut, alert_views, select_alerts
from command.dispatch.joint import NEVER, Plan, greedy_plan, joint_plan
from command.dispatch.reasons import unreachable
from command.dispatch.responders import legs_by_road
from command.dispatch.tables import OPEN_STATES, Assignment
from command.officers.status import status
from command.problems import Refused
from data.tables import Officer, OfficerPosition
from gis.geodesic import distances_m
from gis.http import NotFound
from gis.live_index import LiveIndex
from routing.ranking import Ranked
from routing.roads import Roads

MAX_ALERTS = 20


@dataclass(frozen=True, slots=True)
class Trip:
    """One officer planned for one alert; distances in metres (`distance_m` straight, on the ellipsoid)."""

    alert_id: int
    version: int
    officer_id: int
    name: str
    lon: float
    lat: float
    travel_time_s: float
    distance_m: float
    road_distance_m: float


@dataclass(frozen=True, slots=True)
class Unserved:
    """An alert that gets fewer officers than asked for, and why."""

    alert_id: int
    missing: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class JointAnswer:
    """The plan and, beside it, what going through the alerts one after the other would give. Times in seconds.

    What is saved is None when the two do not send equally many: their times cannot be compared then. A sum can be
    "saved" negatively: an earlier last arrival may cost the others.
    """

    roads_version: str
    trips: list[Trip]
    worst_s: float | None
    sum_s: float
    unserved: list[Unserved]
    greedy_trips: list[Trip]
    greedy_worst_s: float | None
    greedy_sum_s: float
    greedy_unserved: list[int]
    saved_worst_s: float | None
    saved_sum_s: float | None


@dataclass(frozen=True, slots=True)
class _Near:
    """The free officers near one alert who have not declined it, with their ways there by the officers' ids."""

    people: list[Any]
    straight_m: dict[int, float]
    legs: dict[int, Ranked[int]]
    declined: int


async def waiting_alerts(session: AsyncSession) -> tuple[list[AlertOut], bool]:
    """Open alerts of the person's area that wait for somebody to be sent, the most urgent first; whether there are more
    than `MAX_ALERTS`. Drills are left out, and what an officer is through with: it waits to be closed only.
    """
    seen_to = exists(
        select(Assignment.id).where(Assignment.alert_id == Alert.id, Assignment.state.in_((*OPEN_STATES, "finished")))
    ).correlate(Alert)
    views = await alert_views(
        session,
        select_alerts()
        .where(Alert.status != "closed", ~Alert.drill, ~seen_to)
        .order_by(Alert.level, Alert.raised_at, Alert.id)
        .limit(MAX_ALERTS + 1),
    )
    return views[:MAX_ALERTS], len(views) > MAX_ALERTS


async def named_alerts(session: AsyncSession, alert_ids: Collection[int]) -> list[AlertOut]:
    """These alerts, the most urgent first; raises `NotFound`, or `Refused` where they cannot be planned together."""
    query = select_alerts().where(Alert.id.in_(alert_ids)).order_by(Alert.level, Alert.raised_at, Alert.id)
    views = await alert_views(session, query)
    missing = set(alert_ids) - {view.id for view in views}
    if missing:
        raise NotFound(f"no such alert in your area: {', '.join(map(str, sorted(missing)))}")
    for view in views:
        if view.status == "closed":
            raise Refused(f"alert {view.id} is closed; leave it out", zh=f"警情 {view.id} 已办结，请将其移出")
    if len({view.drill for view in views}) > 1:
        raise Refused(
            "drills and real alerts are not planned together: drill officers go to drills, and only they do",
            zh="演练与真实警情不能一起派遣：演练人员只参加演练",
        )
    return views


async def plan_for(
    session: AsyncSession,
    roads: Roads,
    index: LiveIndex,
    alerts: Sequence[AlertOut],
    *,
    radius_m: float,
    per_alert: int,
    stale_after: timedelta,
) -> JointAnswer:
    """Plan for alerts that come in the order of urgency: candidates are all free officers within `radius_m` of each.

    One backward search over the roads per alert; all of them see the roads in one state.
    """
    near, version = await _near_all(session, roads, index, alerts, radius_m=radius_m, stale_after=stale_after)
    people = {person.id: person for one in near for person in one.people}
    officers = sorted(people)
    column = {officer_id: number for number, officer_id in enumerate(officers)}
    times = np.full((len(alerts), len(officers)), NEVER, np.int64)
    for row, one in enumerate(near):
        for leg in one.legs.values():
            if leg.travel_time_s is not None:
                times[row, column[leg.id]] = round(leg.travel_time_s * 1000)
    # Some 10 ms for 20 alerts among thousands of officers: still too long for the event loop.
    ours, greedy = await asyncio.to_thread(
        lambda: (joint_plan(times, per_row=per_alert), greedy_plan(times, per_row=per_alert))
    )

    def trips(plan: Plan) -> list[Trip]:
        return [_trip(alerts[pick.row], people[officers[pick.column]], near[pick.row]) for pick in plan.picks]

    sent, greedy_sent = ours.sent(len(alerts)), greedy.sent(len(alerts))
    comparable = bool(ours.picks) and len(ours.picks) == len(greedy.picks)
    return JointAnswer(
        roads_version=version,
        trips=trips(ours),
        worst_s=_seconds(ours.worst_ms),
        sum_s=ours.sum_ms / 1000,
        unserved=[
            _unserved(alert, near[row], per_alert - sent[row])
            for row, alert in enumerate(alerts)
            if sent[row] < per_alert
        ],
        greedy_trips=trips(greedy),
        greedy_worst_s=_seconds(greedy.worst_ms),
        greedy_sum_s=greedy.sum_ms / 1000,
        greedy_unserved=[alert.id for row, alert in enumerate(alerts) if greedy_sent[row] < per_alert],
        saved_worst_s=((greedy.worst_ms or 0) - (ours.worst_ms or 0)) / 1000 if comparable else None,
        saved_sum_s=(greedy.sum_ms - ours.sum_ms) / 1000 if comparable else None,
    )


async def _near_all(
    session: AsyncSession,
    roads: Roads,
    index: LiveIndex,
    alerts: Sequence[AlertOut],
    *,
    radius_m: float,
    stale_after: timedelta,
) -> tuple[list[_Near], str]:
    def in_range() -> list[set[int]]:
        return [{officer_id for officer_id, _ in index.within(one.lon, one.lat, radius_m)} for one in alerts]

    found = await asyncio.to_thread(in_range)
    free = await _free_officers(
        session, set().union(*found), drill=bool(alerts) and alerts[0].drill, stale_after=stale_after
    )
    declined = [{one.officer_id for one in alert.assignments if one.state == "declined"} for alert in alerts]
    people = [
        [person for person in free if person.id in ids and person.id not in refused]
        for ids, refused in zip(found, declined, strict=True)
    ]
    while True:
        version = _version(roads)
        # Each search takes the roads as they are when it starts; a closure in between means asking again.
        legs = await asyncio.gather(
            *(
                legs_by_road(roads, (alert.lon, alert.lat), [(one.id, one.lon, one.lat) for one in some], routes=0)
                for alert, some in zip(alerts, people, strict=True)
            )
        )
        if _version(roads) == version:
            break
    near = []
    for alert, some, ways, ids, refused in zip(alerts, people, legs, found, declined, strict=True):
        straight = distances_m(alert.lon, alert.lat, [one.lon for one in some], [one.lat for one in some])
        near.append(
            _Near(
                some,
                {one.id: float(metres) for one, metres in zip(some, straight, strict=True)},
                {leg.id: leg for leg in ways},
                sum(person.id in ids and person.id in refused for person in free),
            )
        )
    return near, version


async def _free_officers(
    session: AsyncSession, officer_ids: Collection[int], *, drill: bool, stale_after: timedelta
) -> Sequence[Any]:
    """Those of these officers who can be sent by their position, and whom the person may see, by id."""
    state = status(stale_after)
    query = (
        select(
            Officer.id,
            Officer.name,
            func.ST_X(OfficerPosition.geom).label("lon"),
            func.ST_Y(OfficerPosition.geom).label("lat"),
        )
        .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .where(Officer.id.in_(officer_ids), Officer.drill == drill, state.element == "free")
        .order_by(Officer.id)
    )
    return (await session.execute(query)).all()


def _version(roads: Roads) -> str:
    return roads.version if roads.ready else ""


def _trip(alert: AlertOut, person: Any, near: _Near) -> Trip:
    leg = near.legs[person.id]
    return Trip(
        alert_id=alert.id,
        version=alert.version,
        officer_id=person.id,
        name=person.name,
        lon=person.lon,
        lat=person.lat,
        travel_time_s=leg.travel_time_s or 0.0,
        distance_m=near.straight_m[person.id],
        road_distance_m=leg.road_distance_m or 0.0,
    )


def _unserved(alert: AlertOut, near: _Near, missing: int) -> Unserved:
    """Why an alert gets too few: nobody is there, nobody can come, or who could is needed more elsewhere."""
    if not near.people and near.declined:
        zh, en = "范围内空闲人员均已拒绝或未应答", "every free officer in range has declined it, or did not answer"
    elif not near.people:
        zh, en = "范围内没有空闲人员", "no officer in range is free"
    elif all(leg.travel_time_s is None for leg in near.legs.values()):
        why_zh, why = unreachable(next(iter(near.legs.values())))
        zh, en = f"范围内空闲人员均无法由道路到达（{why_zh}）", f"no free officer in range can get there by road: {why}"
    else:
        zh = "能到达的人员不足，已优先派往更紧急的警情"
        en = "too few officers can get there; the more urgent alerts were given theirs first"
    return Unserved(alert.id, missing, zh, en)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
