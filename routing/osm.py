"""Reads the roads a car may use from OpenStreetMap files: `.osm`, `.osm.gz`, `.osm.bz2`, `.osm.pbf`.

Which ways count is osmnx's `drive` rule, so that both give the same network; ferries stay out. osmnx itself reads
no .pbf and takes 54 s and 1.5 GB for 50,000 junctions: see docs/decisions/roads-own-reader.md.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import Relation, Way, osm_entity_bits

from routing.errors import RoadsFileError
from routing.graph import BRIDGE, ROUNDABOUT, TUNNEL
from routing.measure import Bytes, Floats, Ints, Longs
from routing.speeds import parse_maxspeed

Progress = Callable[[str, int], None]
"""Called now and then with what is being done and how many are done."""

NOWHERE = np.int32(2_147_483_647)
"""The coordinate of a node that the file does not contain."""

_NOT_FOR_CARS = re.compile(
    "abandoned|bridleway|bus_guideway|construction|corridor|cycleway|elevator|escalator|footway|no|path|pedestrian|"
    "planned|platform|proposed|raceway|razed|rest_area|service|services|steps|track"
)
_NOT_THIS_SERVICE = re.compile("alley|driveway|emergency_access|parking|parking_aisle|private")
_ONE_WAY = {"yes", "true", "1", "-1", "reverse", "T", "F"}
_REVERSED = {"-1", "reverse", "T"}
_CARS = {"motorcar", "motor_vehicle", "vehicle"}


@dataclass(frozen=True, slots=True)
class TurnRestriction:
    """A relation that forbids (`only` False) or demands a turn from one way to another, at a node or through ways."""

    from_way: int
    via_node: int | None
    to_way: int
    only: bool
    via_ways: tuple[int, ...] = ()


@dataclass(slots=True)
class OsmRoads:
    """Ways as they stand in the file: points in `node`, `x`, `y`, way after way; one-way streets run forward."""

    way_id: Longs
    way_start: Longs
    way_class: Bytes
    way_name: Ints
    way_kph: Floats
    way_flags: Bytes
    way_oneway: Bytes
    node: Longs
    x: Ints
    y: Ints
    names: list[str]
    classes: list[str]
    restrictions: list[TurnRestriction]
    notes: dict[str, int]


def read_osm(path: Path, progress: Progress = lambda _what, _done: None) -> OsmRoads:
    """Read a file in one pass; raise `RoadsFileError` in words if it is not what its name says.

    Memory follows the roads (about 40 bytes a road point) plus osmium's table of node places (16 bytes a node).
    """
    collected = _Collected()
    processor = (
        osmium.FileProcessor(str(path), osm_entity_bits.NODE | osm_entity_bits.WAY | osm_entity_bits.RELATION)
        .with_locations("flex_mem")
        .with_filter(osmium.filter.EntityFilter(osm_entity_bits.WAY | osm_entity_bits.RELATION))
        .with_filter(
            osmium.filter.KeyFilter("highway", "restriction", "restriction:motorcar", "restriction:conditional")
        )
    )
    try:
        for number, element in enumerate(processor):
            if isinstance(element, Way):
                collected.add_way(element)
            elif isinstance(element, Relation):
                collected.add_relation(element)
            if number % 20_000 == 0:
                progress("reading ways", number)
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise RoadsFileError(f"{path.name} cannot be read as OpenStreetMap data: {error}") from error
    return collected.finished(path)


def refusal(tags: Mapping[str, str]) -> str | None:
    """Return why a way is not part of the driving network, or None if it is: osmnx's `drive` filter, clause by clause.

    The clauses are regular expressions that match anywhere in the value, as in Overpass.
    """
    highway = tags.get("highway")
    if highway is None:
        return "no highway tag"
    if "yes" in tags.get("area", ""):
        return "an area"
    if "private" in tags.get("access", ""):
        return "private"
    if _NOT_FOR_CARS.search(highway):
        return "not for cars"
    if "no" in tags.get("motor_vehicle", "") or "no" in tags.get("motorcar", ""):
        return "closed to motor vehicles"
    if _NOT_THIS_SERVICE.search(tags.get("service", "")):
        return "alley, driveway or parking"
    return None


def direction(tags: Mapping[str, str]) -> int:
    """Return 0 for a two-way street, 1 for one along its points, -1 for one against them.

    As osmnx, plus one rule of OpenStreetMap's: a motorway that says nothing is one-way.
    """
    oneway = tags.get("oneway")
    if oneway in _ONE_WAY:
        return -1 if oneway in _REVERSED else 1
    if tags.get("junction") == "roundabout" or (oneway is None and tags.get("highway") == "motorway"):
        return 1
    return 0


def limit(tags: Mapping[str, str], towards: int) -> tuple[float | None, bool]:
    """Return the speed limit (km/h) of a way driven `towards` (see `direction`), and whether it is the mean of two.

    A one-way street has the limit of its direction. A two-way street is driven at one speed: where the directions have
    limits of their own, at their mean.
    """
    plain = tags.get("maxspeed")
    forward = parse_maxspeed(tags.get("maxspeed:forward", plain))
    backward = parse_maxspeed(tags.get("maxspeed:backward", plain))
    if towards:
        return (forward if towards > 0 else backward), False
    if forward is None or backward is None:
        return (backward if forward is None else forward), False
    return (forward + backward) / 2, forward != backward


class _Collected:
    """Growing columns; ordinary lists of Python objects would take five times the memory."""

    def __init__(self) -> None:
        self.way_id, self.way_start = array("q"), array("q", [0])
        self.way_class, self.way_name, self.way_kph = array("B"), array("i"), array("d")
        self.way_flags, self.way_oneway = array("B"), array("B")
        self.node, self.x, self.y = array("q"), array("i"), array("i")
        self.names: dict[str, int] = {"": 0}
        self.classes: dict[str, int] = {}
        self.restrictions: list[TurnRestriction] = []
        self.notes: Counter[str] = Counter()

    def add_way(self, way: Way) -> None:
        tags = {tag.k: tag.v for tag in way.tags}
        reason = refusal(tags)
        if reason is not None:
            self.notes[f"ways left out: {reason}"] += 1
            return
        highway = tags["highway"]
        if highway not in self.classes and len(self.classes) == 255:
            highway = "road"  # a class is one byte; a file with more kinds of road than that has invented them
        nodes = [(node.ref, node.x, node.y) for node in way.nodes]
        if len(nodes) < 2:
            self.notes["ways left out: fewer than two points"] += 1
            return
        towards = direction(tags)
        if towards < 0:
            nodes.reverse()
        refs, xs, ys = zip(*nodes, strict=True)
        self.node.extend(refs)
        self.x.extend(xs)
        self.y.extend(ys)
        self.way_id.append(way.id)
        self.way_start.append(len(self.node))
        self.way_class.append(self.classes.setdefault(highway, len(self.classes)))
        name = tags.get("name") or tags.get("ref") or ""
        self.way_name.append(self.names.setdefault(name, len(self.names)))
        speed, is_mean = limit(tags, towards)
        self.notes["ways with a limit for each direction, driven at the mean"] += is_mean
        self.way_kph.append(float("nan") if speed is None else speed)
        self.way_flags.append(
            BRIDGE * (tags.get("bridge", "no") != "no")
            | TUNNEL * (tags.get("tunnel", "no") != "no")
            | ROUNDABOUT * (tags.get("junction") == "roundabout")
        )
        self.way_oneway.append(towards != 0)

    def add_relation(self, relation: Relation) -> None:
        tags = {tag.k: tag.v for tag in relation.tags}
        kind = tags.get("restriction:motorcar") or tags.get("restriction")
        if tags.get("type") != "restriction":
            return
        if kind is None:
            if "restriction:conditional" in tags:
                self.notes["turn restrictions not honoured: at certain times only"] += 1
            return
        if _CARS & {part.strip() for part in tags.get("except", "").split(";")}:
            return
        members: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
        for member in relation.members:
            if member.role in members:
                members[member.role].append((member.type, member.ref))
        types = {kind for kind, _ in members["via"]}
        if not (types == {"w"} or (types == {"n"} and len(members["via"]) == 1)):
            self.notes["turn restrictions not honoured: via neither a node nor ways"] += 1
            return
        if not kind.startswith(("no_", "only_")):
            self.notes["turn restrictions not honoured: unknown kind"] += 1
            return
        via = tuple(reference for _, reference in members["via"])
        node, ways = (via[0], ()) if types == {"n"} else (None, via)
        for _, from_way in members["from"]:
            for _, to_way in members["to"]:
                self.restrictions.append(TurnRestriction(from_way, node, to_way, kind.startswith("only_"), ways))

    def finished(self, path: Path) -> OsmRoads:
        if not self.way_id:
            left_out = sum(count for note, count in self.notes.items() if note.startswith("ways"))
            raise RoadsFileError(
                f"{path.name} holds no road that a car may use"
                + (
                    f" ({left_out} other ways were left out)"
                    if left_out
                    else "; is it really an OpenStreetMap extract?"
                )
            )
        x = np.frombuffer(self.x, np.int32)
        missing = int((x == NOWHERE).sum())
        if missing == len(x):
            raise RoadsFileError(
                f"{path.name} holds ways but not the places of their nodes (or the nodes come after the ways):"
                " export it again with nodes, sorted"
            )
        if missing:
            self.notes["road points without a place"] = missing
        return OsmRoads(
            way_id=np.frombuffer(self.way_id, np.int64),
            way_start=np.frombuffer(self.way_start, np.int64),
            way_class=np.frombuffer(self.way_class, np.uint8),
            way_name=np.frombuffer(self.way_name, np.int32),
            way_kph=np.frombuffer(self.way_kph, np.float64),
            way_flags=np.frombuffer(self.way_flags, np.uint8),
            way_oneway=np.frombuffer(self.way_oneway, np.uint8),
            node=np.frombuffer(self.node, np.int64),
            x=x,
            y=np.frombuffer(self.y, np.int32),
            names=list(self.names),
            classes=list(self.classes),
            restrictions=self.restrictions,
            notes={note: count for note, count in self.notes.items() if count},
        )
