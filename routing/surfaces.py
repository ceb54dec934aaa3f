"""How long it takes to come anywhere from the nearest of many origins, and from the second nearest.

One climb and one sweep over all arcs of the hierarchy, whatever the number of origins: the work grows with the roads
alone. A node keeps two labels of different origins; where a third origin comes too late for a node, it comes too late
for every place beyond it, so two are enough. Ties go to the origin with the lowest number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gis.compiled import compiled
from routing.closures import BlockedEdges, worked_out
from routing.customising import NEVER
from routing.measure import Floats, Ints, Longs
from routing.network import PreparedNetwork
from routing.positions import Standing, standing, ways_out
from routing.snapping import LIMIT_M, LonLat, snap_all

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When places are reached, a row a place: column 0 by the nearest origin, column 1 by the second nearest.

    `ms` are milliseconds, walks at both ends included, `NEVER` where no way leads; `origin` is the number of the
    origin or `NOBODY`. `off_road` tells places that lie too far from any road to be reached.
    """

    ms: Longs
    origin: Ints
    off_road: npt.NDArray[np.bool_]

    @property
    def minutes(self) -> Floats:
        """The same in minutes, infinite where no way leads."""
        return np.where(self.ms < NEVER, self.ms / 60_000, np.inf)


class Surface:
    """Travel times from a set of origins over a whole network. Read-only; `at` may be asked from many threads."""

    def __init__(
        self, network: PreparedNetwork, origins: Sequence[LonLat] | Floats, *, blocked: BlockedEdges | None = None
    ) -> None:
        """Origins are longitude, latitude (WGS84). Takes about 60 ms for 1.4 million junctions.

        An origin too far from any road reaches nothing and is named by `off_road`.
        """
        if blocked is not None and blocked.metric is None:
            blocked = worked_out(network, blocked)
        metric = network.metric if blocked is None or blocked.metric is None else blocked.metric
        self.network = network
        self.blocked = blocked
        snaps = snap_all(network, origins)
        self.off_road: npt.NDArray[np.bool_] = snaps.shape < 0
        self.origins: Floats = snaps.lonlat[~self.off_road]  # where they stand on the roads
        self._origins = standing(network, snaps)
        self._walk_ms = snaps.walk_ms
        h = network.hierarchy
        out = ways_out(network, self._origins)
        usable = out.node >= 0
        origin = np.nonzero(usable)[0].astype(np.int32)
        # Both times, then both origins of a rank: what is read together lies together.
        self._labels = np.empty((network.nodes, 4), np.int32)
        self._labels[:, :2], self._labels[:, 2:] = NEVER, NOBODY
        _spread(
            h.start, h.head, metric.up_ms, metric.down_ms,
            h.rank[out.node[usable]], (out.ms[usable] + self._walk_ms[origin]).astype(np.int32), origin,
            self._labels,
        )  # fmt: skip

    @cached_property
    def node_ms(self) -> Ints:
        """Milliseconds to every node by the nearest origin, `NEVER` where no way leads."""
        nearest: Ints = self._labels[self.network.hierarchy.rank, 0]
        return nearest

    def at(self, places: Sequence[LonLat] | Floats, *, limit_m: float = LIMIT_M) -> Arrivals:
        """When places (longitude, latitude, WGS84) are reached; about 2 ms per thousand.

        As in a ranking, the stretch that a place stands on may be entered even when it is closed.
        """
        snaps = snap_all(self.network, places, limit_m=limit_m)
        ms, origin = self._arrivals(standing(self.network, snaps))
        reached = ms < NEVER
        ms[reached] += np.broadcast_to(snaps.walk_ms[:, None], ms.shape)[reached]
        return Arrivals(ms, origin, snaps.shape < 0)

    def middles_of_stretches(self, shapes: Ints | None = None) -> Longs:
        """Milliseconds to the middle of these stretches of road (all without `shapes`): what a map colours.

        `NEVER` where no way leads.
        """
        a = self.network.arrays
        wanted = np.arange(self.network.shapes, dtype=np.int32) if shapes is None else shapes
        total_ms, metres = a.shape_ms[wanted].astype(np.int64), np.asarray(a.shape_m[wanted])
        on_road = Standing(
            wanted, np.full(len(wanted), 0.5), total_ms // 2, metres / 2, total_ms, metres,
            np.full(len(wanted), -1, np.int32),
        )  # fmt: skip
        middle: Longs = self._arrivals(on_road)[0][:, 0]
        return middle

    def _arrivals(self, places: Standing) -> tuple[Longs, Ints]:
        a, origins = self.network.arrays, self._origins
        by_shape = np.argsort(origins.shape, kind="stable").astype(np.int32)
        ms = np.full((len(places.shape), 2), NEVER, np.int64)
        origin = np.full((len(places.shape), 2), NOBODY, np.int32)
        _arrive(
            places.shape, places.fraction, places.ms, places.total_ms, places.node,
            a.shape_edge, a.tail, a.copy_of_edge, a.copy_edge, a.copy_of_node, a.copy_node,
            self.network.hierarchy.rank, self._labels,
            by_shape, origins.shape[by_shape], origins.fraction, origins.ms, self._walk_ms,
            ms, origin,
        )  # fmt: skip
        return ms, origin


