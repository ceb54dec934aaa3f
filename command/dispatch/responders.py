"""Who can be there first: every officer asked about, ranked by road, with the reasons for each place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Interval, Select, and_, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from command.dispatch.circle import Certainty, Circle
from command.dispatch.reasons import Reason, place_in_list, remarks
from command.dispatch.tables import OPEN_STATES, Assignment
from command.officers.status import certificate_expired, on_duty, stale, status
from data.tables import Officer, OfficerPosition
from gis.geodesic import distances_m
from routing.errors import NetworkUnusable, OutsideRoads
from routing.ranking import Ranked, Step


class RoadRanking(Protocol):
    """The roads, seen from here; `routing.roads.Roads` is one."""

    @property
    def version(self) -> str: ...

    async def rank(
        self,
        target: tuple[float, float],
        candidates: Sequence[tuple[int, float, float]],
        *,
        classes: Sequence[int] | None,
        routes: int,
        distances: int | None,
        within_s: float | None,
    ) -> Sequence[Ranked[int]]:
        """Rank all candidates (id, lon, lat) by class and travel time to the target; the first with routes."""
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
    distances: int | None = None,
) -> list[Responder]:
    """Rank these officers by travel time to `origin` (lon, lat): the free first, the unreachable last among them.

    `declined` are those who have said no to this alert: they keep their place, and the list says so.
    Officers off duty and officers whom the session's person may not see are left out; a drill has its own officers.
    `circle` leaves out who is certainly outside, and puts those who are only possibly inside last; `within_s` leaves
    out who takes longer or cannot come. Ties keep the order of the officers' ids. The first `routes` get their route,
    the first `distances` (all, if nothing is said) the length of their way.
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
    legs = {
        leg.id: leg
        for leg in await legs_by_road(
            roads,
            origin,
            [(one.id, one.lon, one.lat) for one, _, _ in near],
            classes=[_class(one.status, certainty) for one, _, certainty in near],
            routes=routes,
            distances=distances,
            within_s=within_s,
        )
    }
    ranked = [
        _responder(one, metres, certainty, legs[one.id], one.id in declined, circle)
        for one, metres, certainty in near
        if within_s is None or legs[one.id].travel_time_s is not None
    ]
    ranked.sort(key=_order)
    return [
        replace(one, reasons=[*_place(one, ranked[0], is_first=rank == 0), *one.reasons])
        for rank, one in enumerate(ranked)
    ]


def _class(status: str, certainty: Certainty) -> int:
    """The free come first, and within each kind those who are certainly there."""
    return 2 * (status != "free") + (certainty == "possible")


def _order(one: Responder) -> tuple[int, bool, float, int]:
    return (
        _class(one.status, one.certainty),
        one.travel_time_s is None,
        one.travel_time_s or 0.0,
        one.officer_id,
    )


async def legs_by_road(
    roads: RoadRanking,
    origin: tuple[float, float],
    candidates: Sequence[tuple[int, float, float]],
    *,
    classes: Sequence[int] | None = None,
    routes: int,
    distances: int | None = None,
    within_s: float | None = None,
) -> Sequence[Ranked[int]]:
    """Everybody's way to `origin` (lon, lat), by class and time; the first `routes` with their lines.

    Whoever takes longer than `within_s` is as one who cannot come.

    Without usable roads the list is still worth having: everyone in range, nobody reachable, and why.
    """
    try:
        return await roads.rank(
            origin, candidates, classes=classes, routes=routes, distances=distances, within_s=within_s
        )
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
        steps=[_street(step) for step in route.steps] if route else None,
    )


def _street(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "road_class": step.road_class,
        "distance_m": step.distance_m,
        "travel_time_s": step.travel_time_s,
    }


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
    said = {"asked": list(officer_ids), "drill": drill, "stale_after": stale_after}
    if circle is not None:
        said["inside"] = list(circle.inside)
    people: Sequence[Any] = (await session.execute(_select_people(in_circle=circle is not None), said)).all()
    return people


@cache
def _select_people(*, in_circle: bool) -> Select[Any]:
    """Put together once: that takes longer than the database needs to answer it."""
    call = aliased(Assignment)  # the one that is open: a unique index allows no second
    is_busy = call.id.is_not(None)
    stale_after = bindparam("stale_after", type_=Interval())
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
            status(stale_after, is_busy),
            is_busy.label("is_busy"),
            stale(stale_after).label("is_stale"),
            certificate_expired().label("is_expired"),
        )
        .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
        .outerjoin(call, and_(call.officer_id == Officer.id, call.state.in_(OPEN_STATES)))
        .where(_is_one_of("asked"), on_duty(is_busy), Officer.drill == bindparam("drill"))
        .order_by(Officer.id)
    )
    # Of the many between the two circles, only old positions are of interest.
    return query.where(or_(_is_one_of("inside"), stale(stale_after))) if in_circle else query


def _is_one_of(officer_ids: str) -> ColumnElement[bool]:
    """One array instead of a list of parameters: a province has thousands of officers."""
    return Officer.id == any_(bindparam(officer_ids, type_=ARRAY(BigInteger)))
