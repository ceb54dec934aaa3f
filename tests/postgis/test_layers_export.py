"""Files of what is seen: the same rows, filters and rights as the map, and safe to open."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pyogrio
import pytest
import pytest_asyncio
from sqlalchemy import text

from gis.database import Database, Scope
from gis.spreadsheets import no_formula
from layers import api, export_api
from tests.rooms import KUIWEN, PROVINCE, QINGZHOU, As, rooms

_ROWS = (
    "INSERT INTO region (adcode, name, level, geom) VALUES ('370000', '山东省', 'province',"
    " ST_Multi(ST_MakeEnvelope(114, 34, 123, 39, 4326)))",
    "INSERT INTO enterprise (uscc, name, industry, risk, credit, tags, geom, region, updated_at) VALUES"
    " ('U1', '=HYPERLINK(\"http://x\")', '2614', 'high', 'black', '{化工,涉气企业}', ST_Point(119.1, 36.7, 4326),"
    "  '370705', '2026-01-02 00:00Z'),"
    " ('U2', '奎文,\"引号\"', '3011', 'low', 'green', '{}', ST_Point(119.2, 36.7, 4326),"
    "  '370705', '2026-01-03 00:00Z'),"
    " ('U3', '青州厂', '3011', 'high', 'green', '{}', ST_Point(118.5, 36.7, 4326), '370781', '2026-01-04 00:00Z')",
    "INSERT INTO alert (kind, level, title, geom, region, raised_by, raised_at) VALUES"
    " ('manual', 2, '预警', ST_Point(119.1, 36.7, 4326), '370705', 'x', '2026-01-02 16:30Z')",
)


@pytest_asyncio.fixture
async def ask(postgis_url: str) -> AsyncIterator[As]:
    database = Database(postgis_url, pool_size=2)
    async with database.for_system() as session, session.begin():
        for statement in _ROWS:
            await session.execute(text(statement.replace(":", "\\:")))
    async with rooms(database, api.router, export_api.router) as as_person:
        yield as_person
    await database.close()


async def _csv(client: httpx.AsyncClient, layer: str, **params: str) -> list[dict[str, str]]:
    answer = await client.get(f"/api/layers/{layer}/export", params={"format": "csv", **params})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_table_has_the_words_of_its_reader_and_no_formula(ask: As) -> None:
    first, second = await _csv(ask(KUIWEN), "enterprises")
    assert first["名称"] == '\'=HYPERLINK("http://x")'
    assert (first["风险等级"], first["环保信用"], first["标签"]) == ("高风险", "黑标", "化工;涉气企业")
    assert (first["经度"], first["纬度"]) == ("119.1000000", "36.7000000")
    assert second["名称"] == '奎文,"引号"'
    (english, _) = await _csv(ask(KUIWEN), "enterprises", lang="en")
    assert (english["risk"], english["demonstration data"]) == ("high risk", "no")
    answer = await ask(KUIWEN).get(
        "/api/layers/alerts/export?format=csv", headers={"Accept-Language": "en-GB,zh;q=0.5"}
    )
    (alert,) = csv.DictReader(io.StringIO(answer.text))
    assert (alert["level"], alert["raised at"]) == ("orange", "2026-01-03T00:30:00+08:00")


async def test_a_file_holds_what_is_seen_with_the_same_filters_and_rights(ask: As) -> None:
    async def seen(scope: Scope, **params: str) -> list[str]:
        rows = await _csv(ask(scope), "enterprises", **params)
        features = await ask(scope).get("/api/layers/enterprises/features", params=params)
        assert [row["序号"] for row in rows] == [str(one["id"]) for one in features.json()["features"]]
        return [row["统一社会信用代码"] for row in rows]

    assert await seen(PROVINCE) == ["U1", "U2", "U3"]
    assert await seen(QINGZHOU) == ["U3"]
    assert await seen(PROVINCE, risk="high") == ["U1", "U3"]
    assert await seen(PROVINCE, tag="化工") == ["U1"]
    assert await seen(PROVINCE, bbox="119.15,36,120,37") == ["U2"]
    assert await seen(KUIWEN, region="370781") == []


@pytest.mark.parametrize(("layer", "count"), [("enterprises", 2), ("alerts", 1), ("regions", 1), ("stations", 0)])
async def test_a_geopackage_is_read_by_gdal(ask: As, tmp_path: Path, layer: str, count: int) -> None:
    answer = await ask(KUIWEN).get(f"/api/layers/{layer}/export?format=gpkg")
    assert answer.status_code == 200, answer.text
    file = tmp_path / "rows.gpkg"
    file.write_bytes(answer.content)
    info = pyogrio.read_info(file)
    assert (info["features"], info["crs"], info["layer_name"]) == (count, "EPSG:4326", layer)
    frame = pyogrio.read_dataframe(file)
    if layer == "enterprises":
        assert list(frame["uscc"]) == ["U1", "U2"]
        assert (frame.geometry[0].x, frame.geometry[0].y) == (119.1, 36.7)
        assert (frame["name"][0], frame["tags"][0], bool(frame["demo"][0])) == (
            '=HYPERLINK("http://x")',
            "化工;涉气企业",
            False,
        )
    if layer == "alerts":
        assert (frame["level"][0], frame["raised_at"][0]) == (2, "2026-01-03T00:30:00+08:00")
        assert frame["point_id"].isna().all()


async def test_what_cannot_be_exported_is_refused_with_the_reason(ask: As) -> None:
    client = ask(KUIWEN)
    for path, status in (
        ("/api/layers/roads/export?format=csv", 404),
        ("/api/layers/nothing/export?format=csv", 404),
        ("/api/layers/enterprises/export", 422),
        ("/api/layers/enterprises/export?format=pdf", 422),
        ("/api/layers/enterprises/export?format=csv&colour=red", 422),
        ("/api/layers/enterprises/export?format=csv&bbox=1,2", 422),
    ):
        assert (await client.get(path)).status_code == status, path
    assert (await ask(None).get("/api/layers/enterprises/export?format=csv")).status_code == 401


async def test_the_newest_data_that_a_person_sees_give_a_layer_its_time(ask: As) -> None:
    async def as_of(scope: Scope) -> str | None:
        counted = (await ask(scope).get("/api/layers/enterprises/stats")).json()["as_of"]
        listed = (await ask(scope).get("/api/layers")).json()["items"]
        assert next(layer["as_of"] for layer in listed if layer["id"] == "enterprises") == counted
        return counted

    assert await as_of(PROVINCE) == "2026-01-04T00:00:00Z"
    assert await as_of(KUIWEN) == "2026-01-03T00:00:00Z"
    assert await as_of(Scope("jinan", "duty", "3701")) is None


async def test_counts_in_view_are_those_in_the_box(ask: As) -> None:
    async def count(**params: str) -> int:
        return int((await ask(PROVINCE).get("/api/layers/enterprises/stats", params=params)).json()["total"])

    assert await count(bbox="119,36,119.15,37") == 1
    assert await count(bbox="118,36,120,37", risk="high") == 2
    assert await count(bbox="118,36,120,37", region="370705") == 2
    assert (await ask(PROVINCE).get("/api/layers/enterprises/stats?bbox=1")).status_code == 422


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_a_formula_is_shown_and_not_reckoned(cell: str) -> None:
    assert no_formula(cell) == f"'{cell}"
    assert no_formula(f"x{cell}") == f"x{cell}"
