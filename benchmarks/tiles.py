"""How long tiles take and how large they are, beside tipg on the same tables; and how soon a change is on the map.

    ./onemap demo          (in another window)
    ./onemap bench tiles -- var --server http://127.0.0.1:8000 [--without-tipg] [--tipg-limit 10000]
        [--region 37] [--tiles 40] [--zooms 4,5,…,16] [--seconds 100] [--fill 268071] [--json]

The first word is the folder (--home) of an installation whose database runs, or postgresql+psycopg://… of any migrated
database. With --server, ours are asked over HTTP as the demonstration's user `province`, and the delay is measured from
the commit of a renamed enterprise of Weifang to the frame on the live feed and to the tile that shows the new name (it
gets its own name back). Without, ours are calls of the tile functions under row-level security, the network to the
database included, and there is no delay to measure. tipg runs for the length of the benchmark in a Python of its own
(3.12 or newer, made under --cache), on a free port, one process, over the same database. Each tile is asked of both in
turn, one after another, uncompressed, until --seconds are over: each layer and zoom has an equal share.

What differs: tipg knows no rights, so it is the database's owner and sends every row; ours sends what a person of
--region may see. tipg sends single rows at every zoom, in the order of their keys up to its limit (10,000 by itself;
--tipg-limit), and leaves out the others without a word; ours sends H3 cells with their counts below the zoom from which
single rows fit. tipg is asked for those columns only that ours sends too. It has a table at a time, so officers, who
are joined from two, are asked of ours alone; its answers may be cached for an hour, and nothing tells of a change.
`--fill` first adds that many enterprises of nobody to a database that has none (never to one in use).
"""

import argparse
import asyncio
import json
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from sqlalchemy import func, select, text

from benchmarks.machine import machine
from benchmarks.peers.environment import DEFAULT_CACHE, PeerMissing, peer_python
from benchmarks.peers.tipg import ITS_OWN_LIMIT, REQUIREMENTS, Tipg, tile_path
from benchmarks.tables import number, table
from benchmarks.tile_delay import Delay, NoChange, delays
from benchmarks.tile_grid import addresses, fill
from command.installation import DATABASE
from data.demo.users import DEMO_PASSWORD
from gis.cluster import PrivateCluster
from gis.database import Database, Scope
from layers.catalog import Layer
from layers.standard import standard_layers
from layers.tiles import PostgisTiles

CHANGES = 10
AT_LEAST = 3  # tiles a layer and zoom, however slow they are

