"""How long fifty desks wait for the ranked list, of a running demonstration with its simulators at work.

    ./onemap demo          (in another window)
    python -m benchmarks.desks [--url http://127.0.0.1:8000] [--desks 50] [--seconds 20] [--alerts 5]

Every desk is signed in by itself (as one of the demonstration's duty desks and dispatchers, whose areas differ) and
keeps one connection. They look at a few alerts that the benchmark raises in the middle of Weifang and closes at the
end. Two ways of asking: each desk once a second at its own moment, and all of them in the same instant, as when a road
has been closed. Then one road after another on the way of the first is closed, and the time taken from the request that
closes it to a list that knows of it. A request's time runs from its first byte sent to its last byte received, in one
process beside the server: what the asking itself costs is in the figures.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from benchmarks.machine import machine
from benchmarks.tables import number, table
from data.demo.users import DEMO_PASSWORD

SEEING_WEIFANG = ("province", "weifang", "dispatcher", "kuiwen")
KUIWEN = (119.137, 36.707)
EVERY_S = 1.0
REST_S = 0.5
CLOSURES = 20


@dataclass
class Desk:
    """One connection of one signed-in person."""

    url: str
    token: str = ""

    async def connect(self) -> None:
        parts = urlsplit(self.url)
        self.host = parts.netloc
        self.reader, self.writer = await asyncio.open_connection(parts.hostname, parts.port or 80)

    async def sign_in(self, username: str) -> None:
        await self.connect()
        said = await self.ask("POST", "/api/session", {"username": username, "password": DEMO_PASSWORD})
        self.token = json.loads(said)["token"]

    async def leave(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def ask(self, method: str, path: str, body: object = None) -> bytes:
        """Send one request and return the body of its answer; raise `SystemExit` with it unless it succeeded."""
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(sent)}\r\n"
        if self.token:
            head += f"Authorization: Bearer {self.token}\r\n"
        if sent:
            head += "Content-Type: application/json\r\n"
        self.writer.write(head.encode() + b"\r\n" + sent)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        status, *lines = answer.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await self.reader.readexactly(int(headers.get("content-length", "0")))
        if not status.split()[1].startswith("2"):
            raise SystemExit(f"{method} {path}: {status} {content.decode()[:300]}")
        return content


async def timed(desk: Desk, path: str) -> tuple[float, int]:
    """Ask, and return the milliseconds that it took and how many officers were in the answer."""
    began = time.perf_counter()
    content = await desk.ask("GET", path)
    took = (time.perf_counter() - began) * 1000
    return took, content.count(b'"officer_id"')


async def each_at_its_own_moment(desks: Sequence[Desk], paths: Sequence[str], seconds: float) -> list[float]:
    chance = random.Random(50)

    async def one(desk: Desk, path: str, wait: float) -> list[float]:
        await asyncio.sleep(wait)
        times, due = [], time.perf_counter()
        for _ in range(max(int(seconds / EVERY_S), 1)):
            times.append((await timed(desk, path))[0])
            due += EVERY_S
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
        return times

    runs = [one(desk, path, chance.uniform(0, EVERY_S)) for desk, path in zip(desks, paths, strict=True)]
    return list(itertools.chain.from_iterable(await asyncio.gather(*runs)))


async def all_at_once(desks: Sequence[Desk], paths: Sequence[str], seconds: float) -> list[float]:
    times: list[float] = []
    for _ in range(max(int(seconds / REST_S), 1)):
        asked = await asyncio.gather(*(timed(desk, path) for desk, path in zip(desks, paths, strict=True)))
        times += [took for took, _ in asked]
        await asyncio.sleep(REST_S)
    return times


async def close_and_rank(desk: Desk, alert: dict[str, float], times: int) -> list[float]:
    """Close a road on the way of the first; return the milliseconds until a list that knows of it is there."""
    path, taken = f"/api/alerts/{alert['id']}/responders", []
    for _ in range(times):
        before = json.loads(await desk.ask("GET", path))
        ways = [one["route"]["coordinates"] for one in before["responders"] if one["route"]]
        way = max(ways, key=len)
        place = {"type": "Point", "coordinates": way[len(way) // 2]}
        began = time.perf_counter()
        closed = json.loads(await desk.ask("POST", "/api/roads/closures", {"geometry": place, "reason": "benchmark"}))
        while json.loads(await desk.ask("GET", path))["roads_version"] == before["roads_version"]:
            pass
        taken.append((time.perf_counter() - began) * 1000)
        await desk.ask("DELETE", f"/api/roads/closures/{closed['id']}")
    return taken


async def run(url: str, count: int, seconds: float, alerts: int) -> None:
    desks = [Desk(url) for _ in range(count)]
    for desk, name in zip(desks, itertools.cycle(SEEING_WEIFANG), strict=False):
        await desk.sign_in(name)
        await desk.leave()
    for desk in desks:  # only now: a server closes what is not used for some seconds
        await desk.connect()
    chance = random.Random(3)
    raised = []
    try:
        for number_ in range(alerts):
            lon, lat = KUIWEN[0] + chance.uniform(-0.01, 0.01), KUIWEN[1] + chance.uniform(-0.01, 0.01)
            new = {"lon": lon, "lat": lat, "title": f"benchmark {number_ + 1}"}
            raised.append(json.loads(await desks[0].ask("POST", "/api/alerts", new)))
        paths = [f"/api/alerts/{alert['id']}/responders" for alert in itertools.islice(itertools.cycle(raised), count)]
        first = await asyncio.gather(*(timed(desk, path) for desk, path in zip(desks, paths, strict=True)))
        listed = statistics.mean(found for _, found in first)
        print(f"{count} desks, {alerts} alerts, {listed:.0f} officers in a list\n")
        rows = []
        for ask in (each_at_its_own_moment, all_at_once):
            times = await ask(desks, paths, seconds)
            p50, p95, p99 = np.percentile(times, [50, 95, 99]).tolist()
            name = ask.__name__.replace("_", " ")
            rows.append([name, f"{len(times):,}", number(p50), number(p95), number(p99), number(max(times))])
        closed = await close_and_rank(desks[1], raised[0], CLOSURES)
        p50, p95, p99 = np.percentile(closed, [50, 95, 99]).tolist()
        name = "closure drawn to new list"
        rows.append([name, f"{len(closed):,}", number(p50), number(p95), number(p99), number(max(closed))])
        print(table(["the desks ask", "requests", "p50 ms", "p95 ms", "p99 ms", "worst"], rows))
    finally:
        for alert in raised:
            path = f"/api/alerts/{alert['id']}"
            version = json.loads(await desks[0].ask("GET", path))["version"]
            await desks[0].ask("POST", f"{path}/close", {"version": version, "note": "benchmark"})
        for desk in desks:
            await desk.leave()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="a running demonstration")
    parser.add_argument("--desks", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each way of asking")
    parser.add_argument("--alerts", type=int, default=5)
    asked = parser.parse_args(arguments)
    print(machine("fastapi", "uvicorn", "psycopg"))
    try:
        asyncio.run(run(asked.url, asked.desks, asked.seconds, asked.alerts))
    except ConnectionRefusedError:
        print(f"nobody answers at {asked.url}: start ./onemap demo first, or name another --url")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
