"""The lists of what we know, on a real database, each person in their own area."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from data.api import router
from gis.database import Database, Scope
from tests.rooms import KUIWEN, PROVINCE, QINGZHOU, As, rooms

OFFICER = Scope("officer1", "officer", "370705", officer_id=1)
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)

_STATEMENTS = (
    """INSERT INTO region (adcode, name, level, parent, geom) VALUES
       ('370000', '山东省', 'province', NULL, ST_Multi(ST_Buffer(ST_Point(119, 36, 4326), 3, 32))),
       ('370700', '潍坊市', 'city', '370000', ST_Multi(ST_Buffer(ST_Point(119, 36.5, 4326), 1, 32))),
       ('370705', '奎文区', 'county', '370700', ST_Multi(ST_Buffer(ST_Point(119.2, 36.7, 4326), 0.1, 32))),
       ('370781', '青州市', 'county', '370700', ST_Multi(ST_Buffer(ST_Point(118.5, 36.7, 4326), 0.1, 32)))""",
    """INSERT INTO enterprise (uscc, name, industry, risk, tags, geom, region)
       SELECT '9137' || lpad(n::text, 14, '0'),
              '潍坊' || n || CASE WHEN n % 2 = 0 THEN '化工' ELSE 'Paper' END || '有限公司',
              '2614', CASE WHEN n % 5 = 0 THEN 'high' ELSE 'low' END,
              CASE WHEN n % 2 = 0 THEN ARRAY['化工', '涉气企业'] ELSE ARRAY['造纸'] END,
              ST_Point(CASE WHEN n < 60 THEN 119.2 ELSE 118.5 END + n * 0.0001, 36.7, 4326),
              CASE WHEN n < 60 THEN '370705' ELSE '370781' END
       FROM generate_series(0, 99) n ORDER BY n""",
    """INSERT INTO monitoring_point (code, name, kind, enterprise_id, standard, grade, geom, region)
       SELECT 'P' || n, '总排口' || n, CASE WHEN n % 2 = 0 THEN 'outfall' ELSE 'stack' END, n + 1,
              'GB 18918-2002', '1A',
              ST_Point(CASE WHEN n < 6 THEN 119.2 ELSE 118.5 END, 36.7, 4326),
              CASE WHEN n < 6 THEN '370705' ELSE '370781' END
       FROM generate_series(0, 9) n ORDER BY n""",
    """UPDATE monitoring_point SET enterprise_id = 1 WHERE id = 2""",
    """INSERT INTO discharge_limit (standard, grade, point_id, factor, period, high, unit, valid_from, valid_to, source)
       VALUES ('GB 18918-2002', '1A', NULL, 'w01018', 'day', 60, 'mg/L', '2003-07-01', '2026-03-01', '旧'),
              ('GB 18918-2002', '1A', NULL, 'w01018', 'day', 50, 'mg/L', '2026-03-01', NULL, '新'),
              ('GB 18918-2002', '1B', NULL, 'w01018', 'day', 70, 'mg/L', '2003-07-01', NULL, '一级B'),
              ('GB 18918-2002', '1A', NULL, 'w21003', 'hour', 8, 'mg/L', '2003-07-01', NULL, '时均'),
              ('许可证', NULL, 2, 'w01018', 'day', 40, 'mg/L', '2024-01-01', NULL, '排污许可证')""",
    """INSERT INTO reading (point_id, factor, period, at, value, received_at, region)
       SELECT p.id, 'w01018', period, timestamptz '2026-03-10 00:00+08' + n * interval '1 hour', n, now(), p.region
       FROM monitoring_point p, generate_series(0, 47) n, unnest(ARRAY['hour', 'realtime']) period""",
    """INSERT INTO station (code, name, organisation, level, geom, region) VALUES
       ('S1', '奎文大队', '奎文区', 'county', ST_Point(119.2, 36.7, 4326), '370705'),
       ('S2', '青州大队', '青州市', 'county', ST_Point(118.5, 36.7, 4326), '370781')""",
    """INSERT INTO data_logger (mn, password, point_id, state, quarantine_reason, region) VALUES
       ('MN-known', 'secret', 1, 'active', NULL, '370705'),
       ('MN-strange', NULL, NULL, 'quarantined', 'unknown MN', '370705'),
       ('MN-other', 'secret', 7, 'active', NULL, '370781')""",
    r"""INSERT INTO quarantined_frame (mn, peer, reason, raw, region) VALUES
       ('MN-strange', '10.0.0.1:5', 'unknown MN', '##0001a', '370705'),
       ('MN-strange', '10.0.0.1:5', 'damaged', '\x2323ff00', '370705'),
       (NULL, '10.0.0.2:5', 'damaged', '?', '370781')""",
    "ANALYZE",
)


async def _fill(url: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.for_system() as session:
            for statement in _STATEMENTS:
                await session.execute(text(statement.replace(":", r"\:")))
            await session.commit()
    finally:
        await database.close()


@pytest.fixture(scope="module")
def filled_url(module_postgis_url: str) -> str:
    """A city of two counties; the tests only read."""
    asyncio.run(_fill(module_postgis_url))
    return module_postgis_url


@pytest_asyncio.fixture
async def ask(filled_url: str) -> AsyncIterator[As]:
    database = Database(filled_url, pool_size=2)
    async with rooms(database, router) as as_person:
        yield as_person
    await database.close()


async def _items(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a list, each as long as `limit`."""
    items: list[dict[str, Any]] = []
    while True:
        answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        if page["next"] is None:
            return items
        params["cursor"] = page["next"]


