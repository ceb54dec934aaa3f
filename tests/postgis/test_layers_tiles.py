"""Tiles, counts and features on a real database, each person in their own area."""

import asyncio
import math
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from h3.api import basic_int as h3
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from data.bulk import connected
from gis.cells import fill_cells
from gis.database import Database, Scope
from layers.api import router
from layers.tiles import MAX_TILE_BYTES, PostgisTiles
from tests.rooms import KUIWEN, PROVINCE, QINGZHOU, WEIFANG, As, rooms
from tests.vector_tile import Feature, read_tile

KUIWEN_PLACE = (119.13, 36.71)
QINGZHOU_PLACE = (118.48, 36.69)

_REGIONS = (
    ("370000", "山东省", "province", None, (114.8, 34.3, 122.8, 38.4)),
    ("370700", "潍坊市", "city", "370000", (118.1, 35.5, 120.0, 37.3)),
    ("370705", "奎文区", "county", "370700", (119.0, 36.6, 119.3, 36.8)),
    ("370781", "青州市", "county", "370700", (118.2, 36.5, 118.7, 36.9)),
    ("370100", "济南市", "city", "370000", (116.2, 36.0, 117.7, 37.5)),
    ("370102", "历下区", "county", "370100", (117.0, 36.5, 117.2, 36.7)),
)


async def _fill(url: str) -> None:
    database = Database(url, pool_size=1)
    try:
        await _insert(database)
    finally:
        await database.close()


async def _insert(database: Database) -> None:
    async with database.for_system() as session:
        for adcode, name, level, parent, box in _REGIONS:
            await session.execute(
                text(
                    "INSERT INTO region (adcode, name, level, parent, geom) VALUES (:adcode, :name, :level, :parent,"
                    " ST_Multi(ST_MakeEnvelope(:west, :south, :east, :north, 4326)))"
                ),
                {
                    "adcode": adcode,
                    "name": name,
                    "level": level,
                    "parent": parent,
                    **dict(zip(("west", "south", "east", "north"), box, strict=True)),
                },
            )
        for place, region, start in ((KUIWEN_PLACE, "370705", 0), (QINGZHOU_PLACE, "370781", 100_000)):
            await session.execute(
                text(
                    "INSERT INTO enterprise (uscc, name, industry, risk, tags, geom, region)"
                    " SELECT lpad((:start + n)::text, 18, '0'), '企业' || :start + n, CASE WHEN n % 2 = 0 THEN '2614'"
                    " ELSE '3011' END, CASE WHEN n % 10 = 0 THEN 'high' ELSE 'low' END,"
                    " CASE WHEN n % 3 = 0 THEN ARRAY['涉废水企业', '化工'] ELSE ARRAY['涉气企业'] END,"
                    " ST_SetSRID(ST_Point(:lon + (n % 100) * 0.0003, :lat + (n / 100) * 0.0003), 4326), :region"
                    " FROM generate_series(0, 7999) n"
                ),
                {"start": start, "lon": place[0], "lat": place[1], "region": region},
            )
            await session.execute(
                text(
                    "INSERT INTO monitoring_point (code, name, kind, geom, region)"
                    " SELECT CAST(:region AS text) || '-' || n, '点位' || n,"
                    " CASE WHEN n % 2 = 0 THEN 'outfall' ELSE 'stack' END,"
                    " ST_SetSRID(ST_Point(:lon + n * 0.0001, :lat), 4326), :region FROM generate_series(0, 49) n"
                ),
                {"lon": place[0], "lat": place[1], "region": region},
            )
            await session.execute(
                text(
                    "WITH o AS (INSERT INTO officer (code, name, organisation, level, region, on_duty, duty_since)"
                    " SELECT CAST(:region AS text) || n, '队员' || n, '大队', 'county', :region, n > 0, now()"
                    " FROM generate_series(0, 3) n RETURNING id, region)"
                    " INSERT INTO officer_position (officer_id, geom, at, source, region, moved)"
                    " SELECT id, ST_SetSRID(ST_Point(:lon, :lat), 4326), now(), 'test', region, 1 FROM o"
                ),
                {"lon": place[0], "lat": place[1], "region": region},
            )
            await session.execute(
                text(
                    "INSERT INTO alert (kind, level, title, geom, region, raised_by, status, closed_at)"
                    " SELECT 'manual', 1 + n, '预警', ST_SetSRID(ST_Point(:lon, :lat), 4326), :region, 'test',"
                    " CASE WHEN n = 0 THEN 'closed' ELSE 'raised' END, CASE WHEN n = 0 THEN now() END"
                    " FROM generate_series(0, 2) n"
                ),
                {"lon": place[0], "lat": place[1], "region": region},
            )
            await session.execute(
                text(
                    "INSERT INTO station (code, name, organisation, level, geom, region)"
                    " VALUES (CAST(:region AS text), '驻点', '大队', 'county',"
                    " ST_SetSRID(ST_Point(:lon, :lat), 4326), :region)"
                ),
                {"lon": place[0], "lat": place[1], "region": region},
            )
        await session.execute(text("ANALYZE enterprise"))
        await session.commit()


