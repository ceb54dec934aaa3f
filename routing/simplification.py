"""From ways and points to junctions and stretches: osmnx's `simplify_graph` rule, on arrays.

A point stays a junction if it is a dead end, a one-way street ends or begins in it, more or fewer than two other points
touch it, the street changes there, or a turn restriction speaks of it. Everything between is shape. Rings that touch
nothing else go, as in osmnx; islands stay.
"""

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from routing.graph import RoadGraph
from routing.measure import Bytes, Floats, Ints, Longs, great_circle_m
from routing.osm import NOWHERE, OsmRoads
from routing.speeds import speeds_of_ways

Flags = npt.NDArray[np.bool_]


def simplify(
    roads: OsmRoads, *, by_street: bool = True, keep_restricted: bool = True
) -> tuple[RoadGraph, Longs, Longs]:
    """Return the graph, and for each edge the ways by which it begins and ends (turn restrictions need them).

    `by_street` also keeps the points at which a road changes its name, class, speed or becomes a bridge, as osmnx
    does with `edge_attrs_differ`: a stretch then belongs to one street, is driven at one speed, and can be closed by
    itself.
    """
    way = np.repeat(np.arange(len(roads.way_id)), np.diff(roads.way_start))
    ids, point = np.unique(roads.node, return_inverse=True)
    point = point.astype(np.int32)
    first = np.zeros(len(ids), np.int64)
    first[point] = np.arange(len(point))
    node_x, node_y = roads.x[first], roads.y[first]

    step = np.flatnonzero(
        (way[:-1] == way[1:])
        & (point[:-1] != point[1:])  # a point given twice in a row is one point
        & (roads.x[:-1] != NOWHERE)
        & (roads.x[1:] != NOWHERE)
    )
    a, b, segment_way = point[step], point[step + 1], way[step]
    length = great_circle_m(node_x[a], node_y[a], node_x[b], node_y[b])
    way_length = np.bincount(segment_way, length, minlength=len(roads.way_id)).astype(np.float64)
    kph = speeds_of_ways(roads.way_kph, roads.way_class, roads.classes, way_length)

    # Raw directed edges, sorted by their tail: one for every step, and one back where the way is two-way.
    back = roads.way_oneway[segment_way] == 0
    tail, head = np.concatenate([a, b[back]]), np.concatenate([b, a[back]])
    of_segment = np.concatenate([np.arange(len(a)), np.flatnonzero(back)])
    order = np.lexsort((of_segment, head, tail))
    tail, head, of_segment = tail[order], head[order], of_segment[order]
    is_back = order >= len(a)
    indptr = np.searchsorted(tail, np.arange(len(ids) + 1)).astype(np.int64)

    is_end = _endpoints(tail, head, len(ids))
    if by_street:
        is_end |= _changes(tail, head, _streets(roads, kph)[segment_way[of_segment]], len(ids))
    if keep_restricted and roads.restrictions:
        via = _places_of(roads)
        at = np.minimum(np.searchsorted(ids, via), len(ids) - 1)
        is_end[at[ids[at] == via]] = True

    chain_start, chain = _trace(indptr, tail, head, is_end)
    chain_first, chain_last = chain[chain_start[:-1]], chain[chain_start[1:] - 1]
    twin = _twins(of_segment, is_back, chain_first, chain_last, np.diff(chain_start))

    # The chain with the lower number draws the stretch; its twin runs along it backwards.
    numbers = np.arange(len(twin))
    draws = (twin < 0) | (numbers < twin)
    shape_of = np.full(len(twin), -1, np.int64)
    shape_of[draws] = np.arange(int(draws.sum()))
    shape_of[~draws] = shape_of[twin[~draws]]
    drawn = np.flatnonzero(draws)

    members = np.repeat(draws, np.diff(chain_start))
    raw = chain[members]
    pieces = np.diff(chain_start)[drawn]
    piece_start = np.concatenate([[0], np.cumsum(pieces)])
    raw_segment = of_segment[raw]
    raw_way = segment_way[raw_segment]
    raw_length = length[raw_segment]
    raw_seconds = raw_length / (kph[raw_way] / 3.6)
    shape_start, shape_point = _points(piece_start, tail[raw], head[raw])
    longest = _longest_piece(piece_start, raw_length, np.ones(len(raw), np.bool_))
    named = _longest_piece(piece_start, raw_length, roads.way_name[raw_way] != 0)

    keep_id, compact = np.unique(np.concatenate([tail[chain_first], head[chain_last]]), return_inverse=True)
    edges = len(chain_first)
    ring_steps = len(tail) - len(chain)
    notes = dict(roads.notes)
    if ring_steps:
        notes["steps of rings that touch no other road, left out"] = ring_steps
    graph = RoadGraph(
        node_id=ids[keep_id],
        node_x=node_x[keep_id],
        node_y=node_y[keep_id],
        node_origin=np.arange(len(keep_id), dtype=np.int32),
        shape_start=shape_start,
        shape_x=node_x[shape_point],
        shape_y=node_y[shape_point],
        shape_length_m=_sums(piece_start, raw_length),
        shape_seconds=_sums(piece_start, raw_seconds),
        shape_name=roads.way_name[raw_way[named]],
        shape_class=roads.way_class[raw_way[longest]],
        shape_flags=_any_bits(piece_start, roads.way_flags[raw_way]),
        shape_way=roads.way_id[raw_way[longest]],
        edge_tail=compact[:edges].astype(np.int32),
        edge_head=compact[edges:].astype(np.int32),
        edge_shape=shape_of.astype(np.int32),
        edge_backward=~draws,
        edge_copied=np.zeros(edges, np.bool_),
        names=roads.names,
        classes=roads.classes,
        notes=notes,
    )
    begins = roads.way_id[segment_way[of_segment[chain_first]]]
    ends = roads.way_id[segment_way[of_segment[chain_last]]]
    return graph, begins, ends


