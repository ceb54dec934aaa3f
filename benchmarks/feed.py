"""From a phone's fix to two hundred screens: the live feed with 10,000 officers on the move.

    python -m benchmarks.feed [--seconds 30] [--officers 10000] [--clients 200] [--checkout DIR]

A private PostgreSQL that syncs every commit, the real web process, and two processes beside it. One sends the
officers' fixes through `POST /api/positions` as a gateway does, each officer every five seconds; the other holds the
feeds: a fifth sees the province, two fifths a city, two fifths a county, and every other one says what part of the map
it shows. One more client sees the province and reads nothing. Delays are from the commit, whose time PostgreSQL notes
down, to the moment at which a client has the frame; those from sending are printed beside them.
`--checkout` serves the web process from another checkout of OneMap, for a comparison in the same surroundings.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.machine import machine
from benchmarks.tables import number, table
from command import migrate
from command.access.passwords import token_hash
from command.access.sessions import open_session
from command.access.tables import UserAccount
from gis.cluster import PrivateCluster
from gis.database import Database
from gis.listen import own_connection

GATEWAY = "gateway of the benchmark"
EVERY_S = 5.0  # a phone that moves
BATCHES_A_SECOND = 4
BOX = (115.0, 34.5, 122.5, 38.0)
CITIES = [f"37{city:02d}" for city in range(1, 17)]
COUNTIES = [f"{city}{county:02d}" for city in CITIES for county in range(2, 11)]
_TENTHS = len("2026-01-05T02:00:00.0")  # to which times are compared, whatever else is written behind
SETTLE_S = 5.0  # joining is not what is measured

_OFFICERS = """
    INSERT INTO officer (code, name, organisation, level, region, on_duty, duty_since)
    SELECT 'B' || n, '执法员' || n, '执法大队', 'county', (CAST(:regions AS text[]))[1 + n % :many], true, now()
    FROM generate_series(1, :count) n
"""
_GATEWAY = """
    INSERT INTO position_device (token_hash, label, region) VALUES (:hash, 'benchmark', '37')
"""


@dataclass(frozen=True)
class Client:
    """One screen: whose, and what part of the map it shows."""

    kind: str
    token: str
    view: tuple[float, float, float, float] | None


@dataclass
class Heard:
    """What the feeds of one kind received."""

    clients: int = 0
    bytes: int = 0
    frames: int = 0
    moves: int = 0
    arrivals: list[tuple[str, float]] = field(default_factory=list)  # time of the fixes, time of the frame


async def fill(url: str, officers: int, clients: int) -> tuple[list[int], list[Client]]:
    """People, officers and the gateway; returns the officers' ids and the clients with their tokens."""
    database = Database(url, pool_size=2)
    try:
        async with database.for_system() as session, session.begin():
            await session.execute(text(_OFFICERS), {"regions": COUNTIES, "many": len(COUNTIES), "count": officers})
            await session.execute(text(_GATEWAY), {"hash": token_hash(GATEWAY)})
            ids = list(await session.scalars(text("SELECT id FROM officer ORDER BY id")))
            made = []
            for n in range(clients + 1):
                kind, region = _whose(n, clients)
                role = ("duty", "dispatcher", "planner")[n % 3]
                user = UserAccount(username=f"b{n}", display_name=f"b{n}", password_hash="-", role=role, region=region)  # noqa: S106 - opens nothing
                session.add(user)
                await session.flush()
                view = _view(random.Random(n)) if n % 2 and n < clients else None
                made.append(Client(kind + (", in view" if view else ""), await open_session(session, user.id), view))
            return ids, made
    finally:
        await database.close()


def _whose(n: int, clients: int) -> tuple[str, str]:
    if n == clients:
        return "slow", "37"
    if n % 5 == 0:
        return "province", "37"
    return ("city", CITIES[n % len(CITIES)]) if n % 5 < 3 else ("county", COUNTIES[n % len(COUNTIES)])


def _view(chance: random.Random) -> tuple[float, float, float, float]:
    """A city's width of the map, somewhere."""
    west, south, east, north = BOX
    lon, lat = chance.uniform(west, east - 1.2), chance.uniform(south, north - 0.8)
    return lon, lat, lon + 1.2, lat + 0.8


def send_fixes(url: str, ids: list[int], seconds: float, answer: Connection) -> None:
    """The gateway's process: every officer drives east or west at some 15 m/s, a quarter of a batch round at a time."""
    asyncio.run(_send_fixes(url, ids, seconds, answer))


