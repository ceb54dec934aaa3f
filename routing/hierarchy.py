"""A customizable contraction hierarchy: the network with shortcuts, ready for any travel times.

Junctions are numbered by their *rank* in an order of nested cuts (`routing.ordering`): the cut that halves the
network stands highest. Taking junctions away from the lowest up, and joining what each one joined, leaves an *arc*
between two ranks wherever a fastest way may have to pass. The arcs depend on roads and order only; what it costs to
drive along them is `routing.customising`, and `routing.sweeping` answers questions.

After J. Dibbelt, B. Strasser and D. Wagner, *Customizable Contraction Hierarchies* (ACM JEA 21, 2016).
"""

from dataclasses import dataclass

import numpy as np

from gis.compiled import compiled
from routing.measure import Ints, Longs


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The arcs. Arc k runs between the ranks `tail[k] < head[k]`; those of one tail stand together, from `start[tail]`
    on, by rising head. The first head is the tail's `parent` (-1: none) in the elimination tree; all heads are its
    ancestors.

    `below` lists, from `below_start[rank]` on, the arcs that end in a rank, by rising tail, and `below_tail` beside it
    those tails. `rank` and `node`
    translate between the network's numbers and ranks.
    """

    rank: Ints
    node: Ints
    parent: Ints
    start: Longs
    head: Ints
    tail: Ints
    below_start: Longs
    below: Ints
    below_tail: Ints


def build(order: Ints, tail: Ints, head: Ints) -> Hierarchy:
    """Return the arcs for edges between nodes; `order` lists all nodes from the lowest rank up.

    Raises `ValueError` if it does not hold every node once: nothing made from such an order could be trusted.
    """
    nodes = len(order)
    rank = np.full(nodes, -1, np.int32)
    if nodes and (order.min() < 0 or order.max() >= nodes):
        raise ValueError("the order names nodes that do not exist")
    rank[order] = np.arange(nodes, dtype=np.int32)
    if (rank < 0).any():
        raise ValueError("the order leaves nodes out")
    a, b = rank[tail].astype(np.int64), rank[head].astype(np.int64)
    pairs = np.unique((np.minimum(a, b) * nodes + np.maximum(a, b))[a != b])
    lower = pairs // max(nodes, 1)
    first = np.searchsorted(lower, np.arange(nodes + 1)).astype(np.int64)
    start, heads = _eliminate(first, (pairs - lower * nodes).astype(np.int32))
    tails = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(start))
    below = np.argsort(heads, kind="stable").astype(np.int32)
    below_start = np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=nodes))]).astype(np.int64)
    parent = np.where(np.diff(start) > 0, np.append(heads, -1)[start[:-1]], -1).astype(np.int32)
    return Hierarchy(rank, order.astype(np.int32), parent, start, heads, tails, below_start, below, tails[below])


@compiled
def _eliminate(first: Longs, higher: Ints) -> tuple[Longs, Ints]:
    """Take ranks away one by one: whatever a rank is joined to above itself becomes joined to the lowest of those."""
    nodes = len(first) - 1
    start = np.empty(nodes + 1, np.int64)
    head = np.empty(2 * len(higher) + 1024, np.int32)
    child, sibling = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    seen = np.full(nodes, -1, np.int32)
    count = 0
    for rank in range(nodes):
        start[rank] = count
        most = first[rank + 1] - first[rank]
        below = child[rank]
        while below >= 0:
            most += start[below + 1] - start[below]
            below = sibling[below]
        if count + most > len(head):
            longer = np.empty(2 * (count + most), np.int32)
            longer[:count] = head[:count]
            head = longer
        for k in range(first[rank], first[rank + 1]):
            seen[higher[k]] = rank
            head[count] = higher[k]
            count += 1
        below = child[rank]
        while below >= 0:
            for k in range(start[below] + 1, start[below + 1]):  # the first of them is this rank itself
                if seen[head[k]] != rank:
                    seen[head[k]] = rank
                    head[count] = head[k]
                    count += 1
            below = sibling[below]
        if count > start[rank]:
            head[start[rank] : count].sort()
            parent = head[start[rank]]
            sibling[rank] = child[parent]
            child[parent] = rank
    start[nodes] = count
    return start, head[:count].copy()
