"""Responders, assignments, their steps and pictures through the real doors."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from command.dispatch.handlers import expire_offers
from tests.house import CENTRE, House

NEAR, FAR = (119.1055, 36.705), (119.1098, 36.7098)
ISLAND = (119.152, 36.700)
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


async def _responders(app: House, alert: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await app.person("duty").get(f"/api/alerts/{alert['id']}/responders", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _step(app: House, who: str, assignment: dict[str, Any], step: str, **body: Any) -> httpx.Response:
    return await app.person(who).post(
        f"/api/assignments/{assignment['id']}/{step}", json={"version": assignment["version"]} | body
    )


@pytest.fixture
async def offered(app: House) -> dict[str, Any]:
    """An assignment of `officer1`, offered by `duty`."""
    officer = await app.officer("officer1", NEAR)
    assignment: dict[str, Any] = (await app.assign(await app.raise_alert(), officer)).json()["assignments"][0]
    return assignment


async def test_the_list_is_in_the_order_of_arrival_and_explains_itself(app: House) -> None:
    far, near = await app.officer("far", FAR), await app.officer("near", NEAR)
    stale = await app.officer("stale", NEAR, age=timedelta(minutes=9))
    cut_off = await app.officer("island", ISLAND)
    await app.officer("off", NEAR, on_duty=False)
    alert = await app.raise_alert()
    found = await _responders(app, alert, radius_m=6000)
    by_id = {one["officer_id"]: one for one in found["responders"]}
    assert [one["officer_id"] for one in found["responders"]] == [near, far, cut_off, stale]
    assert found["recommended"] == near
    assert found["in_range"] == 4
    assert found["origin"] == {"lon": CENTRE[0], "lat": CENTRE[1]}
    assert [why["code"] for why in by_id[near]["reasons"]] == ["fastest"]
    assert [why["code"] for why in by_id[far]["reasons"]] == ["later"]
    assert [why["code"] for why in by_id[cut_off]["reasons"]] == ["unreachable"]
    assert [why["code"] for why in by_id[stale]["reasons"]] == ["stale", "may_have_left"]
    assert by_id[cut_off]["travel_time_s"] is None
    assert by_id[near]["route"]["type"] == "LineString"
    assert by_id[near]["distance_m"] == pytest.approx(44.7, abs=1)
    assert by_id[stale]["position_age_s"] == pytest.approx(540, abs=30)
    assert all(why["text"].keys() == {"zh", "en"} for one in found["responders"] for why in one["reasons"])
    assert len((await _responders(app, alert, radius_m=6000, limit=1))["responders"]) == 1
    assert [one["officer_id"] for one in (await _responders(app, alert, radius_m=100))["responders"]] == [near, stale]


@pytest.mark.parametrize("params", [{"radius_m": 0}, {"radius_m": "nan"}, {"radius_m": "inf"}, {"limit": 0}])
async def test_a_radius_that_cannot_be_is_a_422(app: House, params: dict[str, Any]) -> None:
    alert = await app.raise_alert()
    answer = await app.person("duty").get(f"/api/alerts/{alert['id']}/responders", params=params)
    assert answer.status_code == 422


async def test_an_assignment_keeps_what_was_promised(app: House) -> None:
    officer = await app.officer("officer1", NEAR)
    alert = await app.raise_alert()
    ranked = (await _responders(app, alert))["responders"][0]
    answer = await app.assign(alert, officer, note="带上采样瓶")
    assert answer.status_code == 201
    body = answer.json()
    assignment = body["assignments"][0]
    assert assignment["travel_time_s"] == ranked["travel_time_s"]
    assert assignment | {"state": "offered", "officer_name": "officer1", "note": "带上采样瓶"} == assignment
    assert assignment["next_steps"] == ["accept", "decline"]
    assert assignment["desk_steps"] == ["cancel"]
    assert body["alert"]["status"] == "acknowledged"  # who sends somebody has seen it
    assert body["alert"]["version"] == 2
    mine = (await app.person("officer1").get("/api/assignments", params={"state": "open"})).json()["items"]
    assert mine == [assignment]


async def test_an_assignment_goes_through_all_its_steps(app: House, offered: dict[str, Any]) -> None:
    now = offered
    for step, state in (("accept", "accepted"), ("depart", "departed"), ("arrive", "arrived"), ("finish", "finished")):
        now = (await _step(app, "officer1", now, step, note="已取样" if step == "finish" else None)).json()
        assert now["state"] == state
        assert now[f"{state}_at"] is not None
    assert now["version"] == 5
    assert now["report"] == "已取样"
    assert now["next_steps"] == now["desk_steps"] == []
    kinds = [row.kind for row in await app.rows("SELECT kind FROM event ORDER BY seq")]
    assert kinds[-4:] == [f"assignment.{state}" for state in ("accepted", "departed", "arrived", "finished")]


async def test_a_step_told_later_keeps_the_time_at_which_it_was_taken(app: House, offered: dict[str, Any]) -> None:
    """Within reason: not before the step before it, and not in the future, whatever the phone's clock says."""
    accepted = (await _step(app, "officer1", offered, "accept")).json()
    hour = "- interval '1 hour'"
    await app.execute(f"UPDATE assignment SET offered_at = offered_at {hour}, accepted_at = accepted_at {hour}")
    [row] = await app.rows("SELECT accepted_at, now() AS now FROM assignment")
    half_an_hour_ago = row.now - timedelta(minutes=30)
    departed = (await _step(app, "officer1", accepted, "depart", taken_at=half_an_hour_ago.isoformat())).json()
    assert datetime.fromisoformat(departed["departed_at"]) == half_an_hour_ago
    too_early = (half_an_hour_ago - timedelta(hours=5)).isoformat()
    arrived = (await _step(app, "officer1", departed, "arrive", taken_at=too_early)).json()
    assert datetime.fromisoformat(arrived["arrived_at"]) == half_an_hour_ago
    tomorrow = (row.now + timedelta(days=1)).isoformat()
    finished = (await _step(app, "officer1", arrived, "finish", note="done", taken_at=tomorrow)).json()
    assert row.now <= datetime.fromisoformat(finished["finished_at"]) < row.now + timedelta(hours=1)


