"""Jobs of coverage from the question to the files, through the doors; the work is done here as its process does it."""

import asyncio
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import geopandas
import httpx
import pyogrio
import pytest
from sqlalchemy import text

from command.coverage.network import PlannedRoads
from command.coverage.world import Bureau
from planning import jobs
from planning.worker import Planner
from routing.tile_lines import TileAddress
from tests.house import CENTRE, FANGZI, IN_FANGZI, KUIWEN, House
from tests.vector_tile import read_tile

AT_1, AT_6 = (119.1, 36.71), (119.11, 36.705)
AT_8 = (119.105, 36.695)  # south of the river, up a one-way street: nobody comes there
ISLAND = (119.152, 36.7)  # a road on an island
NOWHERE = (119.02, 36.79)  # kilometres from any road
EVIL = "=cmd</script><script>alert(1)</script>"
BANDS = [2, 5, 15]


@pytest.fixture
def planner(app: House) -> Planner:
    """What works on the jobs of a test; each test says when."""
    return Planner(app.database, PlannedRoads(app.app.state.roads), Bureau(app.app.state.dispatch.stale_after))


async def enterprise(
    app: House, name: str, place: tuple[float, float], risk: str = "low", region: str = KUIWEN
) -> None:
    await app.execute(
        "INSERT INTO enterprise (uscc, name, industry, tags, risk, geom, region)"
        " SELECT 'U' || lpad(count(*)::text, 17, '0'), :name, '2614', ARRAY['water', CAST(:tag AS text)], :risk,"
        " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :region FROM enterprise",
        name=name,
        risk=risk,
        tag=f"tag-{risk}",
        lon=place[0],
        lat=place[1],
        region=region,
    )


async def station(app: House, name: str, place: tuple[float, float], region: str = KUIWEN) -> None:
    await app.execute(
        "INSERT INTO station (code, name, organisation, level, geom, region)"
        " VALUES (:name, :name, :name, 'county', ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :region)",
        name=name,
        lon=place[0],
        lat=place[1],
        region=region,
    )


@pytest.fixture
async def town(app: House) -> House:
    """Five enterprises and two stations in Kuiwen, one of each in Fangzi, where no road is."""
    await station(app, "北站", AT_1)
    await station(app, "岛站", ISLAND)
    await enterprise(app, "近厂", CENTRE, "high")
    await enterprise(app, "桥南厂", AT_8, "medium")
    await enterprise(app, "岛厂", ISLAND)
    await enterprise(app, EVIL, NOWHERE, "high")
    await enterprise(app, "东厂", AT_6)
    await station(app, "坊子站", IN_FANGZI, FANGZI)
    await enterprise(app, "坊子厂", IN_FANGZI, "high", FANGZI)
    return app


async def ask(app: House, by: str = "planner", **more: Any) -> int:
    body = {"region": KUIWEN, "minutes": BANDS, "from": "stations", **more}
    answer = await app.person(by).post("/api/coverage", json=body)
    assert answer.status_code == 202, answer.text
    number: int = answer.json()["id"]
    return number


