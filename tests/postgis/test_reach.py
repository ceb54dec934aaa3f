"""The range of the ranking: radius, minutes, the whole area; old positions; and a place without an alert."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from routing.network import RoadStore
from tests.house import CENTRE, FANGZI, IN_FANGZI, House, house

NEAR, EAST = (119.1055, 36.705), (119.110, 36.705)
EIGHT_KM_NORTH = (119.105, 36.777)
OLD = timedelta(minutes=6)


@pytest_asyncio.fixture
async def app(house_url: str, town_roads: RoadStore) -> AsyncIterator[House]:
    async with house(house_url, town_roads, drift_kmh=60, drift_at_most_m=6_000) as made:
        yield made


async def ask(app: House, by: str = "duty", **params: Any) -> dict[str, Any]:
    answer = await app.person(by).get("/api/reach", params={"at": f"{CENTRE[0]},{CENTRE[1]}", **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def names(found: dict[str, Any]) -> list[str]:
    return [one["name"] for one in found["responders"]]


async def test_a_place_is_ranked_like_an_alert_there(app: House) -> None:
    await app.officer("near", NEAR)
    await app.officer("east", EAST)
    alert = await app.raise_alert()
    of_alert = (await app.person("duty").get(f"/api/alerts/{alert['id']}/responders")).json()
    of_place = await ask(app)
    assert names(of_place) == ["near", "east"]
    assert of_place["radius_m"] == of_alert["radius_m"] == 3000
    assert of_place["within_min"] is None
    same = ("officer_id", "travel_time_s", "distance_m", "certainty", "route")
    assert [[one[key] for key in same] for one in of_place["responders"]] == [
        [one[key] for key in same] for one in of_alert["responders"]
    ]
    assert of_alert["alert_id"] == alert["id"]
    assert "alert_id" not in of_place


async def test_within_minutes_by_road_whoever_far_away_they_stand_in_a_straight_line(app: House) -> None:
    await app.officer("near", NEAR)
    await app.officer("east", EAST)
    far = (await ask(app))["responders"][1]["travel_time_s"]
    assert names(await ask(app, within_min=far / 60)) == ["near", "east"], "the limit itself is within"
    found = await ask(app, within_min=far / 60 - 0.01)
    assert names(found) == ["near"]
    assert (found["radius_m"], found["in_range"]) == (None, 1)
    assert names(await ask(app, within_min=60, radius_m=100)) == ["near"]
    assert names(await ask(app, within_min=60, radius_m=1)) == []


async def test_the_whole_area_and_nobody_of_another(app: House) -> None:
    await app.officer("near", NEAR)
    await app.officer("next county", IN_FANGZI, region=FANGZI)
    assert names(await ask(app, radius_m=3_000_000)) == ["near"]
    everybody = await ask(app, "province", radius_m=3_000_000)
    assert names(everybody) == ["near", "next county"]
    assert everybody["responders"][1]["travel_time_s"] is None
    assert "周围 2 公里内没有道路" in everybody["responders"][1]["reasons"][0]["text"]["zh"]
    assert names(await ask(app, "province", within_min=600)) == ["near"], "who cannot come is not within any time"


async def test_an_old_position_outside_is_listed_last_as_possible_and_never_recommended(app: House) -> None:
    await app.officer("old outside", EIGHT_KM_NORTH, age=OLD)
    await app.officer("fresh outside", EIGHT_KM_NORTH)
    await app.officer("old inside", EAST, age=OLD)
    await app.officer("near", NEAR)
    found = await ask(app)
    assert names(found) == ["near", "old inside", "old outside"]
    assert [one["certainty"] for one in found["responders"]] == ["inside", "inside", "possible"]
    assert [one["status"] for one in found["responders"]] == ["free", "stale", "stale"]
    assert (found["in_range"], found["possible"]) == (2, 1)
    assert found["recommended"] == found["responders"][0]["officer_id"]
    codes = [[why["code"] for why in one["reasons"]] for one in found["responders"]]
    assert "may_have_left" in codes[1]
    assert "could_be_inside" in codes[2]
    assert names(await ask(app, radius_m=1_900)) == ["near", "old inside"], "8 km in 6 minutes at 60 km/h: not by now"


async def test_who_stands_away_from_the_road_walks_and_the_list_says_so(app: House) -> None:
    await app.officer("meadow", (119.1025, 36.704))  # 111 m south of the street
    (one,) = (await ask(app))["responders"]
    assert one["walk_s"] == pytest.approx((111.2 - 25) / (5 / 3.6), abs=1)
    assert one["travel_time_s"] > one["walk_s"]
    assert [why["code"] for why in one["reasons"]] == ["fastest", "walk"]


@pytest.mark.parametrize(
    "params",
    [{"at": "x"}, {"radius_m": 0}, {"radius_m": "inf"}, {"within_min": 0}, {"within_min": "nan"}, {"limit": 0}],
)
async def test_a_range_that_cannot_be_is_refused(app: House, params: dict[str, Any]) -> None:
    answer = await app.person("duty").get("/api/reach", params={"at": "119.1,36.7", **params})
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("role", ["planner", "expert"])
async def test_who_may_not_rank_for_an_alert_may_not_rank_for_a_place(app: House, role: str) -> None:
    answer = await app.person(role).get("/api/reach", params={"at": "119.1,36.7"})
    assert answer.status_code == 403
