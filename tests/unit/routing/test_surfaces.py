"""Travel times from many origins at once against networkx, and areas against travel times."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.closures import blocked_at_once, blocked_edges
from routing.customising import NEVER
from routing.isochrones import areas, isochrones
from routing.network import RoadStore
from routing.surfaces import NOBODY, Surface
from tests.random_roads import network_of, random_roads

FAR = float("inf")


def two_best(oracle, origins, place):
    """The two origins that networkx finds to be first at a place, as (milliseconds, number)."""
    times = oracle.travel_times(place, origins)
    known = sorted((round(time * 1000), number) for number, time in enumerate(times) if time is not None)
    return [*known, (NEVER, NOBODY), (NEVER, NOBODY)][:2]


def found(surface, places):
    arrivals = surface.at(places)
    return [
        [(int(ms), int(who)) for ms, who in zip(row, names, strict=True)]
        for row, names in zip(arrivals.ms, arrivals.origin, strict=True)
    ]


@pytest.mark.parametrize("share_closed", [0.0, 0.25])
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_two_first_at_every_place_are_networkx_s(seed, share_closed, tmp_path, judge, places_on_roads):
    network = network_of(random_roads(seed), RoadStore(tmp_path / str(seed)))
    if network is None:
        return
    random = np.random.default_rng(seed)
    closed = np.flatnonzero(random.random(network.shapes) < share_closed).astype(np.int32)
    blocked = blocked_edges(network, closed) if share_closed else None
    places = places_on_roads(network, 18, seed)
    origins, oracle = places[:5], judge(network, blocked)
    surface = Surface(network, origins, blocked=blocked)
    assert found(surface, places) == [two_best(oracle, origins, place) for place in places]


@pytest.mark.parametrize(
    ("name", "closed"), [("malta_2016.osm.pbf", 0), ("malta_2016.osm.pbf", 40), ("porto_metro_2015.osm.pbf", 40)]
)
def test_real_roads_are_reached_when_networkx_says(name, closed, shared_network, judge, places_on_roads):
    network = shared_network(name)
    random = np.random.default_rng(11)
    blocked = blocked_edges(network, random.integers(0, network.shapes, closed).astype(np.int32)) if closed else None
    origins, oracle = places_on_roads(network, 40, 1), judge(network, blocked)
    surface = Surface(network, origins, blocked=blocked)
    places = places_on_roads(network, 12, 2)
    assert found(surface, places) == [two_best(oracle, origins, place) for place in places]


def test_a_closure_whose_hierarchy_is_not_yet_worked_out_counts_all_the_same(town, places_on_roads):
    shapes = np.array([0, 2, 5], np.int32)
    places = places_on_roads(town, 30, 3)
    ready, at_once = blocked_edges(town, shapes), blocked_at_once(town, shapes)
    assert found(Surface(town, places[:4], blocked=at_once), places) == found(
        Surface(town, places[:4], blocked=ready), places
    )


def test_equal_times_go_to_the_first_origin(town, places_on_roads):
    (place,) = places_on_roads(town, 1, 4)
    arrivals = Surface(town, [place, place, place]).at([place])
    assert arrivals.ms.tolist() == [[0, 0]]
    assert arrivals.origin.tolist() == [[0, 1]]


def test_origins_and_places_without_a_road_are_named(town, places_on_roads):
    sea, (place,) = (119.9, 36.0), places_on_roads(town, 1, 5)
    surface = Surface(town, [sea, place])
    assert surface.off_road.tolist() == [True, False]
    arrivals = surface.at([sea, place])
    assert arrivals.off_road.tolist() == [True, False]
    assert arrivals.origin.tolist() == [[NOBODY, NOBODY], [1, NOBODY]]
    assert arrivals.minutes[0].tolist() == [FAR, FAR]


def test_nobody_reaches_anything(town, places_on_roads):
    surface = Surface(town, [])
    assert (surface.at(places_on_roads(town, 5, 6)).ms == NEVER).all()
    assert (surface.middles_of_stretches() == NEVER).all()


def test_the_middle_of_a_stretch_is_reached_when_a_place_there_is(town, places_on_roads):
    surface = Surface(town, places_on_roads(town, 3, 7))
    lines = [shapely.LineString(town.line_of(shape)) for shape in range(town.shapes)]
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    asked = surface.at([(middle.x, middle.y) for middle in middles]).ms[:, 0]
    told = surface.middles_of_stretches()
    both = (asked < NEVER) & (told < NEVER)
    assert both.sum() > town.shapes // 2
    assert np.abs(asked - told)[both].max() < 100  # a degree is not a metre: the middles lie a little apart


@pytest.mark.parametrize("name", ["town", "malta_2016.osm.pbf", "porto_metro_2015.osm.pbf"])
def test_a_place_is_in_an_area_if_it_can_be_reached_in_time(name, town, shared_network, places_on_roads):
    network = town if name == "town" else shared_network(name)
    minutes = [1.0, 2.0, 4.0] if name == "town" else [5.0, 10.0, 15.0]
    origin = places_on_roads(network, 1, 8)[0]
    surface = Surface(network, [origin])
    for each in isochrones(network, origin, minutes):
        west, south, east, north = each.area.buffer(0.01).bounds
        random = np.random.default_rng(9)
        places = random.uniform((west, south), (east, north), (10_000, 2))
        in_time = surface.at(places).ms[:, 0] <= each.minutes * 60_000
        inside = shapely.contains_xy(each.area, places)
        # The line is straight between points of a grid: away from it means one step of that grid.
        step = max(each.area.bounds[2] - each.area.bounds[0], each.area.bounds[3] - each.area.bounds[1]) / 100
        away = shapely.distance(each.area.boundary, shapely.points(places)) > step
        assert away.sum() > 2_000
        assert (in_time == inside)[away].mean() >= 0.99


def test_areas_of_many_origins_keep_to_the_box_and_grow_with_the_minutes(town, places_on_roads):
    surface = Surface(town, places_on_roads(town, 4, 10))
    box = (119.100, 36.695, 119.108, 36.708)
    grown = [each.area for each in areas(surface, [1, 2, 3], box=box)]
    assert all(area.is_valid and shapely.box(*box).buffer(1e-9).covers(area) for area in grown)
    for smaller, larger in pairwise(grown):
        assert larger.buffer(1e-9).covers(smaller)