async def _send_fixes(url: str, ids: list[int], seconds: float, answer: Connection) -> None:
    chance = random.Random(1)
    west, south, east, north = BOX
    places = {one: [chance.uniform(west, east), chance.uniform(south, north), chance.choice((-1, 1))] for one in ids}
    slices = int(EVERY_S * BATCHES_A_SECOND)
    headers = {"Authorization": f"Bearer {GATEWAY}"}
    sent, took, number_of_slice = 0, [], 0
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as http:
        began = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            at = _tenths(datetime.now(UTC))
            fixes = []
            for one in ids[number_of_slice % slices :: slices]:
                place = places[one]
                place[0] += place[2] * 15 * EVERY_S / 90_000
                heading = 90 if place[2] > 0 else 270
                fix = {"officer_id": one, "lon": round(place[0], 6), "lat": round(place[1], 6), "at": at}
                fixes.append(fix | {"speed_mps": 15.0, "heading": heading, "accuracy_m": 6.0})
            taken = await http.post("/api/positions", content=orjson.dumps(fixes))
            taken.raise_for_status()
            sent += taken.json()["accepted"]
            took.append(time.monotonic() - now)
            number_of_slice += 1
            await asyncio.sleep(max(0.0, began + number_of_slice / BATCHES_A_SECOND - time.monotonic()))
    answer.send((sent, float(np.median(took)), time.monotonic() - began))


def hold_feeds(address: str, clients: list[Client], seconds: float, answer: Connection) -> None:
    """The screens' process."""
    asyncio.run(_hold_feeds(address, clients, seconds, answer))


async def _hold_feeds(address: str, clients: list[Client], seconds: float, answer: Connection) -> None:
    heard: dict[str, Heard] = defaultdict(Heard)
    began = asyncio.Event()
    ends: dict[str, int] = defaultdict(int)

    async def screen(client: Client) -> None:
        mine = heard[client.kind]
        mine.clients += 1
        async with connect(
            f"ws://{address}/api/live?topics=alerts,assignments,officers",
            additional_headers={"Authorization": f"Bearer {client.token}"},
            proxy=None,
            compression="deflate",  # as browsers offer it; the server decides
            max_size=None,
        ) as feed:
            if client.view:
                await feed.send(json.dumps({"view": client.view}))
            joined.release()
            try:
                async for frame in feed:
                    now = time.time()
                    if not began.is_set():
                        continue
                    mine.frames += 1
                    mine.bytes += len(frame)
                    told = orjson.loads(frame)
                    if told["kind"] != "officers.moved":
                        continue
                    moves = told["data"]["officers"]
                    mine.moves += len(moves)
                    mine.arrivals += [(at, now) for at in {one["at"][:_TENTHS] for one in moves}]
            except ConnectionClosed as closed:
                ends[f"{client.kind} {closed.rcvd.code if closed.rcvd else 'without a word'}"] += 1

    async def slow(client: Client) -> None:
        """Reads nothing at all, as a phone in a tunnel."""
        headers = {"Authorization": f"Bearer {client.token}"}
        feed = await connect(
            f"ws://{address}/api/live", additional_headers=headers, proxy=None, compression=None, max_queue=1
        )
        feed.transport.pause_reading()
        await asyncio.sleep(seconds + SETTLE_S)
        feed.transport.abort()

    joined = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(screen(client)) for client in clients[:-1]]
    for _ in tasks:
        await joined.acquire()
    answer.send("joined")
    tasks.append(asyncio.create_task(slow(clients[-1])))
    await asyncio.sleep(SETTLE_S)
    began.set()
    await asyncio.sleep(seconds)
    began.clear()
    answer.send((dict(heard), dict(ends)))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def note_commit_times(url: str) -> None:
    """Have PostgreSQL remember when each transaction was committed; takes hold at its next start."""
    async with await own_connection(url) as connection:
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")