async def show(app: House, job_id: int, by: str = "planner") -> dict[str, Any]:
    answer = await app.person(by).get(f"/api/coverage/{job_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def done(app: House, planner: Planner, by: str = "planner", **more: Any) -> dict[str, Any]:
    job_id = await ask(app, by, **more)
    assert await planner.work_once()
    job = await show(app, job_id, by)
    assert job["state"] == "done", job
    return job


async def test_a_scenario_is_queued_worked_out_and_told(town: House, planner: Planner) -> None:
    job_id = await ask(town, name="现状")
    queued = await show(town, job_id)
    assert (queued["state"], queued["result"], queued["name"], queued["mine"]) == ("queued", None, "现状", True)
    assert await planner.work_once()
    job = await show(town, job_id)
    assert (job["state"], job["progress"]) == ("done", 1)
    total = job["result"]["total"]
    assert (total["demands"], total["with_way"], total["no_road"], total["no_way"]) == (5, 3, 1, 1)
    assert [band["demands"] for band in total["reached"]] == sorted(band["demands"] for band in total["reached"])
    assert total["reached"][-1]["share"] == 0.6
    named = [(one["name"], one["reason"]) for one in job["result"]["unreachable"]]
    assert named == [(EVIL, "no_road"), ("桥南厂", "no_way")]
    assert {origin["name"] for origin in job["result"]["origins"]} == {"北站", "岛站"}  # the county sees its own
    assert not await planner.work_once()


async def test_minutes_are_those_of_the_road_search(town: House, planner: Planner) -> None:
    job = await done(town, planner)
    answer = await town.person("planner").get(f"/api/coverage/{job['id']}/uncovered", params={"minutes": 1e-9})
    minutes = {row["name"]: row["minutes"] for row in answer.json()["items"]}
    for name, place in (("近厂", CENTRE), ("东厂", AT_6)):
        route = await town.app.state.roads.route(AT_1, place)
        assert minutes[name] == pytest.approx(route.travel_time_s / 60, abs=1e-3)


async def test_what_nobody_reaches_comes_gravest_first_page_by_page(town: House, planner: Planner) -> None:
    job = await done(town, planner)
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"minutes": 1e-9, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await town.person("planner").get(f"/api/coverage/{job['id']}/uncovered", params=params)).json()
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert page["total"] == len(rows)
    assert [row["name"] for row in rows[:3]] == [EVIL, "近厂", "桥南厂"]  # high before medium, never before late
    assert rows[0]["reason"] == "no_road"


async def test_parts_add_up_to_the_whole_by_every_path(town: House, planner: Planner) -> None:
    job = await done(town, planner, by="province", region="37", weights={"high": 5, "medium": 2})
    result = job["result"]
    assert result["total"]["demands"] == 6
    assert result["total"]["weight"] == 3 * 5 + 2 + 2
    for parts in (result["by_county"], result["by_city"], result["by_risk"]):
        for name in ("demands", "weight", "with_way", "weight_with_way", "no_road", "no_way"):
            assert sum(part[name] for part in parts) == result["total"][name]
        for number, _ in enumerate(BANDS):
            for kind in ("reached", "backup"):
                for name in ("demands", "weight"):
                    whole = result["total"][kind][number][name]
                    assert sum(part[kind][number][name] for part in parts) == whole
    assert sum(step["demands"] for step in result["histogram"]) == 6
    by_door = await town.person("province").get(f"/api/coverage/{job['id']}/uncovered", params={"minutes": 15})
    assert by_door.json()["total"] == 6 - result["total"]["reached"][-1]["demands"]
    file = await town.person("province").get(f"/api/coverage/{job['id']}/map.parquet")
    table = geopandas.read_parquet(io.BytesIO(file.content))
    assert (table.minutes <= 15).sum() == result["total"]["reached"][-1]["demands"]


async def test_land_is_counted_in_square_kilometres(town: House, planner: Planner) -> None:
    job = await done(town, planner, demand="area")
    # Kuiwen is here a box of 0.3 by 0.2 degrees.
    assert job["result"]["total"]["weight"] == pytest.approx(0.3 * 89.2 * 0.2 * 111.0, rel=0.02)
    cells = (await town.person("planner").get(f"/api/coverage/{job['id']}/cells")).json()["features"]
    assert sum(cell["properties"]["km2"] for cell in cells) == pytest.approx(0.3 * 89.2 * 0.2 * 111.0, rel=0.02)
    assert any(cell["properties"]["minutes"] is not None for cell in cells)


async def test_officers_now_and_of_a_shift(town: House, planner: Planner) -> None:
    await town.officer("now", CENTRE)
    await town.officer("asleep", on_duty=False, shift="night")
    await town.execute("UPDATE officer SET station_id = (SELECT id FROM station WHERE name = '北站')")
    now = await done(town, planner, **{"from": "officers"})
    assert [(one["name"], one["lon"]) for one in now["result"]["origins"]] == [("now", CENTRE[0])]
    night = await done(town, planner, shift="night", **{"from": "officers"})
    assert [(one["name"], one["lon"]) for one in night["result"]["origins"]] == [("asleep", AT_1[0])]


