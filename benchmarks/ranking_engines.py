"""Everybody who can say how long M officers take to one alert: ours, two Python libraries, two routing services."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from benchmarks.peers.client import Peer
from benchmarks.peers.environment import PeerMissing, peer_python
from benchmarks.roads import Question
from routing.network import PreparedNetwork
from routing.ranking import rank

Times = list["float | None"]
ENGINES = ("ours", "scipy", "networkx", "osrm", "osrm-mld", "valhalla", "valhalla-tdm")


class Engine(Protocol):
    """`same_roads`: works on our very network, so that its travel times must equal ours."""

    @property
    def name(self) -> str: ...
    @property
    def same_roads(self) -> bool: ...
    def answer(self, question: Question, limit_s: float, routes: int) -> tuple[Times, float]:
        """Return seconds for each officer, and the milliseconds that it took. `limit_s` is the longest true answer."""
        ...


class Ours:
    """The product's own function: snapping, the order, and routes with street names (like the peers, without the
    distances of those who get no route)."""

    name, same_roads = "ours", True

    def __init__(self, network: PreparedNetwork) -> None:
        self._network = network

    def answer(self, question: Question, limit_s: float, routes: int) -> tuple[Times, float]:
        del limit_s
        began = time.perf_counter()
        candidates = [(number, lon, lat) for number, (lon, lat) in enumerate(question.officers_at)]
        ranked = rank(self._network, question.target_at, candidates, routes=routes, distances=routes)
        ms = (time.perf_counter() - began) * 1000
        times: Times = [None] * len(candidates)
        for each in ranked:
            times[each.id] = each.travel_time_s
        return times, ms


class Scipy:
    """One reversed search. Served: officers at junctions already, no routes, and the true answer as its limit."""

    name, same_roads = "scipy", True

    def __init__(self, network: PreparedNetwork) -> None:
        self._network = network
        a = network.arrays
        order = np.lexsort((a.ms, a.tail, a.head))
        first = np.ones(len(order), np.bool_)  # scipy adds parallel edges up: keep the fastest
        first[1:] = (np.diff(a.head[order]) != 0) | (np.diff(a.tail[order]) != 0)
        kept = order[first]
        self._reverse = csr_array(
            (a.ms[kept].astype(np.float64), (a.head[kept], a.tail[kept])), shape=(network.nodes,) * 2
        )

    def answer(self, question: Question, limit_s: float, routes: int) -> tuple[Times, float]:
        del routes
        began = time.perf_counter()
        seeds = [question.target, *self._network.copies_of_node(question.target).tolist()]
        found = dijkstra(self._reverse, indices=seeds, limit=limit_s * 1000 + 1, min_only=True)
        times: Times = [float(ms) / 1000 if np.isfinite(ms) else None for ms in found[question.officers]]
        return times, (time.perf_counter() - began) * 1000


class Networkx:
    """One reversed search, served like scipy's."""

    name, same_roads = "networkx", True

    def __init__(self, network: PreparedNetwork) -> None:
        self._network = network
        self._reverse: nx.DiGraph[int] = nx.DiGraph()
        a = network.arrays
        order = np.argsort(-a.ms, kind="stable")  # of parallel edges the fastest comes last and stays
        self._reverse.add_weighted_edges_from(
            zip(a.head[order].tolist(), a.tail[order].tolist(), a.ms[order].tolist(), strict=True), weight="ms"
        )

    def answer(self, question: Question, limit_s: float, routes: int) -> tuple[Times, float]:
        del routes
        began = time.perf_counter()
        seeds = {question.target, *self._network.copies_of_node(question.target).tolist()}
        found = nx.multi_source_dijkstra_path_length(self._reverse, seeds, cutoff=limit_s * 1000 + 1, weight="ms")
        times: Times = [found[who] / 1000 if who in found else None for who in question.officers.tolist()]
        return times, (time.perf_counter() - began) * 1000


class OtherProcess:
    """OSRM or Valhalla on the same file: snapping, travel times, and the geometry of the first routes."""

    same_roads = False

    def __init__(self, peer: Peer) -> None:
        self.name, self.peer = peer.name, peer

    def answer(self, question: Question, limit_s: float, routes: int) -> tuple[Times, float]:
        del limit_s
        return self.peer.rank(question.target_at, question.officers_at, routes)


@contextmanager
def ready(
    names: list[str], network: PreparedNetwork, roads: Path, cache: Path, python: Path | None
) -> Iterator[list[Engine]]:
    """Start the engines asked for; one that cannot take part is left out, and the reason printed."""
    with ExitStack() as running:
        engines: list[Engine] = []
        for name in names:
            if name == "ours":
                engines.append(Ours(network))
            elif name == "scipy":
                engines.append(Scipy(network))
            elif name == "networkx":
                engines.append(Networkx(network))
            else:
                try:
                    peer = running.enter_context(Peer(name, peer_python(cache, python), roads, cache))
                except PeerMissing as reason:
                    print(f"without {name}: {reason}")
                    continue
                print(f"{name}: data built in {peer.built.seconds:.0f} s, opened in {peer.ready_s:.2f} s")
                engines.append(OtherProcess(peer))
        yield engines
