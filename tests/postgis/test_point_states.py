"""How points are by what came in last, and which roads are closed: the same in tiles, counts and rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from gis.database import Scope
from tests.house import CENTRE, FANGZI, IN_FANGZI, KUIWEN, House, Logger
from tests.vector_tile import read_tile

STATES = ("normal", "over", "not_measuring", "silent")
SECOND = timedelta(seconds=1)
TILE = "12/3403/1598"  # with the centre of the sample town


async def _tile(app: House, layer: str, *, by: str = "duty", query: str = "") -> list[dict[str, Any]]:
    answer = await app.person(by).get(f"/tiles/{layer}/{TILE}.mvt?{query}")
    assert answer.status_code in (200, 204), answer.text
    return [{"id": one.id, **one.properties} for one in read_tile(answer.content).get(layer, [])]


async def _features(app: House, layer: str, *, by: str = "duty", query: str = "") -> list[dict[str, Any]]:
    answer = await app.person(by).get(f"/api/layers/{layer}/features?{query}")
    return [{"id": one["id"], **one["properties"]} for one in answer.json()["features"]]


async def _state(app: House) -> str:
    """The state of the only point, which tile, row and counts must agree on."""
    ((drawn,), (row,)) = (await _tile(app, "points"), await _features(app, "points"))
    counted = (await app.person("duty").get("/api/layers/points/stats?by=state")).json()
    assert {one["key"]: one["count"] for one in counted["items"]} == {row["state"]: 1}
    for state in STATES:
        there = [row["id"]] if state == row["state"] else []
        for found in (_tile(app, "points", query=f"state={state}"), _features(app, "points", query=f"state={state}")):
            assert [one["id"] for one in await found] == there
        narrowed = await app.person("duty").get(f"/api/layers/points/stats?state={state}")
        assert narrowed.json()["total"] == len(there)
    assert drawn["state"] == row["state"]
    return str(row["state"])


async def test_the_state_follows_the_frames(app: House) -> None:
    await app.outfall()
    logger, start = Logger(app), datetime.now(UTC).replace(microsecond=0) - 20 * SECOND
    assert await _state(app) == "silent"  # never heard of
    await logger.cod(31.5, at=start)
    assert await _state(app) == "normal"
    await logger.cod(86.4, at=start + SECOND)
    assert await _state(app) == "over"
    await logger.cod(20.0, at=start)  # an older value corrected says nothing about now
    assert await _state(app) == "over"
    await logger.cod(86.4, at=start + 2 * SECOND, flag="D")
    assert await _state(app) == "not_measuring"
    (row,) = await _features(app, "points")
    assert (row["factor"], row["value"]) == ("w01018", 86.4)
    as_of = (await app.person("duty").get("/api/layers/points/stats")).json()["as_of"]
    assert datetime.fromisoformat(as_of) == datetime.fromisoformat(row["reading_at"]) == start + 2 * SECOND
    await app.execute("UPDATE point_state SET due = now()")
    assert await _state(app) == "silent"
    await logger.cod(31.5, at=start + 3 * SECOND)
    assert await _state(app) == "normal"


async def test_a_point_is_as_bad_as_its_worst_factor_until_that_is_corrected(app: House) -> None:
    await app.outfall()
    logger, at = Logger(app), datetime.now(UTC).replace(microsecond=0)
    await logger.send(logger.frame("w01001-Rtd=7.2,w01001-Flag=N;w01018-Rtd=60,w01018-Flag=N", at=at))
    await logger.send(logger.frame("w21003-Rtd=1,w21003-Flag=N", at=at))  # the moment's second packet
    assert (await app.rows("SELECT state, factor, value FROM point_state")) == [("over", "w01018", 60.0)]
    await logger.cod(40, at=at)
    assert (await app.rows("SELECT state, factor, value FROM point_state")) == [("normal", "w01018", 40.0)]


async def test_what_comes_too_late_says_nothing_about_now(app: House) -> None:
    await app.outfall()
    logger = Logger(app)
    await logger.cod(86.4, at=datetime.now(UTC) - timedelta(hours=3))
    assert await _state(app) == "silent"
    await logger.cod(31.5, cn="2061", at=datetime.now(UTC) - timedelta(hours=1))
    assert await _state(app) == "normal"  # a logger that sends means only
    await logger.cod(86.4)
    await logger.cod(31.5, cn="2051", at=datetime.now(UTC) - timedelta(minutes=10))
    assert await _state(app) == "over"  # real-time values speak first


async def test_nobody_sees_the_states_of_another_county(app: House) -> None:
    await app.outfall()
    await app.outfall("MN2", place=IN_FANGZI, region=FANGZI)
    for mn in ("MN1", "MN2"):
        await Logger(app, mn).cod(86.4)
    seen = "SELECT region FROM point_state"
    for area, expected in ((KUIWEN, [KUIWEN]), ("37", [FANGZI, KUIWEN]), ("3701", [])):
        async with app.database.for_person(Scope("somebody", "duty", area)) as session:
            assert sorted(await session.scalars(text(seen))) == expected
    assert [one["state"] for one in await _features(app, "points", by="fangzi-duty")] == ["over"]


async def test_closures_in_force_are_a_layer(app: House) -> None:
    lon, lat = CENTRE
    line = f"ST_GeomFromText('LINESTRING({lon} {lat}, {lon + 0.001} {lat})', 4326)"
    area = f"ST_Expand(ST_SetSRID(ST_Point({lon}, {lat}), 4326), 0.001)"
    rows = (
        (line, "now()", "NULL", "NULL", KUIWEN, "line"),
        (area, "now()", "now() + interval '1 hour'", "NULL", KUIWEN, "area"),
        (area, "now() + interval '1 hour'", "NULL", "NULL", KUIWEN, "planned"),
        (area, "now() - interval '2 hours'", "now() - interval '1 hour'", "NULL", KUIWEN, "over"),
        (area, "now() - interval '2 hours'", "NULL", "now()", KUIWEN, "reopened"),
        (area, "now()", "NULL", "NULL", FANGZI, "elsewhere"),
    )
    for geometry, since, until, reopened, region, reason in rows:
        await app.execute(
            "INSERT INTO road_closure (geom, reason, closed_by, since, until, reopened_at, region)"
            f" VALUES ({geometry}, :reason, 'test', {since}, {until}, {reopened}, :region)",
            reason=reason,
            region=region,
        )
    for by, query, expected in (
        ("duty", "", {"line", "area"}),
        ("fangzi-duty", "", {"elsewhere"}),
        ("province", "", {"line", "area", "elsewhere"}),
        ("province", f"region={FANGZI}", {"elsewhere"}),
    ):
        assert {one["reason"] for one in await _tile(app, "closures", by=by, query=query)} == expected
        assert {one["reason"] for one in await _features(app, "closures", by=by, query=query)} == expected
        counted = (await app.person(by).get(f"/api/layers/closures/stats?{query}")).json()
        assert counted["total"] == len(expected)
        assert counted["as_of"] is not None