# A way to ask for a tile; the milliseconds that it took, and the tile.
Ask = Callable[[Layer, int, int, int], Awaitable[tuple[float, bytes]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Tiles of one layer and zoom by one of those asked: milliseconds and bytes."""

    asked: str
    layer: str
    zoom: int
    tiles: int
    p50_ms: float
    p95_ms: float
    largest_bytes: int


async def measure(
    layers: Sequence[Layer], ways: Mapping[str, Ask], *, zooms: Sequence[int], count: int, seconds: float
) -> list[Measured]:
    """Ask for the same tiles in every way in turn; a way that has no such layer is left out of it."""
    results: list[Measured] = []
    share_s = seconds / (len(layers) * len(zooms))
    for layer in layers:
        able = {name: ask for name, ask in ways.items() if name != "tipg" or columns_of_table(layer)}
        for zoom in zooms:
            began = time.perf_counter()
            took: dict[str, list[float]] = {name: [] for name in able}
            largest = dict.fromkeys(able, 0)
            for done, (x, y) in enumerate(addresses(zoom, count)):
                if done >= AT_LEAST and time.perf_counter() - began > share_s:
                    break
                for name in sorted(able, reverse=done % 2 == 1):  # nobody always finds the pages read by the other
                    ms, tile = await able[name](layer, zoom, x, y)
                    took[name].append(ms)
                    largest[name] = max(largest[name], len(tile))
            for name, times in took.items():
                p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
                p50 = statistics.median(times)
                results.append(Measured(name, layer.id, zoom, len(times), round(p50, 1), round(p95, 1), largest[name]))
    return results


def columns_of_table(layer: Layer) -> tuple[str, list[str]] | None:
    """Return the table of a layer and those of its columns that our tiles show; None when it is not one table."""
    source = layer.relation.source.split() if layer.relation else []
    if layer.relation is None or len(source) != 2:
        return None
    name, alias = source
    column = re.compile(rf"{alias}\.(\w+)")
    found = [match[1] for value in layer.relation.properties.values() if (match := column.fullmatch(value))]
    return name, found


def by_call(database: Database, scope: Scope) -> Ask:
    """Our tile functions, called in the session of a person."""

    async def ask(layer: Layer, z: int, x: int, y: int) -> tuple[float, bytes]:
        assert layer.tiles is not None
        async with database.for_person(scope) as session:
            await session.scalar(select(func.current_user()))  # the role is entered before the clock runs
            began = time.perf_counter()
            tile = await layer.tiles.tile(session, z, x, y, {})
            return (time.perf_counter() - began) * 1000, tile

    return ask


def by_http(door: httpx.AsyncClient, path: Callable[[Layer, int, int, int], str]) -> Ask:
    """Whoever answers behind `door`; raise `httpx.HTTPStatusError` when it refuses."""

    async def ask(layer: Layer, z: int, x: int, y: int) -> tuple[float, bytes]:
        began = time.perf_counter()
        answer = await door.get(path(layer, z, x, y))
        took = (time.perf_counter() - began) * 1000
        return took, answer.raise_for_status().content

    return ask


def our_path(layer: Layer, z: int, x: int, y: int) -> str:
    return f"/tiles/{layer.id}/{z}/{x}/{y}.mvt"


def tipg_path(layer: Layer, z: int, x: int, y: int) -> str:
    table_of = columns_of_table(layer)
    assert table_of is not None
    return tile_path(*table_of, z, x, y)


@asynccontextmanager
async def door_of(address: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """One kept connection that asks for answers as they are."""
    plain = {"Accept-Encoding": "identity"} | headers
    async with httpx.AsyncClient(base_url=address, headers=plain, trust_env=False, timeout=60) as door:
        yield door


async def signed_in(server: str) -> str:
    """Return a token of the demonstration's user of the province."""
    async with door_of(server) as door:
        said = await door.post("/api/session", json={"username": "province", "password": DEMO_PASSWORD})
        token: str = said.raise_for_status().json()["token"]
        return token


async def run(asked: argparse.Namespace, url: str) -> tuple[list[Measured], list[Delay]]:
    """Measure on the database at `url`, after adding enterprises where that was asked for."""
    database = Database(url)
    layers = [layer for layer in standard_layers() if isinstance(layer.tiles, PostgisTiles)]
    zooms = [int(zoom) for zoom in asked.zooms.split(",")]
    async with AsyncExitStack() as open_until_the_end:
        open_until_the_end.push_async_callback(database.close)
        if asked.fill:
            async with database.for_system() as session:
                if await session.scalar(text("SELECT EXISTS (SELECT FROM enterprise)")):
                    raise SystemExit("--fill: this database has enterprises; give an empty, migrated one")
            await fill(database, asked.fill)
        ways = {"ours": by_call(database, Scope("benchmark", "duty", asked.region))}
        token = None
        if asked.server:
            token = await signed_in(asked.server)
            door = await open_until_the_end.enter_async_context(door_of(asked.server, Authorization=f"Bearer {token}"))
            ways["ours"] = by_http(door, our_path)
        if not asked.without_tipg:
            try:
                python = peer_python(asked.cache, asked.peer_python, REQUIREMENTS)
                peer = open_until_the_end.enter_context(Tipg(python, url, asked.cache, asked.tipg_limit))
                peer.wait()
                ways["tipg"] = by_http(await open_until_the_end.enter_async_context(door_of(peer.address)), tipg_path)
            except PeerMissing as reason:
                print(f"without tipg: {reason}")
        await measure(layers, ways, zooms=zooms[:1], count=2, seconds=0)  # warm the connections and the plans
        results = await measure(layers, ways, zooms=zooms, count=asked.tiles, seconds=asked.seconds)
        late = await delays(database, asked.server, token, CHANGES) if token else []
    return results, late


def printed(results: Sequence[Measured]) -> str:
    """Return a row a layer and zoom, those who were asked side by side."""
    names = list(dict.fromkeys(one.asked for one in results))
    head = ["layer", "zoom", "tiles"]
    head += [f"{name} {what}" for name in names for what in ("p50 ms", "p95 ms", "largest kB")]
    cells: dict[tuple[str, int], dict[str, Measured]] = {}
    for one in results:
        cells.setdefault((one.layer, one.zoom), {})[one.asked] = one
    rows = []
    for (layer, zoom), by_name in cells.items():
        row = [layer, str(zoom), str(by_name[names[0]].tiles)]
        for name in names:
            one_asked = by_name.get(name)
            row += (
                [number(one_asked.p50_ms), number(one_asked.p95_ms), f"{one_asked.largest_bytes / 1000:,.1f}"]
                if one_asked
                else ["-"] * 3
            )
        rows.append(row)
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", help="an installation's folder, or postgresql+psycopg://… of a migrated database")
    parser.add_argument("--server", help="the running demonstration on it, http://127.0.0.1:8000")
    parser.add_argument("--without-tipg", action="store_true", help="ours alone")
    parser.add_argument("--tipg-limit", type=int, default=ITS_OWN_LIMIT, help="rows that tipg puts into a tile at most")
    parser.add_argument("--peer-python", type=Path, help="a Python from 3.12 on for tipg's environment")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where that environment is kept")
    parser.add_argument("--fill", type=int, default=0, metavar="N", help="add N made-up enterprises first")
    parser.add_argument("--region", default="37", help="area of the person who asks without --server (default 37)")
    parser.add_argument("--tiles", type=int, default=40, help="tiles a layer and zoom")
    parser.add_argument("--zooms", default=",".join(map(str, range(4, 17))))
    parser.add_argument("--seconds", type=float, default=100.0, help="for all tiles together")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    asked.cache.mkdir(parents=True, exist_ok=True)
    url = asked.database
    if "://" not in url:
        cluster = PrivateCluster(Path(asked.database))
        if not cluster.running():
            parser.error(f"the database of {asked.database} does not run: start ./onemap demo or serve")
        url = cluster.url(DATABASE)
    try:
        results, late = asyncio.run(run(asked, url))
    except (NoChange, httpx.HTTPError) as reason:
        raise SystemExit(f"{type(reason).__name__}: {reason}") from None
    if asked.json:
        print(json.dumps({"tiles": [asdict(one) for one in results], "delays": [asdict(one) for one in late]}))
        return 0
    print(f"{machine('httpx')}\nours: {'over HTTP' if asked.server else 'calls of the tile functions'}")
    print(f"tipg: over HTTP, at most {asked.tipg_limit:,} rows a tile\n\n{printed(results)}")
    if late:
        told, shown = ([getattr(one, name) for one in late] for name in ("told_ms", "shown_ms"))
        print(
            f"\ncommit to frame: median {number(statistics.median(told))} ms, worst {number(max(told))} ms; "
            f"commit to new tile: median {number(statistics.median(shown))} ms, worst {number(max(shown))} ms; "
            f"{len(late)} changes, {sum(one.stale for one in late)} old tiles after the frame"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
