"""Tiles of the roads, read back with the tests' own reader."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from geoalchemy2.shape import from_shape
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, box

from routing.errors import NoRoads
from routing.mvt import EXTENT, Feature, encode_layer, line_geometry
from routing.network import RoadStore
from routing.roads import Roads
from routing.tile_drawing import FROM_ZOOM, TileDrawing
from routing.tile_lines import BUFFER, TileAddress, lines_in_tile
from routing.tiles import RoadTiles, TileCache
from tests.vector_tile import Feature as ReadFeature
from tests.vector_tile import read_tile

NOTHING_CLOSED = np.empty(0, np.int32)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CROSSING = (119.105, 36.705)
BRIDGE = LineString([(119.1103, 36.7002), (119.1107, 36.6998)])

zooms = pytest.mark.parametrize("zoom", [12, 14, 16, 18])


def in_tile(lon: float, lat: float, tile: TileAddress) -> tuple[float, float]:
    """Where a place lies in a tile, by the textbook's formula."""
    across = EXTENT * 2**tile.z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return (lon / 360 + 0.5) * across - tile.x * EXTENT, y * across - tile.y * EXTENT


def whole_line(network, shape: int, tile: TileAddress) -> LineString:
    return LineString([in_tile(lon, lat, tile) for lon, lat in network.line_of(shape)])


def tiles_over(network, zoom: int) -> list[TileAddress]:
    west, south, east, north = network.bounds
    first, last = TileAddress.at(west, north, zoom=zoom), TileAddress.at(east, south, zoom=zoom)
    return [TileAddress(zoom, x, y) for x in range(first.x - 1, last.x + 2) for y in range(first.y - 1, last.y + 2)]


def features_of(encoded: bytes) -> list[ReadFeature]:
    return read_tile(encoded).get("roads", [])


def drawn(network, tile: TileAddress, closed=NOTHING_CLOSED) -> list[ReadFeature]:
    return features_of(TileDrawing(network).draw(tile, closed))


def expected_look(network, shape: int, zoom: int) -> dict:
    look = {"class": network.class_of(shape)}
    if zoom >= 13 and network.name_of(shape):
        look["name"] = network.name_of(shape)
    if zoom >= 15:
        look["oneway"] = int((network.arrays.shape_edge[shape] < 0).any())
    return look


def open_roads(network, home) -> Roads:
    """The roads of a process that opened a copy of this network."""
    store = RoadStore(home)
    store.install(network.arrays, {key: network.manifest[key] for key in ("source", "classes", "grid")})
    roads = Roads(store)
    roads.open()
    return roads


def closure(number: int, geometry):
    return SimpleNamespace(
        id=number,
        geom=from_shape(geometry, 4326),
        ways=None,
        since=NOW,
        until=NOW + timedelta(hours=1),
        reopened_at=None,
    )


async def ask(tiles: RoadTiles, tile: TileAddress) -> bytes:
    return await tiles.tile(None, tile.z, tile.x, tile.y, {})


def etag(tiles: RoadTiles, tile: TileAddress) -> str | None:
    return tiles.etag(tile.z, tile.x, tile.y, {})


@zooms
def test_every_stretch_is_in_its_tiles_once_with_its_own_look(town, zoom) -> None:
    seen = set()
    drawing = TileDrawing(town)
    for tile in tiles_over(town, zoom):
        features = features_of(drawing.draw(tile, NOTHING_CLOSED))
        lines = [(feature.properties, LineString(line)) for feature in features for line in feature.lines]
        pieces = 0
        for shape in range(town.shapes):
            if FROM_ZOOM[town.class_of(shape)] > zoom:
                continue
            inside = whole_line(town, shape, tile).intersection(box(0, 0, EXTENT, EXTENT))
            if inside.length < 2:
                continue
            same = [line for look, line in lines if look == expected_look(town, shape, zoom)]
            near = [line for line in same if inside.buffer(5).intersection(line).length > 0.9 * inside.length]
            assert len(near) == 1, f"{town.name_of(shape)} in {tile}"
            seen.add(shape)
            pieces += 1
        assert len(lines) >= pieces
        assert sum(line.length for _, line in lines) <= 1.01 * sum(
            whole_line(town, shape, tile).intersection(box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)).length
            for shape in range(town.shapes)
        ) + 2 * len(lines), "nothing is drawn twice"
    assert seen == {shape for shape in range(town.shapes) if FROM_ZOOM[town.class_of(shape)] <= zoom}


@zooms
def test_lines_end_within_the_buffer_of_the_tile(town, zoom) -> None:
    for tile in tiles_over(town, zoom):
        for feature in drawn(town, tile):
            assert feature.kind == 2
            for line in feature.lines:
                assert len(line) >= 2
                assert all(-BUFFER <= value <= EXTENT + BUFFER for point in line for value in point)
                assert all(a != b for a, b in pairwise(line))


