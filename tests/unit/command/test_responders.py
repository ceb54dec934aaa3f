"""The order of the responders and the reasons for it, with roads and people passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

import pytest

from command.dispatch.responders import Responder, rank_responders, recommended
from routing.errors import NoRoads, OutsideRoads
from routing.ranking import Ranked, Route

ORIGIN = (119.105, 36.705)


@dataclass
class FakeRoads:
    """Travel times by officer; None cannot get there."""

    times: dict[int, float | None]
    version: str = "fake"

    async def rank(
        self,
        target: tuple[float, float],
        candidates: Sequence[tuple[int, float, float]],
        *,
        classes: Sequence[int] | None,
        routes: int,
        distances: int | None,
        within_s: float | None,
    ) -> list[Ranked[int]]:
        assert target == ORIGIN
        assert classes is not None
        slowest = inf if within_s is None else within_s
        legs = []
        for (officer_id, lon, lat), kind in zip(candidates, classes, strict=True):
            time = self.times[officer_id]
            way = None if time is None or time > slowest else Route([(lon, lat), target], [], time, time * 10, 0.0)
            legs.append((kind, inf if way is None else way.travel_time_s, -officer_id, way))
        legs.sort(key=itemgetter(0, 1, 2))
        able = [way for *_, way in legs if way is not None]
        return [
            Ranked(-number, None, None, "an island", None)
            if way is None
            else Ranked(
                -number,
                time,
                way.distance_m if way in able[:distances] else None,
                None,
                way if way in able[:routes] else None,
            )
            for _, time, number, way in legs
        ]


@dataclass
class BrokenRoads:
    error: Exception
    version: str = ""

    async def rank(self, *_: object, **__: object) -> list[Ranked[int]]:
        raise self.error


@dataclass
class FakeSession:
    """Answers the one question that the ranking asks of the database."""

    people: list[Any]
    asked: list[Any] = field(default_factory=list)

    async def execute(self, query: Any, _said: Any = None) -> Any:
        self.asked.append(query)
        return SimpleNamespace(all=lambda: self.people)


def person(officer_id: int, *, lon: float = 119.11, lat: float = 36.71, age_s: float = 10, **more: Any) -> Any:
    about = {
        "id": officer_id,
        "name": f"officer {officer_id}",
        "organisation": "大队",
        "level": "county",
        "skills": ["water"],
        "phone": None,
        "lon": lon,
        "lat": lat,
        "age_s": age_s,
        "accuracy_m": 5.0,
        "status": "free",
        "is_busy": False,
        "is_stale": False,
        "is_expired": False,
    }
    return SimpleNamespace(**about | more)


async def ranked(people: list[Any], times: dict[int, float | None], **more: Any) -> list[Responder]:
    return await rank_responders(
        FakeSession(people),  # type: ignore[arg-type]
        FakeRoads(times),
        origin=ORIGIN,
        officer_ids=[one.id for one in people],
        drill=False,
        stale_after=timedelta(minutes=5),
        **more,
    )


def codes(one: Responder) -> list[str]:
    return [why.code for why in one.reasons]


async def test_free_officers_come_first_by_travel_time_then_by_id() -> None:
    people = [person(n) for n in (1, 2, 3, 4)] + [person(5, status="busy", is_busy=True)]
    order = await ranked(people, {1: 300.0, 2: 60.0, 3: 60.0, 4: None, 5: 1.0})
    assert [one.officer_id for one in order] == [2, 3, 1, 4, 5]
    assert [codes(one) for one in order] == [["fastest"], ["as_fast"], ["later"], ["unreachable"], ["busy"]]


async def test_the_unreachable_are_last_among_their_kind_and_in_the_order_of_their_ids() -> None:
    people = [person(n) for n in (1, 2, 3)] + [person(n, status="stale", is_stale=True, age_s=600) for n in (4, 5)]
    order = await ranked(people, {1: None, 2: 10.0, 3: None, 4: None, 5: 5.0})
    assert [one.officer_id for one in order] == [2, 1, 3, 5, 4]
    assert "an island" in order[1].reasons[0].en


@pytest.mark.parametrize(
    ("later_s", "zh", "en"), [(30.0, "30 秒", "30 s"), (89.9, "90 秒", "90 s"), (300, "5 分钟", "5 min")]
)
async def test_the_list_says_how_much_later(later_s: float, zh: str, en: str) -> None:
    order = await ranked([person(1), person(2)], {1: 60.0, 2: 60.0 + later_s})
    assert zh in order[1].reasons[0].zh
    assert en in order[1].reasons[0].en


async def test_every_bar_is_named() -> None:
    odd = person(1, status="busy", is_busy=True, is_stale=True, is_expired=True, age_s=700.0, accuracy_m=250.4)
    order = await ranked([odd], {1: None}, declined={1})
    assert codes(order[0]) == ["declined", "busy", "certificate_expired", "stale", "unreachable", "vague"]
    assert "11 min" in order[0].reasons[3].en
    assert "250 m" in order[0].reasons[5].en


async def test_who_has_declined_keeps_the_place_but_is_not_recommended() -> None:
    order = await ranked([person(1), person(2)], {1: 10.0, 2: 20.0}, declined={1})
    assert [one.officer_id for one in order] == [1, 2]
    assert order[0].has_declined
    assert recommended(order) == 2


async def test_nobody_is_recommended_who_cannot_come() -> None:
    people = [person(1), person(2, status="stale", is_stale=True), person(3, status="busy", is_busy=True)]
    assert recommended(await ranked(people, {1: None, 2: 1.0, 3: 1.0})) is None
    assert recommended([]) is None


async def test_only_the_first_have_routes_and_those_who_are_busy_take_none_away() -> None:
    people = [person(n) for n in range(1, 6)] + [person(6, status="busy", is_busy=True)]
    times: dict[int, float | None] = {n: float(n) for n in range(1, 7)}
    order = await rank_responders(
        FakeSession(people),  # type: ignore[arg-type]
        FakeRoads(times),
        origin=ORIGIN,
        officer_ids=list(times),
        drill=False,
        stale_after=timedelta(minutes=5),
        routes=3,
    )
    assert [one.route is not None for one in order] == [True, True, True, False, False, False]


@pytest.mark.parametrize("error", [NoRoads("no roads are open"), OutsideRoads("12 km from the next road")])
async def test_without_usable_roads_everyone_is_listed_with_the_reason(error: Exception) -> None:
    order = await rank_responders(
        FakeSession([person(2), person(1)]),  # type: ignore[arg-type]
        BrokenRoads(error),
        origin=ORIGIN,
        officer_ids=[1, 2],
        drill=False,
        stale_after=timedelta(minutes=5),
    )
    assert [one.officer_id for one in order] == [1, 2]
    assert all(str(error) in one.reasons[0].en for one in order)


async def test_distances_are_straight_and_ages_never_negative() -> None:
    order = await ranked([person(1, lon=119.105, lat=36.705, age_s=-3.0)], {1: 1.0})
    assert order[0].distance_m == 0
    assert order[0].position_age_s == 0


async def test_nobody_in_range_asks_nothing_of_the_roads() -> None:
    assert await ranked([], {}) == []


async def test_busy_officers_get_the_routes_that_are_left() -> None:
    people = [person(n) for n in range(1, 4)] + [person(n, status="busy", is_busy=True) for n in range(10, 90)]
    order = await ranked(people, {one.id: 100.0 - one.id for one in people}, routes=5, distances=6)
    assert [one.officer_id for one in order[:5]] == [3, 2, 1, 89, 88]
    assert [one.route is not None for one in order[:7]] == [True] * 5 + [False] * 2
    assert [one.road_distance_m is not None for one in order[:7]] == [True] * 6 + [False]


async def test_a_route_is_not_spent_on_whoever_takes_too_long() -> None:
    people = [person(1), person(2), person(3, status="busy", is_busy=True)]
    order = await ranked(people, {1: 90.0, 2: 10.0, 3: 20.0}, routes=2, within_s=60.0)
    assert [(one.officer_id, one.route is not None) for one in order] == [(2, True), (3, True)]


async def test_who_takes_longer_than_asked_or_cannot_come_is_left_out() -> None:
    order = await ranked([person(n) for n in (1, 2, 3, 4)], {1: 0.0, 2: 60.0, 3: 60.1, 4: None}, within_s=60.0)
    assert [one.officer_id for one in order] == [1, 2]