def _places_of(roads: OsmRoads) -> Longs:
    """Return the points that turn restrictions speak of: their nodes, and both ends of the ways they go through."""
    nodes = [one.via_node for one in roads.restrictions if one.via_node is not None]
    through = np.isin(roads.way_id, [way for one in roads.restrictions for way in one.via_ways])
    ends = [roads.node[roads.way_start[:-1][through]], roads.node[roads.way_start[1:][through] - 1]]
    return np.concatenate([np.array(nodes, np.int64), *ends])


def _endpoints(tail: Ints, head: Ints, nodes: int) -> Flags:
    """Mark the points that stay: osmnx's `_is_endpoint`, for all points at once.

    Where two ways lie on the same points osmnx may still merge; we keep the point, since merging would lose one of
    them.
    """
    out, into = np.bincount(tail, minlength=nodes), np.bincount(head, minlength=nodes)
    pairs = np.unique(_keys(tail, head, nodes))
    out_others = np.bincount(pairs // nodes, minlength=nodes)
    in_others = np.bincount(pairs % nodes, minlength=nodes)
    either = np.unique(np.concatenate([pairs, (pairs % nodes) * nodes + pairs // nodes]))
    others = np.bincount(either // nodes, minlength=nodes)
    passing = (others == 2) & (out_others == out) & (in_others == into) & (out == into) & ((out == 1) | (out == 2))
    return np.asarray(~passing, np.bool_)


def _streets(roads: OsmRoads, kph: Floats) -> Ints:
    """Return for every way a number that it shares with all ways of the same name, class, structure and speed."""
    traits = np.stack([roads.way_name, roads.way_class, roads.way_flags, np.rint(kph * 10)], axis=1).astype(np.int64)
    _, street = np.unique(traits, axis=0, return_inverse=True)
    return street.astype(np.int32)


def _changes(tail: Ints, head: Ints, street: Ints, nodes: int) -> Flags:
    """Mark the points at which more than one street begins or ends."""
    least, most = np.full(nodes, np.iinfo(np.int32).max, np.int32), np.full(nodes, -1, np.int32)
    for end in (tail, head):
        np.minimum.at(least, end, street)
        np.maximum.at(most, end, street)
    return least < most


def _keys(tail: Ints, head: Ints, nodes: int) -> Longs:
    return tail.astype(np.int64) * nodes + head


@compiled
def _trace(indptr: Longs, tail: Ints, head: Ints, is_end: Flags) -> tuple[Longs, Longs]:
    """Follow every edge that leaves an end point to the next end point; return chains of raw edges, one after
    another.
    """
    chain = np.empty(len(tail), np.int64)
    starts = np.empty(len(tail) + 1, np.int64)
    starts[0] = 0
    filled, chains = 0, 0
    for first in range(len(tail)):
        if not is_end[tail[first]]:
            continue
        edge = first
        while True:
            chain[filled] = edge
            filled += 1
            here = head[edge]
            if is_end[here]:
                break
            onward = indptr[here]
            if head[onward] == tail[edge]:  # that leads back; a passing point has exactly one other way out
                onward += 1
            edge = onward
        chains += 1
        starts[chains] = filled
    return starts[: chains + 1].copy(), chain[:filled].copy()


def _twins(of_segment: Longs, is_back: Flags, first: Longs, last: Longs, pieces: Longs) -> Longs:
    """Return for each chain the one that runs over the same steps backwards, or -1."""
    there = np.full((int(of_segment.max()) + 1, 2), -1, np.int64)
    there[of_segment, is_back.astype(np.int64)] = np.arange(len(of_segment))
    reverse = there[of_segment[last], (~is_back[last]).astype(np.int64)]
    chain_of = np.full(len(of_segment), -1, np.int64)
    chain_of[first] = np.arange(len(first))
    twin = np.where(reverse >= 0, chain_of[reverse], -1)
    numbers = np.arange(len(first))
    # Where a street was drawn twice the way back may run over the other drawing: then each keeps its own stretch.
    mutual = (twin >= 0) & (twin != numbers) & (twin[twin] == numbers) & (pieces[twin] == pieces)
    return np.where(mutual, twin, -1)


def _points(piece_start: Longs, tail: Ints, head: Ints) -> tuple[Longs, Ints]:
    """Return the points of each stretch: the tails of its pieces, then the last head."""
    count = len(piece_start) - 1
    start = piece_start + np.arange(count + 1)
    points = np.empty(len(tail) + count, np.int32)
    shift = np.repeat(np.arange(count), np.diff(piece_start))
    points[np.arange(len(tail)) + shift] = tail
    points[start[1:] - 1] = head[piece_start[1:] - 1]
    return start, points


def _sums(piece_start: Longs, values: Floats) -> Floats:
    sums: Floats = np.add.reduceat(values, piece_start[:-1]) if len(values) else np.empty(0)
    return sums


def _any_bits(piece_start: Longs, bits: Bytes) -> Bytes:
    joined: Bytes = np.bitwise_or.reduceat(bits, piece_start[:-1]) if len(bits) else np.empty(0, np.uint8)
    return joined


def _longest_piece(piece_start: Longs, length: Floats, counts: Flags) -> Longs:
    """Return for each stretch its longest piece, among those that count if there are any."""
    stretch = np.repeat(np.arange(len(piece_start) - 1), np.diff(piece_start))
    order = np.lexsort((length, counts, stretch))
    return order[piece_start[1:] - 1]