async def test_points_and_alerts_are_demands_too(town: House, planner: Planner) -> None:
    await town.outfall()
    await town.raise_alert(level=1)
    points = await done(town, planner, demand="points")
    assert points["result"]["total"]["demands"] == 1
    alerts = await done(town, planner, demand="alerts", **{"from": [list(CENTRE)]})
    assert [(part["key"], part["demands"]) for part in alerts["result"]["by_risk"]] == [("high", 1)]


async def test_two_scenarios_are_compared(town: House, planner: Planner) -> None:
    one = await done(town, planner)
    other = await done(town, planner, **{"from": [list(AT_8)]})
    answer = await town.person("planner").get(f"/api/coverage/{one['id']}/compare", params={"with": other["id"]})
    body = answer.json()
    assert body["differs"] == ["from"]
    for number, band in enumerate(body["total"]["bands"]):
        assert band["demands"] == body["gained"][number] - body["lost"][number]
        assert band["share"] == one["result"]["total"]["reached"][number]["share"]
        assert band["share_with"] == other["result"]["total"]["reached"][number]["share"]
    strange = await done(town, planner, demand="high_risk")
    refused = await town.person("planner").get(f"/api/coverage/{one['id']}/compare", params={"with": strange["id"]})
    assert refused.status_code == 422
    assert "demand" in refused.json()["detail"]


async def test_a_moved_station_is_tried_at_once_and_then_kept_as_a_scenario(town: House, planner: Planner) -> None:
    """The trial and the scenario made of it say the same, by every figure; and so does the comparison of the two."""
    before = await done(town, planner)
    (moved,) = (one["id"] for one in before["result"]["origins"] if one["name"] == "岛站")
    changes = {"moved": [{"id": moved, "lon": AT_8[0], "lat": AT_8[1]}], "added": [list(AT_6)]}
    answer = await town.person("planner").post(f"/api/coverage/{before['id']}/trial", json=changes)
    assert answer.status_code == 200, answer.text
    tried = answer.json()
    after = await done(town, planner, changes=changes)
    for name in ("total", "by_county", "origins", "roads_version"):
        assert tried[name] == after["result"][name]
    assert tried["total"] != before["result"]["total"]
    cells = (await town.person("planner").get(f"/api/coverage/{after['id']}/cells")).json()["features"]
    minutes = [cell["properties"]["minutes"] for cell in cells]
    assert len(minutes) == len(tried["cell_minutes"])
    assert all(
        one == other or one == pytest.approx(other, abs=0.006)
        for one, other in zip(minutes, tried["cell_minutes"], strict=True)
    )
    compared = await town.person("planner").get(f"/api/coverage/{before['id']}/compare", params={"with": after["id"]})
    assert compared.json()["differs"] == ["changes"]
    page = await town.person("planner").get(f"/api/coverage/{after['id']}/report.html")
    assert "假设移动 1 处、新增 1 处" in page.text


async def test_roads_are_told_by_minutes_also_of_a_trial(town: House, planner: Planner) -> None:
    job = await done(town, planner, **{"from": [list(AT_1)]})
    tile = TileAddress.at(*AT_1, zoom=12)
    address = f"/api/coverage/{job['id']}/roads/{tile.z}/{tile.x}/{tile.y}.mvt"
    told = read_tile((await town.person("planner").get(address)).content)["reach"]
    assert 1 in {feature.properties.get("minutes") for feature in told}
    away = json.dumps({"moved": [{"id": 1, "lon": ISLAND[0], "lat": ISLAND[1]}]})
    answer = await town.person("planner").get(address, params={"changes": away})
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    after = read_tile(answer.content)["reach"]
    assert sorted(str(one.properties) for one in after) != sorted(str(one.properties) for one in told)
    nothing = await town.person("planner").get(f"/api/coverage/{job['id']}/roads/12/0/0.mvt")
    assert (nothing.status_code, nothing.content) == (204, b"")
    for wrong, params in (
        (address.replace("/12/", "/1/"), {}),
        (address, {"changes": "{"}),
        (address, {"changes": "[]"}),
    ):
        assert (await town.person("planner").get(wrong, params=params)).status_code == 422


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"left_out": [987654]}, "origin 987654"),
        ({"moved": [{"id": 1, "lon": 500, "lat": 0}]}, "lon"),
        ({"added": [[119.1, 36.7]] * 101}, "added"),
    ],
)
async def test_a_trial_that_cannot_be_says_why(
    town: House, planner: Planner, changes: dict[str, Any], said: str
) -> None:
    job = await done(town, planner)
    answer = await town.person("planner").post(f"/api/coverage/{job['id']}/trial", json=changes)
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_trial_waits_for_its_scenario(town: House, planner: Planner) -> None:
    waiting = await ask(town)
    assert (await town.person("planner").post(f"/api/coverage/{waiting}/trial", json={})).status_code == 409


