"""The order of a contraction hierarchy: nested cuts through few roads, found by flow between the ends of the map.

The network is cut in two where the fewest roads cross (`_split`), each half again, and so on; the junctions on a cut
stand above everything it separates. For a cut, the quarter of the junctions farthest to one side and the quarter
farthest to the other are sources and sinks, every road carries one unit, and a greatest flow shows the narrowest
place between them; the best of four directions counts. What is 100 roads across is cut at its rivers and railways.

After A. Schild and C. Sommer, *On Balanced Separators in Road Networks* (SEA 2015). The order depends on roads only,
not on travel times: it is worked out once, at the import.
"""

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from gis.compiled import compiled
from routing.measure import Bytes, Floats, Ints, Longs

Progress = Callable[[str, int], None]

_SMALL = 4096
"""Parts up to this many junctions are finished in one go."""
_LEAF = 8
"""Parts up to this many junctions are not cut further."""


@dataclass(frozen=True, slots=True)
class _Cutting:
    """Working memory as long as the network. Parts share it without locks: each touches its own junctions only."""

    x: Floats
    y: Floats
    start: Longs
    other: Ints
    back: Ints  # the same road seen from its other end
    part: Ints  # to which part a junction belongs; -1 once it lies on a cut
    level: Ints
    next_arc: Longs
    side: Bytes
    flow: Bytes  # 1: nothing flows, 0: a unit flows out, 2: a unit flows in
    order: Ints


def nested_order(
    tail: Ints, head: Ints, x: Ints, y: Ints, progress: Progress = lambda _what, _done: None, *, threads: int = 0
) -> Ints:
    """Return the nodes from the lowest rank up. `x`, `y`: units of 1e-7 degree; `threads` 0: one per processor.

    The same roads give the same order, whatever the number of threads.
    """
    nodes = len(x)
    cutting = _prepare(tail, head, x, y)
    done = 0
    with ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="order") as pool:
        running: dict[Future[int], tuple[int, int]] = {}

        def take(begin: int, end: int) -> None:
            if end > begin:
                work = _finish if end - begin <= _SMALL else _split
                running[pool.submit(work, *_columns(cutting), begin, end)] = begin, end

        take(0, nodes)
        while running:
            for finished in wait(running, return_when=FIRST_COMPLETED).done:
                begin, end = running.pop(finished)
                middle, cut = divmod(finished.result(), nodes + 1)
                if end - begin <= _SMALL:
                    done += end - begin
                else:
                    done += end - cut
                    take(begin, middle)
                    take(middle, cut)
            progress("finding where to cut the network", done)
    return cutting.order


def _prepare(tail: Ints, head: Ints, x: Ints, y: Ints) -> _Cutting:
    nodes = len(x)
    a, b = tail.astype(np.int64), head.astype(np.int64)
    both = np.concatenate([a * nodes + b, b * nodes + a])[np.concatenate([a != b, a != b])]
    pairs = np.unique(both)
    low, high = pairs // max(nodes, 1), pairs % max(nodes, 1)
    wide = np.cos(np.radians(float(y.mean()) / 1e7)) if nodes else 1.0
    return _Cutting(
        x=(x * wide).astype(np.float64),
        y=y.astype(np.float64),
        start=np.searchsorted(low, np.arange(nodes + 1)).astype(np.int64),
        other=high.astype(np.int32),
        back=np.searchsorted(pairs, high * nodes + low).astype(np.int32),
        part=np.zeros(nodes, np.int32),
        level=np.zeros(nodes, np.int32),
        next_arc=np.zeros(nodes, np.int64),
        side=np.zeros(nodes, np.uint8),
        flow=np.ones(len(pairs), np.uint8),
        order=np.arange(nodes, dtype=np.int32),
    )


def _columns(
    c: _Cutting,
) -> tuple[Floats, Floats, Longs, Ints, Ints, Ints, Ints, Longs, Bytes, Bytes, Ints]:
    return c.x, c.y, c.start, c.other, c.back, c.part, c.level, c.next_arc, c.side, c.flow, c.order


@compiled
def _finish(
    x: Floats, y: Floats, start: Longs, other: Ints, back: Ints, part: Ints, level: Ints, next_arc: Longs,
    side: Bytes, flow: Bytes, order: Ints, begin: int, end: int,
) -> int:  # fmt: skip
    """Cut a part down to its leaves."""
    waiting = [(begin, end)]
    while len(waiting) > 0:
        first, last = waiting.pop()
        if last - first <= _LEAF:
            continue
        result = _split(x, y, start, other, back, part, level, next_arc, side, flow, order, first, last)
        middle, cut = result // (len(order) + 1), result % (len(order) + 1)
        waiting.append((first, middle))
        waiting.append((middle, cut))
    return 0