@pytest.fixture(scope="module")
def filled_url(module_postgis_url: str) -> str:
    """Two counties of one city with 8,000 enterprises each; the tests only read."""
    asyncio.run(_fill(module_postgis_url))
    with connected(module_postgis_url) as connection:
        assert fill_cells(connection) == 16_100
    return module_postgis_url


@pytest_asyncio.fixture
async def database(filled_url: str) -> AsyncIterator[Database]:
    opened = Database(filled_url, pool_size=2)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def ask(database: Database) -> AsyncIterator[As]:
    async with rooms(database, router) as as_person:
        yield as_person


def _tile_of(place: tuple[float, float], z: int) -> tuple[int, int, int]:
    lon, lat = place
    y = (0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)) * 2**z
    return z, math.floor((lon + 180) / 360 * 2**z), math.floor(y)


async def _tile(
    client: httpx.AsyncClient, layer: str, z: int, x: int, y: int, **filters: str
) -> dict[str, list[Feature]]:
    answer = await client.get(f"/tiles/{layer}/{z}/{x}/{y}.mvt", params=filters)
    assert answer.status_code in (200, 204), answer.text
    assert len(answer.content) < MAX_TILE_BYTES
    return read_tile(answer.content)


def _counted(tile: dict[str, list[Feature]], layer: str) -> int:
    return sum(feature.properties.get("count", 1) for feature in tile.get(layer, []))


async def _all_tiles(client: httpx.AsyncClient, layer: str, z: int, **filters: str) -> list[dict[str, list[Feature]]]:
    _, west, north = _tile_of((118.0, 37.0), z)
    _, east, south = _tile_of((119.5, 36.4), z)
    return [
        await _tile(client, layer, z, x, y, **filters)
        for x in range(west - 1, east + 2)
        for y in range(north - 1, south + 2)
    ]


async def _everywhere(client: httpx.AsyncClient, **filters: str) -> int:
    return sum(_counted(tile, "enterprises") for tile in await _all_tiles(client, "enterprises", 6, **filters))


async def test_cells_of_all_tiles_add_up_to_every_enterprise_of_the_area(ask: As) -> None:
    for scope, expected in ((PROVINCE, 16_000), (WEIFANG, 16_000), (KUIWEN, 8_000), (QINGZHOU, 8_000)):
        for z in (5, 8, 10):
            tiles = await _all_tiles(ask(scope), "enterprises", z)
            assert sum(_counted(tile, "enterprises") for tile in tiles) == expected, (scope, z)


async def test_cells_count_the_grave_risks_among_them(ask: As) -> None:
    tile = await _tile(ask(KUIWEN), "enterprises", *_tile_of(KUIWEN_PLACE, 5))
    assert sum(feature.properties["high"] for feature in tile["enterprises"]) == 800


@pytest.mark.parametrize("layer", ["enterprises", "points", "stations", "officers", "alerts"])
@pytest.mark.parametrize("z", [6, 9, 11, 14, 16])
async def test_a_county_desk_finds_nothing_of_another_county_in_any_tile(ask: As, layer: str, z: int) -> None:
    assert await _tile(ask(QINGZHOU), layer, *_tile_of(QINGZHOU_PLACE, z))
    assert layer not in await _tile(ask(KUIWEN), layer, *_tile_of(QINGZHOU_PLACE, max(z, 9)))


