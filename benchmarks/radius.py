"""Who is within 3 km, and how fast can everybody move? Our indexes beside PostGIS, Redis and going through all of them.

    python -m benchmarks.radius [--sizes 10000 100000 1000000] [--queries 200] [--postgis URL] [--redis PROGRAM]

PostGIS takes part when --postgis or ONEMAP_DATABASE_URL names one (only a temporary table is made there; "private"
starts one for the run), Redis when `redis-server` is installed: a private one is started on a free port of the
loopback, and the client here only packs and unpacks what is needed, so no library's time is counted. Redis measures on
a sphere, so its answers differ by up to half a per cent of the radius; all others must agree, and the benchmark stops
if they do not.
"""

import argparse
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from benchmarks.machine import machine, proportional_mb
from benchmarks.plot import Series, chart
from benchmarks.postgis import postgis_at
from gis.geodesic import nearest_first, pick_within
from gis.live_index import LiveIndex
from gis.static_index import StaticIndex

RADIUS_M: Final = 3_000.0
PRIVATE: Final = "private"
_MOVES: Final = 20_000  # officers moved to time the updates
_BATCH: Final = 1_000  # moves that reach a server in one go

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Officers by number: half of them spread over Shandong, half crowded into 16 cities."""

    lons: Floats
    lats: Floats

    @classmethod
    def of(cls, size: int) -> "World":
        chance = np.random.default_rng(size)
        lons, lats = chance.uniform(114.8, 122.7, size), chance.uniform(34.4, 38.4, size)
        city = chance.integers(0, 16, size // 2)
        lons[: size // 2] = chance.uniform(115.5, 122.0, 16)[city] + chance.normal(0, 0.15, size // 2)
        lats[: size // 2] = chance.uniform(35.0, 37.8, 16)[city] + chance.normal(0, 0.12, size // 2)
        return cls(lons, lats)

    def rows(self, count: int | None = None) -> Iterator[tuple[int, float, float]]:
        return zip(range(len(self.lons)), self.lons[:count].tolist(), self.lats[:count].tolist(), strict=False)


class Peer(Protocol):
    """One that can answer; `exact` says whether it must give the answer of the ellipsoid."""

    name: str
    exact: bool

    def load(self, world: World) -> None: ...
    def within(self, lon: float, lat: float) -> list[int]: ...
    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:
        """Move officers; False when the peer cannot."""


class LivePeer:
    name, exact = "LiveIndex (grid)", True

    def load(self, world: World) -> None:
        self.index = LiveIndex()
        self.index.put_many(world.rows())

    def within(self, lon: float, lat: float) -> list[int]:
        return [key for key, _ in self.index.within(lon, lat, RADIUS_M)]

    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:
        for row in rows:
            self.index.put(*row)
        return True


class StaticPeer:
    name, exact = "StaticIndex (R-tree)", True

    def load(self, world: World) -> None:
        self.index = StaticIndex(np.arange(len(world.lons)), world.lons, world.lats)

    def within(self, lon: float, lat: float) -> list[int]:
        return [key for key, _ in self.index.within(lon, lat, RADIUS_M)]

    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:  # noqa: ARG002
        return False


class BruteForce:
    name, exact = "numpy, all of them", True

    def load(self, world: World) -> None:
        self.lons, self.lats = world.lons.copy(), world.lats.copy()

    def within(self, lon: float, lat: float) -> list[int]:
        picked, metres = pick_within(lon, lat, self.lons, self.lats, RADIUS_M)
        return [key for key, _ in nearest_first(picked.astype(np.int64), metres)]

    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:
        for key, lon, lat in rows:
            self.lons[key], self.lats[key] = lon, lat
        return True


@dataclass
class PostGIS:
    connection: Connection
    name: str = "PostGIS (GiST)"
    exact: bool = True

    def load(self, world: World) -> None:
        run = self.connection.execute
        run(text("DROP TABLE IF EXISTS bench_radius"))
        run(text("CREATE TEMP TABLE bench_radius (id int PRIMARY KEY, geog geography(Point))"))
        self._send("INSERT INTO bench_radius SELECT id, geog FROM sent", list(world.rows()))
        run(text("CREATE INDEX ON bench_radius USING gist (geog)"))
        run(text("ANALYZE bench_radius"))
        self.connection.commit()

    def within(self, lon: float, lat: float) -> list[int]:
        found = self.connection.execute(
            text(
                "SELECT id, ST_Distance(geog, here)"
                " FROM bench_radius, CAST(ST_MakePoint(:lon, :lat) AS geography) AS here"
                " WHERE ST_DWithin(geog, here, :radius_m) ORDER BY 2, 1"
            ),
            {"lon": lon, "lat": lat, "radius_m": RADIUS_M},
        )
        return [row[0] for row in found]

    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:
        for start in range(0, len(rows), _BATCH):
            self._send(
                "UPDATE bench_radius SET geog = sent.geog FROM sent WHERE bench_radius.id = sent.id",
                rows[start : start + _BATCH],
            )
            self.connection.commit()
        return True

    def _send(self, statement: str, rows: Sequence[tuple[int, float, float]]) -> None:
        ids, lons, lats = zip(*rows, strict=True)
        self.connection.execute(
            text(
                "WITH sent AS (SELECT id, CAST(ST_MakePoint(lon, lat) AS geography) AS geog FROM unnest("  # noqa: S608
                "CAST(:ids AS int[]), CAST(:lons AS float8[]), CAST(:lats AS float8[])) AS given (id, lon, lat)) "
                + statement
            ),
            {"ids": list(ids), "lons": list(lons), "lats": list(lats)},
        )


@dataclass
class Redis:
    """The few words of Redis' protocol that the benchmark needs."""

    link: socket.socket
    name: str = "Redis GEOSEARCH"
    exact: bool = False

    def __post_init__(self) -> None:
        self._replies = self.link.makefile("rb")

    def load(self, world: World) -> None:
        self._ask([("DEL", "officers")])
        self._add(list(world.rows()))

    def within(self, lon: float, lat: float) -> list[int]:
        words = ("GEOSEARCH", "officers", "FROMLONLAT", lon, lat, "BYRADIUS", RADIUS_M, "m", "ASC", "WITHDIST")
        (found,) = self._ask([words])
        assert isinstance(found, list)
        return [int(entry[0]) for entry in found]

    def move(self, rows: Sequence[tuple[int, float, float]]) -> bool:
        self._add(rows)
        return True

    def _add(self, rows: Sequence[tuple[int, float, float]]) -> None:
        for start in range(0, len(rows), _BATCH):
            self._ask([("GEOADD", "officers", lon, lat, key) for key, lon, lat in rows[start : start + _BATCH]])

    def _ask(self, commands: Sequence[tuple[object, ...]]) -> list[object]:
        """Send commands in one go and return their replies."""
        self.link.sendall(b"".join(self._printed(command) for command in commands))
        return [self._reply() for _ in commands]

    @staticmethod
    def _printed(command: tuple[object, ...]) -> bytes:
        words = [str(word).encode() for word in command]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def _reply(self) -> object:
        line = self._replies.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        if kind == b"$":
            return self._replies.read(int(rest) + 2)[:-2]
        if kind == b":":
            return int(rest)
        if kind == b"-":
            raise RuntimeError(f"Redis says {rest.decode()}")
        return rest


