"""One bounded Dijkstra search over a compressed graph, forward or reversed: the seam behind ranking, routes and
isochrones.

`search` is all that a faster engine has to replace: a contraction hierarchy on the same arrays would take the same
seeds and wanted nodes, and return the same whole milliseconds and the edges that lead there.
"""

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from gis.compiled import compiled
from routing.measure import Bytes, Floats, Ints, Longs
from routing.network import PreparedNetwork

UNREACHED = np.int32(2_000_000_000)
"""Above any real travel time (23 days), and two of them still fit into 32 bits unsigned."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The state of a finished search. Valid until the same thread searches the same network again.

    `ms` holds the least time between the seeds and each node; `via` the edge to take there (backward: the edge that
    leaves the node towards the seeds; forward: the one that arrives), or -1 - k at the k-th seed.
    """

    ms: Ints
    via: Ints
    touched: Ints


class _Workspace:
    """Arrays as long as the network, cleaned after use instead of made anew: 21 bytes a node and thread."""

    def __init__(self, nodes: int) -> None:
        self.ms = np.full(nodes, UNREACHED, np.int32)
        self.via = np.zeros(nodes, np.int32)
        self.wanted = np.zeros(nodes, np.uint8)
        self.touched = np.empty(nodes, np.int32)
        self.metres = np.full(nodes, -1.0)
        self.count = 0

    def clean(self) -> None:
        self.ms[self.touched[: self.count]] = UNREACHED
        self.count = 0


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.workspaces: WeakKeyDictionary[PreparedNetwork, _Workspace] = WeakKeyDictionary()


_per_thread = _PerThread()


def search(
    network: PreparedNetwork,
    seeds: Ints,
    seed_ms: Ints,
    *,
    wanted: Ints,
    blocked: Bytes | None,
    backward: bool,
    within_ms: int | None = None,
) -> Reached:
    """Search from `seeds` until every wanted node is settled (all nodes, if none is wanted) or `within_ms` is
    exceeded.
    """
    space = _workspace(network)
    space.clean()
    a = network.arrays
    if backward:
        indptr, other, ms, edge = a.r_indptr, a.r_tail, a.r_ms, a.r_edge
    else:
        indptr, other, ms, edge = a.indptr, a.head, a.ms, network.edge_numbers
    limit = int(UNREACHED) - 1 if within_ms is None else min(within_ms, int(UNREACHED) - 1)
    nothing = np.empty(0, np.uint8)
    space.count = _dijkstra(
        indptr, other, ms, edge, nothing if blocked is None else blocked,
        seeds, seed_ms, wanted, limit,
        space.ms, space.via, space.wanted, space.touched,
    )  # fmt: skip
    return Reached(space.ms, space.via, space.touched[: space.count])


def metres_to_seeds(network: PreparedNetwork, reached: Reached, seed_metres: Floats, nodes: Ints) -> Floats:
    """Return the length of the way that a backward search found from each of `nodes` (all reached), in their order.

    Measured afterwards, only along the ways that somebody asks for: it would cost the search a third of its time.
    """
    a = network.arrays
    metres = np.empty(len(nodes))
    _measure(nodes, reached.via, a.head, a.edge_shape, a.shape_m, seed_metres, _workspace(network).metres, metres)
    return metres


def _workspace(network: PreparedNetwork) -> _Workspace:
    space = _per_thread.workspaces.get(network)
    if space is None:
        space = _per_thread.workspaces.setdefault(network, _Workspace(network.nodes))
    return space


@compiled
def _dijkstra(
    indptr: Longs,
    other: Ints,
    cost: Ints,
    edge: Ints,
    blocked: Bytes,
    seeds: Ints,
    seed_ms: Ints,
    wanted: Ints,
    limit: int,
    ms: Ints,
    via: Ints,
    is_wanted: Bytes,
    touched: Ints,
) -> int:
    """Fill `ms` and `via`; return how many nodes were touched. The heap holds cost and node in one number.

    Equal costs are settled by node number, so the same question has the same answer on every machine.
    """
    some_blocked = len(blocked) > 0
    pending = 0
    for k in range(len(wanted)):
        if is_wanted[wanted[k]] == 0:
            is_wanted[wanted[k]] = 1
            pending += 1
    stop_early = pending > 0
    heap = np.empty(1024, np.int64)
    size = 0
    count = 0
    for k in range(len(seeds)):
        node = seeds[k]
        if seed_ms[k] > limit or seed_ms[k] >= ms[node]:
            continue
        if ms[node] == UNREACHED:
            touched[count] = node
            count += 1
        ms[node] = seed_ms[k]
        via[node] = -1 - k
        if size == len(heap):
            larger = np.empty(2 * size, np.int64)
            larger[:size] = heap
            heap = larger
        size = _push(heap, size, (np.int64(seed_ms[k]) << 32) | np.int64(node))
    while size > 0:
        top = heap[0]
        size = _pop(heap, size)
        node = np.int32(top & 0xFFFFFFFF)
        here = np.int32(top >> 32)
        if here > ms[node]:
            continue  # an older, worse entry of this node
        if is_wanted[node] == 1:
            is_wanted[node] = 0
            pending -= 1
            if pending == 0 and stop_early:
                break
        for k in range(indptr[node], indptr[node + 1]):
            there = other[k]
            time = here + cost[k]
            if time < ms[there] and time <= limit:
                if some_blocked and blocked[edge[k]] != 0:
                    continue
                if ms[there] == UNREACHED:
                    touched[count] = there
                    count += 1
                ms[there] = time
                via[there] = edge[k]
                if size == len(heap):
                    larger = np.empty(2 * size, np.int64)
                    larger[:size] = heap
                    heap = larger
                size = _push(heap, size, (np.int64(time) << 32) | np.int64(there))
    for k in range(len(wanted)):
        is_wanted[wanted[k]] = 0
    return count


@compiled
def _measure(
    nodes: Ints,
    via: Ints,
    head: Ints,
    edge_shape: Ints,
    shape_m: Floats,
    seed_metres: Floats,
    known: Floats,
    metres: Floats,
) -> None:
    """Walk from each node towards the seeds until a node whose length is known; `known` is -1 everywhere before and
    after.
    """
    walked = np.empty(1024, np.int32)
    count = 0
    for number in range(len(nodes)):
        first = count
        node = nodes[number]
        while known[node] < 0.0:
            if count == len(walked):
                longer = np.empty(2 * count, np.int32)
                longer[:count] = walked
                walked = longer
            walked[count] = node
            count += 1
            if via[node] < 0:
                known[node] = seed_metres[-1 - via[node]]
                break
            node = head[via[node]]
        for place in range(count - 1, first - 1, -1):
            node = walked[place]
            if known[node] < 0.0:
                known[node] = known[head[via[node]]] + shape_m[edge_shape[via[node]]]
        metres[number] = known[nodes[number]]
    for place in range(count):
        known[walked[place]] = -1.0


@compiled
def _push(heap: Longs, size: int, item: np.int64) -> int:
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= item:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = item
    return size + 1


@compiled
def _pop(heap: Longs, size: int) -> int:
    size -= 1
    item = heap[size]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= item:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item
    return size
