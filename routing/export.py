"""The network as an osmnx graph, so that anybody can check our answers with networkx or use the roads elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import networkx as nx
from shapely import LineString

from routing.closures import BlockedEdges
from routing.graph import BRIDGE, ROUNDABOUT, TUNNEL
from routing.measure import UNITS_PER_DEGREE
from routing.network import PreparedNetwork


def to_networkx(network: PreparedNetwork, *, blocked: BlockedEdges | None = None) -> "nx.MultiDiGraph[int]":
    """Return the network with osmnx's attributes: `length` (m), `speed_kph`, `travel_time` (s), `geometry`, `name`, ….

    `travel_time` is exactly the whole milliseconds that ranking adds up. Nodes carry their OpenStreetMap ids; the
    copies that turn restrictions made get free negative ids and say in `origin` which junction they are. `blocked`
    edges are left out.
    """
    a = network.arrays
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(**_about(network))
    names = node_names(network)
    positions = a.node_xy / UNITS_PER_DEGREE
    for number, node in enumerate(names):
        graph.add_node(
            node, x=float(positions[number, 0]), y=float(positions[number, 1]), origin=names[int(a.node_origin[number])]
        )
    for edge in range(network.edges):
        if blocked is None or not blocked.mask[edge]:
            graph.add_edge(names[int(a.tail[edge])], names[int(a.head[edge])], **_attributes(network, edge))
    return graph


def export_graphml(network: PreparedNetwork, path: Path) -> None:
    """Write a GraphML file that `osmnx.load_graphml` reads, and so do we.

    Written edge by edge: networkx's writer would hold a province in memory twice and take minutes.
    """
    names = node_names(network)
    a = network.arrays
    keys = {name: f"d{number}" for number, name in enumerate((*_GRAPH_KEYS, *_NODE_KEYS, *_EDGE_KEYS))}
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for owner, columns in (("graph", _GRAPH_KEYS), ("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
            for name in columns:
                file.write(f'<key id="{keys[name]}" for="{owner}" attr.name="{name}" attr.type="string"/>\n')
        file.write('<graph edgedefault="directed">\n')
        file.write(_data(keys, _about(network)) + "\n")
        for number, (x, y) in enumerate((a.node_xy / UNITS_PER_DEGREE).tolist()):
            data = _data(keys, {"x": x, "y": y, "origin": names[int(a.node_origin[number])]})
            file.write(f'<node id="{names[number]}">{data}</node>\n')
        before, key = (-1, -1), 0
        for edge, (tail, head) in enumerate(zip(a.tail.tolist(), a.head.tolist(), strict=True)):
            data = _data(keys, _attributes(network, edge))
            key = key + 1 if (tail, head) == before else 0  # parallel edges stand together
            before = tail, head
            file.write(f'<edge source="{names[tail]}" target="{names[head]}" id="{key}">{data}</edge>\n')
        file.write("</graph>\n</graphml>\n")


_GRAPH_KEYS = ("crs", "simplified", "created_with", "source")
_NODE_KEYS = ("x", "y", "origin")
_EDGE_KEYS = (
    "osmid", "highway", "oneway", "reversed", "length", "speed_kph", "travel_time", "geometry", "name", "bridge",
    "tunnel", "junction",
)  # fmt: skip


def _data(keys: Mapping[str, str], values: Mapping[str, Any]) -> str:
    return "".join(f'<data key="{keys[name]}">{escape(str(value))}</data>' for name, value in values.items())


def _about(network: PreparedNetwork) -> dict[str, Any]:
    return {
        "crs": "epsg:4326",
        "simplified": True,
        "created_with": f"OneMap roads {network.version}",
        "source": network.source,
    }


def node_names(network: PreparedNetwork) -> list[int]:
    """Return the ids of nodes in exported graphs, in the order of the network's nodes."""
    a = network.arrays
    free = min(0, int(a.node_id.min())) - 1
    originals = a.node_origin.tolist()
    return [node if originals[number] == number else free - number for number, node in enumerate(a.node_id.tolist())]


def _attributes(network: PreparedNetwork, edge: int) -> dict[str, Any]:
    a = network.arrays
    shape = int(a.edge_shape[edge])
    backward = bool(a.edge_backward[edge])
    line = network.line_of(shape)
    length_m, seconds = float(a.shape_m[shape]), int(a.ms[edge]) / 1000
    attributes: dict[str, Any] = {
        "osmid": int(a.shape_way[shape]),
        "highway": network.class_of(shape),
        "oneway": bool((a.shape_edge[shape] < 0).any()),
        "reversed": backward,
        "length": length_m,
        "speed_kph": length_m / seconds * 3.6,
        "travel_time": seconds,
        "geometry": LineString(line[::-1] if backward else line),
    }
    if name := network.name_of(shape):
        attributes["name"] = name
    flags = int(a.shape_flags[shape])
    marks = ((BRIDGE, "bridge", "yes"), (TUNNEL, "tunnel", "yes"), (ROUNDABOUT, "junction", "roundabout"))
    attributes.update({key: value for bit, key, value in marks if flags & bit})
    return attributes