async def test_a_drawn_part_of_a_region_is_counted_alone(town: House, planner: Planner) -> None:
    lon, lat = CENTRE
    ring = [
        [lon - 0.002, lat - 0.002],
        [lon + 0.002, lat - 0.002],
        [lon + 0.002, lat + 0.002],
        [lon - 0.002, lat + 0.002],
    ]
    job = await done(town, planner, inside=ring)
    assert job["result"]["total"]["demands"] == 1
    assert [part["demands"] for part in job["result"]["by_county"]] == [1]
    for name in ("map.html", "report.html"):
        page = await town.person("planner").get(f"/api/coverage/{job['id']}/{name}")
        assert page.status_code == 200, page.text
    assert "仅计图上绘定的范围" in page.text
    far = {"region": KUIWEN, "minutes": BANDS, "from": "stations", "inside": [[1, 1], [2, 1], [2, 2]]}
    refused = await town.person("planner").post("/api/coverage", json=far)
    assert refused.status_code == 422
    assert "drawn area" in refused.json()["detail"]


async def test_files_hold_what_the_figures_say(town: House, planner: Planner, tmp_path: Path) -> None:
    job = await done(town, planner, name="现状/2026")
    person = town.person("planner")
    answers = {}
    for name in ("map.csv", "map.gpkg", "map.parquet", "map.html", "report.html"):
        answers[name] = await person.get(f"/api/coverage/{job['id']}/{name}")
        assert answers[name].status_code == 200, answers[name].text
    again = await person.get(f"/api/coverage/{job['id']}.csv")
    assert again.content == answers["map.csv"].content
    rows = list(csv.DictReader(io.StringIO(answers["map.csv"].content.decode("utf-8-sig"))))
    assert len(rows) == 5
    assert f"'{EVIL}" in {row["名称"] for row in rows}  # no formula
    (tmp_path / "map.gpkg").write_bytes(answers["map.gpkg"].content)
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "map.gpkg")] == ["places", "cells", "areas"]
    places = geopandas.read_file(tmp_path / "map.gpkg", layer="places")
    assert sorted(places.name) == sorted(row["名称"].removeprefix("'") for row in rows)
    assert places.crs.to_epsg() == 4326
    parquet = geopandas.read_parquet(io.BytesIO(answers["map.parquet"].content))
    assert len(parquet) == 5
    assert parquet.minutes.isna().sum() == 2
    assert "现状/2026" in answers["report.html"].text
    assert "60.0%" in answers["report.html"].text


