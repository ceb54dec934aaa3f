"""The one box: what it finds, in which order, and for whom."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from gis.database import Database, Scope
from layers.search_api import router
from tests.rooms import KUIWEN, PROVINCE, QINGZHOU, As, rooms

_ROWS = (
    "INSERT INTO region (adcode, name, level, parent, geom) VALUES"
    " ('370000', '山东省', 'province', NULL, ST_Multi(ST_MakeEnvelope(114, 34, 123, 39, 4326))),"
    " ('370700', '潍坊市', 'city', '370000', ST_Multi(ST_MakeEnvelope(118, 35, 120, 38, 4326))),"
    " ('370705', '奎文区', 'county', '370700', ST_Multi(ST_MakeEnvelope(119, 36.6, 119.3, 36.8, 4326))),"
    " ('370781', '青州市', 'county', '370700', ST_Multi(ST_MakeEnvelope(118, 36.6, 118.5, 36.8, 4326)))",
    "INSERT INTO enterprise (uscc, name, industry, geom, region) VALUES"
    " ('91370705AAAAAAAAA1', '奎文大洋化工有限公司', '2614', ST_Point(119.1, 36.7, 4326), '370705'),"
    " ('91370705AAAAAAAAA2', '大洋', '2614', ST_Point(119.1, 36.7, 4326), '370705'),"
    " ('91370705AAAAAAAAA3', '大洋造纸厂', '2614', ST_Point(119.1, 36.7, 4326), '370705'),"
    " ('91370705AAAAAAAAA4', '100%_Pure', '2614', ST_Point(119.1, 36.7, 4326), '370705'),"
    " ('91370781AAAAAAAAA1', '青州大洋', '2614', ST_Point(118.2, 36.7, 4326), '370781')",
    "INSERT INTO monitoring_point (code, name, kind, enterprise_id, geom, region)"
    " SELECT 'WS-01', '总排口', 'outfall', id, geom, region FROM enterprise WHERE name = '大洋造纸厂'",
    "INSERT INTO data_logger (mn, password, point_id, region) SELECT '88888880000001', 'x', id, region"
    " FROM monitoring_point",
    "INSERT INTO station (code, name, organisation, level, geom, region) VALUES"
    " ('S1', '奎文大队驻地', '奎文大队', 'county', ST_Point(119.1, 36.7, 4326), '370705')",
    "WITH o AS (INSERT INTO officer (code, name, organisation, level, region, on_duty, duty_since) VALUES"
    " ('C1', '王大洋', '奎文大队', 'county', '370705', true, now()) RETURNING id)"
    " INSERT INTO officer_position (officer_id, geom, at, source, region, moved)"
    " SELECT id, ST_Point(119.2, 36.7, 4326), now(), 'x', '370705', 1 FROM o",
    "INSERT INTO alert (kind, level, title, geom, region, raised_by) VALUES"
    " ('manual', 2, '大洋排口超标', ST_Point(119.1, 36.7, 4326), '370705', 'x')",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ask(module_postgis_url: str) -> AsyncIterator[As]:
    database = Database(module_postgis_url, pool_size=2)
    async with database.for_system() as session, session.begin():
        for statement in _ROWS:
            await session.execute(text(statement))
    async with rooms(database, router) as as_person:
        yield as_person
    await database.close()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _find(ask: As, q: str, scope: Scope = PROVINCE, **params: Any) -> list[dict[str, Any]]:
    answer = await ask(scope).get("/api/search", params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_exact_name_comes_first_then_beginnings_then_parts(ask: As) -> None:
    found = await _find(ask, "大洋")
    assert [(one["type"], one["name"]) for one in found] == [
        ("enterprise", "大洋"),
        ("alert", "大洋排口超标"),
        ("enterprise", "大洋造纸厂"),
        ("officer", "王大洋"),
        ("enterprise", "青州大洋"),
        ("enterprise", "奎文大洋化工有限公司"),
    ]
    assert [one["name"] for one in await _find(ask, "大洋", limit=2)] == ["大洋", "大洋排口超标"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("91370705AAAAAAAAA2", ("enterprise", "大洋")),
        ("91370705aaaaaaaaa2", ("enterprise", "大洋")),
        ("9137078", ("enterprise", "青州大洋")),
        ("化工", ("enterprise", "奎文大洋化工有限公司")),
        ("0%_p", ("enterprise", "100%_Pure")),
        ("ws-01", ("point", "总排口")),
        ("88888880000001", ("point", "总排口")),
        ("奎文区", ("region", "奎文区")),
        ("370781", ("region", "青州市")),
        ("潍坊", ("region", "潍坊市")),
        ("奎文大队", ("station", "奎文大队驻地")),
        ("王", ("officer", "王大洋")),
        ("C1", ("officer", "王大洋")),
        ("#1", ("alert", "大洋排口超标")),
        ("36.7N 119.1E", ("coordinate", "119.100000, 36.700000")),
    ],
)
async def test_everything_is_found_by_what_people_call_it(ask: As, words: str, expected: tuple[str, str]) -> None:
    found = await _find(ask, words)
    assert (found[0]["type"], found[0]["name"]) == expected


@pytest.mark.parametrize("words", ["龘龘", "%", "_", "洋洋", "#999", "9" * 40, "'; DROP TABLE enterprise"])
async def test_what_nobody_is_called_finds_nothing(ask: As, words: str) -> None:
    assert [one for one in await _find(ask, words) if one["type"] != "officer"] == []


async def test_a_place_says_where_it_lies(ask: As) -> None:
    (place,) = await _find(ask, "119.1, 36.7")
    assert (place["id"], place["detail"], place["region"]) == (None, "奎文区", "370705")
    (outside,) = await _find(ask, "119.1, 36.7", QINGZHOU)
    assert (outside["lon"], outside["lat"], outside["region"]) == (119.1, 36.7, None)


async def test_a_person_is_where_the_last_fix_was_and_only_for_those_who_may_see_people(ask: As) -> None:
    (officer,) = await _find(ask, "王大洋", KUIWEN)
    assert (officer["lon"], officer["lat"], officer["region"]) == (119.2, 36.7, "370705")
    for scope in (QINGZHOU, Scope("expert", "expert", "37"), Scope("officer9", "officer", "370705", officer_id=999)):
        assert await _find(ask, "王大洋", scope) == [], scope


async def test_nobody_finds_what_lies_in_another_area(ask: As) -> None:
    assert {one["region"] for one in await _find(ask, "大洋", KUIWEN)} == {"370705"}
    assert {one["region"] for one in await _find(ask, "大洋", QINGZHOU)} == {"370781"}
    assert await _find(ask, "91370705", QINGZHOU) == []
    assert await _find(ask, "88888880000001", Scope("planner", "planner", "37")) == []


async def test_a_question_that_is_none_is_refused(ask: As) -> None:
    for query in ("", "?q=", "?q=%20", "?q=%00", "?q=" + "x" * 501, "?q=x&limit=0", "?q=x&limit=51"):
        assert (await ask(PROVINCE).get(f"/api/search{query}")).status_code == 422, query
    assert (await ask(None).get("/api/search?q=x")).status_code == 401


async def test_a_person_finds_names_by_their_index(module_postgis_url: str) -> None:
    """Which the planner considers under row-level security only for functions that give nothing away."""
    database = Database(module_postgis_url, pool_size=1)
    async with database.for_system() as session:
        trusted = await session.scalars(text("SELECT proname FROM pg_proc WHERE proleakproof"))
        assert set(trusted) >= {"bigrams", "arraycontains", "texticlike", "text_pattern_ge", "text_pattern_lt"}
    await database.close()
