"""The contraction hierarchy against the plain search, against itself rebuilt, and against damage."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.closures import BlockedEdges, blocked_at_once, blocked_edges, edges_of, is_many, worked_out
from routing.customising import NEVER, Edges, Metric, close, customise
from routing.errors import NetworkUnusable
from routing.hierarchy import build
from routing.importing import import_roads
from routing.network import RoadStore
from routing.ordering import nested_order
from routing.positions import standing, ways_in
from routing.ranking import rank
from routing.snapping import snap_all
from routing.towards import plain_ways_to, ways_to

SAMPLES = ["malta_2016.osm.pbf", "porto_metro_2015.osm.pbf", "shenzhen_nanshan_2021.osm"]


def same(one: Metric, other: Metric) -> bool:
    return all(np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(Metric))


class Tangle:
    """A random directed multigraph on a plane: one-ways, loops at a junction, parallel roads, equal times, islands."""

    def __init__(self, seed: int, nodes: int, edges: int) -> None:
        random = np.random.default_rng(seed)
        self.x, self.y = random.integers(0, 10_000, (2, nodes)).astype(np.int32)
        tail = random.integers(0, nodes, edges)
        near = np.clip(tail + random.integers(-6, 7, edges), 0, nodes - 1)
        head = np.where(random.random(edges) < 0.9, near, random.integers(0, nodes, edges))
        order = np.lexsort((head, tail))
        self.tail, self.head = tail[order].astype(np.int32), head[order].astype(np.int32)
        self.edges = Edges(
            indptr=np.searchsorted(self.tail, np.arange(nodes + 1)).astype(np.int64),
            tail=self.tail,
            head=self.head,
            ms=random.integers(1, 12, edges).astype(np.int32),
            shape=random.integers(0, edges, edges).astype(np.int32),
            shape_m=random.random(edges) * 100,
        )
        self.order = nested_order(self.tail, self.head, self.x, self.y)
        self.hierarchy = build(self.order, self.tail, self.head)

    def arc_costs_by_hand(self, blocked: np.ndarray) -> np.ndarray:
        """Least milliseconds between all pairs of nodes: Floyd's three loops."""
        nodes = len(self.x)
        best = np.full((nodes, nodes), float(NEVER))
        np.fill_diagonal(best, 0)
        for edge in np.flatnonzero(blocked == 0):
            a, b = self.tail[edge], self.head[edge]
            best[a, b] = min(best[a, b], self.edges.ms[edge])
        for middle in range(nodes):
            best = np.minimum(best, best[:, middle, None] + best[None, middle, :])
        return best


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), nodes=st.integers(1, 60), density=st.floats(0.3, 4))
def test_closing_roads_gives_bit_for_bit_what_customising_without_them_gives(seed, nodes, density):
    tangle = Tangle(seed, nodes, int(nodes * density) + 1)
    random = np.random.default_rng(seed)
    for share in (0.0, 0.1, 0.5, 1.0):
        blocked = (random.random(len(tangle.head)) < share).astype(np.uint8)
        metric = customise(tangle.hierarchy, tangle.edges)
        close(tangle.hierarchy, tangle.edges, metric, np.flatnonzero(blocked).astype(np.int32), blocked)
        assert same(metric, customise(tangle.hierarchy, tangle.edges, blocked))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), nodes=st.integers(2, 40))
def test_no_arc_is_cheaper_than_the_fastest_way_and_the_topmost_ones_are_it(seed, nodes):
    tangle = Tangle(seed, nodes, nodes * 2)
    nothing = np.zeros(len(tangle.head), np.uint8)
    best, h = tangle.arc_costs_by_hand(nothing), tangle.hierarchy
    metric = customise(h, tangle.edges)
    low, high = h.node[h.tail], h.node[h.head]
    assert (metric.up_ms >= np.minimum(best[low, high], NEVER)).all()
    assert (metric.down_ms >= np.minimum(best[high, low], NEVER)).all()
    if len(h.head):
        assert metric.up_ms[-1] == min(best[low[-1], high[-1]], NEVER)
        assert metric.down_ms[-1] == min(best[high[-1], low[-1]], NEVER)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), nodes=st.integers(1, 300), density=st.floats(0.3, 3))
def test_an_order_holds_every_junction_once_and_all_heads_are_ancestors(seed, nodes, density):
    tangle = Tangle(seed, nodes, int(nodes * density) + 1)
    h = tangle.hierarchy
    assert sorted(tangle.order.tolist()) == list(range(nodes))
    for low in range(nodes):
        above = h.head[h.start[low] : h.start[low + 1]].tolist()
        ancestors, at = set(), low
        while h.start[at] < h.start[at + 1]:
            at = int(h.head[h.start[at]])
            ancestors.add(at)
        assert above == sorted(set(above))
        assert set(above) <= ancestors
    for edge in range(len(tangle.head)):
        low, high = sorted((h.rank[tangle.tail[edge]], h.rank[tangle.head[edge]]))
        assert low == high or high in h.head[h.start[low] : h.start[low + 1]]


