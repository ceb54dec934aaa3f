"""Other speeds by class of road and hour: the network then is the one that an import with those speeds makes."""

from dataclasses import fields
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from geoalchemy2.shape import from_shape
from shapely import LineString

from routing.errors import UnusableSpeeds
from routing.importing import import_roads, read_file
from routing.network import Arrays, RoadStore
from routing.preparing import prepare
from routing.ranking import find_route
from routing.roads import Roads
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
    row = SimpleNamespace(id=1, geom=from_shape(bridge, srid=4326), until=None, reopened_at=None)
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
