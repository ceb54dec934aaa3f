"""Turn restrictions, by splitting only the junctions that have one.

Every approach to a junction from which some turn is forbidden gets a copy of that junction, from which only the
allowed turns leave. Copies are ordinary nodes at the same place, so every search, exported graph or hierarchy honours
restrictions without knowing of them; the network grows by a few nodes per restriction instead of 2.3 times.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from routing.graph import RoadGraph
from routing.measure import Longs
from routing.osm import TurnRestriction


def split_restricted(graph: RoadGraph, begins: Longs, ends: Longs, restrictions: Sequence[TurnRestriction]) -> None:
    """Change `graph` so that no route takes a forbidden turn. `begins` and `ends` are the ways at each edge's ends."""
    forbidden = _forbidden_turns(graph, begins, ends, restrictions)
    if not forbidden:
        return
    leaving: dict[int, list[int]] = defaultdict(list)
    centres = {int(graph.edge_head[edge]) for edge in forbidden}
    for edge in np.flatnonzero(np.isin(graph.edge_tail, list(centres))).tolist():
        leaving[int(graph.edge_tail[edge])].append(edge)

    copies: dict[tuple[int, frozenset[int]], int] = {}
    nodes = len(graph.node_id)
    heads = graph.edge_head.copy()
    for approach, banned in sorted(forbidden.items()):
        key = (int(graph.edge_head[approach]), frozenset(banned))  # approaches with the same turns share a copy
        heads[approach] = copies.setdefault(key, nodes + len(copies))
    graph.edge_head = heads  # all heads first: a copied edge may itself end in a copy

    copied_edges, copied_tails = [], []
    for (junction, turns), copy in copies.items():
        for edge in leaving[junction]:
            if edge not in turns:
                copied_edges.append(edge)
                copied_tails.append(copy)
    origin = np.array([junction for junction, _ in copies], np.int32)
    picked = np.array(copied_edges, np.int64)
    graph.node_id = np.concatenate([graph.node_id, graph.node_id[origin]])
    graph.node_x = np.concatenate([graph.node_x, graph.node_x[origin]])
    graph.node_y = np.concatenate([graph.node_y, graph.node_y[origin]])
    graph.node_origin = np.concatenate([graph.node_origin, origin])
    graph.edge_tail = np.concatenate([graph.edge_tail, np.array(copied_tails, np.int32)])
    graph.edge_head = np.concatenate([graph.edge_head, graph.edge_head[picked]])
    graph.edge_shape = np.concatenate([graph.edge_shape, graph.edge_shape[picked]])
    graph.edge_backward = np.concatenate([graph.edge_backward, graph.edge_backward[picked]])
    graph.edge_copied = np.concatenate([graph.edge_copied, np.ones(len(picked), np.bool_)])


def _forbidden_turns(
    graph: RoadGraph, begins: Longs, ends: Longs, restrictions: Sequence[TurnRestriction]
) -> dict[int, set[int]]:
    """Return the forbidden next edges of every edge that has some."""
    order = np.argsort(graph.node_id, kind="stable")
    ids = graph.node_id[order]
    wanted = {restriction.via_node for restriction in restrictions}
    via_of: dict[int, int] = {}
    for node in wanted:
        at = int(np.searchsorted(ids, node))
        if at < len(ids) and ids[at] == node:
            via_of[int(order[at])] = node
    arriving: dict[int, list[int]] = defaultdict(list)
    leaving: dict[int, list[int]] = defaultdict(list)
    centres = np.array(sorted(via_of), np.int64)
    for edge in np.flatnonzero(np.isin(graph.edge_head, centres)).tolist():
        arriving[via_of[int(graph.edge_head[edge])]].append(edge)
    for edge in np.flatnonzero(np.isin(graph.edge_tail, centres)).tolist():
        leaving[via_of[int(graph.edge_tail[edge])]].append(edge)

    forbidden: dict[int, set[int]] = defaultdict(set)
    for restriction in restrictions:
        into = [edge for edge in arriving[restriction.via_node] if ends[edge] == restriction.from_way]
        out = [edge for edge in leaving[restriction.via_node] if begins[edge] == restriction.to_way]
        if not into or (not out and not restriction.only):
            _note(graph, "turn restrictions without effect: nobody can turn there anyway")
            continue
        if len(into) != 1 or len(out) != 1:
            # A way that runs through the junction has two arms there, and the relation does not say which is meant.
            _note(graph, "turn restrictions not honoured: which arms of the junction they mean is not said")
            continue
        others = set(leaving[restriction.via_node]) - set(out)
        forbidden[into[0]] |= others if restriction.only else set(out)
        _note(graph, "turn restrictions honoured")
    return {edge: turns for edge, turns in forbidden.items() if turns}


def _note(graph: RoadGraph, note: str) -> None:
    graph.notes[note] = graph.notes.get(note, 0) + 1
