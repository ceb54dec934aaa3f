"""Alerts through the real doors: raise, acknowledge, close, list, timeline; each change only to what was seen."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.house import CENTRE, IN_FANGZI, House


async def test_an_alert_raised_by_hand_stands_in_its_county(app: House) -> None:
    point_id = await app.outfall()
    alert = await app.raise_alert(title="  河面有油膜  ", level=2, point_id=point_id)
    expected = {
        "kind": "manual",
        "status": "raised",
        "title": "河面有油膜",
        "level": 2,
        "region": "370705",
        "region_name": "奎文区",
        "point_id": point_id,
        "enterprise_name": "MN1 水务公司",
        "raised_by": "duty",
        "version": 1,
        "next_steps": ["acknowledge", "close"],
        "assignments": [],
    }
    assert alert | expected == alert
    assert (alert["lon"], alert["lat"]) == CENTRE
    assert (await app.person("dispatcher").get(f"/api/alerts/{alert['id']}")).json() == alert


@pytest.mark.parametrize("role", ["planner", "expert", "admin"])
async def test_only_desks_raise_and_change_alerts(app: House, role: str) -> None:
    alert = await app.raise_alert()
    person = app.person(role)
    lon, lat = CENTRE
    refused = [
        await person.post("/api/alerts", json={"lon": lon, "lat": lat, "title": "x"}),
        await person.post(f"/api/alerts/{alert['id']}/acknowledge", json={"version": 1}),
        await person.post(f"/api/alerts/{alert['id']}/close", json={"version": 1}),
        await person.post(f"/api/alerts/{alert['id']}/assignments", json={"version": 1, "officer_ids": [1]}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert await app.scalar("SELECT version FROM alert") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"lon": 181},
        {"lat": "north"},
        {"title": "   "},
        {"title": "x" * 201},
        {"level": 0},
        {"level": 5},
        {"point_id": 0},
        {"kind": "pollution_source"},
        {"lon": None},
    ],
)
async def test_an_alert_that_cannot_be_is_refused_in_words(app: House, wrong: dict[str, object]) -> None:
    body = {"lon": CENTRE[0], "lat": CENTRE[1], "title": "x"} | wrong
    answer = await app.person("duty").post("/api/alerts", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert next(iter(wrong)) in answer.json()["detail"]


async def test_an_alert_at_a_point_that_is_not_there_is_not_raised(app: House) -> None:
    lon, lat = CENTRE
    answer = await app.person("duty").post("/api/alerts", json={"lon": lon, "lat": lat, "title": "x", "point_id": 99})
    assert answer.status_code == 404
    assert await app.scalar("SELECT count(*) FROM alert") == 0


async def test_of_two_who_acknowledge_the_second_reads_who_was_faster(app: House) -> None:
    alert = await app.raise_alert()
    address = f"/api/alerts/{alert['id']}/acknowledge"
    first = await app.person("duty").post(address, json={"version": 1})
    assert first.status_code == 200
    assert (first.json()["status"], first.json()["version"]) == ("acknowledged", 2)
    second = await app.person("dispatcher").post(address, json={"version": 1})
    assert second.status_code == 409
    assert "duty has acknowledged" in second.json()["detail"]
    assert second.json()["alert"] == first.json()  # what is true now, to draw at once


async def test_a_closed_alert_stays_closed(app: House) -> None:
    alert = await app.raise_alert()
    closed = await app.person("duty").post(f"/api/alerts/{alert['id']}/close", json={"version": 1, "note": "误报"})
    assert closed.json() | {"status": "closed", "closed_by": "duty", "close_note": "误报"} == closed.json()
    assert closed.json()["next_steps"] == []
    for step in ("close", "acknowledge"):
        again = await app.person("dispatcher").post(f"/api/alerts/{alert['id']}/{step}", json={"version": 2})
        assert again.status_code == 409
        assert again.json()["detail"] == "duty has closed this alert"


async def test_an_alert_cannot_be_closed_while_an_officer_is_under_way(app: House) -> None:
    officer = await app.officer("王五", CENTRE)
    alert = await app.raise_alert()
    assigned = (await app.assign(alert, officer)).json()["alert"]
    address = f"/api/alerts/{alert['id']}/close"
    refused = await app.person("duty").post(address, json={"version": assigned["version"]})
    assert refused.status_code == 409
    assert "王五" in refused.json()["detail"]
    assert (await app.person("duty").get(f"/api/alerts/{alert['id']}")).json()["status"] == "acknowledged"


async def test_lists_page_newest_first_and_filter(app: House) -> None:
    made = [(await app.raise_alert(title=f"n{n}"))["id"] for n in range(5)]
    await app.person("duty").post(f"/api/alerts/{made[0]}/close", json={"version": 1})
    await app.person("duty").post(f"/api/alerts/{made[1]}/acknowledge", json={"version": 1})
    person = app.person("duty")
    seen, cursor = [], None
    while True:
        page = (await person.get("/api/alerts", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]

    async def ids(**params: str) -> list[int]:
        answer = await person.get("/api/alerts", params=params)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["items"]]

    assert await ids(status="closed") == [made[0]]
    assert await ids(status="open") == made[:0:-1]
    assert await ids(status="acknowledged") == [made[1]]
    assert await ids(kind="manual") == made[::-1]
    assert await ids(kind="pollution_source") == []
    assert await ids(region="370700") == made[::-1]
    assert await ids(region="3701") == []
    changed_at = await app.scalar("SELECT updated_at FROM alert WHERE id = :id", id=made[1])
    assert await ids(since=changed_at.isoformat()) == [made[1]]


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "x"},
        {"cursor": "-1"},
        {"cursor": "9" * 40},
        {"limit": "0"},
        {"limit": "10001"},
        {"status": "gone"},
        {"region": "37070"},
        {"since": "yesterday"},
        {"since": "2026-11-23T08:00:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
    ],
)
async def test_a_list_that_cannot_be_asked_for_is_a_422(app: House, params: dict[str, str]) -> None:
    answer = await app.person("duty").get("/api/alerts", params=params)
    assert answer.status_code == 422, answer.text
    assert next(iter(params)) in answer.json()["detail"]


async def test_the_timeline_tells_one_alert_in_order(app: House) -> None:
    officer = await app.officer("officer1", CENTRE)
    other = await app.raise_alert(title="another")
    alert = await app.raise_alert()
    assigned = (await app.assign(alert, officer)).json()["assignments"][0]
    await app.person("officer1").post(f"/api/assignments/{assigned['id']}/accept", json={"version": 1})
    answer = (await app.person("duty").get(f"/api/alerts/{alert['id']}/timeline")).json()
    assert [(one["kind"], one["actor"]) for one in answer["items"]] == [
        ("alert.raised", "duty"),
        ("alert.acknowledged", "duty"),
        ("assignment.offered", "duty"),
        ("assignment.accepted", "officer1"),
    ]
    seqs = [one["seq"] for one in answer["items"]]
    assert seqs == sorted(seqs)
    mine = await app.person("officer1").get(f"/api/alerts/{alert['id']}/timeline")
    assert mine.json() == answer
    assert (await app.person("officer1").get(f"/api/alerts/{other['id']}/timeline")).status_code == 404


async def test_the_database_itself_refuses_impossible_alerts(app: House) -> None:
    alert = await app.raise_alert()
    for change in ("status = 'closed'", "status = 'gone'", "level = 5", "status = 'acknowledged'"):
        with pytest.raises(DBAPIError):
            await app.execute(f"UPDATE alert SET {change} WHERE id = :id", id=alert["id"])


async def test_a_place_in_no_county_belongs_to_the_area_of_who_raises_it(app: House) -> None:
    abroad = await app.raise_alert("province", (-8.6, 41.15))
    assert abroad["region"] == "370000"
    at_home = await app.raise_alert("province", IN_FANGZI)
    assert at_home["region"] == "370704"
