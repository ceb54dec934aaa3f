"""Turn restrictions at nodes and through ways: against a search that remembers the way it came, and from files."""

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.graph import RoadGraph
from routing.importing import import_roads
from routing.network import RoadStore
from routing.osm import limit
from routing.ranking import find_route
from routing.restrictions import forbid


def graph_of(tails, heads) -> RoadGraph:
    """Every edge a stretch of its own, between points on a diagonal."""
    nodes, edges = max([*tails, *heads]) + 1, len(tails)
    at = np.arange(nodes, dtype=np.int32)
    return RoadGraph(
        node_id=at.astype(np.int64) + 1,
        node_x=at * 1000,
        node_y=at * 1000,
        node_origin=at.copy(),
        shape_start=np.arange(edges + 1, dtype=np.int64) * 2,
        shape_x=np.stack([at[tails] * 1000, at[heads] * 1000], axis=1).ravel(),
        shape_y=np.stack([at[tails] * 1000, at[heads] * 1000], axis=1).ravel(),
        shape_length_m=np.ones(edges),
        shape_seconds=np.ones(edges),
        shape_name=np.zeros(edges, np.int32),
        shape_class=np.zeros(edges, np.uint8),
        shape_flags=np.zeros(edges, np.uint8),
        shape_way=np.arange(edges, dtype=np.int64),
        edge_tail=np.array(tails, np.int32),
        edge_head=np.array(heads, np.int32),
        edge_shape=np.arange(edges, dtype=np.int32),
        edge_backward=np.zeros(edges, np.bool_),
        edge_copied=np.zeros(edges, np.bool_),
        names=[""],
        classes=["road"],
    )


def remembering(tails, heads, costs, paths, first: int) -> dict[int, int]:
    """Least cost to the end of every edge after driving `first`, remembering as much of the way as a path is long."""
    longest = max(map(len, paths), default=1)
    queue, best, seen = [(costs[first], (first,))], {}, set()
    while queue:
        cost, way = heapq.heappop(queue)
        if way in seen:
            continue
        seen.add(way)
        best.setdefault(way[-1], cost)
        for edge, tail in enumerate(tails):
            if tail != heads[way[-1]]:
                continue
            driven = (*way, edge)
            if not any(driven[-len(path) :] == path for path in paths):
                heapq.heappush(queue, (cost + costs[edge], driven[-longest:]))
    return best


def on_the_split_graph(graph: RoadGraph, costs, first: int) -> dict[int, int]:
    queue, best, seen = [(costs[first], first)], {}, set()
    while queue:
        cost, edge = heapq.heappop(queue)
        if edge in seen:
            continue
        seen.add(edge)
        best.setdefault(int(graph.edge_shape[edge]), cost)
        for onward in np.flatnonzero(graph.edge_tail == graph.edge_head[edge]).tolist():
            heapq.heappush(queue, (cost + costs[graph.edge_shape[onward]], onward))
    return best


@st.composite
def roads_and_forbidden_paths(draw):
    nodes = draw(st.integers(2, 6))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    edges = draw(st.lists(ends, min_size=2, max_size=14))
    tails, heads = zip(*edges, strict=True)
    costs = draw(st.lists(st.integers(1, 9), min_size=len(edges), max_size=len(edges)))
    paths = set()
    for _ in range(draw(st.integers(0, 5))):
        path = [draw(st.integers(0, len(edges) - 1))]
        for _ in range(draw(st.integers(1, 3))):
            onward = [edge for edge, tail in enumerate(tails) if tail == heads[path[-1]]]
            if onward:
                path.append(draw(st.sampled_from(onward)))
        if len(path) > 1:
            paths.add(tuple(path))
    return list(tails), list(heads), costs, paths


@settings(max_examples=150, deadline=None, derandomize=True)
@given(roads_and_forbidden_paths())
def test_the_split_graph_drives_as_somebody_who_remembers_the_whole_way(made):
    tails, heads, costs, paths = made
    graph = graph_of(tails, heads)
    forbid(graph, paths)
    for first in range(len(tails)):
        assert on_the_split_graph(graph, costs, first) == remembering(tails, heads, costs, paths, first)
    assert set(graph.node_origin.tolist()) <= set(range(max([*tails, *heads]) + 1))


def test_paths_with_the_same_rest_share_a_copy_and_no_path_changes_nothing():
    plain, split = graph_of([0, 1, 2, 2], [2, 2, 3, 1]), graph_of([0, 1, 2, 2], [2, 2, 3, 1])
    forbid(plain, set())
    assert len(plain.node_id) == 4
    forbid(split, {(0, 2), (1, 2)})
    assert len(split.node_id) == 5