@pytest.mark.parametrize("zoom", [14, 15, 16, 17])
def test_what_leaves_one_tile_enters_its_neighbour_at_the_same_place(town, zoom) -> None:
    def crossings(features: list[ReadFeature], axis: int, at: int) -> list[float]:
        found = []
        for feature in features:
            for a, b in (pair for line in feature.lines for pair in pairwise(line)):
                if (a[axis] < at) != (b[axis] < at):
                    share = (at - a[axis]) / (b[axis] - a[axis])
                    across = a[1 - axis] + share * (b[1 - axis] - a[1 - axis])
                    found += [across] if 0 <= across <= EXTENT else []
        return sorted(found)

    joined = 0
    for tile in tiles_over(town, zoom):
        here = drawn(town, tile)
        for axis, next_one in enumerate((TileAddress(zoom, tile.x + 1, tile.y), TileAddress(zoom, tile.x, tile.y + 1))):
            leaving, entering = crossings(here, axis, EXTENT), crossings(drawn(town, next_one), axis, 0)
            assert leaving == pytest.approx(entering, abs=1)
            joined += len(leaving)
    assert joined > 0


@pytest.mark.parametrize(
    ("zoom", "classes"),
    [
        (7, set()),
        (8, {"primary"}),
        (9, {"primary"}),
        (10, {"primary", "secondary"}),
        (11, {"primary", "secondary"}),
        (12, {"primary", "secondary", "tertiary"}),
        (13, {"primary", "secondary", "tertiary", "residential"}),
        (14, {"primary", "secondary", "tertiary", "residential"}),
    ],
)
def test_smaller_roads_appear_as_one_comes_nearer(town, zoom, classes) -> None:
    features = [feature for tile in tiles_over(town, zoom) for feature in drawn(town, tile)]
    assert {feature.properties["class"] for feature in features} == classes


def test_names_and_directions_come_with_the_zooms_that_show_them(town) -> None:
    def keys(zoom: int) -> set[str]:
        return {key for feature in drawn(town, TileAddress.at(*CROSSING, zoom=zoom)) for key in feature.properties}

    assert keys(12) == {"class"}
    assert keys(13) == keys(14) == {"class", "name"}
    assert keys(15) == {"class", "name", "oneway"}
    names = {feature.properties["name"] for feature in drawn(town, TileAddress.at(*CROSSING, zoom=14))}
    assert {"民主街", "单行路", "北街"} <= names
    oneway = {f.properties["name"]: f.properties["oneway"] for f in drawn(town, TileAddress.at(*CROSSING, zoom=15))}
    assert oneway["单行路"] == 1
    assert oneway["民主街"] == 0


def test_small_roads_are_painted_first_and_closed_ones_last(town) -> None:
    bridge = [shape for shape in range(town.shapes) if town.name_of(shape) == "西路"]
    features = drawn(town, TileAddress.at(*CROSSING, zoom=14), np.array(bridge, np.int32))
    looks = [(feature.properties.get("closed"), feature.properties["class"]) for feature in features]
    assert looks[-1] == (1, "residential")
    ranks = [list(FROM_ZOOM).index(road_class) for _, road_class in looks[:-1]]
    assert ranks == sorted(ranks)
    assert all(closed is None for closed, _ in looks[:-1])


async def test_a_closure_marks_its_stretches_and_renames_only_the_tiles_that_show_them(town, tmp_path) -> None:
    roads = open_roads(town, tmp_path)
    tiles = RoadTiles(roads)
    there, elsewhere = TileAddress.at(119.1105, 36.7, zoom=16), TileAddress.at(119.1525, 36.7, zoom=16)
    before, before_elsewhere = etag(tiles, there), etag(tiles, elsewhere)
    assert not any("closed" in feature.properties for feature in features_of(await ask(tiles, there)))

    roads.reload_closures([closure(1, BRIDGE)], now=NOW)
    assert etag(tiles, there) != before
    assert etag(tiles, elsewhere) == before_elsewhere
    closed = [f.properties["name"] for f in features_of(await ask(tiles, there)) if f.properties.get("closed") == 1]
    assert closed == ["白浪河桥"]

    roads.reload_closures([closure(1, BRIDGE), closure(2, Point(119.1525, 36.7))], now=NOW)
    assert etag(tiles, elsewhere) != before_elsewhere

    roads.reload_closures([], now=NOW)
    assert etag(tiles, there) == before
    assert not any("closed" in feature.properties for feature in features_of(await ask(tiles, there)))


async def test_a_new_network_renames_its_tiles(town, tmp_path) -> None:
    roads = open_roads(town, tmp_path)
    tiles = RoadTiles(roads)
    tile = TileAddress.at(*CROSSING, zoom=14)
    before, old = etag(tiles, tile), await ask(tiles, tile)
    about = {key: town.manifest[key] for key in ("source", "classes", "grid")}
    roads.store.install(town.arrays, {**about, "classes": [name.upper() for name in town.classes]})
    assert roads.reload_network()
    assert etag(tiles, tile) != before
    assert {f.properties["class"] for f in features_of(await ask(tiles, tile))} == {
        f.properties["class"].upper() for f in features_of(old)
    }