@contextmanager
def private_redis(program: str) -> Iterator[socket.socket]:
    """Start a Redis on a free port of the loopback, without persistence, and end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            with _connected(server, program, port) as link:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                yield link
        finally:
            server.terminate()
            server.wait()


def _connected(server: "subprocess.Popen[bytes]", program: str, port: int) -> socket.socket:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if server.poll() is not None:
                raise RuntimeError(f"{program} ended with code {server.returncode} instead of starting") from None
            time.sleep(0.02)


def peers(stack: ExitStack, postgis: str | None, redis: str | None) -> list[Peer]:
    """Return all that can take part here, and say who cannot."""
    present: list[Peer] = [LivePeer(), StaticPeer(), BruteForce()]
    if postgis:
        engine = stack.enter_context(postgis_at(None if postgis == PRIVATE else postgis))
        present.append(PostGIS(stack.enter_context(engine.connect())))
    else:
        print(f"PostGIS is left out: name one with --postgis or ONEMAP_DATABASE_URL, or say --postgis {PRIVATE}.")
    if redis:
        present.append(Redis(stack.enter_context(private_redis(redis))))
    else:
        print("Redis is left out: redis-server is not installed.")
    return present


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    load_s: float
    query_ms: float  # median
    slow_ms: float  # 99th percentile
    moves_per_s: float | None


def measure(peer: Peer, world: World, middles: Sequence[tuple[float, float]], expected: list[list[int]]) -> Result:
    """Time one peer; raise `SystemExit` when an exact one gives another answer than `expected`."""
    load_s = _seconds(lambda: peer.load(world))
    times, answers = [], []
    for lon, lat in middles:
        start = time.perf_counter()
        answers.append(peer.within(lon, lat))
        times.append((time.perf_counter() - start) * 1_000)
    if peer.exact and answers != expected:
        raise SystemExit(f"{peer.name} gives another answer than the measuring of every pair")
    moved = [(key, lon + 1e-3, lat) for key, lon, lat in world.rows(_MOVES)]
    moves_s = _seconds(lambda: None if peer.move(moved) else moved.clear())
    times.sort()
    return Result(
        peer.name,
        load_s,
        statistics.median(times),
        times[int(len(times) * 0.99)],
        len(moved) / moves_s if moved else None,
    )


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def live_index_mb(size: int) -> float:
    """Return what a live index of that many officers adds to a process, in MB; to be called in a fresh one."""
    world = World.of(size)
    LivePeer().load(World.of(1))  # compiled code is not counted
    before, _ = proportional_mb()
    peer = LivePeer()
    peer.load(world)
    return proportional_mb()[0] - before


def report(size: int, found: float, results: Sequence[Result]) -> None:
    ours = results[0].query_ms
    print(f"\n{size:,} officers, {found:,.0f} within {RADIUS_M:,.0f} m on average")
    print(f"{'':24}{'load s':>9}{'query ms':>11}{'p99 ms':>9}{'ratio':>9}{'moves/s':>12}")
    for one in results:
        moves = "never" if one.moves_per_s is None else f"{one.moves_per_s:,.0f}"
        times = f"{one.load_s:9.2f}{one.query_ms:11.3f}{one.slow_ms:9.2f}{one.query_ms / ours:8.1f}×"
        print(f"{one.name:24}{times}{moves:>12}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="radius", description="Who is within 3 km, and how fast can everybody move?")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--plot", type=Path, help="draw the medians (.svg)")
    parser.add_argument("--postgis", metavar="URL", default=os.environ.get("ONEMAP_DATABASE_URL"))
    parser.add_argument("--redis", metavar="PROGRAM", default=shutil.which("redis-server"))
    options = parser.parse_args(argv)
    print(machine("numpy", "numba", "pyproj", "rtree"))
    with ExitStack() as stack:
        present = peers(stack, options.postgis, options.redis)
        drawn: dict[str, list[tuple[float, float]]] = {peer.name: [] for peer in present}
        for size in options.sizes:
            world = World.of(size)
            chosen = np.random.default_rng(3).integers(0, size, options.queries)
            middles = [(float(world.lons[row]), float(world.lats[row])) for row in chosen]
            truth = BruteForce()
            truth.load(world)
            expected = [truth.within(*middle) for middle in middles]
            results = [measure(peer, world, middles, expected) for peer in present]
            report(size, statistics.mean(len(answer) for answer in expected), results)
            for one in results:
                drawn[one.name].append((float(size), one.query_ms))
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
                print(f"LiveIndex adds {fresh.submit(live_index_mb, size).result():,.0f} MB to its process")
    if options.plot:
        lines = [Series(name, points, colour) for colour, (name, points) in enumerate(drawn.items())]
        options.plot.write_text(chart("Everybody within 3 km", "officers", "milliseconds (median)", lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