async def test_a_step_that_is_sent_twice_is_taken_once(app: House, offered: dict[str, Any]) -> None:
    first = await _step(app, "officer1", offered, "accept")
    second = await _step(app, "officer1", offered, "accept")
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'assignment.accepted'") == 1


async def test_a_step_out_of_order_or_too_late_is_refused_in_words(app: House, offered: dict[str, Any]) -> None:
    early = await _step(app, "officer1", offered, "finish")
    assert early.status_code == 409
    assert early.json()["detail"] == "cannot finish: the assignment is offered"
    cancelled = await _step(app, "dispatcher", offered, "cancel", reason="误报")
    assert cancelled.json()["cancel_reason"] == "误报"
    late = await _step(app, "officer1", offered, "accept")
    assert late.status_code == 409
    assert late.json()["detail"] == "the desk has cancelled this assignment"
    assert late.json()["assignment"]["state"] == "cancelled"
    gone = await app.person("officer1").post("/api/assignments/999/accept", json={"version": 1})
    assert gone.status_code == 404
    unknown = await app.person("officer1").post(f"/api/assignments/{offered['id']}/fly", json={"version": 1})
    assert unknown.status_code == 422


async def test_the_steps_of_an_officer_are_his_own(app: House, offered: dict[str, Any]) -> None:
    await app.officer("officer2", NEAR)
    assert (await _step(app, "duty", offered, "accept")).status_code == 403
    assert (await _step(app, "officer2", offered, "accept")).status_code == 404  # he does not even see it
    assert (await _step(app, "officer1", offered, "cancel")).status_code == 403
    assert (await _step(app, "planner", offered, "cancel")).status_code == 403


async def test_a_declined_offer_goes_back_with_the_reason_and_the_next_best(app: House) -> None:
    near, far = await app.officer("near", NEAR), await app.officer("far", FAR)
    alert = await app.raise_alert()
    assignment = (await app.assign(alert, near)).json()["assignments"][0]
    declined = (await _step(app, "near", assignment, "decline", reason="车坏了")).json()
    assert (declined["state"], declined["decline_reason"]) == ("declined", "车坏了")
    found = await _responders(app, alert)
    assert [one["officer_id"] for one in found["responders"]] == [near, far]
    assert "declined" in [why["code"] for why in found["responders"][0]["reasons"]]
    assert found["recommended"] == far


async def test_an_offer_that_nobody_answers_runs_out_once(app: House, offered: dict[str, Any]) -> None:
    await app.execute("UPDATE assignment SET expires_at = now() - interval '1 second'")
    async with app.database.for_system() as session, session.begin():
        await expire_offers(session)
    async with app.database.for_system() as session, session.begin():
        assert await expire_offers(session) == []
    now = (await app.person("duty").get(f"/api/assignments/{offered['id']}")).json()
    assert (now["state"], now["decline_reason"]) == ("declined", "timeout")
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'assignment.declined'") == 1
    late = await _step(app, "officer1", offered, "accept")
    assert late.status_code == 409
    assert "run out" in late.json()["detail"]


async def test_all_of_several_officers_are_called_or_none(app: House) -> None:
    free, busy = await app.officer("free", NEAR), await app.officer("busy", FAR)
    await app.assign(await app.raise_alert(), busy, override_reason="熟悉现场")
    alert = await app.raise_alert()
    refused = await app.assign(alert, free, busy)
    assert refused.status_code == 409
    assert "busy is busy" in refused.json()["detail"]
    assert await app.scalar("SELECT count(*) FROM assignment WHERE alert_id = :id", id=alert["id"]) == 0
    assert (await app.person("duty").get(f"/api/alerts/{alert['id']}")).json() == alert
    both = await app.assign(alert, free, await app.officer("third", FAR))
    assert both.status_code == 201
    assert len(both.json()["assignments"]) == 2