# Two carriageways, joined by a link in the middle (4-5): nobody may turn round over it from west to west.
#
#     1 --101--> 4 --102--> 2
#               103 (the link, down only: one could turn round at its end otherwise)
#     6 <--105-- 5 <--104-- 3      and 2 -> 3 joined by 106
_PLACES = {1: (0, 1), 2: (2, 1), 3: (2, 0), 4: (1, 1), 5: (1, 0), 6: (0, 0)}
_WAYS = {101: (1, 4), 102: (4, 2), 103: (4, 5), 104: (3, 5), 105: (5, 6), 106: (2, 3)}


def dual_carriageway(tmp_path, *members: tuple[str, int, str], kind: str = "no_u_turn", **tags: str):
    """The network of the drawing with one restriction on it."""
    about = {"type": "restriction", **({"restriction": kind} if kind else {}), **tags}
    nodes = "".join(
        f"<node id='{n}' lat='{36.7 + y / 1000}' lon='{119.1 + x / 200}'/>" for n, (x, y) in _PLACES.items()
    )
    ways = "".join(
        f"<way id='{way}'><nd ref='{a}'/><nd ref='{b}'/><tag k='highway' v='primary'/><tag k='name' v='{way}'/>"
        "<tag k='oneway' v='yes'/></way>"
        for way, (a, b) in _WAYS.items()
    )
    relation = "".join(f"<member type='{kind}' ref='{ref}' role='{role}'/>" for kind, ref, role in members)
    relation += "".join(f"<tag k='{key}' v='{value}'/>" for key, value in about.items())
    path = tmp_path / "dual.osm"
    path.write_text(f"<osm version='0.6'>{nodes}{ways}<relation id='1'>{relation}</relation></osm>")
    store = RoadStore(tmp_path / "roads")
    import_roads(path, store)
    return store.current()


def streets(network, start: int, end: int) -> list[str]:
    """The ways driven from a little behind one node to a little before another."""
    (x1, y1), (x2, y2) = _PLACES[start], _PLACES[end]
    route = find_route(
        network, (119.1 + (x1 + 0.1) / 200, 36.7 + y1 / 1000), (119.1 + (x2 + 0.1) / 200, 36.7 + y2 / 1000)
    )
    return [step.name for step in route.steps]


VIA_LINK = [("way", 101, "from"), ("way", 103, "via"), ("way", 105, "to")]


def test_a_forbidden_turn_through_a_way_is_not_taken_and_the_way_is_open_to_others(tmp_path):
    network = dual_carriageway(tmp_path, *VIA_LINK)
    assert network.manifest["notes"]["turn restrictions through ways honoured"] == 1
    assert streets(network, 1, 6) == ["101", "102", "106", "104", "105"]


def test_a_demanded_turn_through_a_way_is_the_only_one_out_of_it(tmp_path):
    network = dual_carriageway(tmp_path, *VIA_LINK, kind="only_right_turn")
    assert streets(network, 1, 6) == ["101", "103", "105"]
    assert network.manifest["notes"]["turn restrictions through ways honoured"] == 1


@pytest.mark.parametrize(
    ("members", "tags", "note"),
    [
        ([("way", 101, "from"), ("way", 999, "via"), ("way", 105, "to")], {}, "without effect"),
        ([("way", 104, "from"), ("way", 103, "via"), ("way", 105, "to")], {}, "without effect"),
        ([("way", 101, "from"), ("way", 103, "via"), ("node", 4, "via"), ("way", 105, "to")], {}, "neither a node nor"),
        (VIA_LINK, {"kind": "", "restriction:conditional": "no_u_turn @ (07:00-09:00)"}, "at certain times only"),
    ],
)
def test_what_cannot_be_honoured_is_counted_and_the_road_stays_open(members, tags, note, tmp_path):
    network = dual_carriageway(tmp_path, *members, **tags)
    assert [count for text, count in network.manifest["notes"].items() if note in text] == [1]
    assert streets(network, 1, 6) == ["101", "103", "105"]


@pytest.mark.parametrize(
    ("tags", "towards", "expected"),
    [
        ({"maxspeed": "50"}, 0, (50, False)),
        ({"maxspeed": "50", "maxspeed:forward": "70"}, 1, (70, False)),
        ({"maxspeed": "50", "maxspeed:backward": "30"}, -1, (30, False)),
        ({"maxspeed": "50", "maxspeed:backward": "30"}, 1, (50, False)),
        ({"maxspeed:forward": "70", "maxspeed:backward": "30"}, 0, (50, True)),
        ({"maxspeed:forward": "60", "maxspeed:backward": "60"}, 0, (60, False)),
        ({"maxspeed:backward": "30"}, 0, (30, False)),
        ({}, 0, (None, False)),
    ],
)
def test_limits_by_direction(tags, towards, expected):
    assert limit(tags, towards) == expected