async def test_a_county_desk_sees_outlines_of_itself_and_what_lies_above_it(ask: As) -> None:
    tile = await _tile(ask(KUIWEN), "regions", *_tile_of((118.5, 36.6), 8))
    assert {feature.properties["adcode"] for feature in tile["regions"]} <= {"370000", "370700", "370705"}
    whole = await _tile(ask(PROVINCE), "regions", *_tile_of((118.5, 36.6), 5))
    assert {feature.properties["adcode"] for feature in whole["regions"]} == {"370000", "370700", "370100"}
    assert {feature.kind for feature in whole["regions"]} == {3}
    assert {feature.properties["name"] for feature in whole["regions_label"]} <= {"山东省", "潍坊市", "济南市"}


async def test_a_name_of_a_region_is_sent_in_one_tile_only(ask: As) -> None:
    labels = [
        feature.properties["adcode"]
        for x in range(205, 216)
        for y in range(95, 105)
        for feature in (await _tile(ask(PROVINCE), "regions", 8, x, y)).get("regions_label", [])
    ]
    assert sorted(labels) == [adcode for adcode, *_ in sorted(_REGIONS)]


async def test_a_crowded_tile_is_counted_in_cells_and_loses_nobody(ask: As, database: Database) -> None:
    z, x, y = _tile_of((119.145, 36.72), 11)
    tile = await _tile(ask(KUIWEN), "enterprises", z, x, y)
    assert max(feature.properties["count"] for feature in tile["enterprises"]) > 1
    async with database.for_person(KUIWEN) as session:
        there = await session.scalar(
            text(
                "SELECT count(*) FROM enterprise"
                " WHERE floor(mercator_x(geom, :z)) = :x AND floor(mercator_y(geom, :z)) = :y"
            ),
            {"z": z, "x": x, "y": y},
        )
    assert _counted(tile, "enterprises") == there > 6_000


@pytest.mark.parametrize("count", [2_500, 2_501, 30_000])
@pytest.mark.parametrize("z", [11, 13, 14, 18])
async def test_the_longest_names_in_one_place_still_make_a_small_tile(database: Database, z: int, count: int) -> None:
    async with database.for_system() as session:  # never committed
        await session.execute(
            text(
                "INSERT INTO enterprise (uscc, name, industry, geom, region)"
                " SELECT 'L' || n, repeat('测', 34) || lpad(n::text, 6, '0') || repeat('试', 20),"
                " lpad((n % 9999)::text, 4, '0'), ST_Point(122.0 + (n % 97) * 1e-6, 37.0, 4326), '371002'"
                " FROM generate_series(1, :count) n"
            ),
            {"count": count},
        )
        tile = await PostgisTiles("layer_enterprises").tile(session, *_tile_of((122.0, 37.0), z), {})
    assert len(tile) < MAX_TILE_BYTES
    assert _counted(read_tile(tile), "enterprises") == count


async def test_high_zooms_draw_each_enterprise_alone_at_its_place_with_its_name(ask: As) -> None:
    z, x, y = _tile_of(KUIWEN_PLACE, 15)
    tile = await _tile(ask(KUIWEN), "enterprises", z, x, y)
    named = {feature.properties["name"]: feature for feature in tile["enterprises"]}
    lon, lat = KUIWEN_PLACE
    u = ((lon + 180) / 360 * 2**z - x) * 4096
    v = ((0.5 - math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) / (2 * math.pi)) * 2**z - y) * 4096
    assert named["企业0"].first == pytest.approx((u, v), abs=1)
    assert all("count" not in feature.properties for feature in tile["enterprises"])


async def test_the_arithmetic_of_tiles_equals_that_of_postgis(database: Database) -> None:
    async with database.for_system() as session:
        worst = await session.scalar(
            text(
                "SELECT max(ST_Distance(ST_Transform(g, 3857), ST_Point((mercator_x(g, 0) - 0.5) * s,"
                " (0.5 - mercator_y(g, 0)) * s, 3857))) FROM (SELECT 40075016.68557849 AS s,"
                " ST_SetSRID(ST_Point(lon, lat), 4326) AS g FROM generate_series(-180, 180, 7) lon,"
                " generate_series(-85, 85, 5) lat) places"
            )
        )
    assert worst < 1e-6