async def test_who_cannot_be_sent_is_not_and_the_answer_says_why(app: House) -> None:
    alert = await app.raise_alert()
    cases = [
        (await app.officer("off", NEAR, on_duty=False), 409, "off is off duty"),
        (await app.officer("nowhere"), 409, "nobody knows where nowhere is"),
        (await app.officer("stale", NEAR, age=timedelta(minutes=9)), 409, "nobody knows where stale is"),
        (await app.officer("player", NEAR, drill=True), 422, "drill officers go to drills"),
        (999, 404, "no such officer in your area: 999"),
    ]
    for officer_id, status, words in cases:
        answer = await app.assign(alert, officer_id)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["detail"]
    knowing = await app.assign(alert, cases[1][0], override_reason="电话确认在所里")
    assert knowing.status_code == 201
    assert knowing.json()["assignments"][0]["override_reason"] == "电话确认在所里"


async def test_an_expired_certificate_keeps_an_officer_at_home(app: House) -> None:
    officer = await app.officer("expired", NEAR)
    await app.execute("UPDATE officer SET certificate_valid_to = current_date - 1")
    alert = await app.raise_alert()
    only = (await _responders(app, alert))["responders"][0]
    assert only["status"] == "busy"
    assert "certificate_expired" in [why["code"] for why in only["reasons"]]
    refused = await app.assign(alert, officer)
    assert refused.status_code == 409
    assert "certificate" in refused.json()["detail"]


async def test_without_roads_the_list_still_says_who_is_there(app: House) -> None:
    officer = await app.officer("officer1", NEAR)
    alert = await app.raise_alert()
    app.app.state.roads._state = None  # as after a start without prepared roads
    found = await _responders(app, alert)
    assert found["roads_version"] == ""
    assert [(one["officer_id"], one["travel_time_s"]) for one in found["responders"]] == [(officer, None)]
    assert found["responders"][0]["reasons"][0]["code"] == "unreachable"
    health = await app.client().get("/api/health")
    assert health.status_code == 503
    assert health.json()["checks"]["roads"]["ok"] is False


async def _photo(app: House, who: str, assignment_id: int, content: bytes, photo_id: str) -> httpx.Response:
    return await app.person(who).post(
        f"/api/assignments/{assignment_id}/photos", data={"id": photo_id}, files={"file": ("x", content, "image/png")}
    )


async def test_a_picture_is_kept_once_however_often_it_is_sent(app: House, offered: dict[str, Any]) -> None:
    photo_id = str(uuid4())
    first = await _photo(app, "officer1", offered["id"], JPEG, photo_id)
    again = await _photo(app, "officer1", offered["id"], JPEG, photo_id)
    assert (first.status_code, first.json()["stored"]) == (201, True)
    assert (again.status_code, again.json()["stored"]) == (200, False)
    other = await _photo(app, "officer1", offered["id"], JPEG + b"!", photo_id)
    assert other.status_code == 409
    listed = (await app.person("duty").get(f"/api/assignments/{offered['id']}/photos")).json()["items"]
    assert [one["id"] for one in listed] == [photo_id]
    shown = await app.person("duty").get(f"/api/photos/{photo_id}")
    assert (shown.content, shown.headers["content-type"]) == (JPEG, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_a_picture_sent_from_two_tabs_at_once_is_kept_once(app: House, offered: dict[str, Any]) -> None:
    photo_id = str(uuid4())
    answers = await asyncio.gather(*(_photo(app, "officer1", offered["id"], JPEG, photo_id) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [200] * 5 + [201]
    assert await app.scalar("SELECT count(*) FROM photo") == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg onload=alert(1)>", b"GIF89a", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(30)],
    ids=["empty", "svg", "gif", "sound"],
)
async def test_what_is_no_picture_is_refused(app: House, offered: dict[str, Any], content: bytes) -> None:
    answer = await _photo(app, "officer1", offered["id"], content, str(uuid4()))
    assert answer.status_code == 422
    assert "no JPEG, PNG or WebP" in answer.json()["detail"]


async def test_too_large_a_picture_is_refused(app: House, offered: dict[str, Any]) -> None:
    large = await _photo(app, "officer1", offered["id"], JPEG + bytes(8 * 1024 * 1024), str(uuid4()))
    assert large.status_code == 422
    assert "larger than 8 MB" in large.json()["detail"]
    huge = await _photo(app, "officer1", offered["id"], JPEG + bytes(17 * 1024 * 1024), str(uuid4()))
    assert huge.status_code == 413


async def test_pictures_are_the_assigned_officers_to_send(app: House, offered: dict[str, Any]) -> None:
    await app.officer("officer2", NEAR)
    assert (await _photo(app, "duty", offered["id"], JPEG, str(uuid4()))).status_code == 403
    assert (await _photo(app, "officer2", offered["id"], JPEG, str(uuid4()))).status_code == 404
    assert (await _photo(app, "officer1", 999, JPEG, str(uuid4()))).status_code == 404
    assert (await app.person("duty").get(f"/api/photos/{uuid4()}")).status_code == 404
