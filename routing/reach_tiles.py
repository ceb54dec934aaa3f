"""Vector tiles of the roads by the minutes it takes to come there: what a map of coverage colours.

The layer is called `reach`. Its lines say `class` (OpenStreetMap's highway value) and `minutes` to the middle of the
stretch, rounded up; a stretch to which no way leads, or only one longer than `MOST_MINUTES`, has no `minutes`. Which
roads are drawn at which zoom is `routing.tile_drawing`'s; small roads come first, of equal ones the farthest.
"""

import numpy as np

from routing.mvt import Feature, line_geometry
from routing.surfaces import Surface
from routing.tile_drawing import MOST_BYTES, TileDrawing, encoded, runs, tolerance_at
from routing.tile_lines import TileAddress, lines_in_tile

LAYER = "reach"
MOST_MINUTES = 180


def reach_tile(drawing: TileDrawing, surface: Surface, tile: TileAddress, *, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the encoded tile; empty bytes where no road is. `drawing` and `surface` are of one network's roads."""
    shapes = drawing.shapes_in(tile)
    if not len(shapes):
        return b""
    network = surface.network
    minutes = np.minimum(-(-surface.middles_of_stretches(shapes) // 60_000), MOST_MINUTES + 1)
    classes = network.arrays.shape_class[shapes].astype(np.int64)
    look = np.column_stack([drawing.rank_of(shapes), -minutes, classes])
    order = np.lexsort(look.T[::-1])
    lines = lines_in_tile(network, tile, shapes[order], tolerance=tolerance_at(tile.z))
    look = look[order][lines.of]
    features = [
        Feature(
            _properties(network.classes[int(look[first, 2])], -int(look[first, 1])),
            line_geometry(lines.xy, lines.start[first : last + 1]),
        )
        for first, last in runs(look)
    ]
    return encoded(LAYER, features, most_bytes)


def _properties(road_class: str, minutes: int) -> dict[str, str | int]:
    known: dict[str, str | int] = {"class": road_class}
    return known | {"minutes": minutes} if minutes <= MOST_MINUTES else known