async def test_filters_narrow_a_tile(ask: As) -> None:
    client = ask(KUIWEN)
    for filters, expected in (
        ({"risk": "high"}, 800),
        ({"risk": "high,low"}, 8_000),
        ({"tag": "化工,涉废水企业"}, 2_667),
        ({"tag": "化工,涉气企业"}, 0),
        ({"industry": "26"}, 4_000),
        ({"industry": "26,3011"}, 8_000),
        ({"region": "370781"}, 0),
        ({"region": "370700"}, 8_000),
        ({"risk": "high", "industry": "3011"}, 0),
    ):
        assert await _everywhere(client, **filters) == expected, filters


async def test_closed_alerts_and_officers_off_duty_are_not_drawn(ask: As) -> None:
    client, place = ask(KUIWEN), _tile_of(KUIWEN_PLACE, 12)
    assert len((await _tile(client, "alerts", *place))["alerts"]) == 2
    assert len((await _tile(client, "alerts", *place, status="closed"))["alerts"]) == 1
    officers = (await _tile(client, "officers", *place))["officers"]
    assert [feature.properties["status"] for feature in officers] == ["free"] * 3


async def test_an_officer_sees_the_enterprises_of_the_area_but_no_colleague(ask: As) -> None:
    client = ask(Scope("officer1", "officer", "370705", officer_id=1))
    assert await _everywhere(client) == 8_000
    assert len((await _tile(client, "officers", *_tile_of(KUIWEN_PLACE, 12))).get("officers", [])) <= 1


async def test_a_tile_that_did_not_change_is_not_sent_again(ask: As) -> None:
    client, path = ask(KUIWEN), "/tiles/points/{}/{}/{}.mvt".format(*_tile_of(KUIWEN_PLACE, 12))
    first = await client.get(path)
    assert first.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert first.headers["cache-control"] == "private, no-cache"
    again = await client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await ask(PROVINCE).get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_addresses_that_are_none_are_refused_with_the_reason(ask: As) -> None:
    client = ask(KUIWEN)
    for path, status in (
        ("/tiles/points/0/0/0.mvt", 200),
        ("/tiles/points/12/0/0.mvt", 204),
        ("/tiles/nothing/0/0/0.mvt", 404),
        ("/tiles/roads/6/52/24.mvt", 404),
        ("/tiles/points/0/1/0.mvt", 422),
        ("/tiles/points/23/0/0.mvt", 422),
        ("/tiles/points/-1/0/0.mvt", 422),
        ("/tiles/points/a/0/0.mvt", 422),
        ("/tiles/points/0/0/0.mvt?king=outfall", 422),
        ("/tiles/points/0/0/0.mvt?kind=king", 422),
        ("/tiles/enterprises/0/0/0.mvt?tag=%00", 422),
        ("/tiles/points/0/0/0.mvt?region=x", 422),
    ):
        assert (await client.get(path)).status_code == status, path
    assert (await ask(None).get("/tiles/points/0/0/0.mvt")).status_code == 401


async def test_counts_by_each_way_agree_with_the_total(ask: As) -> None:
    for scope, total in ((PROVINCE, 16_000), (KUIWEN, 8_000)):
        for by in ("region", "risk", "credit", "industry"):
            answer = (await ask(scope).get("/api/layers/enterprises/stats", params={"by": by})).json()
            assert answer["total"] == total
            assert sum(item["count"] for item in answer["items"]) == total, by
    tags = (await ask(KUIWEN).get("/api/layers/enterprises/stats?by=tag")).json()["items"]
    assert {item["key"]: item["count"] for item in tags} == {"涉气企业": 5_333, "涉废水企业": 2_667, "化工": 2_667}


