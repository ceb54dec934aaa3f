"""Other speeds by class of road and hour: the network then is the one that an import with those speeds makes."""

import shutil
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from geoalchemy2.shape import from_shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from routing.errors import UnusableSpeeds
from routing.importing import import_roads, read_file
from routing.network import Arrays, RoadStore
from routing.preparing import prepare
from routing.ranking import find_route, rank
from routing.roads import Roads
from routing.snapping import snap
from routing.speed_factors import SpeedFactors, digest, with_speeds

MORNING = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 08:30 in Shandong
NIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # 00:00 there
RUSH = SpeedFactors({"primary": 0.8}, {8: {"primary": 0.5, "*": 0.9}})
WEST, EAST = (119.100, 36.705), (119.110, 36.705)


def test_factors_by_class_and_by_hour_multiply_and_the_star_is_every_other_class():
    assert dict(RUSH.at(MORNING)) == {"*": 0.9, "primary": 0.4}
    assert dict(RUSH.at(NIGHT)) == {"*": 1.0, "primary": 0.8}
    with pytest.raises(ValueError, match="without a zone"):
        RUSH.at(MORNING.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("by_class", "by_hour", "message"),
    [
        ({"primary": 0.0}, {}, "primary is not between"),
        ({"primary": float("nan")}, {}, "primary is not between"),
        ({}, {24: {}}, "24 is no hour"),
        ({}, {True: {}}, "True is no hour"),
        ({}, {7: {"*": 9.0}}, r"9.0 of \* is not between"),
    ],
)
def test_speeds_that_cannot_be_are_refused(by_class, by_hour, message):
    with pytest.raises(UnusableSpeeds, match=message):
        SpeedFactors(by_class, by_hour)


def test_factors_that_change_nothing_have_no_name_and_others_have_one_of_their_own():
    assert digest({}) == digest({"*": 1.0}) == ""
    assert digest({"*": 0.5}) != digest({"*": 0.6}) != ""


@pytest.mark.parametrize("name", ["town.osm", "malta_2016.osm.pbf", "shenzhen_nanshan_2021.osm"])
def test_other_speeds_are_the_network_rebuilt_from_scratch_with_them(name, town_file, shared_roads, tmp_path):
    path = town_file if name == "town.osm" else shared_roads(name)
    stored, rebuilt = RoadStore(tmp_path / "stored"), RoadStore(tmp_path / "rebuilt")
    import_roads(path, stored)
    # None of these puts a time half-way between two milliseconds, where a rebuilt network may round the other way.
    factors = {"primary": 0.5, "residential": 0.3125, "motorway": 1.25, "*": 0.625}
    graph = read_file(path)
    per_class = np.array([factors.get(each, factors["*"]) for each in graph.classes])
    graph.shape_seconds = np.rint(graph.shape_seconds * 1000) / per_class[graph.shape_class] / 1000
    rebuilt.install(*prepare(graph, source=name))
    ours, scratch = with_speeds(stored.current(), factors).arrays, rebuilt.current().arrays
    for column in fields(Arrays):
        assert np.array_equal(getattr(ours, column.name), getattr(scratch, column.name)), column.name


def test_the_stored_network_keeps_its_speeds(town):
    before = find_route(town, WEST, EAST).travel_time_s
    slow = with_speeds(town, {"*": 0.5})
    assert find_route(slow, WEST, EAST).travel_time_s == pytest.approx(2 * before, abs=0.01)
    assert find_route(town, WEST, EAST).travel_time_s == before


def closure_row(number, geometry, ways=None):
    geom = from_shape(geometry, srid=4326)
    return SimpleNamespace(id=number, geom=geom, ways=ways, since=MORNING, until=None, reopened_at=None)


def rebuilt_without(path, network, closed, factors, home):
    """An import of a file in which the closed stretches never were, at other speeds."""
    graph = read_file(path)
    number_of = {
        (int(graph.shape_way[shape]), np.stack([graph.shape_x, graph.shape_y], axis=1)[start:end].tobytes()): shape
        for shape, (start, end) in enumerate(pairwise(graph.shape_start.tolist()))
    }
    starts = network.arrays.shape_start
    gone = [
        number_of[
            int(network.arrays.shape_way[shape]), network.arrays.shape_xy[starts[shape] : starts[shape + 1]].tobytes()
        ]
        for shape in closed
    ]
    stays = ~np.isin(graph.edge_shape, gone)
    for column in ("edge_tail", "edge_head", "edge_shape", "edge_backward", "edge_copied"):
        setattr(graph, column, getattr(graph, column)[stays])
    per_class = np.array([factors.get(each, factors.get("*", 1.0)) for each in graph.classes])
    graph.shape_seconds = np.rint(graph.shape_seconds * 1000) / per_class[graph.shape_class] / 1000
    store = RoadStore(home)
    store.install(*prepare(graph, source=path.name))
    return store.current()