@pytest.mark.parametrize(
    ("path", "everywhere", "county"),
    [
        ("/api/enterprises", 100, 60),
        ("/api/points", 10, 6),
        ("/api/stations", 2, 1),
        ("/api/intake/devices", 3, 2),
        ("/api/intake/quarantine", 3, 2),
        ("/api/regions", 4, 3),
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 10_000])
async def test_pages_hold_each_visible_row_once(ask: As, path: str, everywhere: int, county: int, limit: int) -> None:
    for scope, expected in ((PROVINCE, everywhere), (KUIWEN, county)):
        items = await _items(ask(scope), path, limit=limit)
        keys = [item.get("id", item.get("adcode")) for item in items]
        assert len(keys) == len(set(keys)) == expected
        if scope is KUIWEN:
            assert {item["region"] for item in items} <= {"370000", "370700", "370705"}


async def test_rows_that_stand_somewhere_say_where(ask: As) -> None:
    for path in ("/api/enterprises", "/api/points", "/api/stations", "/api/regions"):
        for item in await _items(ask(PROVINCE), path):
            assert 115 < item["lon"] < 123
            assert 33 < item["lat"] < 39
            assert len(item["region"]) == 6


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "化工有限"}, 50),
        ({"q": "paper"}, 50),
        ({"q": "潍坊7化工"}, 0),
        ({"q": "潍坊7P"}, 1),
        ({"q": "100%"}, 0),
        ({"q": "_"}, 0),
        ({"q": "  "}, 100),
        ({"q": "9137"}, 100),
        ({"q": "913700000000000042"}, 1),
        ({"q": "91370000000000004"}, 10),
        ({"tags": "化工"}, 50),
        ({"tags": "化工,涉气企业"}, 50),
        ({"tags": "化工,造纸"}, 0),
        ({"risk": "high"}, 20),
        ({"risk": "high,low"}, 100),
        ({"region": "370781"}, 40),
        ({"region": "3707"}, 100),
        ({"region": "370700", "risk": "high", "tags": "化工"}, 10),
        ({"bbox": "119,36,120,37"}, 60),
        ({"bbox": "119.2,36.7,119.20005,36.7"}, 1),
        ({"bbox": "0,0,1,1"}, 0),
    ],
)
async def test_enterprises_are_found_by_what_is_known_of_them(ask: As, query: dict[str, str], expected: int) -> None:
    assert len(await _items(ask(PROVINCE), "/api/enterprises", limit=1000, **query)) == expected


async def test_an_enterprise_comes_with_its_points(ask: As) -> None:
    answer = (await ask(KUIWEN).get("/api/enterprises/1")).json()
    assert (answer["id"], answer["version"], answer["region"]) == (1, 1, "370705")
    assert [point["id"] for point in answer["points"]] == [1, 2]
    assert answer["points"][0]["enterprise_name"] == answer["name"]


async def test_what_lies_outside_the_area_is_not_found(ask: As) -> None:
    for path in ("/api/enterprises/1", "/api/points/1", "/api/points/1/readings?factor=w01018"):
        assert (await ask(KUIWEN).get(path)).status_code == 200
        assert (await ask(QINGZHOU).get(path)).status_code == 404
    assert (await ask(PROVINCE).get("/api/enterprises/100000")).status_code == 404
    assert await _items(ask(KUIWEN), "/api/enterprises", region="370781") == []


async def test_points_are_narrowed_by_kind(ask: As) -> None:
    assert len(await _items(ask(PROVINCE), "/api/points", kind="outfall")) == 5
    assert len(await _items(ask(PROVINCE), "/api/points", kind="outfall,stack", region="370781")) == 4


