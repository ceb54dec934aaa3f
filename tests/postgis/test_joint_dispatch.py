"""Joint dispatch through the real doors: the plan, its confirmation, and two people confirming at once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.house import CENTRE, IN_FANGZI, House

WEST, EAST = (119.1001, 36.705), (119.1099, 36.705)  # junctions 4 and 6 of the town
MIDDLE, SOUTH = (119.1065, 36.705), (119.110, 36.6955)  # on the street between them; beyond the bridge, east
ISLAND = (119.152, 36.700)


async def _plan(app: House, who: str = "duty", **params: Any) -> dict[str, Any]:
    answer = await app.person(who).get("/api/dispatch/plan", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _confirm(app: House, pairs: list[tuple[dict[str, Any], int]], who: str = "duty") -> httpx.Response:
    assignments = [
        {"alert_id": alert["id"], "officer_id": officer, "version": alert["version"]} for alert, officer in pairs
    ]
    return await app.person(who).post("/api/dispatch/plan", json={"assignments": assignments, "note": "联合派遣"})


def _pairs(trips: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(trip["alert_id"], trip["officer_id"]) for trip in trips}


async def _now(app: House, alert: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = (await app.person("duty").get(f"/api/alerts/{alert['id']}")).json()
    return body


async def test_the_nearest_is_kept_for_the_alert_that_would_wait_longest(app: House) -> None:
    west, east = await app.officer("west", WEST), await app.officer("east", EAST)
    middle, south = await app.raise_alert(place=MIDDLE), await app.raise_alert(place=SOUTH)
    found = await _plan(app)
    assert found["alerts"] == [middle["id"], south["id"]]
    assert _pairs(found["plan"]) == {(middle["id"], west), (south["id"], east)}
    assert _pairs(found["greedy"]["plan"]) == {(middle["id"], east), (south["id"], west)}
    times = [trip["travel_time_s"] for trip in found["plan"]]
    assert found["worst_s"] == max(times)
    assert found["sum_s"] == pytest.approx(sum(times))
    assert found["saved_worst_s"] == pytest.approx(found["greedy"]["worst_s"] - found["worst_s"])
    assert found["saved_worst_s"] > 10
    assert found["saved_sum_s"] == pytest.approx(found["greedy"]["sum_s"] - found["sum_s"])
    assert found["unserved"] == []
    assert (found["more_waiting"], found["roads_version"] != "") == (False, True)


async def test_the_times_are_those_of_the_list_of_each_alert(app: House) -> None:
    for name, place in (("west", WEST), ("east", EAST)):
        await app.officer(name, place)
    alerts = [await app.raise_alert(place=place) for place in (MIDDLE, SOUTH)]
    for trip in (await _plan(app))["plan"]:
        listed = (
            await app.person("duty").get(f"/api/alerts/{trip['alert_id']}/responders", params={"radius_m": 30_000})
        ).json()["responders"]
        same = next(one for one in listed if one["officer_id"] == trip["officer_id"])
        for field in ("name", "travel_time_s", "distance_m", "road_distance_m", "lon", "lat"):
            assert trip[field] == same[field]
        assert trip["version"] == next(one["version"] for one in alerts if one["id"] == trip["alert_id"])


async def test_a_confirmed_plan_calls_everybody_at_once(app: House) -> None:
    west, east = await app.officer("west", WEST), await app.officer("east", EAST)
    await app.raise_alert(place=MIDDLE)
    await app.raise_alert(place=SOUTH)
    plan = (await _plan(app))["plan"]
    answer = await _confirm(app, [({"id": one["alert_id"]} | one, one["officer_id"]) for one in plan])
    assert answer.status_code == 201, answer.text
    items = answer.json()["items"]
    assert [item["alert"]["status"] for item in items] == ["acknowledged", "acknowledged"]
    offered = {one["officer_id"]: one for item in items for one in item["assignments"]}
    assert offered.keys() == {west, east}
    for trip in plan:
        assert offered[trip["officer_id"]]["travel_time_s"] == trip["travel_time_s"]
        assert offered[trip["officer_id"]]["note"] == "联合派遣"
    kinds = [row.kind for row in await app.rows("SELECT kind FROM event ORDER BY seq")][-6:]
    assert kinds == ["ranking.recorded", "alert.acknowledged", "assignment.offered"] * 2
    assert (await _plan(app))["alerts"] == []  # nobody waits any more
    assert await app.scalar("SELECT count(*) FROM event_chain_breaks()") == 0


async def test_too_few_officers_go_to_the_gravest_and_the_rest_learn_why(app: House) -> None:
    officer = await app.officer("only", EAST)
    mild = await app.raise_alert(place=MIDDLE, level=4)
    grave = await app.raise_alert(place=SOUTH, level=1)
    found = await _plan(app)
    assert found["alerts"] == [grave["id"], mild["id"]]
    assert _pairs(found["plan"]) == {(grave["id"], officer)}
    assert [(one["alert_id"], one["missing"]) for one in found["unserved"]] == [(mild["id"], 1)]
    assert "more urgent" in found["unserved"][0]["reason"]["en"]
    assert found["unserved"][0]["reason"]["zh"]


async def test_an_alert_to_which_nobody_can_come_says_which_kind_of_nobody(app: House) -> None:
    officer = await app.officer("officer1", EAST)
    declined = await app.raise_alert(place=MIDDLE)
    assignment = (await app.assign(declined, officer)).json()["assignments"][0]
    no = await app.person("officer1").post(
        f"/api/assignments/{assignment['id']}/decline", json={"version": assignment["version"]}
    )
    assert no.status_code == 200
    island = await app.raise_alert(place=ISLAND)
    reasons = {one["alert_id"]: one["reason"]["en"] for one in (await _plan(app))["unserved"]}
    assert "declined" in reasons[declined["id"]]
    assert "by road" in reasons[island["id"]]
    alone = (await _plan(app, alerts=str(island["id"]), radius_m=100))["unserved"]
    assert alone[0]["reason"]["en"] == "no officer in range is free"


async def test_the_busy_the_stale_and_the_off_duty_are_not_planned(app: House) -> None:
    busy = await app.officer("busy", EAST)
    await app.assign(await app.raise_alert(), busy)
    await app.officer("stale", EAST, age=timedelta(minutes=9))
    await app.officer("off", EAST, on_duty=False)
    await app.officer("player", EAST, drill=True)
    free = await app.officer("free", WEST)
    alert = await app.raise_alert(place=SOUTH)
    found = await _plan(app)
    assert _pairs(found["plan"]) == {(alert["id"], free)}
    assert (found["saved_worst_s"], found["saved_sum_s"]) == (0, 0)


async def test_several_officers_go_to_each_alert_when_asked_for(app: House) -> None:
    for number in range(3):
        await app.officer(f"officer{number}", EAST)
    first, second = await app.raise_alert(place=MIDDLE), await app.raise_alert(place=SOUTH)
    found = await _plan(app, officers_per_alert=2)
    assert [trip["alert_id"] for trip in found["plan"]] == [first["id"], first["id"], second["id"]]
    assert [(one["alert_id"], one["missing"]) for one in found["unserved"]] == [(second["id"], 1)]


async def test_a_drill_is_planned_by_itself_with_its_own_officers(app: House) -> None:
    player = await app.officer("player", EAST, drill=True)
    await app.officer("officer1", EAST)
    drill, real = await app.raise_alert(place=MIDDLE, drill=True), await app.raise_alert(place=SOUTH)
    assert (await _plan(app))["alerts"] == [real["id"]]
    assert _pairs((await _plan(app, alerts=str(drill["id"])))["plan"]) == {(drill["id"], player)}
    mixed = await app.person("duty").get("/api/dispatch/plan", params={"alerts": f"{drill['id']},{real['id']}"})
    assert mixed.status_code == 422


async def test_an_alert_whose_officer_is_through_waits_for_nobody(app: House) -> None:
    await app.assign(await app.raise_alert(), await app.officer("officer1", EAST))
    await app.execute("UPDATE assignment SET state = 'finished', finished_at = now()")
    waiting = await app.raise_alert()
    assert (await _plan(app))["alerts"] == [waiting["id"]]


async def test_nobody_plans_beyond_their_area(app: House) -> None:
    there = await app.raise_alert(by="fangzi-duty", place=IN_FANGZI)
    here = await app.raise_alert()
    assert (await _plan(app))["alerts"] == [here["id"]]
    assert (await _plan(app, "province"))["alerts"] == [there["id"], here["id"]]
    answer = await app.person("duty").get("/api/dispatch/plan", params={"alerts": str(there["id"])})
    assert answer.status_code == 404
    officer = await app.officer("officer1", EAST)
    refused = await _confirm(app, [(here, officer), (there, await app.officer("officer2", EAST))])
    assert refused.status_code == 404
    assert await app.scalar("SELECT count(*) FROM assignment") == 0


@pytest.mark.parametrize("who", ["planner", "expert", "admin"])
async def test_planning_is_the_desks(app: House, who: str) -> None:
    assert (await app.person(who).get("/api/dispatch/plan")).status_code == 403
    alert = await app.raise_alert()
    assert (await _confirm(app, [(alert, await app.officer("officer1", EAST))], who)).status_code == 403


@pytest.mark.parametrize(
    "params",
    [
        {"alerts": ""},
        {"alerts": "1,x"},
        {"alerts": "0"},
        {"alerts": "²"},
        {"alerts": str(2**60)},
        {"alerts": ",".join(map(str, range(1, 22)))},
        {"radius_m": "nan"},
        {"officers_per_alert": 4},
    ],
)
async def test_a_question_that_cannot_be_is_a_422(app: House, params: dict[str, Any]) -> None:
    assert (await app.person("duty").get("/api/dispatch/plan", params=params)).status_code == 422


async def test_a_closed_alert_is_not_planned(app: House) -> None:
    alert = await app.raise_alert()
    await app.person("duty").post(f"/api/alerts/{alert['id']}/close", json={"version": 1})
    assert (await _plan(app))["alerts"] == []
    answer = await app.person("duty").get("/api/dispatch/plan", params={"alerts": str(alert["id"])})
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"alert {alert['id']} is closed; leave it out"


async def test_a_plan_that_sends_one_to_two_places_is_refused(app: House) -> None:
    officer, other = await app.officer("officer1", EAST), await app.officer("officer2", EAST)
    first, second = await app.raise_alert(), await app.raise_alert(place=SOUTH)
    twice = await _confirm(app, [(first, officer), (second, officer)])
    assert (twice.status_code, "twice" in twice.json()["detail"]) == (422, True)
    versions = await _confirm(app, [(first, officer), (first | {"version": 7}, other)])
    assert (versions.status_code, "two versions" in versions.json()["detail"]) == (422, True)


async def test_a_plan_that_came_too_late_names_who_was_faster_and_does_nothing(app: House) -> None:
    west, east = await app.officer("west", WEST), await app.officer("east", EAST)
    middle, south = await app.raise_alert(place=MIDDLE), await app.raise_alert(place=SOUTH)
    third = await app.officer("third", CENTRE)
    await app.assign(south, third, by="dispatcher")
    late = await _confirm(app, [(middle, west), (south, east)])
    assert late.status_code == 409
    assert late.json()["detail"] == f"alert {south['id']}: dispatcher has just assigned third to this alert"
    assert late.json()["detail_zh"].startswith(f"警情 {south['id']}：")
    assert late.json()["alert"]["id"] == south["id"]
    assert await _now(app, middle) == middle
    another = await app.raise_alert(place=SOUTH)
    taken = await _confirm(app, [(middle, west), (another, third)])
    assert taken.status_code == 409
    assert taken.json()["detail"] == f"third is busy with alert {south['id']}; somebody was faster"
    assert await _now(app, middle) == middle
    assert await app.scalar("SELECT count(*) FROM assignment") == 1


async def test_of_two_plans_that_share_an_officer_exactly_one_is_carried_out(app: House) -> None:
    for round_number in range(5):
        x, y = [await app.officer(f"{letter}{round_number}", EAST) for letter in "xy"]
        a, b, c, d = [await app.raise_alert(place=place) for place in (MIDDLE, SOUTH, MIDDLE, SOUTH)]
        # Named crosswise: whoever locked in the order of the request would meet the other half-way.
        answers = await asyncio.gather(
            _confirm(app, [(a, x), (b, y)], "duty"), _confirm(app, [(c, y), (d, x)], "dispatcher")
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409], [one.text for one in answers]
        lost = next(answer for answer in answers if answer.status_code == 409)
        assert "somebody was faster" in lost.json()["detail"]
        won = {item["alert"]["id"] for one in answers if one.status_code == 201 for item in one.json()["items"]}
        for alert in (a, b, c, d):
            assert (len((await _now(app, alert))["assignments"]) == 1) == (alert["id"] in won)


async def test_of_two_plans_that_share_an_alert_exactly_one_is_carried_out(app: House) -> None:
    officers = [await app.officer(name, EAST) for name in ("one", "two", "three", "four")]
    a, b, c = [await app.raise_alert(place=place) for place in (MIDDLE, SOUTH, CENTRE)]
    answers = await asyncio.gather(
        _confirm(app, [(a, officers[0]), (b, officers[1])], "duty"),
        _confirm(app, [(b, officers[2]), (c, officers[3])], "dispatcher"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409], [one.text for one in answers]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert lost.json()["detail"].startswith(f"alert {b['id']}: ")
    assert await app.scalar("SELECT count(*) FROM assignment") == 2


async def test_plans_and_single_calls_at_once_never_wait_for_each_other(app: House) -> None:
    for round_number in range(4):
        x, y = [await app.officer(f"{letter}{round_number}", EAST) for letter in "xy"]
        a, b, c, d = [await app.raise_alert(place=place) for place in (MIDDLE, SOUTH, MIDDLE, SOUTH)]
        answers = await asyncio.gather(
            _confirm(app, [(b, x), (a, y)]), app.assign(b, y, by="dispatcher"), app.assign(c, x, y), app.assign(d, y)
        )
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {201, 409}, [one.text for one in answers]
        assert await app.scalar(
            "SELECT count(*) FROM assignment WHERE officer_id IN (:x, :y)", x=x, y=y
        ) == await app.scalar(
            "SELECT count(DISTINCT officer_id) FROM assignment WHERE officer_id IN (:x, :y)", x=x, y=y
        )


async def test_without_roads_nobody_is_planned_and_the_reason_says_so(app: House) -> None:
    await app.officer("officer1", EAST)
    await app.raise_alert()
    app.app.state.roads._state = None  # as after a start without prepared roads
    found = await _plan(app)
    assert (found["plan"], found["worst_s"], found["saved_worst_s"], found["roads_version"]) == ([], None, None, "")
    assert "no roads are open" in found["unserved"][0]["reason"]["en"]
