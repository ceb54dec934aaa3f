"""From everywhere to one destination over a contraction hierarchy: a climb, then a sweep down to whoever asks.

The climb relaxes the arcs from the destination up to the top: a few hundred ranks of which every fastest way passes
at least one. The sweep then settles, from the top down, the ranks above each candidate; what two candidates have
above them in common is settled once, so a thousand of them cost little more than ten. It takes down only how long the
way from a rank is, several arcs in one instruction; which arc it was is looked up for the few ways that are followed.
"""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from gis.compiled import compiled
from routing.customising import NEVER, Metric, Singles, find_arc
from routing.hierarchy import Hierarchy
from routing.measure import Floats, Ints, Longs

# How a way goes on from a rank: by the arc k upward (k), by the arc k downward (-2 - k), not at all, or not known yet.
_AT_SEED = -1
_UPWARD = np.iinfo(np.int32).min
_SETTLED, _MEASURED = 1, 2
_ARCS_IN_A_LINE = 16


class _Workspace:
    """Arrays as long as the network, one set per thread, never cleaned: `mark` tells this question's from older ones.

    28 bytes a node and thread.
    """

    def __init__(self, nodes: int) -> None:
        self.ms = np.empty(nodes, np.int32)
        self.metres = np.empty(nodes)
        self.via = np.empty(nodes, np.int32)
        self.mark = np.zeros(nodes, np.int32)
        self.stack = np.empty(nodes, np.int32)
        self.question = 0

    def next_question(self) -> int:
        """Return a number that stands in no mark; so do the two after it (`_SETTLED`, `_MEASURED`)."""
        self.question += 3
        if self.question >= 2_000_000_000:
            self.mark[:] = 0
            self.question = 3
        return self.question


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.workspaces: WeakKeyDictionary[object, _Workspace] = WeakKeyDictionary()


_per_thread = _PerThread()


@dataclass(frozen=True, slots=True)
class Swept:
    """The fastest ways from the wanted nodes to the seeds. Valid until the same thread asks the same network again."""

    hierarchy: Hierarchy
    metric: Metric
    seed: Ints
    seed_ms: Ints
    seed_metres: Floats
    space: _Workspace

    def ms(self, nodes: Ints) -> Longs:
        """Return milliseconds from wanted nodes to the seeds; `NEVER` or more where there is no way."""
        return self.space.ms[self.hierarchy.rank[nodes]].astype(np.int64)

    def metres(self, nodes: Ints) -> Floats:
        """Return the metres of those very ways, for nodes that have one; to a few centimetres."""
        h, m, space = self.hierarchy, self.metric, self.space
        metres = np.empty(len(nodes))
        _measure(
            h.rank[nodes], h.start, h.head, h.tail, m.up_ms, m.up_m, m.down_m,
            self.seed, self.seed_ms, self.seed_metres,
            space.question + _MEASURED, space.ms, space.metres, space.via, space.mark, space.stack, metres,
        )  # fmt: skip
        return metres

    def way(self, node: int) -> tuple[Ints, int]:
        """Return the edges from a wanted node (one with a way) to the seeds, and the number of the seed it ends at."""
        h, m, space = self.hierarchy, self.metric, self.space
        edges, last = _unpack(h.rank[node], h.start, h.head, h.tail, m.up_ms, m.up_via, m.down_via, space.ms, space.via)
        return edges, int(_seed_at(self.seed, self.seed_ms, last, space.ms[last]))


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
    # From the highest rank down, what lies together in memory is settled together: half the time.
    settle = -np.sort(-h.rank[wanted])
    seed = h.rank[seeds]
    climbed = space.next_question()
    _climb(h.parent, h.start, h.head, m.down_ms, seed, seed_ms, climbed, space.ms, space.via, space.mark)
    _settle(h.parent, h.start, h.head, m.up_ms, settle, climbed, space.ms, space.via, space.mark, space.stack)
    return Swept(hierarchy, metric, seed, seed_ms, seed_metres, space)


@compiled
def _climb(
    parent: Ints, start: Longs, head: Ints, down_ms: Ints, seed: Ints, seed_ms: Ints, climbed: int,
    ms: Ints, via: Ints, mark: Ints,
) -> None:  # fmt: skip
    """Relax all arcs down to the seeds, from the seeds up."""
    for number in range(len(seed)):
        low = seed[number]
        if mark[low] != climbed or seed_ms[number] < ms[low]:
            mark[low] = climbed
            ms[low] = seed_ms[number]
            via[low] = _AT_SEED
    for number in range(len(seed)):
        low = seed[number]
        while low >= 0:
            if mark[low] == climbed:
                here = ms[low]
                for arc in range(start[low], start[low + 1]):
                    time = here + down_ms[arc]
                    high = head[arc]
                    if time < NEVER and (mark[high] != climbed or time < ms[high]):
                        mark[high] = climbed
                        ms[high] = time
                        via[high] = -2 - arc
            low = parent[low]


