"""Roads from osmnx graphs: a GraphML file, or a place downloaded from OpenStreetMap."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError  # the exception only; nothing is parsed with it here

import networkx as nx
import numpy as np
import osmnx as ox

from routing.errors import RoadsFileError
from routing.graph import BRIDGE, ROUNDABOUT, TUNNEL, RoadGraph
from routing.measure import UNITS_PER_DEGREE, Ints, great_circle_m
from routing.osm import refusal
from routing.speeds import parse_maxspeed, speeds_of_ways


def read_graphml(path: Path) -> RoadGraph:
    """Read a graph that osmnx (or `./onemap roads export`) saved; paths that no car may use are left out."""
    try:
        graph = ox.load_graphml(path)
        return from_networkx(graph, name=path.name)
    except (ParseError, nx.NetworkXError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise RoadsFileError(f"{path.name} is not a road graph as osmnx saves it ({what})") from error


def download_place(place: str) -> RoadGraph:
    """Download the drivable roads inside a place's boundary (needs the internet)."""
    try:
        graph = ox.graph_from_place(place, network_type="drive", retain_all=True)
    except (ValueError, TypeError, OSError) as error:  # requests' and osmnx's errors are kinds of these
        raise RoadsFileError(f"no roads for {place!r}: {error}") from error
    return from_networkx(graph, name=place)


def from_networkx(graph: "nx.MultiDiGraph[int]", *, name: str) -> RoadGraph:
    """Turn an osmnx graph (EPSG:4326) into a road graph.

    An edge's `travel_time` counts if it has one, else `speed_kph`, else `maxspeed`, else its class. Edges with
    the same points and costs in both directions become one stretch.
    """
    ids = np.array(list(graph.nodes), np.int64)
    number = {node: k for k, node in enumerate(graph.nodes)}
    x = _units([data["x"] for _, data in graph.nodes(data=True)])
    y = _units([data["y"] for _, data in graph.nodes(data=True)])
    if len(ids) == 0 or (np.abs(x) > 180 * UNITS_PER_DEGREE).any() or (np.abs(y) > 90 * UNITS_PER_DEGREE).any():
        raise RoadsFileError(f"{name} holds no nodes in longitude and latitude (a projected graph?)")
    origin = np.array([number[int(data.get("origin", node))] for node, data in graph.nodes(data=True)], np.int32)

    columns = _Columns(x, y, origin)
    for tail, head, data in graph.edges(data=True):
        columns.add(number[tail], number[head], data)
    if not columns.tail:
        raise RoadsFileError(f"{name} holds no road that a car may use ({sum(columns.notes.values())} paths left out)")
    return columns.finished(ids)