@compiled
def _offer(ms: Ints | Longs, origin: Ints, row: int, time: int, who: int) -> None:
    """Note that `who` comes to a row at `time`, if that is one of the two best of different origins."""
    if who == origin[row, 0]:
        if time < ms[row, 0]:
            ms[row, 0] = time
        return
    if time < ms[row, 0] or (time == ms[row, 0] and who < origin[row, 0]):
        ms[row, 1], origin[row, 1] = ms[row, 0], origin[row, 0]
        ms[row, 0], origin[row, 0] = time, who
    elif time < ms[row, 1] or (time == ms[row, 1] and time < NEVER and who < origin[row, 1]):
        ms[row, 1], origin[row, 1] = time, who


@compiled
def _better(m0: int, m1: int, o0: int, o1: int, time: int, who: int) -> tuple[int, int, int, int]:
    """The two best of two labels and a third one, as `_offer` would leave them."""
    if who == o0:
        return min(m0, time), m1, o0, o1
    if time < m0 or (time == m0 and who < o0):
        return time, m0, who, o0
    if time < m1 or (time == m1 and who < o1):
        return m0, time, o0, who
    return m0, m1, o0, o1


@compiled
def _spread(
    start: Longs, head: Ints, up_ms: Ints, down_ms: Ints, seed: Ints, seed_ms: Ints, seed_origin: Ints, labels: Ints
) -> None:
    """Climb from the seeds to the top, then sweep down to everybody; rows of `labels` are ranks."""
    for number in range(len(seed)):
        low = seed[number]
        m0, m1, o0, o1 = labels[low, 0], labels[low, 1], labels[low, 2], labels[low, 3]
        labels[low, 0], labels[low, 1], labels[low, 2], labels[low, 3] = _better(
            m0, m1, o0, o1, seed_ms[number], seed_origin[number]
        )
    ranks = len(start) - 1
    for low in range(ranks):
        if labels[low, 0] >= NEVER:
            continue
        for arc in range(start[low], start[low + 1]):
            high, cost = head[arc], up_ms[arc]
            for label in range(2):
                time = labels[low, label] + cost
                if time >= NEVER or time > labels[high, 1]:
                    break
                m0, m1, o0, o1 = labels[high, 0], labels[high, 1], labels[high, 2], labels[high, 3]
                labels[high, 0], labels[high, 1], labels[high, 2], labels[high, 3] = _better(
                    m0, m1, o0, o1, time, labels[low, 2 + label]
                )
    for low in range(ranks - 1, -1, -1):
        m0, m1, o0, o1 = labels[low, 0], labels[low, 1], labels[low, 2], labels[low, 3]
        for arc in range(start[low], start[low + 1]):
            high, cost = head[arc], down_ms[arc]
            for label in range(2):
                time = labels[high, label] + cost
                if time >= NEVER or time > m1:
                    break
                m0, m1, o0, o1 = _better(m0, m1, o0, o1, time, labels[high, 2 + label])
        labels[low, 0], labels[low, 1], labels[low, 2], labels[low, 3] = m0, m1, o0, o1


@compiled
def _arrive(
    shape: Ints, fraction: Floats, along_ms: Longs, total_ms: Longs, junction: Ints,
    shape_edge: Ints, tail: Ints, copy_of_edge: Ints, copy_edge: Ints, copy_of_node: Ints, copy_node: Ints,
    rank: Ints, labels: Ints,
    by_shape: Ints, sorted_shape: Ints, origin_fraction: Floats, origin_ms: Longs, walk_ms: Longs,
    ms: Longs, origin: Ints,
) -> None:  # fmt: skip
    """Take the best two labels of the ways into each place, and the origins that stand on its own stretch."""
    for number in range(len(shape)):
        if shape[number] < 0:
            continue
        if junction[number] >= 0:
            _take_over(labels, rank[junction[number]], 0, ms, origin, number)
            copy = np.searchsorted(copy_of_node, junction[number])
            while copy < len(copy_of_node) and copy_of_node[copy] == junction[number]:
                _take_over(labels, rank[copy_node[copy]], 0, ms, origin, number)
                copy += 1
        for direction in range(2):
            edge = shape_edge[shape[number], direction]
            if edge < 0 or junction[number] >= 0:
                continue
            cost = along_ms[number] if direction == 0 else total_ms[number] - along_ms[number]
            _take_over(labels, rank[tail[edge]], cost, ms, origin, number)
            copy = np.searchsorted(copy_of_edge, edge)
            while copy < len(copy_of_edge) and copy_of_edge[copy] == edge:
                _take_over(labels, rank[tail[copy_edge[copy]]], cost, ms, origin, number)
                copy += 1
        beside = np.searchsorted(sorted_shape, shape[number])
        while beside < len(sorted_shape) and sorted_shape[beside] == shape[number]:
            who = by_shape[beside]
            ahead = origin_fraction[who] <= fraction[number] and shape_edge[shape[number], 0] >= 0
            behind = origin_fraction[who] >= fraction[number] and shape_edge[shape[number], 1] >= 0
            if ahead or behind:
                gap = abs(origin_ms[who] - along_ms[number]) + walk_ms[who]
                _offer(ms, origin, number, gap, who)
            beside += 1


@compiled
def _take_over(labels: Ints, at: int, cost: int, ms: Longs, origin: Ints, row: int) -> None:
    for label in range(2):
        if labels[at, label] < NEVER:
            _offer(ms, origin, row, labels[at, label] + cost, labels[at, 2 + label])