def test_the_order_does_not_depend_on_how_many_work_on_it_and_is_told_as_it_grows():
    random = np.random.default_rng(5)
    side = 120
    x, y = (
        (np.arange(side * side) % side * 100).astype(np.int32),
        (np.arange(side * side) // side * 100).astype(np.int32),
    )
    right = np.flatnonzero(np.arange(side * side) % side < side - 1)
    down = np.arange(side * (side - 1))
    tail = np.concatenate([right, down]).astype(np.int32)
    head = np.concatenate([right + 1, down + side]).astype(np.int32)
    kept = random.random(len(tail)) < 0.9
    said = []
    one = nested_order(tail[kept], head[kept], x, y, lambda _what, done: said.append(done), threads=1)
    two = nested_order(tail[kept], head[kept], x, y, threads=3)
    assert np.array_equal(one, two)
    assert said == sorted(said)
    assert said[-1] == side * side
    arcs = len(build(one, tail[kept], head[kept]).head)
    assert arcs < 20 * side * side, "in the order of rows it would be 60"


@pytest.mark.parametrize("order", [[0, 1, 1], [0, 1, 3], [0, 1, -1]])
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(ValueError, match="the order"):
        build(np.array(order, np.int32), np.array([0, 1], np.int32), np.array([1, 2], np.int32))


@pytest.mark.parametrize("name", ["rank", "arc_head", "up_ms", "down_via"])
def test_a_damaged_hierarchy_is_refused(name, town_file, tmp_path):
    store = RoadStore(tmp_path)
    path = tmp_path / import_roads(town_file, store).version / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(NetworkUnusable, match=rf"{name}\.npy is damaged; import the roads again"):
        store.current()


def random_closures(network, random, count: int) -> np.ndarray:
    return random.integers(0, network.shapes, count).astype(np.int32)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("closed", [0, 3, 60, 2000])
def test_on_real_roads_it_answers_as_the_plain_search_and_its_ways_add_up(
    name, closed, shared_network, places_on_roads
):
    network = shared_network(name)
    a, random = network.arrays, np.random.default_rng(11)
    blocked = blocked_edges(network, random_closures(network, random, closed)) if closed else None
    for target in places_on_roads(network, 6, 3):
        to = ways_in(network, standing(network, snap_all(network, [target])))
        wanted = np.unique(random.integers(0, network.nodes, 400)).astype(np.int32)
        plain = plain_ways_to(network, to, wanted, blocked=blocked).ms(wanted)
        ways = ways_to(network, to, wanted, blocked=blocked, within_ms=None)
        ms = ways.ms(wanted)
        assert np.array_equal(np.minimum(ms, NEVER), np.minimum(plain, NEVER))
        for node in wanted[ms < NEVER][:60].tolist():
            edges, way_in = ways.way(node)
            assert blocked is None or not blocked.mask[edges].any()
            stops = [node, *a.head[edges].tolist()]
            assert a.tail[edges].tolist() == stops[:-1]
            assert stops[-1] == to.node[way_in]
            one = np.array([node], np.int32)
            assert int(a.ms[edges].sum()) + int(to.ms[way_in]) == ways.ms(one)[0]
            metres = float(a.shape_m[a.edge_shape[edges]].sum()) + float(to.metres[way_in])
            assert ways.metres(one)[0] == pytest.approx(metres, abs=0.05)


@pytest.mark.parametrize("name", SAMPLES[:1])
def test_few_closures_change_the_arcs_in_place_and_many_work_them_all_out_with_one_result(name, shared_network):
    network = shared_network(name)
    before = customise(network.hierarchy, network.costs)
    for count in (1, 40, 4000):
        shapes = np.unique(random_closures(network, np.random.default_rng(count), count))
        blocked = blocked_edges(network, shapes)
        assert is_many(network, blocked) == (count == 4000)
        in_place = network.own_metric()
        close(network.hierarchy, network.costs, in_place, edges_of(network, shapes), blocked.mask)
        assert same(in_place, blocked.metric)
        assert same(in_place, customise(network.hierarchy, network.costs, blocked.mask))
    assert same(network.metric, before), "whoever searches with all roads open is not disturbed"


def test_until_the_arcs_are_worked_out_the_plain_search_gives_the_same_answers(town):
    bridge = [shape for shape in range(town.shapes) if town.name_of(shape) == "白浪河桥"]
    at_once = blocked_at_once(town, bridge)
    assert at_once.metric is None
    places = [(str(n), float(x), float(y)) for n, (x, y) in enumerate(town.arrays.node_xy / 1e7)]
    for _, *target in places:
        plain = rank(town, tuple(target), places, blocked=at_once)
        ranked = rank(town, tuple(target), places, blocked=worked_out(town, at_once))
        assert [(each.id, each.travel_time_s, each.unreachable_reason) for each in ranked] == [
            (each.id, each.travel_time_s, each.unreachable_reason) for each in plain
        ]


def test_many_threads_with_other_closures_do_not_disturb_each_other(shared_network, places_on_roads):
    network = shared_network("malta_2016.osm.pbf")
    random = np.random.default_rng(8)
    states: list[BlockedEdges | None] = [None]
    states += [blocked_edges(network, random_closures(network, random, 200)) for _ in range(3)]
    targets = places_on_roads(network, 8, 9)
    officers = [(n, *place) for n, place in enumerate(places_on_roads(network, 80, 10))]
    questions = [(state, target) for target in targets for state in states]

    def answer(question):
        state, target = question
        return rank(network, target, officers, blocked=state, routes=2)

    alone = [answer(question) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, questions)) == alone
