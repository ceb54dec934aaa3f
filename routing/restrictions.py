"""Turn restrictions, by splitting only the junctions that have one.

A restriction forbids a path of edges: two for a turn at a node, more for one through ways. Whoever drives the first
edge of such a path arrives at a copy of the junction that remembers which edges must not follow; driving on, they come
to further copies as long as the path goes on, and back to the plain junctions when they leave it. Copies are ordinary
nodes at the same place, so every search, exported graph or hierarchy honours restrictions without knowing of them; the
network grows by a few nodes per restriction instead of 2.3 times.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from routing.graph import RoadGraph
from routing.measure import Longs
from routing.osm import TurnRestriction

Path = tuple[int, ...]
"""Edges one after another."""

WITHOUT_EFFECT = "turn restrictions without effect: nobody can turn there anyway"
NOT_SAID = "turn restrictions not honoured: which arms of the junction they mean is not said"
HONOURED = "turn restrictions honoured"
HONOURED_THROUGH_WAYS = "turn restrictions through ways honoured"


def split_restricted(graph: RoadGraph, begins: Longs, ends: Longs, restrictions: Sequence[TurnRestriction]) -> None:
    """Change `graph` so that no route takes a forbidden turn. `begins` and `ends` are the ways at each edge's ends."""
    turns = _Turns(graph, begins, ends, restrictions)
    forbid(graph, {path for restriction in restrictions for path in turns.forbidden_by(restriction)})


def forbid(graph: RoadGraph, paths: Collection[Path]) -> None:
    """Change `graph` so that no route drives all edges of any of the paths (two edges or more each) in a row."""
    if not paths:
        return
    begun: dict[int, set[Path]] = defaultdict(set)  # by the first edge: what must not follow it
    for path in paths:
        begun[path[0]].add(path[1:])
    leaving = _Leaving(graph)
    plain_heads = graph.edge_head
    copies: dict[tuple[int, frozenset[Path]], int] = {}
    waiting: list[tuple[int, frozenset[Path]]] = []

    def arrive(junction: int, pending: frozenset[Path]) -> int:
        """The node at which one arrives who must not drive what is pending; paths with the same rest share it."""
        if not pending:
            return junction
        key = junction, pending
        if key not in copies:
            copies[key] = len(graph.node_id) + len(copies)
            waiting.append(key)
        return copies[key]

    heads = plain_heads.copy()
    for edge in sorted(begun):
        heads[edge] = arrive(int(plain_heads[edge]), frozenset(begun[edge]))
    copied_edges, copied_tails, copied_heads = [], [], []
    while waiting:
        junction, pending = key = waiting.pop(0)
        for edge in leaving.at(junction):
            if (edge,) in pending:
                continue
            going_on = {rest[1:] for rest in pending if rest[0] == edge}
            copied_edges.append(edge)
            copied_tails.append(copies[key])
            copied_heads.append(arrive(int(plain_heads[edge]), frozenset(going_on | begun.get(edge, set()))))

    origin = np.array([junction for junction, _ in copies], np.int32)
    picked = np.array(copied_edges, np.int64)
    graph.node_id = np.concatenate([graph.node_id, graph.node_id[origin]])
    graph.node_x = np.concatenate([graph.node_x, graph.node_x[origin]])
    graph.node_y = np.concatenate([graph.node_y, graph.node_y[origin]])
    graph.node_origin = np.concatenate([graph.node_origin, origin])
    graph.edge_tail = np.concatenate([graph.edge_tail, np.array(copied_tails, np.int32)])
    graph.edge_head = np.concatenate([heads, np.array(copied_heads, np.int32)])
    graph.edge_shape = np.concatenate([graph.edge_shape, graph.edge_shape[picked]])
    graph.edge_backward = np.concatenate([graph.edge_backward, graph.edge_backward[picked]])
    graph.edge_copied = np.concatenate([graph.edge_copied, np.ones(len(picked), np.bool_)])


class _Leaving:
    """The edges that leave a junction, as the graph is now."""

    def __init__(self, graph: RoadGraph) -> None:
        self._order = np.argsort(graph.edge_tail, kind="stable")
        self._tails = graph.edge_tail[self._order]

    def at(self, junction: int) -> list[int]:
        first, last = np.searchsorted(self._tails, [junction, junction + 1])
        edges: list[int] = self._order[first:last].tolist()
        return edges


class _Turns:
    """Finds the paths of edges that restrictions mean, and counts in the graph's notes what became of each."""

    def __init__(self, graph: RoadGraph, begins: Longs, ends: Longs, restrictions: Sequence[TurnRestriction]) -> None:
        self.graph, self.begins = graph, begins
        self.leaving = _Leaving(graph)
        named = {one.from_way for one in restrictions}
        self.ending: dict[int, list[int]] = defaultdict(list)
        for edge in np.flatnonzero(np.isin(ends, list(named))).tolist():
            self.ending[int(ends[edge])].append(edge)

    def forbidden_by(self, restriction: TurnRestriction) -> list[Path]:
        """Return the paths that nobody may drive: the one that is meant, or all others where it is demanded."""
        starts = self._starts(restriction)
        meant = [
            (*start, turn)
            for start in starts
            for turn in self.leaving.at(self._end(start))
            if self.begins[turn] == restriction.to_way
        ]
        if not starts or (not meant and not restriction.only):
            self._note(WITHOUT_EFFECT)
            return []
        if len(meant) != 1 or (restriction.via_node is not None and len(starts) != 1):
            # A way that runs through the junction has two arms there, and the relation does not say which is meant.
            self._note(NOT_SAID)
            return []
        self._note(HONOURED if restriction.via_node is not None else HONOURED_THROUGH_WAYS)
        if not restriction.only:
            return meant
        (path,) = meant
        return [(*path[:-1], turn) for turn in self.leaving.at(self._end(path[:-1])) if turn != path[-1]]

    def _starts(self, restriction: TurnRestriction) -> list[Path]:
        """The paths up to where the turn is taken: out of the way it comes from, and through those between, if any."""
        arrivals = self.ending[restriction.from_way]
        if restriction.via_node is not None:
            return [
                (edge,) for edge in arrivals if self.graph.node_id[self.graph.edge_head[edge]] == restriction.via_node
            ]
        return [path for edge in arrivals for path in self._along((edge,), frozenset(restriction.via_ways))]

    def _along(self, path: Path, ways: frozenset[int]) -> Iterator[Path]:
        """Go on over edges of these ways, to no junction twice; yield each path that has driven on all of them."""
        if {int(self.begins[edge]) for edge in path[1:]} == ways:
            yield path
        passed = {int(self.graph.edge_tail[edge]) for edge in path}
        for edge in self.leaving.at(self._end(path)):
            if int(self.begins[edge]) in ways and int(self.graph.edge_head[edge]) not in passed:
                yield from self._along((*path, edge), ways)

    def _end(self, path: Path) -> int:
        return int(self.graph.edge_head[path[-1]])

    def _note(self, note: str) -> None:
        self.graph.notes[note] = self.graph.notes.get(note, 0) + 1