async def test_a_province_is_counted_by_city_and_a_city_by_county(ask: As) -> None:
    async def counts(scope: Scope, region: str) -> dict[str, int]:
        answer = await ask(scope).get("/api/layers/enterprises/stats", params={"region": region})
        return {item["key"]: item["count"] for item in answer.json()["items"]}

    assert await counts(PROVINCE, "370000") == {"370100": 0, "370700": 16_000}
    assert await counts(PROVINCE, "3707") == {"370705": 8_000, "370781": 8_000}
    assert await counts(KUIWEN, "370000") == {"370700": 8_000}
    assert await counts(KUIWEN, "370781") == {}
    high = (await ask(PROVINCE).get("/api/layers/enterprises/stats?risk=high&region=3707")).json()
    assert high["total"] == 1_600


async def test_a_layer_that_cannot_be_counted_says_so(ask: As) -> None:
    assert (await ask(PROVINCE).get("/api/layers/enterprises/stats?by=colour")).status_code == 422
    assert (await ask(PROVINCE).get("/api/layers/roads/stats")).status_code == 404
    assert (await ask(PROVINCE).get("/api/layers/roads/features")).status_code == 404


@pytest.mark.parametrize(
    ("layer", "expected"), [("points", 100), ("stations", 2), ("officers", 6), ("alerts", 4), ("regions", 6)]
)
async def test_pages_of_features_hold_each_row_once(ask: As, layer: str, expected: int) -> None:
    client = ask(PROVINCE)
    ids: list[int] = []
    cursor: str | None = None
    while True:
        params = {"limit": "3"} if cursor is None else {"limit": "3", "cursor": cursor}
        answer = (await client.get(f"/api/layers/{layer}/features", params=params)).json()
        assert answer["type"] == "FeatureCollection"
        ids += [feature["id"] for feature in answer["features"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(ids) == len(set(ids)) == expected


async def test_features_lie_in_the_box_and_in_the_area_of_the_person(ask: As) -> None:
    box = {"bbox": "119,36,120,37", "limit": "1000"}
    features = (await ask(PROVINCE).get("/api/layers/points/features", params=box)).json()["features"]
    assert len(features) == 50
    assert all(119 <= feature["geometry"]["coordinates"][0] <= 120 for feature in features)
    assert (await ask(QINGZHOU).get("/api/layers/points/features", params=box)).json()["features"] == []
    assert (await ask(QINGZHOU).get("/api/layers/points/features", params={"bbox": "1,2,3"})).status_code == 422


async def test_the_list_of_layers_tells_a_map_all_that_it_needs(ask: As) -> None:
    items = {item["id"]: item for item in (await ask(KUIWEN).get("/api/layers")).json()["items"]}
    assert items["enterprises"]["tiles"] == "/tiles/enterprises/{z}/{x}/{y}.mvt"
    assert items["roads"]["tiles"] is None
    assert items["regions"]["vector_layers"] == ["regions", "regions_label"]
    assert items["points"]["title"] == {"zh": "监测点位", "en": "Monitoring points"}


async def test_a_person_finds_tiles_by_the_spatial_index(database: Database) -> None:
    async with database.for_person(PROVINCE) as session:
        plan = await session.scalars(text("EXPLAIN SELECT id FROM enterprise WHERE geom && tile_box(16, 54453, 25660)"))
        assert "ix_enterprise_geom" in "\n".join(plan)


_KEPT = "SELECT cell, region, risk, credit, count FROM enterprise_cell WHERE count > 0"
_NOW = (
    "SELECT cell_parent(cell, resolution), region, risk, credit, count(*) FROM enterprise"
    " CROSS JOIN generate_series(3, 7) resolution WHERE cell IS NOT NULL GROUP BY 1, 2, 3, 4"
)
_KEPT_BY_TAG = "SELECT cell, tag, region, risk, credit, count FROM enterprise_tag_cell WHERE count > 0"
_NOW_BY_TAG = (
    "SELECT cell_parent(cell, resolution), tag, region, risk, credit, count(DISTINCT id) FROM enterprise"
    " CROSS JOIN unnest(tags) tag CROSS JOIN generate_series(3, 6) resolution"
    " WHERE cell IS NOT NULL GROUP BY 1, 2, 3, 4, 5"
)


async def test_kept_counts_follow_every_change(database: Database) -> None:
    async with database.for_system() as session:  # never committed
        for change in (
            "UPDATE enterprise SET risk = 'medium' WHERE id % 7 = 0",
            "UPDATE enterprise SET cell = NULL WHERE id % 5 = 0",
            "UPDATE enterprise SET region = '370705' WHERE id % 11 = 0",
            "UPDATE enterprise SET tags = tags || '{化工,化工}' WHERE id % 13 = 0",
            "DELETE FROM enterprise WHERE id % 3 = 0",
            "INSERT INTO enterprise (uscc, name, industry, tags, geom, cell, region)"
            " SELECT 'N' || id, name, industry, tags, geom, cell, region FROM enterprise WHERE id % 4 = 0",
        ):
            await session.execute(text(change))
            for queries in ((_KEPT, _NOW), (_KEPT_BY_TAG, _NOW_BY_TAG)):
                kept, now = [set(map(tuple, await session.execute(text(query)))) for query in queries]
                assert kept == now, change


async def test_whoever_moves_has_no_cell_until_it_is_found_and_is_counted_all_the_same(database: Database) -> None:
    async with database.for_system() as session:  # never committed
        moved = "UPDATE enterprise SET geom = ST_Translate(geom, 0.3, 0) WHERE id % 2 = 0"
        await session.execute(text(moved))
        assert await session.scalar(text("SELECT count(*) FROM enterprise WHERE cell IS NULL")) == 8_000
        counted = 0
        _, west, north = _tile_of((118.0, 37.0), 8)
        _, east, south = _tile_of((120.0, 36.4), 8)
        for x in range(west, east + 1):
            for y in range(north, south + 1):
                tile = await PostgisTiles("layer_enterprises").tile(session, 8, x, y, {})
                counted += _counted(read_tile(tile), "enterprises")
    assert counted == 16_000


@pytest.mark.parametrize("filters", [{}, {"tag": "化工"}])
async def test_a_hexagon_has_the_same_count_in_every_tile_that_it_reaches_into(
    ask: As, filters: dict[str, str]
) -> None:
    for layer in ("enterprises", "points"):
        if layer == "points" and filters:
            continue
        _, west, north = _tile_of((118.0, 37.0), 9)
        _, east, south = _tile_of((119.5, 36.4), 9)
        points, hexagons = [], set()
        for x in range(west, east + 1):
            for y in range(north, south + 1):
                tile = await _tile(ask(PROVINCE), layer, 9, x, y, **filters)
                points += [tuple(sorted(one.properties.items())) for one in tile.get(layer, [])]
                hexagons |= {tuple(sorted(one.properties.items())) for one in tile.get(f"{layer}_cells", [])}
                assert {one.kind for one in tile.get(f"{layer}_cells", [])} <= {3}
        assert set(points) == hexagons


@pytest.mark.parametrize("filters", [{}, {"risk": ["high", "medium"]}, {"region": ["370705"]}])
async def test_kept_counts_of_a_tag_are_those_of_its_rows(database: Database, filters: dict[str, list[str]]) -> None:
    """A tag that is said twice is answered by counting rows."""
    for z in (6, 9):
        _, x, y = _tile_of(KUIWEN_PLACE, z)
        async with database.for_person(PROVINCE) as session:
            layer = PostgisTiles("layer_enterprises")
            kept = read_tile(await layer.tile(session, z, x, y, {"tag": ["化工"], **filters}))
            rows = read_tile(await layer.tile(session, z, x, y, {"tag": ["化工", "化工"], **filters}))
        assert _counted(kept, "enterprises") > 0
        for name in ("enterprises", "enterprises_cells"):
            assert sorted(map(str, kept[name])) == sorted(map(str, rows[name]))


async def test_parents_by_arithmetic_are_those_of_h3(database: Database) -> None:
    cells = [h3.latlng_to_cell(lat, lon, 10) for lat in range(-80, 81, 16) for lon in range(-179, 180, 23)]
    async with database.for_system() as session:
        rows = await session.execute(
            text("SELECT c, r, cell_parent(c, r) FROM unnest(CAST(:cells AS bigint[])) c, generate_series(0, 10) r"),
            {"cells": cells},
        )
        assert all(h3.cell_to_parent(cell, resolution) == parent for cell, resolution, parent in rows)


async def test_nobody_reads_the_hexagons_of_others(database: Database) -> None:
    async with database.for_person(PROVINCE) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text("SELECT * FROM map_cell"))
