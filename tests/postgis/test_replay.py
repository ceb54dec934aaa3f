"""An alert's past: what was on the screen when somebody was sent, and who may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.house import CENTRE, House, Logger

NEAR, FAR = (119.1055, 36.705), (119.1098, 36.7098)
OUTSIDE = (119.16, 36.705)  # five kilometres away


async def _replay(app: House, alert_id: int, who: str = "duty", **params: Any) -> httpx.Response:
    return await app.person(who).get(f"/api/alerts/{alert_id}/replay", params=params)


async def _track(
    app: House, officer_id: int, place: tuple[float, float], minutes: float, region: str = "370705"
) -> None:
    """A fix so many minutes from now."""
    await app.execute(
        "INSERT INTO track (officer_id, at, geom, source, region) VALUES (:id, :at,"
        " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 'test', :region)",
        id=officer_id,
        at=datetime.now(UTC) + timedelta(minutes=minutes),
        lon=place[0],
        lat=place[1],
        region=region,
    )


async def test_what_was_offered_stays_as_it_was(app: House) -> None:
    """Afterwards officers move and roads are closed: the replay shows the list of that moment, and who clicked."""
    near, far = await app.officer("near", NEAR), await app.officer("far", FAR)
    alert = await app.raise_alert()
    shown = (await app.person("duty").get(f"/api/alerts/{alert['id']}/responders")).json()["responders"]
    seen = [{"officer_id": one["officer_id"], "travel_time_s": one["travel_time_s"]} for one in shown]
    sent = (await app.assign(alert, far, override_reason="熟悉现场", seen=seen)).json()["assignments"][0]
    await app.execute(
        "UPDATE officer_position SET geom = ST_SetSRID(ST_MakePoint(119.2, 36.75), 4326) WHERE officer_id = :id",
        id=near,
    )
    past = (await _replay(app, alert["id"])).json()
    [ranking] = past["rankings"]
    assert [one["officer_id"] for one in ranking["ranked"]] == [near, far]
    assert [one["travel_time_s"] for one in ranking["ranked"]] == [one["travel_time_s"] for one in shown]
    assert ranking["ranked"][0]["lon"] == pytest.approx(NEAR[0])
    assert ranking["ranked"][0]["reasons"] == shown[0]["reasons"]
    assert ranking["ranked"][0]["route"]["coordinates"][0] == pytest.approx(
        shown[0]["route"]["coordinates"][0], abs=1e-6
    )
    assert ranking["seen"] == seen
    said = {name: ranking[name] for name in ("by", "way", "recommended", "chosen", "override_reason", "assignment_ids")}
    assert said == {
        "by": "duty",
        "way": "list",
        "recommended": near,
        "chosen": [far],
        "override_reason": "熟悉现场",
        "assignment_ids": [sent["id"]],
    }
    kinds = [one["kind"] for one in past["events"]]
    assert kinds == ["alert.raised", "alert.acknowledged", "assignment.offered"]


async def test_the_list_is_no_part_of_what_the_phone_hears(app: House) -> None:
    """Where the others are is none of the called officer's business: not on the timeline, not in the table."""
    officer, other = await app.officer("officer1", NEAR), await app.officer("other", FAR)
    alert = await app.raise_alert()
    assert (await app.assign(alert, officer)).status_code == 201
    for who in ("officer1", "expert", "planner"):
        answer = await _replay(app, alert["id"], who)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rankings"] == []
        assert f'"officer_id":{other}' not in answer.text.replace(" ", "")
    timeline = await app.person("officer1").get(f"/api/alerts/{alert['id']}/timeline")
    assert "ranking.recorded" not in timeline.text


async def test_a_list_of_the_citys_desk_is_not_shown_to_the_county(app: House) -> None:
    """It may hold officers whom the county cannot see."""
    officer = await app.officer("officer1", NEAR)
    visitor = await app.officer("visitor", FAR, region="370700")
    alert = await app.raise_alert()
    assert (await app.assign(alert, officer, by="city")).status_code == 201
    [ranking] = (await _replay(app, alert["id"], "city")).json()["rankings"]
    assert {one["officer_id"] for one in ranking["ranked"]} == {officer, visitor}
    county = await _replay(app, alert["id"])
    assert county.json()["rankings"] == []
    assert "visitor" not in county.text


async def test_who_was_near_or_sent_has_a_track_and_nobody_else(app: House) -> None:
    near, passer, outside, early = [
        await app.officer(name, place)
        for name, place in (("near", NEAR), ("passer", OUTSIDE), ("outside", OUTSIDE), ("early", OUTSIDE))
    ]
    sent = await app.officer("sent", OUTSIDE)
    for officer_id, place, minutes in (
        (near, NEAR, -2),
        (near, CENTRE, -1),
        (passer, OUTSIDE, -2),
        (passer, NEAR, -1),
        (outside, OUTSIDE, -1),
        (sent, OUTSIDE, -1),
        (early, NEAR, -40),
    ):
        await _track(app, officer_id, place, minutes)
    alert = await app.raise_alert()
    assert (await app.assign(alert, sent, override_reason="专项资质")).status_code == 201
    past = (await _replay(app, alert["id"])).json()
    tracks = {one["name"]: one for one in past["tracks"]}
    assert set(tracks) == {"near", "passer", "sent"}
    assert [name for name, one in tracks.items() if one["concerned"]] == ["sent"]
    seconds = [point[0] for point in tracks["near"]["points"]]
    assert seconds == pytest.approx([180, 240], abs=20)  # since five minutes before the alert
    assert tracks["near"]["points"][1][1:] == pytest.approx(list(CENTRE))
    assert past["cut"] is False


