"""Writes Mapbox Vector Tiles (version 2.1) of lines.

Own code because the library for it (PyPI `mapbox-vector-tile`) takes one Python object for every line and several for
every point: benchmarks/road_tiles.py has the figures. Here the points stay in arrays from the network to the bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gis.compiled import compiled
from routing.measure import Bytes, Ints, Longs

EXTENT = 4096
"""Units along each side of a tile."""

_LINE = 2  # GeomType.LINESTRING
_MOST_BYTES_OF_A_POINT = 15  # two varints of 32 bits, and a command before them


@dataclass(frozen=True, slots=True)
class Feature:
    """Lines with the same properties: the commands of their geometry, packed."""

    properties: Mapping[str, str | int]
    geometry: bytes


def line_geometry(xy: Ints, start: Longs) -> bytes:
    """Return the commands that draw lines as one feature.

    `xy` holds points in units of the tile (y grows southwards); line n is `xy[start[n] : start[n + 1]]` and has two
    points or more.
    """
    packed = np.empty(_MOST_BYTES_OF_A_POINT * int(start[-1] - start[0]), np.uint8)
    return packed[: _draw_lines(xy, start, packed)].tobytes()


def encode_layer(name: str, features: Iterable[Feature]) -> bytes:
    """Return a tile with this one layer; empty bytes without features. Numbers must be 0 or more."""
    keys: dict[str, int] = {}
    values: dict[str | int, int] = {}
    drawn = bytearray()
    for feature in features:
        tags = bytearray()
        for key, value in feature.properties.items():
            tags += _varint(keys.setdefault(key, len(keys)))
            tags += _varint(values.setdefault(value, len(values)))
        drawn += _field(2, _field(2, tags) + bytes((3 << 3, _LINE)) + _field(4, feature.geometry))
    if not drawn:
        return b""
    layer = _field(1, name.encode()) + drawn
    for key in keys:
        layer += _field(3, key.encode())
    for value in values:
        layer += _field(4, bytes((5 << 3,)) + _varint(value) if isinstance(value, int) else _field(1, value.encode()))
    layer += bytes((5 << 3,)) + _varint(EXTENT) + bytes((15 << 3, 2))
    return _field(3, layer)


def _field(number: int, content: bytes | bytearray) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


@compiled
def _write_varint(packed: Bytes, at: int, value: int) -> int:
    while value > 0x7F:
        packed[at] = value & 0x7F | 0x80
        at += 1
        value >>= 7
    packed[at] = value
    return at + 1


@compiled
def _draw_lines(xy: Ints, start: Longs, packed: Bytes) -> int:
    """Write MoveTo and LineTo for each line, each point as the step from the one before; return how many bytes."""
    at = 0
    x, y = 0, 0
    for line in range(len(start) - 1):
        for point in range(start[line], start[line + 1]):
            if point == start[line]:
                at = _write_varint(packed, at, 1 << 3 | 1)
            elif point == start[line] + 1:
                at = _write_varint(packed, at, (start[line + 1] - start[line] - 1) << 3 | 2)
            dx, dy = xy[point, 0] - x, xy[point, 1] - y
            x, y = xy[point, 0], xy[point, 1]
            at = _write_varint(packed, at, (dx << 1) ^ (dx >> 63))
            at = _write_varint(packed, at, (dy << 1) ^ (dy >> 63))
    return at
