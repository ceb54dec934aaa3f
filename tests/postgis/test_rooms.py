"""Rooms: opened from an alert, rung, answered, left, closed; each step an event that the right people hear."""

import asyncio
from typing import Any

import orjson

from tests.house import CENTRE, KUIWEN, House

NEAR = (119.1055, 36.705)


async def dispatched(app: House, officer: str = "甲") -> tuple[dict[str, Any], int]:
    """An alert with an officer under way to it."""
    officer_id = await app.officer(officer, NEAR)
    alert = await app.raise_alert()
    assert (await app.assign(alert, officer_id)).status_code == 201
    return alert, officer_id


async def opened(app: House, by: str = "duty", **asked: Any) -> dict[str, Any]:
    """A room, opened."""
    answer = await app.person(by).post("/api/rooms", json={"kind": "dispatch", **asked})
    assert answer.status_code in (200, 201), answer.text
    body: dict[str, Any] = answer.json()
    return body


async def post(app: House, by: str, room: dict[str, Any], door: str, expected: int = 200, **body: Any) -> Any:
    """Knock at a door of a room."""
    answer = await app.person(by).post(f"/api/rooms/{room['id']}/{door}", json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


def states(room: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in room["seats"]}


async def kinds(app: House) -> list[str]:
    rows = await app.rows("SELECT kind FROM event WHERE kind LIKE 'room.%' ORDER BY seq")
    return [row.kind for row in rows]


async def test_a_dispatch_room_rings_the_officer_under_way_who_answers_leaves_and_comes_back(app: House) -> None:
    alert, officer_id = await dispatched(app)
    room = await opened(app, alert_id=alert["id"])
    assert (room["kind"], room["title"], room["region"]) == ("dispatch", alert["title"], KUIWEN)
    assert room["recording"], "what is dispatched is evidence"
    assert states(room) == {"duty": "invited", "甲": "ringing"}
    assert room["me"]["role"] == "host"
    assert {"publish", "view", "close", "mute"} <= set(room["me"]["may"])

    joined = await post(app, "duty", room, "join")
    assert joined["seat_id"] == joined["me"]["seat_id"]
    answered = await post(app, "甲", room, "join")
    assert states(answered) == {"duty": "present", "甲": "present"}
    assert answered["me"]["role"] == "officer"
    assert "mute" not in answered["me"]["may"]
    assert answered["limit"] == {"width": 640, "height": 480, "fps": 15, "bitrate": 600_000}

    await post(app, "甲", room, "leave")
    await post(app, "甲", room, "leave")  # a phone sends twice
    await post(app, "甲", room, "join")
    closed = await post(app, "duty", room, "close", version=1)
    assert closed["state"] == "closed"
    assert closed["me"]["may"] == []
    assert states(closed) == {"duty": "left", "甲": "left"}
    assert await kinds(app) == [
        "room.opened", "room.rang", "room.joined", "room.joined", "room.left", "room.joined", "room.closed",
    ]  # fmt: skip
    assert await app.scalar("SELECT officer_id FROM event WHERE kind = 'room.rang'") == officer_id
    assert await app.rows("SELECT * FROM event_chain_breaks()") == []
    again = (await app.person("甲").get(f"/api/rooms/{room['id']}")).json()
    assert again["state"] == "closed"


async def test_whoever_opens_the_room_of_an_alert_second_gets_the_first(app: House) -> None:
    alert, _ = await dispatched(app)
    assignment = (await app.person("duty").get("/api/assignments")).json()["items"][0]
    desks = app.person("duty"), app.person("dispatcher")
    for _ in range(20):
        asked = {"kind": "dispatch", "assignment_id": assignment["id"]}
        answers = await asyncio.gather(*(desk.post("/api/rooms", json=asked) for desk in desks))
        assert sorted(one.status_code for one in answers) == [200, 201], [one.text for one in answers]
        first, second = (one.json() for one in answers)
        assert first["id"] == second["id"]
        seats = await app.rows("SELECT name FROM room_seat WHERE room_id = :room", room=first["id"])
        assert sorted(row.name for row in seats) in (["duty", "甲"], ["dispatcher", "甲"])
        await post(app, "duty", first, "close", version=1)
    assert await app.scalar("SELECT count(*) FROM room") == 20
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'room.opened'") == 20
    assert alert["id"] == assignment["alert_id"]


async def test_an_officer_says_no_and_is_rung_again(app: House) -> None:
    alert, officer_id = await dispatched(app)
    room = await opened(app, alert_id=alert["id"])
    assert states(await post(app, "甲", room, "decline"))["甲"] == "declined"
    assert states(await post(app, "duty", room, "ring", officer_ids=[officer_id]))["甲"] == "ringing"
    await post(app, "甲", room, "ring", 403, officer_ids=[officer_id])


async def test_an_officer_of_the_alert_who_was_not_called_hears_nothing_of_the_call(app: House) -> None:
    _, called = await dispatched(app)
    other = await app.officer("乙", NEAR)
    alert = (await app.person("duty").get("/api/alerts")).json()["items"][0]
    assert (await app.assign(alert, other, override_reason="也去")).status_code == 201
    room = await opened(app, alert_id=alert["id"], officer_ids=[called])
    assert set(states(room)) == {"duty", "甲"}
    assert (await app.person("乙").get(f"/api/rooms/{room['id']}")).status_code == 404
    await post(app, "乙", room, "join", 404)
    for name, heard in (("甲", True), ("乙", False), ("duty", True)):
        timeline = (await app.person(name).get(f"/api/alerts/{alert['id']}/timeline")).json()["items"]
        assert any(one["kind"].startswith("room.") for one in timeline) is heard, name


async def test_who_is_off_duty_is_not_called_and_a_circle_calls_those_in_it(app: House) -> None:
    near = await app.officer("近", NEAR)
    await app.officer("远", (119.25, 36.75))
    off = await app.officer("下岗", NEAR, on_duty=False)
    refused = await app.person("duty").post("/api/rooms", json={"kind": "dispatch", "officer_ids": [off]})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "下岗 is off duty"
    circle = {"lon": CENTRE[0], "lat": CENTRE[1], "radius_m": 2_000}
    room = await opened(app, circle=circle, audio_group=True)
    assert room["title"] == "奎文区", "without words of its own it is called by its place; pages say the kind"
    assert states(room) == {"duty": "invited", "近": "ringing"}
    assert room["seats"][1]["officer_id"] == near
    assert room["region"] == KUIWEN
    empty = await app.person("duty").post("/api/rooms", json={"kind": "dispatch", "circle": circle | {"lon": 119.0}})
    assert empty.status_code == 404


async def test_a_ringing_phone_hears_it_over_the_live_feed(app: House) -> None:
    alert, officer_id = await dispatched(app)
    feed = app.app.state.feed
    person = await app.app.state.people.behind(app.tokens["甲"])
    listener = feed.join(person.scope, {"rooms"})
    room = await opened(app, alert_id=alert["id"])
    async with asyncio.timeout(10):
        while True:
            frame = orjson.loads(await listener.take())
            if frame["kind"] == "room.rang":
                break
    assert frame["data"]["id"] == room["id"]
    assert frame["data"]["seat_id"] == room["seats"][1]["id"]
    assert frame["region"] == KUIWEN
    assert listener.scope.officer_id == officer_id


async def test_a_conference_calls_the_desk_of_another_county_which_then_sees_it(app: House) -> None:
    room = await opened(app, by="city", kind="conference", usernames=["fangzi-duty"], title="联合执法")
    assert room["region"] == "370700"
    await post(app, "fangzi-duty", room, "join")
    assert (await app.person("duty").get(f"/api/rooms/{room['id']}")).status_code == 404
    listed = (await app.person("fangzi-duty").get("/api/rooms", params={"state": "open"})).json()["items"]
    assert [one["id"] for one in listed] == [room["id"]]
    await post(app, "fangzi-duty", room, "close", 403, version=1)
    nobody = await app.person("duty").post("/api/rooms", json={"kind": "conference", "usernames": ["fangzi-duty"]})
    assert nobody.status_code == 404


async def test_the_feed_tells_those_who_sit_in_a_room_of_another_area_and_nobody_else_there(app: House) -> None:
    feed = app.app.state.feed
    listeners = {}
    for name in ("fangzi-duty", "fangzi-dispatcher", "fangzi-expert", "city"):
        person = await app.app.state.people.behind(app.tokens[name])
        listeners[name] = feed.join(person.scope, {"rooms"})
    room = await opened(app, by="city", kind="conference", usernames=["fangzi-duty", "fangzi-expert"])
    await post(app, "city", room, "close", version=1)
    heard: dict[str, list[str]] = {}
    async with asyncio.timeout(20):
        for name in ("fangzi-duty", "fangzi-expert", "city"):
            heard[name] = []
            while "room.closed" not in heard[name]:
                heard[name].append(orjson.loads(await listeners[name].take())["kind"])
    assert heard["fangzi-duty"] == heard["fangzi-expert"] == heard["city"]
    assert heard["city"] == ["room.opened", "room.rang", "room.rang", "room.closed"]
    assert listeners["fangzi-dispatcher"].queue.empty()


async def test_only_desks_that_dispatch_open_rooms(app: House) -> None:
    await app.officer("甲", NEAR)
    for who in ("planner", "expert", "admin", "甲"):
        answer = await app.person(who).post("/api/rooms", json={"kind": "conference"})
        assert answer.status_code == 403, who
