"""Tiles of the roads by minutes, read back with the tests' own reader."""

import math

import numpy as np
import pytest

from routing.customising import NEVER
from routing.reach_tiles import MOST_MINUTES, reach_tile
from routing.surfaces import Surface
from routing.tile_drawing import TileDrawing
from routing.tile_lines import TileAddress
from tests.vector_tile import read_tile


def minutes_told(network, surface, tile):
    """Every value of `minutes` in a tile, None where a feature has none, and how many features there are."""
    features = read_tile(reach_tile(TileDrawing(network), surface, tile)).get("reach", [])
    assert all(feature.properties["class"] in network.classes for feature in features)
    return [feature.properties.get("minutes") for feature in features]


def test_a_tile_tells_the_minutes_to_each_stretch(town, places_on_roads):
    surface = Surface(town, places_on_roads(town, 2, 3))
    (lon, lat) = town.line_of(0)[0]
    tile = TileAddress.at(float(lon), float(lat), zoom=12)
    shapes = TileDrawing(town).shapes_in(tile)
    ms = surface.middles_of_stretches(shapes)
    assert np.array_equal(ms, surface.middles_of_stretches()[shapes])
    expected = {math.ceil(one / 60_000) for one in ms.tolist() if one < NEVER}
    told = minutes_told(town, surface, tile)
    assert {one for one in told if one is not None} == expected
    assert (None in told) == bool((ms == NEVER).any())


def test_where_nobody_comes_there_are_no_minutes(town):
    (lon, lat) = town.line_of(0)[0]
    told = minutes_told(town, Surface(town, []), TileAddress.at(float(lon), float(lat), zoom=12))
    assert told
    assert set(told) == {None}


def test_what_takes_hours_has_no_minutes(town, places_on_roads):
    """As if every origin had to walk for longer than a map tells."""
    surface = Surface(town, places_on_roads(town, 1, 3))
    reached = surface._labels[:, :2]
    reached[reached < NEVER] += (MOST_MINUTES + 1) * 60_000
    (lon, lat) = town.line_of(0)[0]
    drawing, tile = TileDrawing(town), TileAddress.at(float(lon), float(lat), zoom=12)
    far = surface.middles_of_stretches(drawing.shapes_in(tile)) > MOST_MINUTES * 60_000
    told = minutes_told(town, surface, tile)
    assert far.any()
    assert None in told


def test_a_tile_without_roads_is_empty(town):
    assert reach_tile(TileDrawing(town), Surface(town, []), TileAddress(12, 0, 0)) == b""


@pytest.mark.parametrize("zoom", [8, 11, 15])
def test_the_near_ones_lie_on_top(town, places_on_roads, zoom):
    surface = Surface(town, places_on_roads(town, 1, 3))
    west, south, east, north = town.bounds
    tile = TileAddress.at((west + east) / 2, (south + north) / 2, zoom=zoom)
    drawing = TileDrawing(town)
    features = read_tile(reach_tile(drawing, surface, tile)).get("reach", [])
    by_class = {}
    for feature in features:
        by_class.setdefault(feature.properties["class"], []).append(feature.properties.get("minutes", 10_000))
    for minutes in by_class.values():
        assert minutes == sorted(minutes, reverse=True)