@compiled
def _split(
    x: Floats, y: Floats, start: Longs, other: Ints, back: Ints, part: Ints, level: Ints, next_arc: Longs,
    side: Bytes, flow: Bytes, order: Ints, begin: int, end: int,
) -> int:  # fmt: skip
    """Arrange `order[begin:end]` as one side, the other side, the cut; return where the second and the third begin.

    Both in one number: second * (nodes + 1) + third.
    """
    nodes = order[begin:end]
    me = part[nodes[0]]
    least = len(other) + 1
    along = np.empty(len(nodes), np.float64)
    is_source = np.empty(len(nodes), np.uint8)
    queue = np.empty(len(nodes), np.int32)
    path = np.empty(len(nodes) + 1, np.int64)
    quarter = len(nodes) // 4
    for direction in range(4):
        for k in range(len(nodes)):
            px, py = x[nodes[k]], y[nodes[k]]
            along[k] = px if direction == 0 else (py if direction == 1 else (px + py if direction == 2 else px - py))
        ordered = np.partition(along, (quarter, len(nodes) - 1 - quarter))
        low, high = ordered[quarter], ordered[len(nodes) - 1 - quarter]
        for k in range(len(nodes)):
            if low < high:
                end_of = 1 if along[k] <= low else (2 if along[k] >= high else 0)
            else:  # all at one place: by number
                end_of = 1 if k <= quarter else (2 if k >= len(nodes) - 1 - quarter else 0)
            is_source[k] = end_of
        crossing = _flow(nodes, is_source, me, start, other, back, part, level, next_arc, flow, queue, path, least)
        if crossing < least:
            least = crossing
            for k in range(len(nodes)):
                side[nodes[k]] = 1 if level[nodes[k]] >= 0 else 2

    # The junctions at the cut roads' ends on one side or the other: take the fewer.
    ends = np.zeros(3, np.int64)
    for k in range(len(nodes)):
        for arc in range(start[nodes[k]], start[nodes[k] + 1]):
            if part[other[arc]] == me and side[other[arc]] != side[nodes[k]]:
                ends[side[nodes[k]]] += 1
                break
    fewer = 1 if ends[1] <= ends[2] else 2
    for k in range(len(nodes)):
        level[nodes[k]] = side[nodes[k]]
        if side[nodes[k]] == fewer:
            for arc in range(start[nodes[k]], start[nodes[k] + 1]):
                if part[other[arc]] == me and side[other[arc]] == 3 - fewer:
                    level[nodes[k]] = 3
                    break
    for k in range(len(nodes)):
        queue[k] = nodes[k]
    count = 0
    middle = cut = begin
    for wanted in range(1, 4):
        if wanted == 2:
            middle = begin + count
        elif wanted == 3:
            cut = begin + count
        for k in range(len(queue)):
            if level[queue[k]] == wanted:
                nodes[count] = queue[k]
                # A part is known by where it begins in the order, which no other part does.
                part[queue[k]] = -1 if wanted == 3 else (begin if wanted == 1 else middle)
                count += 1
    return middle * (len(order) + 1) + cut


@compiled
def _flow(
    nodes: Ints, end_of: Bytes, me: np.int32, start: Longs, other: Ints, back: Ints, part: Ints, level: Ints,
    next_arc: Longs, flow: Bytes, queue: Ints, path: Longs, enough: int,
) -> int:  # fmt: skip
    """Send as much as possible from sources (1) to sinks (2), at most `enough`; return how much.

    Afterwards `level` is at least 0 where the sources still reach: one side of the narrowest cut. (Dinic's way: all
    shortest paths at once, then the next longer ones.)
    """
    for k in range(len(nodes)):
        for arc in range(start[nodes[k]], start[nodes[k] + 1]):
            flow[arc] = 1
    total = 0
    while True:
        sinks = np.int32(-2)
        count = 0
        for k in range(len(nodes)):
            node = nodes[k]
            next_arc[node] = start[node]
            if end_of[k] == 1:
                level[node] = 0
                queue[count] = node
                count += 1
            else:
                level[node] = -1 if end_of[k] == 0 else sinks
        reached = np.int32(2_147_483_647)
        place = 0
        while place < count:
            node = queue[place]
            place += 1
            if level[node] >= reached:
                break
            for arc in range(start[node], start[node + 1]):
                there = other[arc]
                if part[there] != me or flow[arc] == 0:
                    continue
                if level[there] == sinks:
                    reached = level[node] + 1
                elif level[there] == -1:
                    level[there] = level[node] + 1
                    queue[count] = there
                    count += 1
        if reached == 2_147_483_647:
            return total
        for k in range(len(nodes)):
            if end_of[k] != 1:
                continue
            node = nodes[k]
            depth = 0
            while True:
                if next_arc[node] == start[node + 1]:
                    if depth == 0:
                        break
                    depth -= 1
                    node = other[back[path[depth]]]
                    next_arc[node] += 1
                    continue
                arc = next_arc[node]
                there = other[arc]
                if part[there] != me or flow[arc] == 0:
                    next_arc[node] += 1
                elif level[there] == sinks and level[node] + 1 == reached:
                    path[depth] = arc
                    for step in range(depth + 1):
                        flow[path[step]] -= 1
                        flow[back[path[step]]] += 1
                    total += 1
                    if total >= enough:
                        return total
                    node = nodes[k]
                    depth = 0
                elif level[there] == level[node] + 1 and level[there] < reached:
                    path[depth] = arc
                    depth += 1
                    node = there
                else:
                    next_arc[node] += 1
