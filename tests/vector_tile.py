"""Reads vector tiles back: as much of the Mapbox Vector Tile format (version 2) as the tests look at."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Feature:
    id: int | None = None
    kind: int = 0  # 1 point, 2 line, 3 polygon
    first: tuple[int, int] | None = None  # the first place of the geometry, in units of the extent
    lines: list[list[tuple[int, int]]] = field(default_factory=list)  # of a feature made of lines
    properties: dict[str, Any] = field(default_factory=dict)


def read_tile(tile: bytes) -> dict[str, list[Feature]]:
    """Return the features of each layer, by the layer's name."""
    return dict(_layer(body) for number, body in _fields(tile) if number == 3 and isinstance(body, bytes))


def _layer(body: bytes) -> tuple[str, list[Feature]]:
    fields = list(_fields(body))
    name = next(value.decode() for number, value in fields if number == 1)
    keys = [value.decode() for number, value in fields if number == 3]
    values = [_value(value) for number, value in fields if number == 4]
    return name, [_feature(value, keys, values) for number, value in fields if number == 2]


def _feature(body: bytes, keys: list[str], values: list[Any]) -> Feature:
    feature = Feature()
    for number, value in _fields(body):
        if number == 1:
            feature.id = value
        elif number == 2:
            tags = list(_varints(value))
            feature.properties = {keys[key]: values[at] for key, at in zip(tags[::2], tags[1::2], strict=True)}
        elif number == 3:
            feature.kind = value
        elif number == 4:
            commands = list(_varints(value))
            feature.first = (_zigzag(commands[1]), _zigzag(commands[2]))
            if feature.kind == 2:  # the kind stands before the geometry in what PostGIS and we write
                feature.lines = _lines(commands)
    return feature


def _lines(commands: list[int]) -> list[list[tuple[int, int]]]:
    lines: list[list[tuple[int, int]]] = []
    at, x, y = 0, 0, 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        assert command == 2 or (command == 1 and count == 1), "a line is MoveTo one point, then LineTo"
        for step in range(at + 1, at + 1 + 2 * count, 2):
            x, y = x + _zigzag(commands[step]), y + _zigzag(commands[step + 1])
            if command == 1:
                lines.append([])
            lines[-1].append((x, y))
        at += 1 + 2 * count
    return lines


def _value(body: bytes) -> Any:
    for number, value in _fields(body):
        if number == 1:
            return value.decode()
        if number in (2, 3):
            return struct.unpack("<f" if number == 2 else "<d", value)[0]
        if number == 6:
            return _zigzag(value)
        return bool(value) if number == 7 else value
    return None


def _zigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _varints(body: bytes) -> Iterator[int]:
    at = 0
    while at < len(body):
        value, at = _varint(body, at)
        yield value


def _fields(body: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        if key & 7 == 0:
            value, at = _varint(body, at)
            yield key >> 3, value
            continue
        if key & 7 == 2:
            length, at = _varint(body, at)
        else:
            length = 8 if key & 7 == 1 else 4
        yield key >> 3, body[at : at + length]
        at += length
