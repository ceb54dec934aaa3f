"""What it costs to drive along the arcs of a hierarchy: for all travel times at once, or for some roads closed.

An arc costs the least over the roads along it and over every detour by one lower rank. Ties go to the road with the
lowest number, then to the lowest rank, so that the same roads have the same costs however one came to them: closing
roads (`close`) gives bit for bit what customising without those roads gives.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from routing.hierarchy import Hierarchy
from routing.measure import Bytes, Floats, Ints, Longs

Singles = npt.NDArray[np.float32]

NEVER = 1_000_000_000
"""No way: milliseconds above any real time (11 days), and two of them still fit into 32 bits."""
_NOTHING = -2_147_483_648


@dataclass(frozen=True, slots=True)
class Metric:
    """Costs of arcs upward (from `tail` to `head`) and downward: whole milliseconds, the metres of that very way, and
    how it goes: over the rank `via` or, below 0, along the edge `-1 - via`.
    """

    up_ms: Ints
    down_ms: Ints
    up_m: Singles
    down_m: Singles
    up_via: Ints
    down_via: Ints


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of the network, in the order of their tails, and what they cost."""

    indptr: Longs
    tail: Ints
    head: Ints
    ms: Ints
    shape: Ints
    shape_m: Floats


def customise(hierarchy: Hierarchy, edges: Edges, blocked: Bytes | None = None) -> Metric:
    """Return the costs of all arcs, `blocked` edges left out; about a second for a province."""
    h, arcs = hierarchy, len(hierarchy.head)
    metric = Metric(
        np.full(arcs, NEVER, np.int32),
        np.full(arcs, NEVER, np.int32),
        np.zeros(arcs, np.float32),
        np.zeros(arcs, np.float32),
        np.full(arcs, _NOTHING, np.int32),
        np.full(arcs, _NOTHING, np.int32),
    )
    _lay_edges(
        h.rank, h.start, h.head,
        edges.tail, edges.head, edges.ms, edges.shape, edges.shape_m,
        np.zeros(len(edges.head), np.uint8) if blocked is None else blocked,
        metric.up_ms, metric.down_ms, metric.up_m, metric.down_m, metric.up_via, metric.down_via,
    )  # fmt: skip
    _join_detours(
        h.start, h.head,
        metric.up_ms, metric.down_ms, metric.up_m, metric.down_m, metric.up_via, metric.down_via,
    )  # fmt: skip
    return metric


def close(hierarchy: Hierarchy, edges: Edges, metric: Metric, closed: Ints, blocked: Bytes) -> int:
    """Change `metric` into that without the `closed` edges (of which `blocked` is the mask).

    `metric` must have been customised with all edges open. Takes less than a millisecond for a street, some 80 ms for a
    hundred roads all over a province; returns how many arcs had to be worked out anew.
    """
    h = hierarchy
    looked_at: int = _close(
        h.rank, h.node, h.start, h.head, h.tail, h.below_start, h.below, h.below_tail,
        edges.indptr, edges.tail, edges.head, edges.ms, edges.shape, edges.shape_m,
        closed, blocked,
        metric.up_ms, metric.down_ms, metric.up_m, metric.down_m, metric.up_via, metric.down_via,
    )  # fmt: skip
    return looked_at


@compiled
def find_arc(start: Longs, head: Ints, low: int, high: int) -> int:
    """Return the arc between two ranks, or -1."""
    begin, end = start[low], start[low + 1]
    while begin < end:
        middle = (begin + end) >> 1
        if head[middle] < high:
            begin = middle + 1
        else:
            end = middle
    return begin if begin < start[low + 1] and head[begin] == high else -1


