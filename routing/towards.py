"""The fastest ways from many places to one: over the hierarchy, or by a plain search where there is none for the
roads as they are.

Both give the same whole milliseconds. A plain search needs no preparation, so it answers while a hierarchy is still
being worked out for a large closure.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from routing.closures import BlockedEdges
from routing.measure import Floats, Ints, Longs
from routing.network import PreparedNetwork
from routing.positions import WaysIn
from routing.searching import Reached, metres_to_seeds, search
from routing.sweeping import sweep


class Ways(Protocol):
    """Answers about wanted nodes. Valid until the same thread asks for other ways on the same network."""

    def ms(self, nodes: Ints) -> Longs:
        """Return milliseconds to the destination, `NEVER` or more where there is no way."""
        ...

    def metres(self, nodes: Ints) -> Floats:
        """Return the metres of those ways; only for nodes that have one."""
        ...

    def way(self, node: int) -> tuple[Ints, int]:
        """Return a way's edges in the order they are driven, and by which way in it comes to the destination."""
        ...


def ways_to(
    network: PreparedNetwork, to: WaysIn, wanted: Ints, *, blocked: BlockedEdges | None, within_ms: int | None
) -> Ways:
    """Find the fastest ways from `wanted` nodes; a plain search leaves out those that take longer than `within_ms`."""
    metric = network.metric if blocked is None else blocked.metric
    if metric is not None:
        return sweep(network, network.hierarchy, metric, to.node, to.ms, to.metres, wanted)
    return plain_ways_to(network, to, wanted, blocked=blocked, within_ms=within_ms)


def plain_ways_to(
    network: PreparedNetwork, to: WaysIn, wanted: Ints, *, blocked: BlockedEdges | None, within_ms: int | None = None
) -> Ways:
    """The same without the hierarchy: one search backwards from the destination until all `wanted` are settled."""
    nobody = not len(wanted)  # to whom a search would take the longest: it asks for all there are
    reached = search(
        network,
        to.node[:0] if nobody else to.node,
        to.ms[:0] if nobody else to.ms,
        wanted=wanted,
        blocked=None if blocked is None else blocked.mask,
        backward=True,
        within_ms=within_ms,
    )
    return _Searched(network, to, reached)


@dataclass(frozen=True, slots=True)
class _Searched:
    network: PreparedNetwork
    to: WaysIn
    reached: Reached

    def ms(self, nodes: Ints) -> Longs:
        return self.reached.ms[nodes].astype(np.int64)

    def metres(self, nodes: Ints) -> Floats:
        return metres_to_seeds(self.network, self.reached, self.to.metres, nodes)

    def way(self, node: int) -> tuple[Ints, int]:
        edges = []
        while (edge := int(self.reached.via[node])) >= 0:
            edges.append(edge)
            node = int(self.network.arrays.head[edge])
        return np.array(edges, np.int32), -1 - edge
