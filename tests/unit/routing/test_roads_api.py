"""The HTTP doors of the roads, and the `Roads` of a running process."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from geoalchemy2.shape import from_shape
from shapely import LineString, Point, box

from gis.database import Scope
from gis.http import BadQuery, Forbidden, NotFound
from routing.api import router
from routing.closures import closed_by
from routing.errors import NetworkUnusable, NoRoads, NoRoute, OutsideRoads, UnusableClosure
from routing.importing import import_roads
from routing.network import RoadStore
from routing.roads import Roads

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
STATUS_OF = {BadQuery: 422, UnusableClosure: 422, OutsideRoads: 422, NoRoute: 404, NotFound: 404, Forbidden: 403}
BRIDGE = LineString([(119.1103, 36.7002), (119.1107, 36.6998)])


class FakeTable:
    """Closures in memory, behind what the doors use of a session."""

    def __init__(self) -> None:
        self.rows = []
        self.commits = 0

    @asynccontextmanager
    async def for_person(self, _scope):
        yield self

    @asynccontextmanager
    async def for_system(self):
        yield self

    def add(self, row) -> None:
        row.id = len(self.rows) + 1
        self.rows.append(row)

    async def flush(self) -> None: ...

    async def commit(self) -> None:
        self.commits += 1

    async def scalars(self, _query):
        rows = [row for row in self.rows if row.reopened_at is None]
        return SimpleNamespace(all=lambda: rows)

    async def scalar(self, _query):
        return self.rows[0] if self.rows else None


@pytest.fixture
def roads(town_file, tmp_path):
    store = RoadStore(tmp_path)
    import_roads(town_file, store)
    roads = Roads(store)
    roads.open()
    return roads


@pytest.fixture
def app(roads):
    app = FastAPI()
    app.include_router(router)
    app.state.roads, app.state.database, app.state.events = roads, FakeTable(), []
    app.state.locate_region = lambda _lon, _lat: "370705"
    app.state.scope = Scope("dispatcher", "dispatcher", "3707")

    async def record_event(_session, kind, subject, region, data):
        app.state.events.append((kind, subject, region, data["reason"]))

    app.state.record_event = record_event

    @app.middleware("http")
    async def sign_in(request, call_next):
        request.state.scope = app.state.scope
        return await call_next(request)

    for error, status in STATUS_OF.items():
        app.add_exception_handler(error, lambda _r, e, status=status: JSONResponse({"detail": str(e)}, status))
    return app


@pytest.fixture
async def client(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://roads") as client:
        yield client


async def test_a_route_is_a_line_with_streets(client, roads):
    answer = (await client.get("/api/route?from=119.1,36.705&to=119.11,36.695")).json()
    assert answer["route"]["type"] == "LineString"
    assert answer["route"]["coordinates"][0] == [119.1, 36.705]
    assert [step["name"] for step in answer["steps"]] == ["民主街", "白浪河桥"]
    assert answer["roads_version"] == roads.version


async def test_isochrones_are_features_in_the_order_asked_for(client):
    answer = (await client.get("/api/isochrone?at=119.1,36.705&minutes=1,0.5")).json()
    assert [each["properties"]["minutes"] for each in answer["features"]] == [1, 0.5]
    assert {each["geometry"]["type"] for each in answer["features"]} == {"MultiPolygon"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/route?from=119.1,36.705&to=x", 422),
        ("/api/route?from=nan,36.705&to=119.1,36.7", 422),
        ("/api/route?from=119.1,36.705&to=119.15,36.7", 404),
        ("/api/route?from=119.1,36.705&to=100,30", 422),
        ("/api/route?from=119.1,36.705", 422),
        ("/api/isochrone?at=119.1,36.705&minutes=-1", 422),
        ("/api/isochrone?at=119.1,36.705&minutes=nan", 422),
        ("/api/isochrone?at=119.1,36.705&minutes=", 422),
        ("/api/isochrone?at=119.1,36.705&minutes=1e9", 422),
    ],
)
async def test_a_bad_question_gets_a_sentence(client, path, status):
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"]


async def test_closing_and_reopening_the_bridge_changes_routes_at_once(client, app, roads):
    route = "/api/route?from=119.11,36.705&to=119.11,36.695"
    before = roads.version
    closed = await client.post("/api/roads/closures", json={"geometry": BRIDGE.__geo_interface__, "reason": "flood"})
    assert closed.status_code == 201
    assert closed.json()["stretches"] == 1
    assert closed.json()["roads_version"] == roads.version != before
    assert closed.json()["region"] == "370705"
    assert (await client.get(route)).status_code == 404
    assert len((await client.get("/api/roads/closures")).json()["items"]) == 1
    assert (await client.delete("/api/roads/closures/1")).status_code == 204
    assert roads.version == before
    assert (await client.get(route)).status_code == 200
    assert [event[0] for event in app.state.events] == ["road.closed", "road.reopened"]
    assert (await client.delete("/api/roads/closures/1")).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"geometry": {"type": "Point"}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": []}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": ["a", "b"]}, "reason": "x"},
        {"geometry": {"type": "LineString", "coordinates": [[119.1, 36.7]]}, "reason": "x"},
        {"geometry": {"type": "Polygon", "coordinates": [[119.1, 36.7]]}, "reason": "x"},
        {"geometry": {"type": "Polygon", "coordinates": [[[119, 36], [120, 37]]]}, "reason": "x"},
        {"geometry": {"type": "GeometryCollection", "geometries": []}, "reason": "x"},
        {"geometry": {"type": "Feature"}, "reason": "x"},
        {"geometry": {}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": [36.7, 119.1]}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": [118.0, 36.0]}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": [119.11, 36.705]}, "reason": ""},
        {"geometry": {"type": "Point", "coordinates": [10**400, 36.705]}, "reason": "x"},
        {"geometry": {"type": "Point", "coordinates": [119.11, 36.705]}, "reason": "x\0"},
        {
            "geometry": {"type": "Point", "coordinates": [119.11, 36.705]},
            "reason": "x",
            "until": "9999-12-31T23:59:59-12:00",
        },
        {
            "geometry": {"type": "Point", "coordinates": [119.11, 36.705]},
            "reason": "x",
            "until": "2020-01-01T00:00:00Z",
        },
        {
            "geometry": {"type": "Point", "coordinates": [119.11, 36.705]},
            "reason": "x",
            "since": "2098-01-02T00:00:00Z",
            "until": "2098-01-01T00:00:00Z",
        },
        {
            "geometry": {"type": "Point", "coordinates": [119.11, 36.705]},
            "reason": "x",
            "since": "9998-01-01T00:00:00Z",
        },
        {"geometry": {"type": "Point", "coordinates": [119.11, 36.705]}, "reason": "x", "until": "2099-01-01T00:00:00"},
    ],
)
async def test_a_closure_that_cannot_be_is_refused_and_nothing_changes(client, app, roads, body):
    before = roads.version
    answer = await client.post("/api/roads/closures", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert roads.version == before
    assert app.state.database.rows == []


async def test_an_officer_may_not_close_roads(client, app):
    app.state.scope = Scope("officer1", "officer", "370705", 1)
    body = {"geometry": BRIDGE.__geo_interface__, "reason": "flood"}
    assert (await client.post("/api/roads/closures", json=body)).status_code == 403
    assert (await client.delete("/api/roads/closures/1")).status_code == 403


def closure(number, geometry=BRIDGE, *, since=NOW - timedelta(days=1), until=None, reopened_at=None, ways=None):
    geom = from_shape(geometry, srid=4326)
    return SimpleNamespace(id=number, geom=geom, ways=ways, since=since, until=until, reopened_at=reopened_at)


def test_only_closures_in_force_close(roads):
    over, open_again = closure(1, until=NOW - timedelta(hours=1)), closure(2, reopened_at=NOW)
    assert roads.reload_closures([over, open_again], now=NOW).endswith("+0")
    version = roads.reload_closures([over, closure(3, until=NOW + timedelta(hours=1))], now=NOW)
    assert roads.closures == {3}
    assert roads.reload_closures([closure(3)], now=NOW) == version, "the same closures are the same roads"
    assert roads.reload_closures([closure(4)], now=NOW) != version


def test_a_closure_holds_from_its_beginning_to_its_end(roads):
    planned = closure(1, since=NOW, until=NOW + timedelta(hours=1))
    in_force = []
    for minutes in (-1, 0, 59, 60):
        roads.reload_closures([planned], now=NOW + timedelta(minutes=minutes))
        in_force.append(bool(roads.closures))
    assert in_force == [False, True, True, False]


async def test_ways_are_closed_from_end_to_end_and_unknown_ones_are_refused(client, roads):
    way = int(roads.network.arrays.shape_way[closed_by(roads.network, BRIDGE)[0]])
    body = {"ways": [way], "reason": "bridge inspection"}
    closed = await client.post("/api/roads/closures", json=body)
    assert closed.status_code == 201, closed.text
    assert closed.json()["ways"] == [way]
    assert closed.json()["stretches"] == 1
    assert closed.json()["geometry"]["type"] == "MultiLineString"
    assert (await client.get("/api/route?from=119.11,36.705&to=119.11,36.695")).status_code == 404
    refused = await client.post("/api/roads/closures", json={"ways": [way, 987654321], "reason": "x"})
    assert refused.status_code == 422
    assert "987654321" in refused.json()["detail"]
    both = await client.post("/api/roads/closures", json=body | {"geometry": BRIDGE.__geo_interface__})
    neither = await client.post("/api/roads/closures", json={"reason": "x"})
    assert {both.status_code, neither.status_code} == {422}


async def test_an_area_closes_every_road_it_touches(client, roads):
    area = box(119.109, 36.699, 119.112, 36.701)
    closed = await client.post("/api/roads/closures", json={"geometry": area.__geo_interface__, "reason": "flood"})
    assert (closed.status_code, closed.json()["stretches"]) == (201, 1)
    assert closed.json()["geometry"]["type"] == "Polygon"
    assert (await client.get("/api/route?from=119.11,36.705&to=119.11,36.695")).status_code == 404


async def test_a_planned_closure_is_announced_and_changes_nothing_yet(client, app, roads):
    before = roads.version
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"geometry": BRIDGE.__geo_interface__, "reason": "marathon", "since": tomorrow}
    planned = await client.post("/api/roads/closures", json=body)
    assert (planned.status_code, planned.json()["began_at"]) == (201, None)
    assert planned.json()["roads_version"] == roads.version == before
    assert [event[0] for event in app.state.events] == ["road.closure_planned"]


def test_every_new_version_is_told_once(roads):
    told = []
    roads.on_change = told.append
    first = roads.reload_closures([closure(1)], now=NOW)
    roads.reload_closures([closure(1)], now=NOW)
    second = roads.reload_closures([], now=NOW)
    assert told == [first, second]


def test_a_closure_where_the_roads_have_gone_does_not_stop_the_others(roads):
    roads.reload_closures([closure(1, Point(100, 30)), closure(2)], now=NOW)
    assert roads.closures == {1, 2}


async def test_a_new_import_is_taken_in_and_a_damaged_one_is_not(roads, town_file, tmp_path):
    assert not roads.reload_network()
    (tmp_path / "faster.osm").write_text(town_file.read_text().replace('v="60"', 'v="90"'))
    before = await roads.route((119.100, 36.705), (119.110, 36.705))
    version = import_roads(tmp_path / "faster.osm", roads.store).version
    assert roads.reload_network()
    assert (await roads.route((119.100, 36.705), (119.110, 36.705))).travel_time_s < before.travel_time_s
    (tmp_path / "slower.osm").write_text(town_file.read_text().replace('v="60"', 'v="30"'))
    slower = import_roads(tmp_path / "slower.osm", roads.store).version
    (roads.store.home / slower / "manifest.json").unlink()
    assert not roads.reload_network()
    assert roads.version.startswith(version)


def test_no_roads_say_so_at_every_question(tmp_path):
    roads = Roads(RoadStore(tmp_path))
    with pytest.raises(NoRoads):
        roads.open()
    assert not roads.ready
    with pytest.raises(NetworkUnusable, match="import roads"):
        _ = roads.version


async def test_ranking_runs_beside_the_event_loop(roads):
    ranked = await roads.rank((119.105, 36.705), [("far", 119.11, 36.695), ("near", 119.1, 36.705)])
    assert [each.id for each in ranked] == ["near", "far"]