async def _readings(client: httpx.AsyncClient, point: int, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/api/points/{point}/readings", params={"factor": "w01018", **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_readings_of_a_day_come_in_order_and_page_by_page(ask: As) -> None:
    day = {"from": "2026-03-10T00:00:00+08:00", "to": "2026-03-11T00:00:00+08:00", "period": "hour"}
    values: list[float] = []
    cursor: dict[str, str] = {}
    while True:
        page = await _readings(ask(KUIWEN), 1, limit=7, **day, **cursor)
        values += [item["value"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert values == list(range(24))


async def test_the_limit_is_the_one_of_the_day_and_the_permit_comes_before_the_standard(ask: As) -> None:
    client = ask(KUIWEN)
    after = {"to": "2026-03-12T00:00:00+08:00"}
    assert (await _readings(client, 1, period="day", **after))["limit"]["high"] == 50
    assert (await _readings(client, 1, period="day", to="2026-03-01T00:00:00+08:00"))["limit"]["high"] == 60
    assert (await _readings(client, 2, period="day", **after))["limit"]["source"] == "排污许可证"
    assert (await _readings(client, 1, period="day", factor="w99999"))["limit"] is None
    hour = await _readings(client, 1, period="hour", **after)
    assert (hour["limit"]["period"], hour["unit"]) == ("day", "mg/L")
    assert (await _readings(client, 1, period="day", factor="w21003"))["limit"] is None


async def test_a_point_shows_the_newest_value_of_each_factor(ask: As, filled_url: str) -> None:
    database = Database(filled_url, pool_size=1)
    async with database.for_system() as session:
        await session.execute(
            text(
                "INSERT INTO reading (point_id, factor, period, at, value, region)"
                " SELECT 8, 'w01001', 'realtime', now() - n * interval '1 minute', n, '370781'"
                " FROM generate_series(1, 9) n"
            )
        )
        await session.commit()
    await database.close()
    latest = (await ask(QINGZHOU).get("/api/points/8")).json()["latest"]
    assert [(item["factor"], item["value"]) for item in latest if item["factor"] == "w01001"] == [("w01001", 1)]


async def test_loggers_show_why_they_are_quarantined_and_never_their_key(ask: As) -> None:
    answer = await ask(KUIWEN).get("/api/intake/devices")
    assert "secret" not in answer.text
    known, strange = answer.json()["items"]
    assert (known["point_name"], known["frames_quarantined"]) == ("总排口0", 0)
    assert (strange["quarantine_reason"], strange["frames_quarantined"]) == ("unknown MN", 2)
    assert [item["mn"] for item in await _items(ask(KUIWEN), "/api/intake/devices", state="active")] == ["MN-known"]


async def test_quarantined_frames_are_shown_newest_first_even_when_they_are_no_text(ask: As) -> None:
    frames = await _items(ask(KUIWEN), "/api/intake/quarantine", mn="MN-strange", limit=1)
    assert [frame["reason"] for frame in frames] == ["damaged", "unknown MN"]
    assert frames[0]["raw"] == "##�\x00"


async def test_an_officer_reads_the_area_but_nothing_of_the_intake(ask: As) -> None:
    client = ask(OFFICER)
    assert len(await _items(client, "/api/enterprises")) == 60
    assert len(await _items(client, "/api/points")) == 6
    assert await _items(client, "/api/intake/devices") == []
    assert await _items(client, "/api/intake/quarantine") == []


async def test_regions_are_as_fine_as_asked_for(ask: As) -> None:
    def corners(item: dict[str, Any]) -> int:
        return sum(len(ring) for polygon in item["geometry"]["coordinates"] for ring in polygon)

    client = ask(PROVINCE)
    [fine] = await _items(client, "/api/regions", level="city", tolerance_m=0)
    [coarse] = await _items(client, "/api/regions", level="city", tolerance_m=5000)
    [none] = await _items(client, "/api/regions", level="city", geometry="false")
    assert corners(fine) == 129 > corners(coarse) > 4
    assert none["geometry"] is None
    children = await _items(client, "/api/regions", parent="370700")
    assert [item["adcode"] for item in children] == ["370705", "370781"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/enterprises?region=37070",
        "/api/enterprises?region=abc",
        "/api/enterprises?risk=grave",
        "/api/enterprises?bbox=1,2,3",
        "/api/enterprises?bbox=nan,0,1,1",
        "/api/enterprises?cursor=-1",
        "/api/enterprises?limit=0",
        "/api/enterprises?q=%00",
        "/api/enterprises?tags=%00",
        "/api/enterprises/9223372036854775808",
        "/api/enterprises/x",
        "/api/points?kind=king",
        "/api/points/1/readings",
        "/api/points/1/readings?factor=%20",
        "/api/points/1/readings?factor=w01018&period=week",
        "/api/points/1/readings?factor=w01018&from=2026-03-10T00:00:00",
        "/api/points/1/readings?factor=w01018&to=0001-01-01T00:00:00Z",
        "/api/points/1/readings?factor=w01018&cursor=999999999999999999",
        "/api/intake/quarantine?mn=%00",
        "/api/regions?level=town",
        "/api/regions?parent=370705",
        "/api/regions?tolerance_m=nan",
    ],
)
async def test_a_question_that_cannot_be_read_is_refused(ask: As, path: str) -> None:
    assert (await ask(PROVINCE).get(path)).status_code == 422, path


async def test_nobody_is_answered_who_has_not_signed_in(ask: As) -> None:
    for path in ("/api/enterprises", "/api/points/1", "/api/intake/devices", "/api/regions"):
        assert (await ask(None).get(path)).status_code == 401
