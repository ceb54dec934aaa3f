"""When those who were sent will be there, from where they are now."""

from datetime import datetime
from typing import Any

import pytest

from tests.house import House

NEAR, FAR = (119.1055, 36.705), (119.1098, 36.7098)


async def _moves(app: House, officer_id: int, place: tuple[float, float], *, age: str = "0 s") -> None:
    await app.execute(
        "UPDATE officer_position SET geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326),"
        " at = now() - CAST(:age AS interval) WHERE officer_id = :id",
        id=officer_id,
        lon=place[0],
        lat=place[1],
        age=age,
    )


async def _eta(app: House, assignment_id: int, who: str = "duty") -> dict[str, Any]:
    answer = await app.person(who).get(f"/api/assignments/{assignment_id}/eta")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _sent(app: House, name: str = "officer1", place: tuple[float, float] = FAR) -> dict[str, Any]:
    officer = await app.officer(name, place)
    assignment: dict[str, Any] = (await app.assign(await app.raise_alert(), officer)).json()["assignments"][0]
    return assignment


async def _step(app: House, assignment: dict[str, Any], step: str) -> dict[str, Any]:
    answer = await app.person(assignment["officer_name"]).post(
        f"/api/assignments/{assignment['id']}/{step}", json={"version": assignment["version"]}
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_time_of_arrival_follows_the_officer(app: House) -> None:
    sent = await _sent(app)
    before = await _eta(app, sent["id"])
    assert before["travel_time_s"] == pytest.approx(sent["travel_time_s"])
    assert before["progress"] == pytest.approx(0)
    assert before["route"]["type"] == "LineString"
    await _moves(app, sent["officer_id"], NEAR)
    after = await _eta(app, sent["id"])
    assert after["travel_time_s"] < before["travel_time_s"]
    assert after["progress"] == pytest.approx(1 - after["travel_time_s"] / sent["travel_time_s"])
    assert (after["lon"], after["lat"]) == pytest.approx(NEAR)
    arrives, promised = (datetime.fromisoformat(after[name]) for name in ("arrives_at", "promised_at"))
    assert after["late_s"] == pytest.approx((arrives - promised).total_seconds())
    assert after["why"] is None


async def test_an_old_position_promises_nothing(app: House) -> None:
    sent = await _sent(app)
    await _moves(app, sent["officer_id"], NEAR, age="9 min")
    now = await _eta(app, sent["id"])
    assert (now["why"], now["arrives_at"], now["late_s"]) == ("old_position", None, None)
    assert now["position_age_s"] == pytest.approx(540, abs=30)
    assert now["travel_time_s"] is not None  # from the last known place


async def test_without_a_position_or_a_road_it_says_so(app: House) -> None:
    sent = await _sent(app)
    app.app.state.roads._state = None  # as after a start without prepared roads
    assert (await _eta(app, sent["id"]))["why"] == "no_road"
    await app.execute("DELETE FROM officer_position")
    now = await _eta(app, sent["id"])
    assert (now["why"], now["lon"], now["travel_time_s"]) == ("no_position", None, None)


async def test_who_is_there_is_listed_without_a_way_and_who_is_through_is_not(app: House) -> None:
    first, second = await _sent(app), await _sent(app, "officer2", NEAR)
    listed = (await app.person("duty").get("/api/dispatch/under-way")).json()["items"]
    assert [one["assignment_id"] for one in listed] == [first["id"], second["id"]]
    only = await app.person("duty").get("/api/dispatch/under-way", params={"alert": second["alert_id"]})
    assert [one["assignment_id"] for one in only.json()["items"]] == [second["id"]]
    now = first
    for step in ("accept", "arrive"):
        now = await _step(app, now, step)
    there = await _eta(app, first["id"])
    assert (there["why"], there["progress"], there["route"], there["arrives_at"]) == ("arrived", 1.0, None, None)
    await _step(app, now, "finish")
    over = await _eta(app, first["id"])
    assert (over["why"], over["lon"]) == ("over", None)  # where somebody goes afterwards is not this assignment's
    listed = (await app.person("duty").get("/api/dispatch/under-way")).json()["items"]
    assert [one["assignment_id"] for one in listed] == [second["id"]]


async def test_the_door_is_for_desks_and_an_officer_sees_their_own(app: House) -> None:
    sent = await _sent(app)
    await app.officer("officer2", NEAR)
    assert (await _eta(app, sent["id"], "officer1"))["assignment_id"] == sent["id"]
    assert (await app.person("officer2").get(f"/api/assignments/{sent['id']}/eta")).status_code == 404
    assert (await app.person("fangzi-duty").get(f"/api/assignments/{sent['id']}/eta")).status_code == 404
    for who in ("planner", "expert", "officer1"):
        assert (await app.person(who).get("/api/dispatch/under-way")).status_code == 403


async def test_the_position_of_somebody_elses_officer_is_not_shown(app: House) -> None:
    """The city sends its own officer to a county's alert: the county sees who comes, not where they are."""
    visitor = await app.officer("visitor", NEAR, region="370700")
    alert = await app.raise_alert()
    assert (await app.assign(alert, visitor, by="city")).status_code == 201
    [city] = (await app.person("city").get("/api/dispatch/under-way")).json()["items"]
    [county] = (await app.person("duty").get("/api/dispatch/under-way")).json()["items"]
    assert city["lon"] == pytest.approx(NEAR[0])
    assert (county["officer_name"], county["lon"], county["why"]) == ("visitor", None, "no_position")
