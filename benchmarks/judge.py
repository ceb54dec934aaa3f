"""networkx as the judge of our travel times: it knows the exported graph and nothing of how we search."""

from collections.abc import Sequence

import networkx as nx
import numpy as np

from routing.closures import BlockedEdges
from routing.export import node_names, to_networkx
from routing.measure import Longs
from routing.network import PreparedNetwork
from routing.positions import Standing, standing
from routing.snapping import LonLat, snap_all


class Judge:
    """Travel times by networkx on the exported graph, with the ends of each trip put in as nodes of their own."""

    def __init__(self, network: PreparedNetwork, blocked: BlockedEdges | None = None) -> None:
        self.network = network
        self.names = node_names(network)
        self.roads = to_networkx(network)  # all edges: the ends of a trip may lie on closed ones
        self.towards: nx.DiGraph[object] = nx.DiGraph()
        open_roads = self.roads if blocked is None else to_networkx(network, blocked=blocked)
        for tail, head, data in open_roads.edges(data=True):
            self._add(head, tail, round(data["travel_time"] * 1000))
        self.along: dict[int, list[tuple[int, int, bool]]] = {}
        for edge in range(network.edges):
            a = network.arrays
            ends = self.names[int(a.tail[edge])], self.names[int(a.head[edge])], bool(a.edge_backward[edge])
            self.along.setdefault(int(a.edge_shape[edge]), []).append(ends)
        self.same_place: dict[int, list[int]] = {}
        for node, data in self.roads.nodes(data=True):
            self.same_place.setdefault(data["origin"], []).append(node)

    def _add(self, start: object, end: object, ms: int) -> None:
        known = self.towards.get_edge_data(start, end)
        if known is None or known["ms"] > ms:
            self.towards.add_edge(start, end, ms=ms)

    def travel_times(self, target: LonLat, starts: Sequence[LonLat]) -> list[float | None]:
        """Seconds from each start to the target, walks included, None if there is no way: one reversed Dijkstra."""
        snaps = snap_all(self.network, [*starts, target])
        places = standing(self.network, snaps)
        end = len(starts)
        reach: dict[object, int] = {}
        if places.node[end] >= 0:
            for node in self.same_place[self.names[int(places.node[end])]]:
                reach[node] = 0
        elif places.shape[end] >= 0:
            for start, _, backward in self.along[int(places.shape[end])]:
                ms = int(places.ms[end])
                cost = int(places.total_ms[end]) - ms if backward else ms
                reach[start] = min(reach.get(start, cost), cost)
        self.towards.add_node("target")
        for seed, cost in reach.items():
            self._add("target", seed, cost)
        best = nx.single_source_dijkstra_path_length(self.towards, "target", weight="ms")
        self.towards.remove_node("target")
        return [self._trip(places, snaps.walk_ms, best, number, end) for number in range(end)]

    def _trip(self, places: Standing, walk_ms: Longs, best: dict[object, float], number: int, end: int) -> float | None:
        shape, ms, total = int(places.shape[number]), int(places.ms[number]), int(places.total_ms[number])
        if shape < 0 or places.shape[end] < 0:
            return None
        ways = []
        if places.node[number] >= 0:
            ways.append(best.get(self.names[int(places.node[number])]))
        for _, head, backward in self.along[shape]:
            if places.node[number] < 0 and head in best:
                ways.append(best[head] + (ms if backward else total - ms))
            if shape == places.shape[end]:
                forward = places.fraction[number] <= places.fraction[end]
                behind = places.fraction[number] >= places.fraction[end]
                if behind if backward else forward:
                    ways.append(abs(int(places.ms[end]) - ms))
        known = [way for way in ways if way is not None]
        return (int(min(known)) + int(walk_ms[number]) + int(walk_ms[end])) / 1000 if known else None


def random_places(network: PreparedNetwork, count: int, seed: int) -> list[LonLat]:
    """Return random places: on roads, a little beside them, and exactly at junctions (restricted ones among them)."""
    random = np.random.default_rng(seed)
    places = []
    for number in range(count):
        line = network.line_of(int(random.integers(network.shapes)))
        piece = int(random.integers(len(line) - 1))
        share = 0.0 if number % 5 == 0 else random.random()
        beside = random.normal(0, 2e-4, 2) if number % 3 == 0 and share else np.zeros(2)
        lon, lat = line[piece] + share * (line[piece + 1] - line[piece]) + beside
        places.append((float(lon), float(lat)))
    return places
