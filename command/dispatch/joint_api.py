"""HTTP doors of joint dispatch: one plan for all alerts that wait, and its confirmation."""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from command.alerts.api import MAX_ID, Change, Id
from command.alerts.views import alert_view
from command.dispatch import handlers
from command.dispatch.api import AssignedOut
from command.dispatch.planning import MAX_ALERTS, JointAnswer, Trip, named_alerts, plan_for, waiting_alerts
from command.dispatch.rankings import ROUTES_RECORDED, ShownRanking
from command.dispatch.responders import rank_responders
from command.dispatch.responders_api import ReasonText, roads_version
from command.problems import Refused
from command.settings import DispatchSettings
from gis.http import BadQuery, ScopeDep, SessionDep, require

router = APIRouter(prefix="/api/dispatch", tags=["dispatch"])

MAX_PER_ALERT = 3


class TripOut(BaseModel):
    """One officer planned for one alert; `version` is the alert's, to be sent back with the confirmation."""

    alert_id: int
    version: int
    officer_id: int
    name: str
    lon: float
    lat: float
    travel_time_s: float
    distance_m: float
    road_distance_m: float


class GreedyOut(BaseModel):
    """What one gets by going through the alerts in order of urgency, each taking the best officer left."""

    plan: list[TripOut]
    worst_s: float | None
    sum_s: float
    unserved: list[int]


class UnservedOut(BaseModel):
    alert_id: int
    missing: int
    reason: ReasonText


class PlanOut(BaseModel):
    """`worst_s` is the last arrival, `sum_s` all travel times together; null savings: the two send unequally many."""

    roads_version: str
    computed_ms: float
    radius_m: float
    alerts: list[int]
    more_waiting: bool
    plan: list[TripOut]
    worst_s: float | None
    sum_s: float
    greedy: GreedyOut
    saved_worst_s: float | None
    saved_sum_s: float | None
    unserved: list[UnservedOut]


class PlannedIn(Change):
    """One officer to one alert, whose version the sender saw."""

    alert_id: Id
    officer_id: Id


class PlanIn(BaseModel):
    assignments: list[PlannedIn] = Field(min_length=1, max_length=MAX_ALERTS * MAX_PER_ALERT)
    note: str = Field(default="", max_length=2000)


class PlanAssignedOut(BaseModel):
    items: list[AssignedOut]


@router.get("/plan")
async def plan(
    request: Request,
    session: SessionDep,
    scope: ScopeDep,
    alerts: Annotated[
        str | None, Query(max_length=400, description="ids, as 1,2,3; all that wait if not given")
    ] = None,
    radius_m: Annotated[float, Query(gt=0, le=1_000_000, allow_inf_nan=False)] = 30_000,
    officers_per_alert: Annotated[int, Query(ge=1, le=MAX_PER_ALERT)] = 1,
) -> PlanOut:
    """Who goes where when several alerts wait: the earliest last arrival, then the least sum of travel times.

    Where there are too few officers, as many alerts as possible are served, the gravest and then the oldest first.
    """
    require(scope, "duty", "dispatcher")
    began = time.perf_counter()
    settings: DispatchSettings = request.app.state.dispatch
    if alerts is None:
        chosen, more = await waiting_alerts(session)
    else:
        chosen, more = await named_alerts(session, _ids(alerts)), False
    answer = await plan_for(
        session,
        request.app.state.roads,
        request.app.state.officers.index,
        chosen,
        radius_m=radius_m,
        per_alert=officers_per_alert,
        stale_after=settings.stale_after,
    )
    return _plan_out(answer, [one.id for one in chosen], more, radius_m, began)


@router.post("/plan", status_code=201)
async def confirm(new: PlanIn, request: Request, session: SessionDep, scope: ScopeDep) -> PlanAssignedOut:
    """Call everybody of a plan at once. 409 says which alert somebody else took, or which officer; nothing is half
    done.
    """
    require(scope, "duty", "dispatcher")
    settings: DispatchSettings = request.app.state.dispatch
    wanted = _by_alert(new.assignments)
    async with session.begin():
        calls = []
        for (alert_id, version), officer_ids in wanted.items():
            alert = await alert_view(session, alert_id)
            promised = await rank_responders(
                session,
                request.app.state.roads,
                origin=(alert.lon, alert.lat),
                officer_ids=officer_ids,
                drill=alert.drill,
                stale_after=settings.stale_after,
                routes=ROUTES_RECORDED,
            )
            shown = ShownRanking(promised, None, roads_version(request), "joint")
            calls.append(handlers.Call(alert_id, version, officer_ids, shown))
        called = await handlers.assign_all(session, scope, calls, note=new.note, offer_timeout=settings.offer_timeout)
    return PlanAssignedOut(items=[AssignedOut(alert=view, assignments=offered) for view, offered in called])


def _ids(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= MAX_ID for part in parts):
        raise BadQuery(f"alerts: ids with commas between, as 1,2,3, not {text[:80]!r}")
    ids = sorted(set(map(int, parts)))
    if len(ids) > MAX_ALERTS:
        raise BadQuery(f"alerts: at most {MAX_ALERTS} at once, these are {len(ids)}")
    return ids


def _by_alert(assignments: Sequence[PlannedIn]) -> dict[tuple[int, int], set[int]]:
    """Officers by alert and version; refuse what no plan says."""
    wanted: dict[tuple[int, int], set[int]] = defaultdict(set)
    seen: set[int] = set()
    for one in assignments:
        if one.officer_id in seen:
            raise Refused(
                f"officer {one.officer_id} is named twice; nobody can be at two places",
                zh=f"人员 {one.officer_id} 被重复派遣；一人不能同时去两处",
            )
        seen.add(one.officer_id)
        wanted[one.alert_id, one.version].add(one.officer_id)
    if len({alert_id for alert_id, _ in wanted}) < len(wanted):
        raise Refused(
            "one alert is named with two versions; look at it again and repeat", zh="同一警情有两个版本，请查看后重试"
        )
    return wanted


def _plan_out(answer: JointAnswer, alerts: list[int], more: bool, radius_m: float, began: float) -> PlanOut:
    greedy = GreedyOut(
        plan=_trips_out(answer.greedy_trips),
        worst_s=answer.greedy_worst_s,
        sum_s=answer.greedy_sum_s,
        unserved=answer.greedy_unserved,
    )
    unserved = [
        UnservedOut(alert_id=one.alert_id, missing=one.missing, reason=ReasonText(zh=one.zh, en=one.en))
        for one in answer.unserved
    ]
    return PlanOut(
        roads_version=answer.roads_version,
        computed_ms=round((time.perf_counter() - began) * 1000, 3),
        radius_m=radius_m,
        alerts=alerts,
        more_waiting=more,
        plan=_trips_out(answer.trips),
        worst_s=answer.worst_s,
        sum_s=answer.sum_s,
        greedy=greedy,
        saved_worst_s=answer.saved_worst_s,
        saved_sum_s=answer.saved_sum_s,
        unserved=unserved,
    )


def _trips_out(trips: Sequence[Trip]) -> list[TripOut]:
    return [TripOut(**{name: getattr(trip, name) for name in TripOut.model_fields}) for trip in trips]