def _tenths(at: datetime) -> str:
    """As the feed says times; no two batches share one."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 100_000}Z"


async def committed(url: str) -> dict[str, tuple[float, float]]:
    """When each batch was sent, and when it was committed, by the time that its fixes carry; seconds."""
    database = Database(url, pool_size=1)
    async with database.for_system() as session:
        rows = await session.execute(
            text("SELECT at, max(received_at), max(pg_xact_commit_timestamp(xmin)) FROM track GROUP BY at")
        )
        found = {
            _tenths(at.astimezone(UTC))[:_TENTHS]: (received.timestamp(), done.timestamp())
            for at, received, done in rows
        }
    await database.close()
    return found


def serve(url: str, home: Path, port: int, checkout: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "ONEMAP_DATABASE_URL": url,
        "ONEMAP_HOME": str(home),
        "ONEMAP_PORT": str(port),
        "PYTHONPATH": str(checkout),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "command.processes.web"],
        env=environment,
        cwd=home,
        stderr=(home / "web.log").open("wb"),
    )


def cpu_s(pid: int) -> float:
    """Seconds of processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(url: str, home: Path, arguments: argparse.Namespace) -> None:
    """Run everything once and print the figures."""
    ids, clients = asyncio.run(fill(url, arguments.officers, arguments.clients))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = serve(url, home, port, arguments.checkout)
    context = multiprocessing.get_context("spawn")
    try:
        wait_for(f"http://127.0.0.1:{port}/api/session")
        ours, theirs = context.Pipe()
        feeds = context.Process(target=hold_feeds, args=(f"127.0.0.1:{port}", clients, arguments.seconds, theirs))
        feeds.start()
        assert ours.recv() == "joined"
        sent_here, sent_there = context.Pipe()
        length_s = arguments.seconds + SETTLE_S
        gateway = context.Process(target=send_fixes, args=(f"http://127.0.0.1:{port}", ids, length_s, sent_there))
        gateway.start()
        time.sleep(SETTLE_S)
        before, began = cpu_s(web.pid), time.monotonic()
        heard, ends = ours.recv()
        used = (cpu_s(web.pid) - before) / (time.monotonic() - began)
        sent, median_s, took_s = sent_here.recv()
        for process in (feeds, gateway):
            process.join()
    finally:
        web.terminate()
        web.wait()
    report(heard, ends, asyncio.run(committed(url)), arguments.seconds)
    print(
        f"\n{sent / took_s:,.0f} fixes a second taken in, a batch in {median_s * 1000:.0f} ms (median);"
        f" web process {used:.0%} of a core"
    )


def report(
    heard: dict[str, Heard], ends: dict[str, int], commits: dict[str, tuple[float, float]], seconds: float
) -> None:
    delays = {
        kind: np.array([now - commits[at][1] for at, now in one.arrivals if at in commits]) * 1000
        for kind, one in sorted(heard.items())
    }
    rows = [_row(kind, heard[kind], found, seconds) for kind, found in delays.items()]
    everything = np.concatenate(list(delays.values()))
    rows.append([f"all {sum(one.clients for one in heard.values())}", *_percentiles(everything), "", "", ""])
    received = [now - commits[at][0] for one in heard.values() for at, now in one.arrivals if at in commits]
    rows.append(["all, from receipt", *_percentiles(np.array(received) * 1000), "", "", ""])
    print(table(["screens", "p50 ms", "p95 ms", "p99 ms", "kB/s each", "moves/s each", "frames/s each"], rows))
    p99 = float(np.percentile(everything, 99)) if len(everything) else float("inf")
    print(f"\ncommit to client, p99 {p99:,.0f} ms: the goal of 1 s is {'reached' if p99 < 1000 else 'missed'}")
    print("feeds that ended:", ", ".join(f"{count} × {how}" for how, count in ends.items()) or "none")


def _row(kind: str, one: Heard, delays: NDArray[np.float64], seconds: float) -> list[str]:
    each = one.clients * seconds
    rates = (one.bytes / each / 1000, one.moves / each, one.frames / each)
    return [f"{one.clients} × {kind}", *_percentiles(delays), *map(number, rates)]


def _percentiles(values: NDArray[np.float64]) -> list[str]:
    return [number(float(one)) for one in np.percentile(values, [50, 95, 99])] if len(values) else ["–"] * 3


def wait_for(address: str) -> None:
    with httpx.Client(trust_env=False, timeout=5) as http:
        for _ in range(240):
            try:
                if http.get(address).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.25)
    raise SystemExit("the web process does not answer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--officers", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--checkout", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    print(machine("uvicorn", "websockets", "orjson"))
    print(f"{arguments.officers:,} officers, a fix every {EVERY_S:g} s; {arguments.clients} screens and a slow one\n")
    with tempfile.TemporaryDirectory(prefix="onemap-feed-") as folder:
        cluster = PrivateCluster(Path(folder) / "database", durable=True)
        cluster.ensure()
        try:
            cluster.create_database("feed")
            asyncio.run(note_commit_times(cluster.url("feed")))
            cluster.stop()
            cluster.ensure()
            migrate.upgrade(cluster.url("feed"))
            home = Path(folder) / "home"
            home.mkdir()
            measure(cluster.url("feed"), home, arguments)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
