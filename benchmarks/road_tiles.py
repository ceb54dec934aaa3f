"""How long the tiles of the roads take and how large they are, over all of the network in a home.

    python -m benchmarks.road_tiles HOME [--tiles 200] [--zooms 6,7,…] [--json]

At each zoom the tiles lie where roads are: those of stretches drawn at random, each tile once. Times are those of
drawing one tile in one thread, nothing kept. With PyPI `mapbox-vector-tile` installed, its encoder also gets the lines
of the largest tile, cut already and as one feature, and is timed beside ours.
"""

import argparse
import importlib
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely

from routing.errors import NetworkUnusable
from routing.measure import UNITS_PER_DEGREE
from routing.mvt import Feature, encode_layer, line_geometry
from routing.network import PreparedNetwork, RoadStore
from routing.tile_drawing import TileDrawing
from routing.tile_lines import TileAddress, TileLines, lines_in_tile

ZOOMS = (6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
_NOTHING_CLOSED = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True)
class Measured:
    """The tiles of one zoom: milliseconds and bytes."""

    zoom: int
    tiles: int
    p50_ms: float
    p95_ms: float
    slowest_ms: float
    p50_bytes: int
    largest_bytes: int
    largest: TileAddress


def addresses(network: PreparedNetwork, zoom: int, count: int) -> list[TileAddress]:
    """Return up to `count` tiles in which roads begin, the more likely the more roads there are."""
    chance = np.random.default_rng(zoom)
    places = network.arrays.node_xy[chance.permutation(network.nodes)[: 20 * count]] / UNITS_PER_DEGREE
    found = dict.fromkeys(TileAddress.at(lon, lat, zoom=zoom) for lon, lat in places.tolist())
    return list(found)[:count]


def measure(drawing: TileDrawing, zoom: int, count: int) -> Measured:
    """Draw up to `count` tiles of a zoom, one after another."""
    times: list[float] = []
    sizes: dict[TileAddress, int] = {}
    for tile in addresses(drawing.network, zoom, count):
        began = time.perf_counter()
        encoded = drawing.draw(tile, _NOTHING_CLOSED)
        times.append((time.perf_counter() - began) * 1000)
        sizes[tile] = len(encoded)
    largest = max(sizes, key=lambda tile: sizes[tile])
    return Measured(
        zoom,
        len(times),
        round(statistics.median(times), 2),
        round(float(np.quantile(times, 0.95)), 2),
        round(max(times), 2),
        int(statistics.median(sizes.values())),
        sizes[largest],
        largest,
    )


def time_encoders(drawing: TileDrawing, tile: TileAddress) -> tuple[int, float, float | None]:
    """Return how many lines a tile has, and the ms that our encoder and the library's take for them."""
    lines = lines_in_tile(drawing.network, tile, drawing.shapes_in(tile), tolerance=1.0)
    began = time.perf_counter()
    encode_layer("roads", [Feature({"class": "road"}, line_geometry(lines.xy, lines.start))])
    return len(lines.of), (time.perf_counter() - began) * 1000, _library_ms(lines)


def _library_ms(lines: TileLines) -> float | None:
    if importlib.util.find_spec("mapbox_vector_tile") is None:
        return None
    library = importlib.import_module("mapbox_vector_tile")
    parts = [shapely.LineString(lines.xy[first:last]) for first, last in pairwise(lines.start.tolist())]
    features = [{"geometry": shapely.MultiLineString(parts), "properties": {"class": "road"}}]
    began = time.perf_counter()
    library.encode([{"name": "roads", "features": features}])
    return (time.perf_counter() - began) * 1000


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="road_tiles", description="How long do the tiles of the roads take?")
    parser.add_argument("home", type=Path, help="the folder of an installation with roads")
    parser.add_argument("--tiles", type=int, default=200, help="most tiles a zoom (default 200)")
    parser.add_argument("--zooms", default=",".join(map(str, ZOOMS)))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    try:
        network = RoadStore(given.home / "roads").current()
    except NetworkUnusable as error:
        parser.error(str(error))
    began = time.perf_counter()
    drawing = TileDrawing(network)
    prepared_ms = (time.perf_counter() - began) * 1000
    measure(drawing, 14, 1)  # compiles
    results = [measure(drawing, int(zoom), given.tiles) for zoom in given.zooms.split(",")]
    if given.json:
        print(json.dumps([asdict(result) for result in results]))
        return 0
    print(f"{network.nodes:,} junctions, {network.shapes:,} stretches; prepared in {prepared_ms:.0f} ms")
    print(f"{'zoom':>4}{'tiles':>7}{'p50 ms':>9}{'p95 ms':>9}{'slowest':>9}{'p50 kB':>9}{'largest kB':>12}")
    for one in results:
        print(
            f"{one.zoom:>4}{one.tiles:>7}{one.p50_ms:>9.2f}{one.p95_ms:>9.2f}{one.slowest_ms:>9.2f}"
            f"{one.p50_bytes / 1000:>9.1f}{one.largest_bytes / 1000:>12.1f}"
        )
    largest = max(results, key=lambda one: one.largest_bytes).largest
    count, ours_ms, library_ms = time_encoders(drawing, largest)
    peer = "is not installed" if library_ms is None else f"{library_ms:.1f} ms"
    print(f"encoding {count:,} lines: ours {ours_ms:.2f} ms, mapbox-vector-tile {peer}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