@pytest.mark.parametrize("name", ["map.html", "report.html"])
async def test_pages_open_without_a_network_and_take_no_orders_from_data(
    town: House, planner: Planner, name: str
) -> None:
    await town.execute("UPDATE station SET name = :evil WHERE name = '北站'", evil=EVIL)
    job = await done(town, planner, name=EVIL)
    page = (await town.person("planner").get(f"/api/coverage/{job['id']}/{name}")).text
    fetched = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)|url\(([^)]*)\)|@import""", page)
    addresses = {one or other for one, other in fetched}
    assert {address for address in addresses if re.match(r"(https?:)?//", address)} <= {"https://leafletjs.com"}
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", page.partition("<body>")[2])
    assert "<script>alert(1)" not in page


async def siting(app: House, planner: Planner, parent: int, **more: Any) -> dict[str, Any]:
    answer = await app.person("planner").post(f"/api/coverage/{parent}/siting", json={"minutes": 1.0} | more)
    assert answer.status_code == 202, answer.text
    assert await planner.work_once()
    job = await show(app, answer.json()["id"])
    assert job["state"] == "done", job
    result: dict[str, Any] = job["result"]
    return result


@pytest.mark.parametrize("objective", ["mclp", "lscp", "p-median"])
async def test_a_siting_proposes_stations_and_counts_what_they_are_worth(
    town: House, planner: Planner, objective: str
) -> None:
    parent = await done(town, planner)
    found = await siting(town, planner, parent["id"], new=2, objective=objective)
    assert (found["status"], found["gap"]) == ("optimal", 0)
    assert found["share_full"] >= found["share_before"]
    assert found["share_aggregated"] == pytest.approx(found["share_full"])  # five demands need not be put together
    assert found["not_coverable"] >= 1  # the one without a road
    assert all(site["region"] == KUIWEN for site in found["sites"])
    # Proven by a scenario of its own: old and new places as given points.
    places = [[one["lon"], one["lat"]] for one in (*parent["result"]["origins"], *found["sites"])]
    again = await done(town, planner, minutes=[1.0], **{"from": places})
    assert again["result"]["total"]["reached"][0]["share"] == pytest.approx(found["share_full"])


async def test_a_station_that_serves_little_is_given_up(town: House, planner: Planner) -> None:
    parent = await done(town, planner)
    found = await siting(town, planner, parent["id"], new=0, moves=1)
    assert len(found["sites"]) == len(found["given_up"]) <= 1
    assert found["share_full"] >= found["share_before"]


@pytest.mark.parametrize(
    "body", [{"new": 0}, {"new": 51}, {"new": 1, "objective": "best"}, {"new": 1, "objective": "lscp", "moves": 1}]
)
async def test_a_siting_that_cannot_be_is_refused(town: House, planner: Planner, body: dict[str, Any]) -> None:
    parent = await done(town, planner)
    answer = await town.person("planner").post(f"/api/coverage/{parent['id']}/siting", json=body)
    assert answer.status_code == 422


async def test_a_siting_waits_for_its_scenario(town: House, planner: Planner) -> None:
    waiting = await ask(town)
    answer = await town.person("planner").post(f"/api/coverage/{waiting}/siting", json={"new": 1})
    assert answer.status_code == 409


async def test_a_waiting_job_is_cancelled_and_one_that_is_over_leaves_the_list(town: House, planner: Planner) -> None:
    person = town.person("planner")
    waiting = await ask(town)
    refused = await person.delete(f"/api/coverage/{waiting}")
    assert refused.status_code == 409
    assert "cancel it first" in refused.json()["detail"]
    cancelled = await person.post(f"/api/coverage/{waiting}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert not await planner.work_once()
    over = (await done(town, planner))["id"]
    assert (await person.delete(f"/api/coverage/{over}")).status_code == 204
    assert (await person.get(f"/api/coverage/{over}")).status_code == 404
    assert over not in [job["id"] for job in (await person.get("/api/coverage")).json()["items"]]


async def test_who_cancels_a_job_that_ended_a_moment_before_loses_nothing(town: House, planner: Planner) -> None:
    over = (await done(town, planner))["id"]
    answer = await town.person("planner").post(f"/api/coverage/{over}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    assert (await show(town, over))["result"]


class SlowRoads:
    """Roads whose search goes on until it is told to stop."""

    def __init__(self, roads: PlannedRoads) -> None:
        self.roads, self.begun, self.go_on = roads, asyncio.Event(), False
        self.loop = asyncio.get_running_loop()

    def network(self, hour: int | None) -> Any:
        self.loop.call_soon_threadsafe(self.begun.set)
        return _SlowNetwork(self.roads.network(hour), self)


class _SlowNetwork:
    def __init__(self, network: Any, roads: SlowRoads) -> None:
        self.inner, self.roads, self.version = network, roads, network.version

    def surface(self, origins: Any) -> Any:
        asyncio.run_coroutine_threadsafe(self._wait(), self.roads.loop).result(30)
        return self.inner.surface(origins)

    async def _wait(self) -> None:
        while not self.roads.go_on:
            await asyncio.sleep(0.01)


async def test_a_running_job_is_cancelled(town: House, planner: Planner) -> None:
    slow = planner.roads = SlowRoads(planner.roads)  # type: ignore[assignment, arg-type]
    job_id = await ask(town)
    working = asyncio.create_task(planner.work_once())
    await slow.begun.wait()
    assert (await show(town, job_id))["state"] == "running"
    assert (await town.person("planner").post(f"/api/coverage/{job_id}/cancel")).json()["state"] == "running"
    slow.go_on = True
    assert await working
    assert (await show(town, job_id))["state"] == "cancelled"
    assert await town.scalar("SELECT count(*) FROM coverage_product") == 0


async def test_a_job_whose_process_ends_in_order_is_handed_back(town: House, planner: Planner) -> None:
    roads = planner.roads
    slow = planner.roads = SlowRoads(roads)  # type: ignore[assignment, arg-type]
    job_id = await ask(town)
    working = asyncio.create_task(planner.work_once())
    await slow.begun.wait()
    slow.go_on = True
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert (await show(town, job_id))["state"] == "queued"
    planner.roads = roads
    assert await planner.work_once()
    assert (await show(town, job_id))["state"] == "done"


async def test_a_job_whose_process_was_killed_is_taken_up_again_and_not_for_ever(town: House, planner: Planner) -> None:
    job_id = await ask(town)
    for _ in range(jobs.MOST_ATTEMPTS):
        async with town.database.for_system() as session, session.begin():
            assert await jobs.claim(session)  # and nobody holds its lock any more
        assert (await show(town, job_id))["state"] == "running"
        await planner.take_up_lost()
    job = await show(town, job_id)
    assert job["state"] == "failed"
    assert "3 times" in job["error"]


async def test_a_job_that_is_worked_on_is_not_taken_for_lost(town: House, planner: Planner) -> None:
    job_id = await ask(town)
    async with town.database.for_system() as session, session.begin():
        assert await jobs.claim(session)
    async with town.database.engine.connect() as holder:
        await holder.execute(jobs.HOLD, {"lock": jobs.LOCK_CLASS, "job": job_id})
        await planner.take_up_lost()
        assert (await show(town, job_id))["state"] == "running"
        await holder.invalidate()  # as when its process dies
    await planner.take_up_lost()
    assert (await show(town, job_id))["state"] == "queued"


async def test_a_scenario_does_not_wait_for_a_siting(town: House, planner: Planner) -> None:
    """The planner has a worker for each kind; one for scenarios leaves sitings alone, however long they wait."""
    parent = await done(town, planner)
    waiting = (await town.person("planner").post(f"/api/coverage/{parent['id']}/siting", json={"new": 1})).json()["id"]
    job_id = await ask(town)
    of_scenarios = Planner(town.database, planner.roads, planner.world, kinds=("coverage",))
    assert await of_scenarios.work_once()
    assert not await of_scenarios.work_once()
    assert (await show(town, job_id))["state"] == "done"
    assert (await show(town, waiting))["state"] == "queued"


async def test_two_processes_never_take_the_same_job(town: House, planner: Planner) -> None:
    ids = [await ask(town) for _ in range(4)]
    other = Planner(town.database, planner.roads, planner.world)
    await asyncio.gather(*(one.work_once() for one in (planner, other, planner, other)))
    attempts = await town.rows("SELECT id, attempts, state FROM coverage_job ORDER BY id")
    assert [(row.id, row.attempts, row.state) for row in attempts] == [(one, 1, "done") for one in ids]


async def test_an_error_that_nobody_foresaw_fails_the_job_and_not_the_process(town: House, planner: Planner) -> None:
    class Broken:
        def network(self, _: int | None) -> Any:
            raise ZeroDivisionError

    job_id = await ask(town)
    planner.roads = Broken()
    assert await planner.work_once()
    job = await show(town, job_id)
    assert job["state"] == "failed"
    assert "foresaw" in job["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"minutes": []}, "minutes"),
        ({"minutes": [0]}, "minutes"),
        ({"minutes": [1, 2, 3, 4, 5, 6, 7, 8, 9]}, "minutes"),
        ({"from": []}, "from"),
        ({"from": [[1000, 0]]}, "from"),
        ({"from": [[119.1, 36.7]] * 501}, "from"),
        ({"at": 24}, "at"),
        ({"shift": "night"}, "shift"),
        ({"region": "99"}, None),
        ({"region": "1"}, "region"),
        ({"name": "a\0b"}, "name"),
    ],
)
async def test_what_cannot_be_asked_is_refused_clearly(town: House, body: dict[str, Any], said: str | None) -> None:
    asked = {"region": KUIWEN, "minutes": BANDS, "from": "stations", "demand": "enterprises"} | body
    answer = await town.person("planner").post("/api/coverage", json=asked)
    assert answer.status_code == (422 if said else 404), answer.text
    assert said is None or said in answer.json()["detail"]
    assert await town.scalar("SELECT count(*) FROM coverage_job") == 0


async def test_too_many_demands_and_too_many_jobs_are_refused(town: House) -> None:
    class Crowded(Bureau):
        async def count(self, *_: object) -> int:
            return 500_001

    world = town.app.state.planning_world
    town.app.state.planning_world = Crowded(world.stale_after)
    body = {"region": KUIWEN, "minutes": BANDS, "from": "stations"}
    answer = await town.person("planner").post("/api/coverage", json=body)
    assert answer.status_code == 422
    assert "500001 enterprises are too many" in answer.json()["detail"]
    town.app.state.planning_world = world
    for _ in range(jobs.MOST_UNFINISHED):
        await ask(town)
    answer = await town.person("planner").post("/api/coverage", json=body)
    assert answer.status_code == 422
    assert "unfinished" in answer.json()["detail"]
    await ask(town, by="duty")


async def test_nobody_to_set_out_from_fails_with_the_reason(app: House, planner: Planner) -> None:
    job_id = await ask(app)
    assert await planner.work_once()
    job = await show(app, job_id)
    assert job["state"] == "failed"
    assert "nobody to set out from" in job["error"]


async def test_who_may_see_and_change_a_scenario(town: House, planner: Planner) -> None:
    job = await done(town, planner)
    path = f"/api/coverage/{job['id']}"
    for reader in ("duty", "dispatcher", "admin", "city", "province"):
        assert (await town.person(reader).get(path)).status_code == 200, reader
    assert (await town.person("fangzi-planner").get(path)).status_code == 404
    assert (await town.person("fangzi-planner").get(path + "/map.csv")).status_code == 404
    assert (await town.person("expert").get(path)).status_code == 403
    assert (await town.person("expert").post("/api/coverage", json={})).status_code in (403, 422)
    assert (await town.person("duty").patch(path, json={"name": "x"})).status_code == 403
    assert (await town.person("duty").delete(path)).status_code == 403
    assert (await town.person("planner").patch(path, json={"name": "新名"})).json()["name"] == "新名"
    assert (await town.person("admin").patch(path, json={"name": "管理员"})).json()["name"] == "管理员"
    # A county's planner does not learn of a wider scenario, and asks for none.
    wide = await done(town, planner, by="province", region="3707")
    assert (await town.person("planner").get(f"/api/coverage/{wide['id']}")).status_code == 404
    body = {"region": "3707", "minutes": BANDS, "from": "stations"}
    assert (await town.person("planner").post("/api/coverage", json=body)).status_code == 404


async def test_a_result_before_its_time_is_a_conflict(town: House) -> None:
    job_id = await ask(town)
    for name in ("cells", "areas", "uncovered", "map.html", "map.gpkg", "map.csv", "map.parquet", "report.html"):
        answer: httpx.Response = await town.person("planner").get(f"/api/coverage/{job_id}/{name}")
        assert answer.status_code == 409, name


async def test_nobody_queues_work_with_the_rights_of_another(app: House) -> None:
    from gis.database import Scope

    for values in (("province", "planner", "370705"), ("planner", "admin", "370705"), ("planner", "planner", "37")):
        async with app.database.for_person(Scope("planner", "planner", KUIWEN)) as session:
            with pytest.raises(Exception, match="row-level security"):
                await session.execute(
                    text(
                        "INSERT INTO coverage_job (kind, request, actor, role, area, region)"
                        " VALUES ('coverage', '{}', :actor, :role, :area, '370705')"
                    ),
                    dict(zip(("actor", "role", "area"), values, strict=True)),
                )