class _Columns:
    def __init__(self, x: Ints, y: Ints, origin: Ints) -> None:
        self.x, self.y, self.origin = x, y, origin
        self.tail: list[int] = []
        self.head: list[int] = []
        self.shape: list[int] = []
        self.backward: list[bool] = []
        self.copied: list[bool] = []
        self.points: list[Ints] = []
        self.length: list[float] = []
        self.seconds: list[float] = []
        self.kph: list[float] = []
        self.name: list[int] = []
        self.road_class: list[int] = []
        self.flags: list[int] = []
        self.way: list[int] = []
        self.names: dict[str, int] = {"": 0}
        self.classes: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.along: dict[tuple[bytes, float, str], int] = {}
        self.taken: set[tuple[int, bool]] = set()

    def add(self, tail: int, head: int, data: Mapping[str, Any]) -> None:
        reason = _refusal(data)
        if reason is not None:
            note = f"ways left out: {reason}"
            self.notes[note] = self.notes.get(note, 0) + 1
            return
        points = self._points_of(tail, head, data)
        length = float(data.get("length") or np.sum(_lengths(points)))
        seconds = _positive(data.get("travel_time"))
        cost = round(seconds if np.isfinite(seconds) else length, 2)
        street = " / ".join(_texts(data.get("name")) or _texts(data.get("ref")))
        copied = bool(self.origin[tail] != tail)
        shape, backward = self._find(points, cost, street, copied)
        if shape < 0:
            shape, backward = len(self.points), False
            self.along.setdefault((points.tobytes(), cost, street), shape)
            self._describe(points, length, seconds, street, data)
        if not copied:
            self.taken.add((shape, backward))
        self.tail.append(tail)
        self.head.append(head)
        self.shape.append(shape)
        self.backward.append(backward)
        self.copied.append(copied)

    def _points_of(self, tail: int, head: int, data: Mapping[str, Any]) -> Ints:
        if "geometry" in data:
            coordinates = np.asarray(data["geometry"].coords, np.float64)
            return np.stack([_units(coordinates[:, 0]), _units(coordinates[:, 1])], axis=1)
        return np.array([[self.x[tail], self.y[tail]], [self.x[head], self.y[head]]], np.int32)

    def _find(self, points: Ints, cost: float, street: str, copied: bool) -> tuple[int, bool]:
        """Return the stretch that this edge belongs to and whether it runs against it, or -1."""
        against = self.along.get((points[::-1].tobytes(), cost, street), -1)
        if against >= 0 and (copied or (against, True) not in self.taken):
            return against, True
        along = self.along.get((points.tobytes(), cost, street), -1)
        if along >= 0 and copied:
            return along, False
        return -1, False

    def _describe(self, points: Ints, length: float, seconds: float, street: str, data: Mapping[str, Any]) -> None:
        highway = next((kind for kind in _texts(data["highway"]) if refusal({"highway": kind}) is None), "road")
        speeds = [_positive(data.get("speed_kph")), parse_maxspeed(";".join(_texts(data.get("maxspeed")))) or np.nan]
        self.points.append(points)
        self.length.append(length)
        self.seconds.append(seconds)
        self.kph.append(next((speed for speed in speeds if np.isfinite(speed)), np.nan))
        self.name.append(self.names.setdefault(street, len(self.names)))
        self.road_class.append(self.classes.setdefault(highway, len(self.classes)))
        self.flags.append(
            BRIDGE * any(text != "no" for text in _texts(data.get("bridge")))
            | TUNNEL * any(text != "no" for text in _texts(data.get("tunnel")))
            | ROUNDABOUT * ("roundabout" in _texts(data.get("junction")))
        )
        ways = data.get("osmid", 0)
        self.way.append(int(ways[0] if isinstance(ways, list) else ways))

    def finished(self, ids: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> RoadGraph:
        used = np.unique(np.array([*self.tail, *self.head, *self.origin[self.tail], *self.origin[self.head]], np.int64))
        compact = np.full(len(ids), -1, np.int32)
        compact[used] = np.arange(len(used), dtype=np.int32)
        length, seconds = np.array(self.length), np.array(self.seconds)
        classes = np.array(self.road_class, np.uint8)
        kph = speeds_of_ways(np.array(self.kph), classes, list(self.classes), length)
        points = np.concatenate(self.points)
        return RoadGraph(
            node_id=ids[used],
            node_x=self.x[used],
            node_y=self.y[used],
            node_origin=compact[self.origin[used]],
            shape_start=np.cumsum([0, *map(len, self.points)], dtype=np.int64),
            shape_x=points[:, 0],
            shape_y=points[:, 1],
            shape_length_m=length,
            shape_seconds=np.where(np.isfinite(seconds), seconds, length / (kph / 3.6)),
            shape_name=np.array(self.name, np.int32),
            shape_class=classes,
            shape_flags=np.array(self.flags, np.uint8),
            shape_way=np.array(self.way, np.int64),
            edge_tail=compact[self.tail],
            edge_head=compact[self.head],
            edge_shape=np.array(self.shape, np.int32),
            edge_backward=np.array(self.backward, np.bool_),
            edge_copied=np.array(self.copied, np.bool_),
            names=list(self.names),
            classes=list(self.classes),
            notes=self.notes,
        )


def _refusal(data: Mapping[str, Any]) -> str | None:
    """A merged edge may carry several values of a tag: it stays if a car may use one of its classes."""
    tags = {key: ";".join(_texts(data.get(key))) for key in ("area", "access", "service", "motor_vehicle", "motorcar")}
    reasons = [refusal({**tags, "highway": kind}) for kind in _texts(data.get("highway"))] or ["no highway tag"]
    return None if None in reasons else reasons[0]


def _texts(value: Any) -> list[str]:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return []
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _positive(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return float("nan")
    return number if number > 0 and np.isfinite(number) else float("nan")


def _units(degrees: Any) -> Ints:
    units: Ints = np.rint(np.asarray(degrees, np.float64) * UNITS_PER_DEGREE).astype(np.int32)
    return units


def _lengths(points: Ints) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return great_circle_m(points[:-1, 0], points[:-1, 1], points[1:, 0], points[1:, 1])
