"""Who can be there first: every officer asked about, ranked by road, with the reasons for each place."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.dispatch.circle import Certainty, Circle
from command.dispatch.reasons import Reason, place_in_list, remarks
from command.officers.status import busy, certificate_expired, on_duty, stale, status
from data.tables import Officer, OfficerPosition
from gis.geodesic import distances_m
from routing.errors import NetworkUnusable, OutsideRoads
from routing.ranking import Ranked

_FEW = 40


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
class Responder:
    """One officer. Distances in metres (straight: on the ellipsoid), times in seconds, ages in seconds.

    `certainty` is `possible` for an old position outside the circle whose officer could be inside by now.
    """

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
    walk_s: float
    position_age_s: float
    accuracy_m: float | None
    status: str
    certainty: Certainty
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
    circle: Circle | None = None,
    within_s: float | None = None,
    declined: Collection[int] = (),
    routes: int = 10,
) -> list[Responder]:
    """Rank these officers by travel time to `origin` (lon, lat): the free first, the unreachable last among them.

    `declined` are those who have said no to this alert: they keep their place, and the list says so.
    Officers off duty and officers whom the session's person may not see are left out; a drill has its own officers.
    `circle` leaves out who is certainly outside, and puts those who are only possibly inside last; `within_s` leaves
    out who takes longer or cannot come. Ties keep the order of the officers' ids.
    """
    people = await _people(session, officer_ids, circle, drill=drill, stale_after=stale_after)
    straight = distances_m(*origin, [one.lon for one in people], [one.lat for one in people]).tolist()
    near = [
        (one, metres, certainty)
        for one, metres in zip(people, straight, strict=True)
        if (certainty := circle.certainty(metres, one) if circle else "inside") is not None
    ]
    if not near:
        return []
    legs = await _legs(roads, origin, [one for one, _, _ in near], routes=routes)
    ranked = [
        _responder(one, metres, certainty, legs[one.id], one.id in declined, circle)
        for one, metres, certainty in near
        if within_s is None or _is_within(legs[one.id], within_s)
    ]
    ranked.sort(key=_order)
    return [
        replace(
            one,
            reasons=[*_place(one, ranked[0], is_first=rank == 0), *one.reasons],
            route=one.route if rank < routes else None,
        )
        for rank, one in enumerate(ranked)
    ]


def _order(one: Responder) -> tuple[bool, bool, bool, float, int]:
    return (
        one.status != "free",
        one.certainty == "possible",
        one.travel_time_s is None,
        one.travel_time_s or 0.0,
        one.officer_id,
    )


def _is_within(leg: Ranked[int], within_s: float) -> bool:
    return leg.travel_time_s is not None and leg.travel_time_s <= within_s


async def _legs(
    roads: RoadRanking, origin: tuple[float, float], people: Sequence[Any], *, routes: int
) -> dict[int, Ranked[int]]:
    """Everybody's way, with lines for the first `routes` of the list, in which the free come first.

    A few who cannot be sent are ranked among the others, and more lines asked for in return; many are ranked apart.
    """
    free = [one for one in people if one.status == "free"]
    others = [one for one in people if one.status != "free"]
    if len(others) <= _FEW:
        groups = [(people, routes + len(others))]
    else:
        groups = [(free, routes), (others, max(0, routes - len(free)))]
    legs: dict[int, Ranked[int]] = {}
    for group, lines in groups:
        if group:
            candidates = [(one.id, one.lon, one.lat) for one in group]
            legs |= {leg.id: leg for leg in await legs_by_road(roads, origin, candidates, routes=lines)}
    return legs


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


def _responder(
    person: Any, distance: float, certainty: Certainty, leg: Ranked[int], declined: bool, circle: Circle | None
) -> Responder:
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
        walk_s=leg.walk_s,
        position_age_s=max(0.0, float(person.age_s)),
        accuracy_m=person.accuracy_m,
        status=person.status,
        certainty=certainty,
        has_declined=declined,
        reasons=[*remarks(person, leg, declined=declined), *(circle.remarks(distance, person) if circle else [])],
        route=route.as_geojson() if route else None,
        steps=[asdict(step) for step in route.steps] if route else None,
    )


def _place(one: Responder, first: Responder, *, is_first: bool) -> list[Reason]:
    if one.status != "free" or one.travel_time_s is None:
        return []
    return [place_in_list(one.travel_time_s, first.travel_time_s or 0.0, is_first=is_first)]


async def _people(
    session: AsyncSession,
    officer_ids: Collection[int],
    circle: Circle | None,
    *,
    drill: bool,
    stale_after: timedelta,
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
        .where(_is_one_of(officer_ids), on_duty(), Officer.drill == drill)
        .order_by(Officer.id)
    )
    if circle is not None:  # of the many between the two circles, only old positions are of interest
        query = query.where(or_(_is_one_of(circle.inside), stale(stale_after)))
    return (await session.execute(query)).all()


def _is_one_of(officer_ids: Collection[int]) -> ColumnElement[bool]:
    """One array instead of a list of parameters: a province has thousands of officers."""
    return Officer.id == any_(cast(list(officer_ids), ARRAY(BigInteger)))
