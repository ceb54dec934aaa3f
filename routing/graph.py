"""A road graph on its way from a file to the prepared network: plain arrays, still growing and shrinking."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from routing.measure import Bytes, Floats, Ints, Longs

BRIDGE, TUNNEL, ROUNDABOUT = 1, 2, 4
"""Bits of `RoadGraph.shape_flags`."""


@dataclass(slots=True)
class RoadGraph:
    """Junctions, stretches of road between them (`shape`), and the directed edges along those.

    A stretch has one length, time, name and class; a two-way road is one stretch with two edges. Coordinates are whole
    numbers of 1e-7 degree, WGS84. A copy of a junction (a turn restriction split it) is an ordinary node at the
    same place whose `node_origin` is the junction; copies of its edges share the stretch.
    """

    node_id: Longs
    node_x: Ints
    node_y: Ints
    node_origin: Ints
    shape_start: Longs
    shape_x: Ints
    shape_y: Ints
    shape_length_m: Floats
    shape_seconds: Floats
    shape_name: Ints
    shape_class: Bytes
    shape_flags: Bytes
    shape_way: Longs
    edge_tail: Ints
    edge_head: Ints
    edge_shape: Ints
    edge_backward: npt.NDArray[np.bool_]
    edge_copied: npt.NDArray[np.bool_]
    names: list[str]
    classes: list[str]
    notes: dict[str, int] = field(default_factory=dict)
    """What the import has to say, with counts: refused ways by reason, restrictions honoured or not."""

    @property
    def junctions(self) -> int:
        return int((self.node_origin == np.arange(len(self.node_id))).sum())

    @property
    def edges(self) -> int:
        return int((~self.edge_copied).sum())