@compiled
def _lay_edges(
    rank: Ints, start: Longs, head: Ints,
    edge_tail: Ints, edge_head: Ints, edge_ms: Ints, edge_shape: Ints, shape_m: Floats,
    blocked: Bytes,
    up_ms: Ints, down_ms: Ints, up_m: Singles, down_m: Singles, up_via: Ints, down_via: Ints,
) -> None:  # fmt: skip
    """Give every arc the fastest edge along it."""
    for edge in range(len(edge_head)):
        if blocked[edge] != 0:
            continue
        a, b = rank[edge_tail[edge]], rank[edge_head[edge]]
        if a < b:
            arc = find_arc(start, head, a, b)
            if edge_ms[edge] < up_ms[arc]:
                up_ms[arc] = edge_ms[edge]
                up_m[arc] = shape_m[edge_shape[edge]]
                up_via[arc] = -1 - edge
        elif b < a:
            arc = find_arc(start, head, b, a)
            if edge_ms[edge] < down_ms[arc]:
                down_ms[arc] = edge_ms[edge]
                down_m[arc] = shape_m[edge_shape[edge]]
                down_via[arc] = -1 - edge


@compiled
def _join_detours(
    start: Longs, head: Ints,
    up_ms: Ints, down_ms: Ints, up_m: Singles, down_m: Singles, up_via: Ints, down_via: Ints,
) -> None:  # fmt: skip
    """From the lowest rank up: two arcs of one tail are a detour for the arc between their heads."""
    for low in range(len(start) - 1):
        end = start[low + 1]
        for one in range(start[low], end):
            if up_ms[one] >= NEVER and down_ms[one] >= NEVER:
                continue
            arc = start[head[one]]
            for other in range(one + 1, end):
                while head[arc] < head[other]:
                    arc += 1
                ms = down_ms[one] + up_ms[other]
                if ms < up_ms[arc]:
                    up_ms[arc] = ms
                    up_m[arc] = down_m[one] + up_m[other]
                    up_via[arc] = low
                ms = down_ms[other] + up_ms[one]
                if ms < down_ms[arc]:
                    down_ms[arc] = ms
                    down_m[arc] = down_m[other] + up_m[one]
                    down_via[arc] = low


