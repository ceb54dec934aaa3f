"""Who can be there first: every officer within a radius, ranked by road, with the reasons for each place."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.officers.status import busy, certificate_expired, on_duty, stale, status
from data.tables import Officer, OfficerPosition
from gis.geodesic import distances_m
from routing.errors import NetworkUnusable, OutsideRoads
from routing.ranking import Ranked

_VAGUE_M = 100.0
_MINUTE_AND_HALF = 90.0


class RoadRanking(Protocol):
    """The roads, seen from here; `routing.roads.Roads` is one."""

    @property
    def version(self) -> str: ...

    async def rank(
        self, target: tuple[float, float], candidates: Sequence[tuple[int, float, float]], *, routes: int
    ) -> Sequence[Ranked[int]]:
        """Rank all candidates (id, lon, lat) by travel time to the target, with routes for the first ones."""
        ...


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an officer stands where they stand in the list."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Responder:
    """One officer in range. Distances in metres (straight: on the ellipsoid), times in seconds, ages in seconds."""

    officer_id: int
    name: str
    organisation: str
    level: str
    skills: list[str]
    phone: str | None
    lon: float
    lat: float
    distance_m: float
    travel_time_s: float | None
    road_distance_m: float | None
    position_age_s: float
    accuracy_m: float | None
    status: str
    has_declined: bool
    reasons: list[Reason]
    route: dict[str, Any] | None
    steps: list[dict[str, Any]] | None


async def rank_responders(
    session: AsyncSession,
    roads: RoadRanking,
    *,
    origin: tuple[float, float],
    officer_ids: Collection[int],
    drill: bool,
    stale_after: timedelta,
    declined: Collection[int] = (),
    routes: int = 10,
) -> list[Responder]:
    """Rank these officers by travel time to `origin` (lon, lat): the free first, the unreachable last among them.

    `declined` are those who have said no to this alert: they keep their place, and the list says so.
    Officers off duty and officers whom the session's person may not see are left out; a drill has its own officers.
    Ties keep the order of the officers' ids.
    """
    people = await _people(session, officer_ids, drill=drill, stale_after=stale_after)
    if not people:
        return []
    straight = distances_m(*origin, [one.lon for one in people], [one.lat for one in people])
    # Those who cannot be sent are ranked too; ask for routes enough that the first free ones have theirs.
    not_free = sum(one.status != "free" for one in people)
    candidates = [(one.id, one.lon, one.lat) for one in people]
    legs = {leg.id: leg for leg in await legs_by_road(roads, origin, candidates, routes=routes + not_free)}
    ranked = [
        _responder(one, float(metres), legs[one.id], one.id in declined)
        for one, metres in zip(people, straight, strict=True)
    ]
    ranked.sort(key=lambda one: (one.status != "free", one.travel_time_s is None, one.travel_time_s, one.officer_id))
    return [
        replace(one, reasons=[*_place(rank, one, ranked[0]), *one.reasons], route=one.route if rank < routes else None)
        for rank, one in enumerate(ranked)
    ]


async def legs_by_road(
    roads: RoadRanking, origin: tuple[float, float], candidates: Sequence[tuple[int, float, float]], *, routes: int
) -> Sequence[Ranked[int]]:
    """Everybody's way to `origin` (lon, lat); the first `routes` with their lines.

    Without usable roads the list is still worth having: everyone in range, nobody reachable, and why.
    """
    try:
        return await roads.rank(origin, candidates, routes=routes)
    except (NetworkUnusable, OutsideRoads) as error:
        return [Ranked(candidate[0], None, None, str(error), None) for candidate in candidates]


def recommended(ranked: Sequence[Responder]) -> int | None:
    """The officer to call now: the first of the list who is free, can get there and has not declined."""
    able = (one for one in ranked if one.status == "free" and one.travel_time_s is not None and not one.has_declined)
    return next((one.officer_id for one in able), None)


def _responder(person: Any, distance: float, leg: Ranked[int], declined: bool) -> Responder:
    route = leg.route
    return Responder(
        officer_id=person.id,
        name=person.name,
        organisation=person.organisation,
        level=person.level,
        skills=list(person.skills),
        phone=person.phone,
        lon=person.lon,
        lat=person.lat,
        distance_m=distance,
        travel_time_s=leg.travel_time_s,
        road_distance_m=leg.road_distance_m,
        position_age_s=max(0.0, float(person.age_s)),
        accuracy_m=person.accuracy_m,
        status=person.status,
        has_declined=declined,
        reasons=_reasons(person, leg, declined),
        route=route.as_geojson() if route else None,
        steps=[asdict(step) for step in route.steps] if route else None,
    )


def _place(rank: int, one: Responder, first: Responder) -> list[Reason]:
    """Why exactly here: the first, or how much later than the first."""
    if one.status != "free" or one.travel_time_s is None:
        return []
    if rank == 0:
        return [Reason("fastest", "可最先到达", "can be there first")]
    later = one.travel_time_s - (first.travel_time_s or 0.0)
    if later < 1.0:
        return [Reason("as_fast", "与第一名同时到达", "as fast as the first")]
    return [Reason("later", f"比第一名晚 {_minutes_zh(later)}", f"{_minutes_en(later)} after the first")]


def _reasons(person: Any, leg: Ranked[int], declined: bool) -> list[Reason]:
    """What a dispatcher should know of this officer before sending them."""
    reasons = []
    if declined:
        reasons.append(Reason("declined", "已拒绝或未应答本次派遣", "has declined this alert, or did not answer"))
    if person.is_busy:
        reasons.append(Reason("busy", "正在执行其他任务", "is on another assignment"))
    if person.is_expired:
        reasons.append(Reason("certificate_expired", "执法证已过期", "the enforcement certificate has expired"))
    if person.is_stale:
        minutes = int(person.age_s // 60)
        reasons.append(Reason("stale", f"位置已 {minutes} 分钟未更新", f"the position is {minutes} min old"))
    if leg.travel_time_s is None:
        why = leg.unreachable_reason or "no road leads there"
        reasons.append(Reason("unreachable", f"道路无法到达（{why}）", f"cannot get there by road: {why}"))
    if person.accuracy_m is not None and person.accuracy_m > _VAGUE_M:
        metres = round(person.accuracy_m)
        reasons.append(Reason("vague", f"定位误差约 {metres} 米", f"position good to {metres} m only"))
    return reasons


def _minutes_zh(seconds: float) -> str:
    return f"{round(seconds / 60)} 分钟" if seconds >= _MINUTE_AND_HALF else f"{round(seconds)} 秒"


def _minutes_en(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds >= _MINUTE_AND_HALF else f"{round(seconds)} s"


async def _people(
    session: AsyncSession, officer_ids: Collection[int], *, drill: bool, stale_after: timedelta
) -> Sequence[Any]:
    query = (
        select(
            Officer.id,
            Officer.name,
            Officer.organisation,
            Officer.level,
            Officer.skills,
            Officer.phone,
            func.ST_X(OfficerPosition.geom).label("lon"),
            func.ST_Y(OfficerPosition.geom).label("lat"),
            func.extract("epoch", func.now() - OfficerPosition.at).label("age_s"),
            OfficerPosition.accuracy_m,
            status(stale_after),
            busy().label("is_busy"),
            stale(stale_after).label("is_stale"),
            certificate_expired().label("is_expired"),
        )
        .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .where(Officer.id.in_(officer_ids), on_duty(), Officer.drill == drill)
        .order_by(Officer.id)
    )
    return (await session.execute(query)).all()
