"""The ranking against networkx: random networks, and real ones."""

import heapq
import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from routing.closures import blocked_edges
from routing.measure import UNITS_PER_DEGREE, great_circle_m
from routing.network import RoadStore
from routing.osm import OsmRoads
from routing.ranking import rank
from routing.speeds import speeds_of_ways
from tests.random_roads import network_of, random_roads


@pytest.mark.parametrize("share_closed", [0.0, 0.25])
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(seed=15846)  # every road into one junction is restricted
@given(seed=st.integers(0, 2**32 - 1))
def test_every_time_on_random_networks_is_networkx_s(seed, share_closed, tmp_path, judge, places_on_roads):
    network = network_of(random_roads(seed), RoadStore(tmp_path / str(seed)))
    if network is None:
        return
    random = np.random.default_rng(seed)
    closed = np.flatnonzero(random.random(network.shapes) < share_closed).astype(np.int32)
    blocked = blocked_edges(network, closed) if share_closed else None
    oracle = judge(network, blocked)
    places = places_on_roads(network, 24, seed)
    for target in places[:6]:
        expected = oracle.travel_times(target, places)
        ranked = rank(network, target, [(k, *place) for k, place in enumerate(places)], blocked=blocked, routes=24)
        assert {each.id: each.travel_time_s for each in ranked} == dict(enumerate(expected))
        for each in ranked:
            if each.route is not None:
                assert each.route.travel_time_s == each.travel_time_s
                assert sum(step.distance_m for step in each.route.steps) == pytest.approx(each.road_distance_m, abs=0.1)
                driven = sum(step.travel_time_s for step in each.route.steps) + each.walk_s
                assert driven == pytest.approx(each.travel_time_s, abs=0.01)


def edge_based_time(roads: OsmRoads, junctions: set[int], start: int, end: int) -> float:
    """Seconds between two junctions over raw steps, turn by turn: an independent reading of the restrictions."""
    way_of = np.repeat(np.arange(len(roads.way_id)), np.diff(roads.way_start))
    steps = [k for k in range(len(way_of) - 1) if way_of[k] == way_of[k + 1] and roads.node[k] != roads.node[k + 1]]
    metres = great_circle_m(roads.x[:-1], roads.y[:-1], roads.x[1:], roads.y[1:])
    length = {k: float(metres[k]) for k in steps}
    per_way = np.zeros(len(roads.way_id))
    for k in steps:
        per_way[way_of[k]] += length[k]
    kph = speeds_of_ways(roads.way_kph, roads.way_class, roads.classes, per_way)
    states = []  # (from node, to node, way, seconds, step)
    for k in steps:
        a, b, way = int(roads.node[k]), int(roads.node[k + 1]), int(way_of[k])
        seconds = length[k] / kph[way] * 3.6
        states.append((a, b, way, seconds, k))
        if not roads.way_oneway[way]:
            states.append((b, a, way, seconds, k))
    bans: dict[tuple, set[tuple]] = {}
    for r in roads.restrictions:
        arrive = [state for state in states if (state[1], state[2]) == (r.via_node, r.from_way)]
        leave = [state for state in states if (state[0], state[2]) == (r.via_node, r.to_way)]
        if len(arrive) == 1 and len(leave) == 1:
            others = {s for s in states if s[0] == r.via_node and s != leave[0]}
            bans.setdefault(arrive[0], set()).update(others if r.only else {leave[0]})
    best: dict[tuple, float] = {}
    heap = [(s[3], n, s) for n, s in enumerate(states) if s[0] == start]
    heapq.heapify(heap)
    if start == end:
        return 0.0
    counter = itertools.count(len(states))
    while heap:
        seconds, _, state = heapq.heappop(heap)
        if state in best:
            continue
        best[state] = seconds
        if state[1] == end:
            return seconds
        for onward in states:
            if onward[0] != state[1] or onward in bans.get(state, ()):
                continue
            if onward[1] == state[0] and state[1] not in junctions:
                continue  # nobody turns round between junctions
            heapq.heappush(heap, (seconds + onward[3], next(counter), onward))
    return float("inf")


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_forbidden_turns_are_never_taken_and_nothing_else_is_forbidden(seed, tmp_path):
    roads = random_roads(seed)
    network = network_of(roads, RoadStore(tmp_path / str(seed)))
    if network is None:
        return
    junctions = set(network.arrays.node_id.tolist())
    place = {}
    for number, node in enumerate(network.arrays.node_id.tolist()):
        place[node] = tuple(network.arrays.node_xy[number] / UNITS_PER_DEGREE)
    for end in sorted(junctions):
        ranked = rank(network, place[end], [(node, *place[node]) for node in sorted(junctions)])
        for each in ranked:
            expected = edge_based_time(roads, junctions, each.id, end)
            found = float("inf") if each.travel_time_s is None else each.travel_time_s
            assert found == pytest.approx(expected, abs=0.02), (each.id, end)


@pytest.mark.parametrize("name", ["malta_2016.osm.pbf", "porto_metro_2015.osm.pbf", "shenzhen_nanshan_2021.osm"])
@pytest.mark.parametrize("closed", [0, 40])
def test_a_thousand_random_pairs_on_real_roads_are_networkx_s(name, closed, shared_network, judge, places_on_roads):
    network = shared_network(name)
    random = np.random.default_rng(7)
    blocked = blocked_edges(network, random.integers(0, network.shapes, closed).astype(np.int32)) if closed else None
    oracle = judge(network, blocked)
    starts = places_on_roads(network, 250, 1)
    for target in places_on_roads(network, 4, 2):
        expected = oracle.travel_times(target, starts)
        ranked = rank(network, target, [(k, *place) for k, place in enumerate(starts)], blocked=blocked, routes=5)
        assert {each.id: each.travel_time_s for each in ranked} == dict(enumerate(expected))


def test_an_officer_on_another_island_of_malta_is_last_and_told_why(shared_network):
    valletta, gozo = (14.5103, 35.8975), (14.2405, 36.0443)
    ranked = rank(shared_network("malta_2016.osm.pbf"), valletta, [("gozo", *gozo), ("sliema", 14.5027, 35.9113)])
    assert [each.id for each in ranked] == ["sliema", "gozo"]
    assert ranked[1].travel_time_s is None
    assert "no road leads from there" in (ranked[1].unreachable_reason or "")
