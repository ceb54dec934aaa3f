"""Officers through the real doors: where they are, duty, tracks, the three position doors."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from command.officers.duty import end_overdue_duties, forget_positions
from tests.house import CENTRE, FANGZI, IN_FANGZI, House

LON, LAT = CENTRE


def _now(ago: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()


async def _send(app: House, who: str, *fixes: dict[str, Any], dry_run: bool = False) -> httpx.Response:
    return await app.person(who).post("/api/positions", json=list(fixes), params={"dry_run": "true"} if dry_run else {})


def _fix(ago: float = 0, **more: Any) -> dict[str, Any]:
    return {"lon": LON, "lat": LAT, "at": _now(ago), "accuracy_m": 5, "speed_mps": 2.5, "heading": 90} | more


async def test_a_phone_sends_its_own_position_and_the_desk_sees_it(app: House) -> None:
    officer = await app.officer("officer1")
    answer = await _send(app, "officer1", _fix(60), _fix(0))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "refused": []})
    shown = (await app.person("duty").get(f"/api/officers/{officer}")).json()
    assert (shown["lon"], shown["lat"], shown["status"], shown["speed_mps"]) == (LON, LAT, "free", 2.5)
    track = await app.person("duty").get(
        f"/api/officers/{officer}/track", params={"from": _now(3600), "to": _now(-3600)}
    )
    items = track.json()["items"]
    assert [one["suspect"] for one in items] == [None, None]
    assert items[0]["at"] < items[1]["at"]
    assert len(app.app.state.officers.index) == 1


async def test_nobody_speaks_for_somebody_else(app: House) -> None:
    officer, other = await app.officer("officer1"), await app.officer("officer2")
    assert (await _send(app, "officer1", _fix(officer_id=other))).status_code == 403
    assert (await _send(app, "officer1", _fix(officer_id=officer))).status_code == 200
    assert (await _send(app, "duty", _fix())).status_code == 403
    assert (await app.client().post("/api/positions", json=[_fix()])).status_code == 401


async def test_a_gateway_speaks_for_the_officers_of_its_region_only(app: House) -> None:
    ours, theirs = await app.officer("ours"), await app.officer("theirs", region=FANGZI)
    await app.device("gate", None)
    gateway = app.client("gate")
    assert (await gateway.post("/api/positions", json=[_fix(officer_id=ours)])).json()["accepted"] == 1
    for body, status in (
        ([_fix(officer_id=theirs)], 403),
        ([_fix(officer_id=ours), _fix(officer_id=theirs)], 403),
        ([_fix(officer_id=9999)], 403),
        ([_fix()], 422),
    ):
        assert (await gateway.post("/api/positions", json=body)).status_code == status
    single = await app.client().get("/api/positions/osmand", params={"id": "gate", "lat": LAT, "lon": LON})
    assert single.status_code == 422
    assert await app.scalar("SELECT count(*) FROM track") == 1


async def test_off_duty_positions_are_neither_kept_nor_shown(app: House) -> None:
    officer = await app.officer("officer1", on_duty=False)
    answer = (await _send(app, "officer1", _fix())).json()
    assert answer["accepted"] == 0
    assert "off duty" in answer["refused"][0]["reason"]
    assert (
        await app.scalar("SELECT count(*) FROM track") == await app.scalar("SELECT count(*) FROM officer_position") == 0
    )
    shown = (await app.person("duty").get(f"/api/officers/{officer}")).json()
    assert (shown["status"], shown["lon"], shown["at"]) == ("off_duty", None, None)


async def test_going_off_duty_deletes_the_position_at_once(app: House) -> None:
    officer = await app.officer("officer1")
    await _send(app, "officer1", _fix())
    off = await app.person("officer1").post(f"/api/officers/{officer}/duty", json={"on": False})
    assert (off.status_code, off.json()["on_duty"]) == (200, False)
    assert await app.scalar("SELECT count(*) FROM officer_position") == 0
    assert len(app.app.state.officers.index) == 0
    on = await app.person("officer1").post(f"/api/officers/{officer}/duty", json={"on": True, "until": _now(-3600)})
    assert on.json()["on_duty"] is True
    kinds = [row.kind for row in await app.rows("SELECT kind FROM event ORDER BY seq")]
    assert kinds == ["duty.ended", "duty.started"]


@pytest.mark.parametrize("until", [60.0, -37 * 3600.0])
async def test_a_duty_that_ends_in_the_past_or_never_is_refused(app: House, until: float) -> None:
    officer = await app.officer("officer1")
    answer = await app.person("officer1").post(f"/api/officers/{officer}/duty", json={"on": True, "until": _now(until)})
    assert answer.status_code == 422


async def test_a_duty_that_has_run_out_ends_by_itself(app: House) -> None:
    officer = await app.officer("officer1", CENTRE, duty_until=datetime.now(UTC) - timedelta(seconds=1))
    shown = (await app.person("duty").get(f"/api/officers/{officer}")).json()
    assert (shown["status"], shown["lon"]) == ("off_duty", None)  # even before anybody tidied up
    async with app.database.for_system() as session, session.begin():
        await end_overdue_duties(session)
    await forget_positions(app.database, [officer])
    async with app.database.for_system() as session, session.begin():
        assert await end_overdue_duties(session) == []
    assert await app.scalar("SELECT count(*) FROM officer_position") == 0
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'duty.ended'") == 1


async def test_nobody_goes_off_duty_in_the_middle_of_an_assignment(app: House) -> None:
    officer = await app.officer("officer1", CENTRE)
    await app.assign(await app.raise_alert(), officer)
    answer = await app.person("officer1").post(f"/api/officers/{officer}/duty", json={"on": False})
    assert answer.status_code == 409
    assert "assignment" in answer.json()["detail"]
    assert (await app.person("duty").get(f"/api/officers/{officer}")).json()["status"] == "busy"


async def test_traccar_and_osmand_report_in_the_query_the_form_or_json(app: House) -> None:
    officer = await app.officer("officer1")
    await app.device("tok", officer)
    stranger = app.client()
    at = datetime.now(UTC).timestamp()
    query = {"id": "tok", "lat": str(LAT), "lon": str(LON), "timestamp": f"{at - 20:.0f}", "speed": "10"}
    assert (await stranger.get("/api/positions/osmand", params=query)).json() == {"accepted": 1, "refused": []}
    speed = await app.scalar("SELECT speed_mps FROM officer_position")
    assert speed == pytest.approx(10 * 1852 / 3600)  # the protocol's unit is knots
    form = query | {"timestamp": f"{at - 10:.0f}"}
    assert (await stranger.post("/api/positions/osmand", data=form)).json()["accepted"] == 1
    body = {
        "device_id": "tok",
        "location": {"timestamp": _now(), "coords": {"latitude": LAT, "longitude": LON, "speed": 3, "heading": -1}},
    }
    assert (await stranger.post("/api/positions/osmand", json=body)).json()["accepted"] == 1
    assert await app.scalar("SELECT speed_mps FROM officer_position") == 3  # its JSON is in metres a second
    assert await app.scalar("SELECT heading FROM officer_position") is None
    assert await app.scalar("SELECT count(*) FROM track") == 3


async def test_an_unknown_or_revoked_token_moves_nobody(app: House) -> None:
    officer = await app.officer("officer1")
    await app.device("old", officer, revoked_at=datetime.now(UTC))
    for token in ("nobody", "old", ""):
        query = {"id": token, "lat": str(LAT), "lon": str(LON)}
        assert (await app.client().get("/api/positions/osmand", params=query)).status_code in (400, 422)
        assert (await app.client(token or "x").post("/api/positions", json=[_fix()])).status_code == 401
    body = {"device_id": "nobody", "location": {"coords": {"latitude": LAT, "longitude": LON}}}
    assert (await app.client().post("/api/positions/osmand", json=body)).status_code == 404
    assert await app.scalar("SELECT count(*) FROM track") == 0


async def test_owntracks_is_always_answered_with_an_empty_list(app: House) -> None:
    officer = await app.officer("officer1")
    await app.device("tok", officer)
    basic = {"Authorization": "Basic " + base64.b64encode(b"phone:tok").decode()}
    client = app.client()
    location = {"_type": "location", "lat": LAT, "lon": LON, "tst": int(datetime.now(UTC).timestamp()), "vel": 36}
    for body in ({"_type": "lwt", "tst": 1}, {"_type": "transition"}, location, location):
        answer = await client.post("/api/positions/owntracks", json=body, headers=basic)
        assert (answer.status_code, answer.json()) == (200, [])
    assert await app.scalar("SELECT speed_mps FROM officer_position") == pytest.approx(10)  # km/h
    assert await app.scalar("SELECT count(*) FROM track") == 1
    for header in ({}, {"Authorization": "Basic !!"}, {"Authorization": "Basic " + base64.b64encode(b"x:y").decode()}):
        assert (await client.post("/api/positions/owntracks", json=location, headers=header)).status_code == 401


async def test_a_dry_run_shows_the_fix_and_stores_nothing(app: House) -> None:
    officer = await app.officer("officer1")
    await app.device("bike", officer, speed_unit="kmh", datum="gcj02")
    query = {"lat": str(LAT), "lon": str(LON), "timestamp": "1766000000", "speed": "10", "dry_run": "true"}
    stranger = (await app.client().get("/api/positions/osmand", params=query | {"id": "nobody"})).json()["fixes"]
    assert stranger[0]["speed_mps"] == pytest.approx(5.1444, abs=1e-3)
    assert (stranger[0]["lon"], stranger[0]["at"]) == (LON, "2025-12-17T19:33:20Z")
    known = (await app.client().get("/api/positions/osmand", params=query | {"id": "bike"})).json()["fixes"]
    assert known[0]["speed_mps"] == pytest.approx(2.7778, abs=1e-3)
    assert 0.001 < abs(known[0]["lon"] - LON) < 0.02  # its datum is taken off
    assert (await _send(app, "officer1", _fix(), dry_run=True)).json()["fixes"][0]["lon"] == LON
    assert await app.scalar("SELECT count(*) FROM track") == 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"[1]", b'[{"lon": 200, "lat": 1, "at": 1}]', b'[{"lon": "x"}]', b"\xff", b"[[[[" * 5000]
)
async def test_a_batch_that_cannot_be_read_is_refused_whole(app: House, body: bytes) -> None:
    await app.officer("officer1")
    answer = await app.person("officer1").post("/api/positions", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_place_in_the_sea_of_another_continent_is_refused(app: House) -> None:
    await app.officer("officer1")
    answer = await _send(app, "officer1", _fix(), _fix(lon=-30.0))
    assert answer.status_code == 422
    assert "neither in China nor on our roads" in answer.json()["detail"]
    assert await app.scalar("SELECT count(*) FROM track") == 0


async def test_the_list_pages_and_filters(app: House) -> None:
    made = [await app.officer(f"o{n}", CENTRE if n % 2 else None) for n in range(5)]
    away = await app.officer("far", IN_FANGZI, region=FANGZI)
    await app.officer("player", CENTRE, drill=True)
    person, seen, cursor = app.person("province"), [], None
    while True:
        page = (await person.get("/api/officers", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [*made, away]  # and no drill officer

    async def ids(**params: str) -> list[int]:
        return [one["id"] for one in (await person.get("/api/officers", params=params)).json()["items"]]

    assert await ids(status="free") == [made[1], made[3], away]
    assert await ids(status="stale") == [made[0], made[2], made[4]]
    assert await ids(region=FANGZI) == [away]
    assert await ids(bbox="119.0,36.6,119.2,36.8") == [made[1], made[3]]
    assert (await person.get("/api/officers", params={"bbox": "1,2,3"})).status_code == 422


async def test_a_track_is_asked_for_by_a_time_that_makes_sense(app: House) -> None:
    officer = await app.officer("officer1")
    address = f"/api/officers/{officer}/track"
    for window in ({}, {"from": _now(), "to": _now(10)}, {"from": _now(8 * 86400), "to": _now()}):
        assert (await app.person("duty").get(address, params=window)).status_code == 422
    answer = await app.person("duty").get("/api/officers/999/track", params={"from": _now(10), "to": _now()})
    assert answer.status_code == 404
