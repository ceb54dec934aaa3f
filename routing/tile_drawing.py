"""What a tile shows of the roads: which stretches at which zoom, with which properties, in which order.

The layer is called `roads`. Its lines say `class` (OpenStreetMap's highway value), from zoom 13 `name` where there is
one, from zoom 15 `oneway` (0 or 1), and `closed` = 1 where nobody may drive now. Stretches with the same properties are
one feature; features come in painting order: small roads first, closed ones last.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from routing.measure import UNITS_PER_DEGREE, Ints, Longs
from routing.mvt import Feature, encode_layer, line_geometry
from routing.network import PreparedNetwork
from routing.tile_lines import TileAddress, lines_in_tile

LAYER = "roads"
MOST_BYTES = 500_000
"""No tile is larger: where more roads than that meet, the smallest are left out."""

DRAWING = "1"
"""Raise it when the same roads are drawn differently: tiles kept by browsers are then asked for anew."""

# From which zoom a class is drawn, the greatest roads last; a class that is not listed (service, track, …) from 14.
FROM_ZOOM = {
    "road": 13, "living_street": 13, "residential": 13, "unclassified": 13, "tertiary_link": 13, "tertiary": 12,
    "secondary_link": 12, "secondary": 10, "primary_link": 10, "trunk_link": 10, "motorway_link": 10, "primary": 8,
    "trunk": 0, "motorway": 0,
}  # fmt: skip
_OTHERS_FROM = 14
_NAMES_FROM, _ONEWAY_FROM = 13, 15

_GREAT_UP_TO = 11
"""The deepest zoom whose tiles look through all roads drawn there; deeper tiles are small and ask the grid."""

# Half a pixel; an eighth from zoom 14 on, because maps enlarge those tiles.
_COARSE, _FINE, _FINE_FROM = 4.0, 1.0, 14


@dataclass(frozen=True, slots=True)
class Boxes:
    """Stretches and the boxes around them (west, south, east, north in 1e-7 degree)."""

    shapes: Ints
    box: Ints

    @classmethod
    def around(cls, network: PreparedNetwork, shapes: Ints) -> Self:
        if not len(shapes):
            return cls(shapes, np.empty((0, 4), np.int32))
        points, counts = network.points_of(shapes)
        first = np.cumsum(counts) - counts
        return cls(shapes, np.hstack([np.minimum.reduceat(points, first), np.maximum.reduceat(points, first)]))

    def touching(self, tile: TileAddress, count: int | None = None) -> Ints:
        """Return those of the first `count` (None: all) whose box touches the tile's."""
        west, south, east, north = (bound * UNITS_PER_DEGREE for bound in tile.bounds)
        box = self.box[:count]
        near = (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
        return self.shapes[:count][near]


def tolerance_at(zoom: int) -> float:
    """How far a simplified line may lie from the road, in units of the tile."""
    return _COARSE if zoom < _FINE_FROM else _FINE


class TileDrawing:
    """Draws the tiles of one version of the network; what every tile needs is worked out when it is made.

    Safe to use from many threads.
    """

    def __init__(self, network: PreparedNetwork) -> None:
        self.network = network
        ranks = {name: rank for rank, name in enumerate(FROM_ZOOM, start=1)}
        self._rank = np.array([ranks.get(name, 0) for name in network.classes], np.int64)
        self._from_zoom = np.array([FROM_ZOOM.get(name, _OTHERS_FROM) for name in network.classes], np.uint8)
        zoom = self._from_zoom[network.arrays.shape_class]
        great = np.flatnonzero(zoom <= _GREAT_UP_TO).astype(np.int32)
        great = great[np.argsort(zoom[great], kind="stable")]
        self._great = Boxes.around(network, great)
        self._great_until = np.searchsorted(zoom[great], np.arange(_GREAT_UP_TO + 1), side="right")

    def shapes_in(self, tile: TileAddress) -> Ints:
        """Return the stretches drawn in a tile, and some that only come near it."""
        if tile.z <= _GREAT_UP_TO:
            return self._great.touching(tile, int(self._great_until[tile.z]))
        near = self.network.shapes_in_box(*tile.bounds)
        return near[self._from_zoom[self.network.arrays.shape_class[near]] <= tile.z]

    def draw(self, tile: TileAddress, closed: Ints, *, most_bytes: int = MOST_BYTES) -> bytes:
        """Return the encoded tile while the stretches `closed` are closed; empty bytes where no road is."""
        shapes = self.shapes_in(tile)
        if not len(shapes):
            return b""
        a = self.network.arrays
        classes = a.shape_class[shapes].astype(np.int64)
        look: Longs = np.column_stack(
            [
                np.isin(shapes, closed),
                self._rank[classes],
                classes,
                a.shape_name[shapes] if tile.z >= _NAMES_FROM else np.zeros(len(shapes), np.int64),
                (a.shape_edge[shapes] < 0).any(axis=1) & (tile.z >= _ONEWAY_FROM),
            ]
        )
        order = np.lexsort(look.T[::-1])
        lines = lines_in_tile(self.network, tile, shapes[order], tolerance=tolerance_at(tile.z))
        look = look[order][lines.of]
        features = [
            Feature(self._properties(look[first], tile.z), line_geometry(lines.xy, lines.start[first : last + 1]))
            for first, last in runs(look)
        ]
        return encoded(LAYER, features, most_bytes)

    def rank_of(self, shapes: Ints) -> Longs:
        """Return the place of stretches in the order of painting: the greatest roads have the highest."""
        ranks: Longs = self._rank[self.network.arrays.shape_class[shapes]]
        return ranks

    def _properties(self, look: Longs, zoom: int) -> dict[str, str | int]:
        closed, _, road_class, name, oneway = look.tolist()
        properties: dict[str, str | int] = {"class": self.network.classes[road_class]}
        if zoom >= _NAMES_FROM and (text := self.network.name_at(name)):
            properties["name"] = text
        if zoom >= _ONEWAY_FROM:
            properties["oneway"] = oneway
        if closed:
            properties["closed"] = 1
        return properties


def runs(rows: Longs) -> "pairwise[tuple[int, int]]":
    """Return first and last + 1 of each run of equal rows."""
    changes = np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1)) + 1
    return pairwise([0, *changes.tolist(), len(rows)] if len(rows) else [])


def encoded(layer: str, features: list[Feature], most_bytes: int) -> bytes:
    """Encode as many of the features as fit, the last ones before the first."""
    tile = encode_layer(layer, features)
    while len(tile) > most_bytes:
        too_much = len(tile) - most_bytes
        until = np.cumsum([len(feature.geometry) for feature in features])
        features = features[int(np.searchsorted(until, too_much)) + 1 :]
        tile = encode_layer(layer, features)
    return tile
