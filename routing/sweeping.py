"""From everywhere to one destination over a contraction hierarchy: a climb, then a sweep down to whoever asks.

The climb relaxes the arcs from the destination up to the top: a few hundred ranks of which every fastest way passes
at least one. The sweep then settles, from the top down, the ranks above each candidate; what two candidates have
above them in common is settled once, so a thousand of them cost little more than ten.
"""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from routing.compiled import compiled
from routing.customising import NEVER, Metric, Singles, find_arc
from routing.hierarchy import Hierarchy
from routing.measure import Floats, Ints, Longs

_AT_SEED = -1


class _Workspace:
    """Arrays as long as the network and thread-owned, never cleaned: `mark` tells this question's from older ones.

    24 bytes a node and thread.
    """

    def __init__(self, nodes: int) -> None:
        self.ms = np.empty(nodes, np.int32)
        self.metres = np.empty(nodes)
        self.via = np.empty(nodes, np.int32)
        self.mark = np.zeros(nodes, np.int32)
        self.stack = np.empty(nodes, np.int32)
        self.questions = 0

    def next_question(self) -> int:
        """Return an even number: it marks what the climb reached, the next one what the sweep settled."""
        self.questions += 2
        if self.questions >= 2_000_000_000:
            self.mark[:] = 0
            self.questions = 2
        return self.questions


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.workspaces: WeakKeyDictionary[object, _Workspace] = WeakKeyDictionary()


_per_thread = _PerThread()


@dataclass(frozen=True, slots=True)
class Swept:
    """The fastest ways from the wanted nodes to the seeds. Valid until the same thread asks the same network again."""

    hierarchy: Hierarchy
    metric: Metric
    seeds: Ints
    seed_ms: Ints
    space: _Workspace

    def ms(self, nodes: Ints) -> Longs:
        """Return milliseconds from wanted nodes to the seeds; `NEVER` or more where there is no way."""
        return self.space.ms[self.hierarchy.rank[nodes]].astype(np.int64)

    def metres(self, nodes: Ints) -> Floats:
        """Return the metres of those very ways, to the nearest seed's node."""
        return self.space.metres[self.hierarchy.rank[nodes]]

    def way(self, node: int) -> tuple[Ints, int]:
        """Return the edges from a wanted node (one with a way) to the seeds, and the number of the seed it ends at."""
        h, m, space = self.hierarchy, self.metric, self.space
        edges, last = _unpack(h.rank[node], h.start, h.head, h.tail, m.up_via, m.down_via, space.via)
        at = (h.rank[self.seeds] == last) & (self.seed_ms == space.ms[last])
        return edges, int(np.flatnonzero(at)[0])


def sweep(
    owner: object,
    hierarchy: Hierarchy,
    metric: Metric,
    seeds: Ints,
    seed_ms: Ints,
    seed_metres: Floats,
    wanted: Ints,
) -> Swept:
    """Find the fastest ways from all `wanted` nodes to any of `seeds`, each of which costs its own `seed_ms` more.

    The thread's working memory lives as long as `owner`, the network.
    """
    space = _per_thread.workspaces.get(owner)
    if space is None:
        space = _per_thread.workspaces.setdefault(owner, _Workspace(len(hierarchy.rank)))
    h, m = hierarchy, metric
    _climb_and_sweep(
        h.rank, h.start, h.head, m.up_ms, m.down_ms, m.up_m, m.down_m,
        seeds, seed_ms, seed_metres, wanted, space.next_question(),
        space.ms, space.metres, space.via, space.mark, space.stack,
    )  # fmt: skip
    return Swept(hierarchy, metric, seeds, seed_ms, space)


@compiled
def _climb_and_sweep(
    rank: Ints, start: Longs, head: Ints, up_ms: Ints, down_ms: Ints, up_m: Singles, down_m: Singles,
    seeds: Ints, seed_ms: Ints, seed_metres: Floats, wanted: Ints, climbed: int,
    ms: Ints, metres: Floats, via: Ints, mark: Ints, stack: Ints,
) -> None:  # fmt: skip
    """Settle the wanted ranks. `via` is the arc to take: upward k, downward -2 - k, or `_AT_SEED`."""
    for number in range(len(seeds)):
        low = rank[seeds[number]]
        if mark[low] != climbed or seed_ms[number] < ms[low]:
            mark[low] = climbed
            ms[low] = seed_ms[number]
            metres[low] = seed_metres[number]
            via[low] = _AT_SEED
    for number in range(len(seeds)):
        low = rank[seeds[number]]
        while True:
            begin, end = start[low], start[low + 1]
            if mark[low] == climbed:
                here = ms[low]
                for arc in range(begin, end):
                    time = here + down_ms[arc]
                    high = head[arc]
                    if time < NEVER and (mark[high] != climbed or time < ms[high]):
                        mark[high] = climbed
                        ms[high] = time
                        metres[high] = metres[low] + down_m[arc]
                        via[high] = -2 - arc
            if begin == end:
                break
            low = head[begin]
    settled = climbed + 1
    for number in range(len(wanted)):
        low = rank[wanted[number]]
        depth = 0
        while mark[low] != settled:
            if mark[low] != climbed:
                ms[low] = NEVER
            mark[low] = settled
            stack[depth] = low
            depth += 1
            if start[low] == start[low + 1]:
                break
            low = head[start[low]]
        # Everything above these is settled: all heads of arcs are ancestors.
        for place in range(depth - 1, -1, -1):
            low = stack[place]
            best = np.int64(ms[low])
            best_arc = -1
            for arc in range(start[low], start[low + 1]):
                time = np.int64(up_ms[arc]) + np.int64(ms[head[arc]])
                if time < best:
                    best = time
                    best_arc = arc
            if best_arc >= 0:
                ms[low] = best
                metres[low] = metres[head[best_arc]] + up_m[best_arc]
                via[low] = best_arc


@compiled
def _unpack(
    rank: int, start: Longs, head: Ints, tail: Ints, up_via: Ints, down_via: Ints, via: Ints
) -> tuple[Ints, int]:
    """Return the edges of the way from a settled rank, and the rank of the seed where it ends."""
    edges = np.empty(1024, np.int32)
    count = 0
    parts = np.empty(256, np.int64)  # still to be taken apart: arc k upward 2 k, downward 2 k + 1
    low = rank
    while via[low] != _AT_SEED:
        step = np.int64(via[low])
        if step >= 0:
            parts[0] = 2 * step
            low = head[step]
        else:
            parts[0] = 2 * (-2 - step) + 1
            low = tail[-2 - step]
        pending = 1
        while pending > 0:
            pending -= 1
            part = parts[pending]
            arc = part >> 1
            over = down_via[arc] if part & 1 else up_via[arc]
            if over < 0:
                if count == len(edges):
                    longer = np.empty(2 * count, np.int32)
                    longer[:count] = edges
                    edges = longer
                edges[count] = -1 - over
                count += 1
                continue
            to_low = find_arc(start, head, over, tail[arc])
            to_high = find_arc(start, head, over, head[arc])
            if pending + 2 > len(parts):
                more = np.empty(2 * len(parts), np.int64)
                more[:pending] = parts[:pending]
                parts = more
            # The later half first: it is taken from the end.
            parts[pending] = 2 * to_low if part & 1 else 2 * to_high
            parts[pending + 1] = 2 * to_high + 1 if part & 1 else 2 * to_low + 1
            pending += 2
    return edges[:count].copy(), low