# None of these puts a time half-way between two milliseconds, where a rebuilt network may round the other way.
FACTORS = st.dictionaries(
    st.sampled_from(["primary", "residential", "secondary", "motorway", "*"]),
    st.sampled_from([0.3125, 0.5, 0.625, 1.25]),
    max_size=4,
)
WITHIN_TOWN = st.tuples(st.floats(119.099, 119.112), st.floats(36.694, 36.711))
DRAWN = st.one_of(
    WITHIN_TOWN.map(Point),
    st.tuples(WITHIN_TOWN, WITHIN_TOWN).map(LineString),
    st.tuples(WITHIN_TOWN, st.floats(0.0002, 0.003)).map(lambda drawn: Point(drawn[0]).buffer(drawn[1], quad_segs=2)),
)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(DRAWN, max_size=3), way=st.booleans(), by_class=FACTORS, by_hour=FACTORS, speeds_first=st.booleans()
)
def test_lines_areas_ways_and_speeds_together_are_the_network_rebuilt_from_scratch(
    drawn, way, by_class, by_hour, speeds_first, town_file, town, roads, places_on_roads, tmp_path_factory
):
    rows = [closure_row(number, geometry) for number, geometry in enumerate(drawn, 1)]
    if way:
        rows.append(closure_row(99, Point(WEST), ways=[int(town.arrays.shape_way[0])]))
    factors = SpeedFactors(by_class, {8: by_hour} if not by_class else {})
    steps = [lambda: roads.reload_closures(rows, now=MORNING), lambda: roads.reload_speeds(factors, now=MORNING)]
    for step in steps if speeds_first else reversed(steps):
        step()
    closed = set() if roads.state.blocked is None else set(roads.state.blocked.shapes.tolist())
    assert roads.closures == {row.id for row in rows}
    assert closed or not way
    if len(closed) == town.shapes:
        return  # nothing is left to build
    home = tmp_path_factory.mktemp("rebuilt")
    scratch = rebuilt_without(town_file, roads.state.stored, closed, factors.at(MORNING), home)
    places = [place for place in places_on_roads(town, 30, 5) if snap(town, place).shape not in closed]
    for target in places[:6]:
        candidates = [(number, *place) for number, place in enumerate(places)]
        ours = rank(roads.network, target, candidates, blocked=roads.state.blocked)
        assert [each[:2] for each in ours] == [each[:2] for each in rank(scratch, target, candidates)]
    shutil.rmtree(home)


@pytest.fixture
def roads(town_file, tmp_path):
    store = RoadStore(tmp_path)
    import_roads(town_file, store)
    roads = Roads(store)
    roads.open()
    return roads


async def test_an_hour_s_speeds_hold_from_that_hour_on_and_the_version_says_so(roads):
    stored = roads.version
    before = await roads.route(WEST, EAST)
    assert roads.reload_speeds(RUSH, now=MORNING)
    assert not roads.reload_speeds(RUSH, now=MORNING)
    assert roads.version != stored
    rush = await roads.route(WEST, EAST)
    assert rush.travel_time_s == pytest.approx(before.travel_time_s / 0.4, abs=0.01)
    assert roads.reload_speeds(SpeedFactors(), now=MORNING)
    assert roads.version == stored
    assert await roads.route(WEST, EAST) == before


async def test_closures_and_speeds_hold_together_in_whichever_order_they_come(roads):
    bridge = LineString([(119.1103, 36.7002), (119.1107, 36.6998)])
    row = closure_row(1, bridge)
    officers = [("south", 119.110, 36.695), ("west", *WEST)]
    roads.reload_speeds(RUSH, now=MORNING)
    roads.reload_closures([row], now=MORNING)
    version, ranked = roads.version, await roads.rank(EAST, officers)
    assert [each.travel_time_s is None for each in ranked] == [False, True]
    roads.reload_closures([], now=MORNING)
    roads.reload_speeds(SpeedFactors(), now=MORNING)
    roads.reload_closures([row], now=MORNING)
    roads.reload_speeds(RUSH, now=MORNING)
    assert roads.version == version
    assert await roads.rank(EAST, officers) == ranked
