"""Writes the network as an ordinary `.osm.pbf`, so that it comes in by the same door as a real extract."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import osmium
from osmium.osm import mutable
from shapely import get_coordinates

from data.demo.roads.edges import NO_CHAIN, Edges, Rank
from data.demo.roads.plane import Points
from data.demo.roads.rivers import River

GENERATOR = "OneMap demonstration roads"
_NODES_PER_REPORT = 50_000
_SPEED_KMH = {
    Rank.MOTORWAY: "120", Rank.MOTORWAY_LINK: "60", Rank.TRUNK: "80", Rank.PRIMARY: "70", Rank.SECONDARY: "60",
}  # fmt: skip
_LANES = {Rank.MOTORWAY: 3, Rank.MOTORWAY_LINK: 1, Rank.TRUNK: 6, Rank.PRIMARY: 6, Rank.SECONDARY: 4, Rank.TERTIARY: 2}


def write_pbf(
    path: Path,
    degrees: Points,
    edges: Edges,
    names: Sequence[str],
    rivers: Sequence[River],
    report: Callable[[float], None],
) -> int:
    """Write nodes and ways, both numbered from 1; an existing file is replaced. Returns the number of road ways."""
    header = osmium.io.Header()
    header.set("generator", GENERATOR)
    # the same network gives the same bytes: no time stamps, no editor
    with osmium.SimpleWriter(osmium.io.File(path, "pbf"), header=header, overwrite=True) as writer:
        for number, (lon, lat) in enumerate(degrees.tolist(), start=1):
            writer.add_node(mutable.Node(id=number, location=(lon, lat)))
            if number % _NODES_PER_REPORT == 0:
                report(0.6 * number / len(degrees))
        _add_river_nodes(writer, rivers, len(degrees) + 1)
        ways = 0
        for ways, (nodes, tags) in enumerate(_ways(edges, names), start=1):
            writer.add_way(mutable.Way(id=ways, nodes=nodes, tags=tags))
        report(0.95)
        _add_river_ways(writer, rivers, len(degrees) + 1, ways + 1)
    report(1.0)
    return ways


def _ways(edges: Edges, names: Sequence[str]) -> Iterator[tuple[list[int], dict[str, str]]]:
    """Edges that follow one another with the same tags, as one way."""
    order = np.lexsort((edges.place, edges.chain))
    e = edges.take(order)
    joined = (e.chain[1:] == e.chain[:-1]) & (e.chain[1:] != NO_CHAIN) & (e.end[:-1] == e.start[1:])
    for column in (e.rank, e.name, e.oneway, e.bridge, e.roundabout):
        joined &= column[1:] == column[:-1]
    breaks = np.flatnonzero(~joined) + 1
    firsts, lasts = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(e)]])
    starts, ends = (e.start + 1).tolist(), (e.end + 1).tolist()
    rank, name = e.rank.tolist(), e.name.tolist()
    oneway, bridge, roundabout = e.oneway.tolist(), e.bridge.tolist(), e.roundabout.tolist()
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        tags = _tags(Rank(rank[first]), oneway[first])
        if name[first] >= 0:
            tags["name"] = names[name[first]]
        if bridge[first]:
            tags |= {"bridge": "yes", "layer": "2" if rank[first] == Rank.MOTORWAY_LINK else "1"}
        if roundabout[first]:
            tags["junction"] = "roundabout"
        yield [starts[first], *ends[first:last]], tags


def _tags(rank: Rank, oneway: bool) -> dict[str, str]:
    tags = {"highway": rank.name.lower()}
    if oneway:
        tags["oneway"] = "yes"
    if (speed := _SPEED_KMH.get(rank)) is not None:
        tags["maxspeed"] = speed
    if (lanes := _LANES.get(rank)) is not None:
        # lanes counts both directions; a one-way street has half the road
        tags["lanes"] = str(lanes if rank >= Rank.MOTORWAY_LINK or not oneway else max(1, lanes // 2))
    return tags


def _add_river_nodes(writer: osmium.SimpleWriter, rivers: Sequence[River], first: int) -> None:
    number = first
    for river in rivers:
        for lon, lat in get_coordinates(river.line).tolist():
            writer.add_node(mutable.Node(id=number, location=(lon, lat)))
            number += 1


def _add_river_ways(writer: osmium.SimpleWriter, rivers: Sequence[River], first_node: int, first_way: int) -> None:
    node = first_node
    for number, river in enumerate(rivers, start=first_way):
        after = node + len(get_coordinates(river.line))
        tags = {"waterway": "river", "name": river.name}
        writer.add_way(mutable.Way(id=number, nodes=list(range(node, after)), tags=tags))
        node = after
