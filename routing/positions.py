"""Where on the network somebody stands, and what it costs to leave that place or to come to it.

A place on a road is a stretch and a fraction; in whole milliseconds, so that parts add up to the whole. A place at a
junction (within a centimetre) is the junction itself: it is reached by any road into it and left by any road out of
it.

The stretch somebody stands on may be left, and the stretch they want to reach may be entered, even when it is closed:
a closure stops traffic through a road, and it is drawn by whole stretches; the officer who stands behind the barrier
can still turn round, and the accident for which the road was closed can still be reached.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.measure import Floats, Ints, Longs
from routing.network import PreparedNetwork
from routing.snapping import Snaps

AT_JUNCTION_M = 0.01


@dataclass(frozen=True, slots=True)
class Standing:
    """Places on the network as columns. `ms` and `metres` count from the start of the stretch as drawn; `node` is -1
    on a road.
    """

    shape: Ints
    fraction: Floats
    ms: Longs
    metres: Floats
    total_ms: Longs
    total_metres: Floats
    node: Ints


def standing(network: PreparedNetwork, snaps: Snaps) -> Standing:
    """Place snapped points on the network; rows without a road keep shape -1 and mean nothing else."""
    a = network.arrays
    shape = snaps.shape
    total_ms = a.shape_ms[shape].astype(np.int64)
    total_metres = a.shape_m[shape]
    metres = snaps.fraction * total_metres
    first, last = shape_ends(network, shape)
    node = np.full(len(shape), -1, np.int32)
    node = np.where(total_metres - metres <= AT_JUNCTION_M, last, node)
    node = np.where(metres <= AT_JUNCTION_M, first, node)
    node = np.where(shape < 0, -1, node).astype(np.int32)
    ms = np.rint(snaps.fraction * total_ms).astype(np.int64)
    return Standing(shape, snaps.fraction, ms, metres, total_ms, total_metres, node)


def shape_ends(network: PreparedNetwork, shape: Ints) -> tuple[Ints, Ints]:
    """Return the junctions (never copies) at the first and last point of stretches."""
    a = network.arrays
    along, against = a.shape_edge[shape, 0], a.shape_edge[shape, 1]
    first = np.where(along >= 0, a.tail[along], a.head[against])
    last = np.where(along >= 0, a.head[along], a.tail[against])
    return a.node_origin[first], a.node_origin[last]


@dataclass(frozen=True, slots=True)
class WaysOut:
    """For each place two ways to leave (or none: node -1): the junction they lead to, at what cost, over which edge.

    `edge` is -1 for somebody who stands at the junction.
    """

    node: Ints
    ms: Longs
    metres: Floats
    edge: Ints


def ways_out(network: PreparedNetwork, places: Standing) -> WaysOut:
    """Return the ways to leave places, along and against their stretches where traffic may."""
    a = network.arrays
    edge = np.where((places.shape < 0)[:, None], -1, a.shape_edge[places.shape])
    node = np.where(edge >= 0, a.head[edge], -1)
    ms = np.stack([places.total_ms - places.ms, places.ms], axis=1)
    metres = np.stack([places.total_metres - places.metres, places.metres], axis=1)
    at_junction = places.node >= 0
    edge[at_junction] = -1
    node[at_junction] = np.stack([places.node, np.full(len(places.node), -1)], axis=1)[at_junction]
    ms[at_junction] = 0
    metres[at_junction] = 0.0
    return WaysOut(node.astype(np.int32), ms, metres, edge.astype(np.int32))


@dataclass(frozen=True, slots=True)
class WaysIn:
    """The ways to come to one place: from which nodes (copies of junctions included), at what cost, over which edge."""

    node: Ints
    ms: Ints
    metres: Floats
    edge: Ints


def ways_in(network: PreparedNetwork, places: Standing, number: int = 0) -> WaysIn:
    """Return the ways to come to one of `places`."""
    a = network.arrays
    rows: list[tuple[int, int, float, int]] = []
    junction = int(places.node[number])
    if junction >= 0:
        rows = [(int(node), 0, 0.0, -1) for node in (junction, *network.copies_of_node(junction))]
    elif places.shape[number] >= 0:
        ms, metres = int(places.ms[number]), float(places.metres[number])
        costs = (ms, metres), (int(places.total_ms[number]) - ms, float(places.total_metres[number]) - metres)
        for edge, (edge_ms, edge_metres) in zip(a.shape_edge[places.shape[number]], costs, strict=True):
            if edge >= 0:
                for same in (edge, *network.copies_of_edge(int(edge))):
                    rows.append((int(a.tail[same]), edge_ms, edge_metres, int(same)))
    columns: npt.NDArray[np.float64] = np.array(rows, np.float64).reshape(-1, 4)
    return WaysIn(
        columns[:, 0].astype(np.int32),
        columns[:, 1].astype(np.int32),
        np.ascontiguousarray(columns[:, 2]),
        columns[:, 3].astype(np.int32),
    )