@compiled
def _settle(
    parent: Ints, start: Longs, head: Ints, up_ms: Ints, settle: Ints, climbed: int,
    ms: Ints, via: Ints, mark: Ints, stack: Ints,
) -> np.int32:  # fmt: skip
    """Settle ranks and all above them. What is returned means nothing: it keeps the compiler from leaving out what is
    only read to have it near.
    """
    settled = climbed + _SETTLED
    touched = np.int32(0)
    for number in range(len(settle)):
        low = settle[number]
        depth = 0
        while low >= 0 and mark[low] != settled:
            if mark[low] != climbed:
                ms[low] = NEVER
            mark[low] = settled
            stack[depth] = low
            depth += 1
            # One look at each line of memory that is needed on the way back: it is fetched while the climb goes on,
            # which takes a quarter off the whole.
            for arc in range(start[low], start[low + 1], _ARCS_IN_A_LINE):
                touched ^= head[arc] ^ up_ms[arc]
            low = parent[low]
        # Everything above these is settled: all heads of arcs are ancestors.
        for place in range(depth - 1, -1, -1):
            low = stack[place]
            heads, times = head[start[low] : start[low + 1]], up_ms[start[low] : start[low + 1]]
            best = np.int32(ms[low])
            # Without a sign in the index and in 32 bits all along, the compiler makes it eight arcs at a time.
            for arc in range(len(heads)):
                best = min(best, np.int32(times[arc] + ms[np.uint32(heads[arc])]))
            if best < ms[low]:
                ms[low] = best
                via[low] = _UPWARD
    return touched


@compiled
def _step(low: int, start: Longs, head: Ints, up_ms: Ints, ms: Ints, via: Ints) -> np.int32:
    """Return how the way goes on from a settled rank: the first arc that takes as long."""
    if via[low] == _UPWARD:
        for arc in range(start[low], start[low + 1]):
            if up_ms[arc] + ms[head[arc]] == ms[low]:
                via[low] = arc
                break
    return np.int32(via[low])


@compiled
def _seed_at(seed: Ints, seed_ms: Ints, rank: int, ms: int) -> int:
    """Return the first seed at a rank that costs that much."""
    for number in range(len(seed)):
        if seed[number] == rank and seed_ms[number] == ms:
            return number
    return -1


@compiled
def _measure(
    ranks: Ints, start: Longs, head: Ints, tail: Ints, up_ms: Ints, up_m: Singles, down_m: Singles,
    seed: Ints, seed_ms: Ints, seed_metres: Floats, measured: int,
    ms: Ints, known: Floats, via: Ints, mark: Ints, stack: Ints, metres: Floats,
) -> None:  # fmt: skip
    """Follow the arcs from each rank until one whose metres are known; a way has a dozen or two of them."""
    for number in range(len(ranks)):
        low = ranks[number]
        depth = 0
        while mark[low] != measured:
            mark[low] = measured
            step = np.int64(_step(low, start, head, up_ms, ms, via))
            if step == _AT_SEED:
                known[low] = seed_metres[_seed_at(seed, seed_ms, low, ms[low])]
                break
            stack[depth] = low
            depth += 1
            low = head[step] if step >= 0 else tail[-2 - step]
        for place in range(depth - 1, -1, -1):
            before = low
            low = stack[place]
            step = np.int64(via[low])
            known[low] = known[before] + (up_m[step] if step >= 0 else down_m[-2 - step])
        metres[number] = known[ranks[number]]


@compiled
def _unpack(
    rank: int, start: Longs, head: Ints, tail: Ints, up_ms: Ints, up_via: Ints, down_via: Ints, ms: Ints, via: Ints
) -> tuple[Ints, int]:
    """Return the edges of the way from a settled rank, and the rank of the seed where it ends."""
    edges = np.empty(1024, np.int32)
    count = 0
    parts = np.empty(256, np.int64)  # still to be taken apart: arc k upward 2 k, downward 2 k + 1
    low = rank
    step = np.int64(_step(low, start, head, up_ms, ms, via))
    while step != _AT_SEED:
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
        step = np.int64(_step(low, start, head, up_ms, ms, via))
    return edges[:count].copy(), low