@compiled
def _close(
    rank: Ints, node: Ints, start: Longs, head: Ints, tail: Ints, below_start: Longs, below: Ints, below_tail: Ints,
    indptr: Longs, edge_tail: Ints, edge_head: Ints, edge_ms: Ints, edge_shape: Ints, shape_m: Floats,
    closed: Ints, blocked: Bytes,
    up_ms: Ints, down_ms: Ints, up_m: Singles, down_m: Singles, up_via: Ints, down_via: Ints,
) -> int:  # fmt: skip
    """Work out anew, from the lowest up, the arcs that led over a closed edge or over an arc that changed.

    The heap holds 2 k for arc k upward and 2 k + 1 downward. What is closed only ever makes ways longer, so a direction
    whose own way is whole keeps it. Lists are walked side by side: on a province, nearly all the time goes into
    fetching what lies elsewhere in memory.
    """
    heap = np.empty(1024, np.int64)
    size = 0
    for number in range(len(closed)):
        edge = closed[number]
        a, b = rank[edge_tail[edge]], rank[edge_head[edge]]
        if a == b:
            continue
        arc = find_arc(start, head, min(a, b), max(a, b))
        if (up_via[arc] if a < b else down_via[arc]) == -1 - edge:
            heap, size = _put(heap, size, 2 * arc + (a > b))
    looked_at = 0
    to_low, to_high = np.empty(1024, np.int32), np.empty(1024, np.int32)
    while size > 0:
        arc = heap[0] >> 1
        broken_up = broken_down = False
        while size > 0 and heap[0] >> 1 == arc:
            if heap[0] & 1:
                broken_down = True
            else:
                broken_up = True
            size = _drop(heap, size)
        looked_at += 1
        low, high = tail[arc], head[arc]
        # A direction that is whole counts as impossible to improve.
        ms_up, m_up, via_up = np.int64(-1), np.float32(0.0), np.int64(_NOTHING)
        ms_down, m_down, via_down = ms_up, m_up, via_up
        if broken_up:
            ms_up, m_up, via_up = _best_edge(
                indptr, edge_head, edge_ms, edge_shape, shape_m, blocked, node[low], node[high]
            )
        if broken_down:
            ms_down, m_down, via_down = _best_edge(
                indptr, edge_head, edge_ms, edge_shape, shape_m, blocked, node[high], node[low]
            )
        # Detours by lower ranks: those that both ends have below them. First all are listed, then looked at: so many
        # are fetched from memory at once.
        one, other = below_start[low], below_start[high]
        count = 0
        if below_start[low + 1] - one > len(to_low):
            to_low = np.empty(2 * (below_start[low + 1] - one), np.int32)
            to_high = np.empty(len(to_low), np.int32)
        while one < below_start[low + 1] and other < below_start[high + 1]:
            under, beside = below_tail[one], below_tail[other]
            if under == beside:
                to_low[count], to_high[count] = below[one], below[other]
                count += 1
            one += under <= beside
            other += beside <= under
        if broken_up:
            for k in range(count):
                ms = down_ms[to_low[k]] + up_ms[to_high[k]]
                if ms < ms_up:
                    ms_up, via_up = np.int64(ms), np.int64(tail[to_low[k]])
                    m_up = down_m[to_low[k]] + up_m[to_high[k]]
        if broken_down:
            for k in range(count):
                ms = down_ms[to_high[k]] + up_ms[to_low[k]]
                if ms < ms_down:
                    ms_down, via_down = np.int64(ms), np.int64(tail[to_low[k]])
                    m_down = down_m[to_high[k]] + up_m[to_low[k]]
        changed_up = broken_up and (ms_up != up_ms[arc] or m_up != up_m[arc])
        changed_down = broken_down and (ms_down != down_ms[arc] or m_down != down_m[arc])
        if broken_up:
            up_ms[arc], up_m[arc], up_via[arc] = ms_up, m_up, via_up
        if broken_down:
            down_ms[arc], down_m[arc], down_via[arc] = ms_down, m_down, via_down
        if not (changed_up or changed_down):
            continue
        # Ways between `high` and another over `low` that begin (down this arc) or end (up it) here: first those with
        # arcs from below `high`, then those with arcs from it up.
        place = below_start[high] + np.searchsorted(
            below_tail[below_start[high] : below_start[high + 1]], low, side="right"
        )
        for third in range(start[low], arc):
            while below_tail[place] < head[third]:
                place += 1
            higher = below[place]
            if changed_down and down_via[higher] == low:
                heap, size = _put(heap, size, 2 * higher + 1)
            if changed_up and up_via[higher] == low:
                heap, size = _put(heap, size, 2 * higher)
        place = start[high]
        for third in range(arc + 1, start[low + 1]):
            while head[place] < head[third]:
                place += 1
            if changed_down and up_via[place] == low:
                heap, size = _put(heap, size, 2 * place)
            if changed_up and down_via[place] == low:
                heap, size = _put(heap, size, 2 * place + 1)
    return looked_at


@compiled
def _best_edge(
    indptr: Longs, edge_head: Ints, edge_ms: Ints, edge_shape: Ints, shape_m: Floats, blocked: Bytes,
    a: np.int32, b: np.int32,
) -> tuple[np.int64, np.float32, np.int64]:  # fmt: skip
    """Return the fastest open edge from node `a` to node `b`: milliseconds, metres, and itself as `via`."""
    best, metres, via = np.int64(NEVER), np.float32(0.0), np.int64(_NOTHING)
    for edge in range(indptr[a], indptr[a + 1]):
        if edge_head[edge] == b and blocked[edge] == 0 and edge_ms[edge] < best:
            best, metres, via = np.int64(edge_ms[edge]), np.float32(shape_m[edge_shape[edge]]), np.int64(-1 - edge)
    return best, metres, via


@compiled
def _put(heap: Longs, size: int, item: int) -> tuple[Longs, int]:
    if size == len(heap):
        longer = np.empty(2 * size, np.int64)
        longer[:size] = heap
        heap = longer
    place = size
    while place > 0 and heap[(place - 1) >> 1] > item:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = item
    return heap, size + 1


@compiled
def _drop(heap: Longs, size: int) -> int:
    """Take the least item away."""
    size -= 1
    item = heap[size]
    place = 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= item:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item
    return size