async def test_tracks_readings_and_closures_follow_the_rights_of_whoever_asks(app: House) -> None:
    await app.outfall()
    officer = await app.officer("officer1", NEAR)
    stranger = await app.officer("stranger", NEAR, region="370700")
    logger = Logger(app)
    await logger.cod(194)
    alert = (await app.person("duty").get("/api/alerts")).json()["items"][0]
    await _track(app, officer, NEAR, -0.5)
    await _track(app, stranger, NEAR, -0.5, "370700")
    closing = {"geometry": {"type": "Point", "coordinates": list(CENTRE)}, "reason": "施工"}
    assert (await app.person("duty").post("/api/roads/closures", json=closing)).status_code == 201
    mine = (await _replay(app, alert["id"])).json()
    assert [one["value"] for one in mine["readings"]["items"]] == [194]
    assert mine["readings"]["limit"]["high"] == 50
    assert [one["reason"] for one in mine["closures"]] == ["施工"]
    assert [one["name"] for one in mine["tracks"]] == ["officer1"]
    assert [one["name"] for one in (await _replay(app, alert["id"], "city")).json()["tracks"]] == [
        "officer1",
        "stranger",
    ]
    assert (await _replay(app, alert["id"], "expert")).json()["tracks"] == []
    assert (await _replay(app, alert["id"], "fangzi-duty")).status_code == 404
    assert (await _replay(app, alert["id"], "officer1")).status_code == 404  # was not sent there


async def test_a_closed_alert_is_played_to_its_end_and_a_part_of_it_can_be_asked_for(app: House) -> None:
    alert = await app.raise_alert()
    closed = await app.person("duty").post(f"/api/alerts/{alert['id']}/close", json={"version": 1, "note": "误报"})
    assert closed.status_code == 200
    await app.execute(
        "UPDATE alert SET raised_at = raised_at - interval '20 hours', closed_at = closed_at - interval '1 hour'"
    )
    past = (await _replay(app, alert["id"])).json()
    start, end, first, last = (
        datetime.fromisoformat(past["window"][name]) for name in ("start", "end", "first", "last")
    )
    assert (start, end - start) == (first, timedelta(hours=12))
    assert (last - first).total_seconds() == pytest.approx(19 * 3600 + 600, abs=30)
    part = {"from": (last - timedelta(hours=1)).isoformat(), "to": last.isoformat()}
    window = (await _replay(app, alert["id"], **part)).json()["window"]
    assert [datetime.fromisoformat(window[name]) for name in ("start", "end")] == [last - timedelta(hours=1), last]
    late = {"from": last.isoformat(), "to": first.isoformat()}
    assert (await _replay(app, alert["id"], **late)).status_code == 422
    long = {"from": first.isoformat(), "to": (first + timedelta(days=2)).isoformat()}
    assert (await _replay(app, alert["id"], **long)).status_code == 422


async def test_the_record_shows_who_passed_over_the_first_and_gave_no_reason(app: House) -> None:
    near = await app.officer("near", NEAR)
    far = await app.officer("far", FAR)
    alert = await app.raise_alert()
    assert (await app.assign(alert, far, override_reason="   ")).status_code == 201
    replay = (await _replay(app, alert["id"])).json()
    (ranking,) = replay["rankings"]
    assert (ranking["recommended"], ranking["chosen"], ranking["override_reason"]) == (near, [far], None)


async def test_an_undone_call_is_withdrawn_unless_it_was_accepted_meanwhile(app: House) -> None:
    """Undo is the ordinary cancel with the version of the offer: who has accepted is on the way, and is asked for."""
    officer = await app.officer("officer1", NEAR)
    for accepts, status in ((False, 200), (True, 409)):
        sent = (await app.assign(await app.raise_alert(), officer)).json()["assignments"][0]
        if accepts:
            await app.person("officer1").post(f"/api/assignments/{sent['id']}/accept", json={"version": 1})
        undone = await app.person("duty").post(
            f"/api/assignments/{sent['id']}/cancel", json={"version": sent["version"], "reason": "undone"}
        )
        assert undone.status_code == status, undone.text
        now = (await app.person("officer1").get(f"/api/assignments/{sent['id']}")).json()
        assert (now["state"], now["cancel_reason"]) == (("accepted", None) if accepts else ("cancelled", "undone"))
    assert await app.scalar("SELECT count(*) FROM event WHERE kind = 'assignment.cancelled'") == 1


async def test_past_alerts_are_found_by_time_words_and_level(app: House) -> None:
    first, second = await app.raise_alert(title="河边异味", level=2), await app.raise_alert(title="100% 超标")
    await app.execute("UPDATE alert SET raised_at = raised_at - interval '3 days' WHERE id = :id", id=first["id"])
    now = datetime.now(UTC)
    for params, found in (
        ({"from": (now - timedelta(days=1)).isoformat()}, [second["id"]]),
        ({"to": (now - timedelta(days=1)).isoformat()}, [first["id"]]),
        ({"q": "异味"}, [first["id"]]),
        ({"q": "0% "}, [second["id"]]),
        ({"q": "_"}, []),
        ({"level": 2}, [first["id"]]),
    ):
        items = (await app.person("duty").get("/api/alerts", params=params)).json()["items"]
        assert [one["id"] for one in items] == found, params