async def test_without_roads_tiles_are_empty_and_have_no_name(tmp_path) -> None:
    roads = Roads(RoadStore(tmp_path))
    with pytest.raises(NoRoads):
        roads.open()
    tiles = RoadTiles(roads)
    await tiles.prepare()
    assert await ask(tiles, TileAddress(14, 13617, 6376)) == b""
    assert etag(tiles, TileAddress(14, 13617, 6376)) is None


async def test_where_no_road_is_there_is_no_tile(town, tmp_path) -> None:
    tiles = RoadTiles(open_roads(town, tmp_path))
    await tiles.prepare()
    for tile in (TileAddress(14, 0, 0), TileAddress(18, 262143, 262143), TileAddress.at(119.13, 36.66, zoom=14)):
        assert await ask(tiles, tile) == b""


async def test_a_tile_is_drawn_once(town, tmp_path) -> None:
    tiles = RoadTiles(open_roads(town, tmp_path))
    tile = TileAddress.at(*CROSSING, zoom=14)
    assert await ask(tiles, tile) is await ask(tiles, tile)


def test_the_tiles_kept_are_bounded_by_number_and_bytes_and_the_oldest_go() -> None:
    cache = TileCache(most_tiles=3, most_bytes=100)
    a, b, c, d = (TileAddress(2, x, 0) for x in range(4))
    for tile in (a, b, c):
        cache.put("1", tile, bytes(10))
    cache.get("1", a)
    cache.put("1", d, bytes(10))
    assert (cache.get("1", b), len(cache), cache.bytes) == (None, 3, 30)
    assert cache.get("2", a) is None
    cache.put("1", a, bytes(95))
    assert (len(cache), cache.bytes) == (1, 95)
    cache.put("1", b, bytes(101))
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_crowded_tile_leaves_out_the_smallest_roads(town) -> None:
    drawing = TileDrawing(town)
    tile = TileAddress.at(*CROSSING, zoom=14)
    whole = drawing.draw(tile, NOTHING_CLOSED)
    bounded = drawing.draw(tile, NOTHING_CLOSED, most_bytes=len(whole) - 1)
    assert 0 < len(bounded) < len(whole)
    looks = [feature.properties for feature in features_of(whole)]
    kept = [feature.properties for feature in features_of(bounded)]
    assert kept == looks[-len(kept) :]
    assert len(drawing.draw(tile, NOTHING_CLOSED, most_bytes=60)) <= 60


walks = st.lists(st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000)), min_size=2, max_size=9, unique=True)


@given(walks, st.sampled_from([0.0, 1.0, 4.0]))
@settings(max_examples=300)
def test_cutting_equals_what_geos_cuts(walk, tolerance) -> None:
    # About 0.01 degree across the tile at zoom 15, so the walks of up to 0.0009 × 20 degree cross it in all ways.
    tile = TileAddress.at(119.1, 36.7, zoom=15)
    middle = (round(tile.bounds[0] * 1e7) + 55_000, round(tile.bounds[1] * 1e7) + 44_000)
    units = np.array([(middle[0] + 20 * x, middle[1] + 20 * y) for x, y in walk], np.int32)
    network = SimpleNamespace(arrays=SimpleNamespace(shape_start=np.array([0, len(units)], np.int64), shape_xy=units))
    lines = lines_in_tile(network, tile, np.zeros(1, np.int32), tolerance=tolerance)
    ours = MultiLineString([lines.xy[a:b].tolist() for a, b in pairwise(lines.start.tolist())])
    whole = LineString([in_tile(x / 1e7, y / 1e7, tile) for x, y in units.tolist()])
    reach = box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    off = tolerance + 1.5
    to_be_seen = whole.intersection(reach.buffer(-off))
    assert ours.difference(reach).is_empty
    assert ours.difference(whole.buffer(off)).is_empty
    if ours.is_empty:  # outside, or no larger than a point
        assert to_be_seen.is_empty or whole.hausdorff_distance(Point(whole.coords[0])) <= off
    else:
        assert to_be_seen.difference(ours.buffer(off)).is_empty


coordinates = st.integers(-(2**20), 2**20)


@given(st.lists(st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=6), min_size=1, max_size=5))
def test_what_is_written_is_read_back(lines) -> None:
    xy = np.array([point for line in lines for point in line], np.int32)
    start = np.cumsum([0, *map(len, lines)])
    looks = [{"class": "primary", "closed": 1}, {"class": "primary", "name": "民主街", "oneway": 300}]
    tile = encode_layer("roads", [Feature(look, line_geometry(xy, start)) for look in looks])
    features = read_tile(tile)["roads"]
    assert [feature.properties for feature in features] == looks
    assert [feature.lines for feature in features] == [lines, lines]


def test_a_layer_without_features_is_no_tile() -> None:
    assert encode_layer("roads", []) == b""
