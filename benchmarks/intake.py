"""How many HJ 212 frames a second are stored for good, from a logger's socket to the acknowledgement after the commit.

    python -m benchmarks.intake [--seconds 10] [--loggers 50]

A private PostgreSQL that syncs every commit to disk, the real gateway on a loopback socket, the real intake. The peer,
in the same run and on the same database, is what is usually written: one transaction a frame. Loggers send frames of
six factors, want an answer to each, and keep up to 20 frames unanswered.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from command import migrate
from command.intake import Intake
from data.hj212.frame import Frame
from data.hj212.gateway import Arrival, Verdict, serve_gateway
from data.hj212.readings import CHINA_STANDARD_TIME
from gis.cluster import PrivateCluster
from gis.database import Database

UNANSWERED = 20
GOAL = 1500

_CP = (
    "DataTime={at};w00000-Rtd=181.682,w00000-Flag=N;w21001-Rtd=10.160,w21001-Flag=N;w21011-Rtd=0.370,w21011-Flag=N;"
    "w21003-Rtd=3.131,w21003-Flag=N;w01018-Rtd={cod:.3f},w01018-Flag=N;w01001-Rtd=7.496,w01001-Flag=N"
)
_POINTS = """
    INSERT INTO monitoring_point (code, name, kind, standard, grade, geom, region)
    SELECT 'P' || n, '总排口', 'outfall', 'GB 18918-2002', '1A', ST_SetSRID(ST_MakePoint(119.1, 36.7), 4326), '370705'
    FROM generate_series(1, :count) n
"""
_LOGGERS = """
    INSERT INTO data_logger (mn, password, point_id, region)
    SELECT 'MN' || substr(code, 2), '123456', id, region FROM monitoring_point
"""
_LIMITS = """
    INSERT INTO discharge_limit (standard, grade, factor, period, high, unit, valid_from, source)
    SELECT 'GB 18918-2002', '1A', factor, 'day', high, 'mg/L', '2003-07-01', 'GB 18918-2002'
    FROM (VALUES ('w01018', 50), ('w21003', 5), ('w21001', 15), ('w21011', 0.5)) limits (factor, high)
"""

Take = Callable[[Sequence[Arrival]], Awaitable[list[Verdict]]]


def one_by_one(take: Take) -> Take:
    """The peer: a transaction of its own for every frame."""

    async def taken(arrivals: Sequence[Arrival]) -> list[Verdict]:
        return [verdict for arrival in arrivals for verdict in await take([arrival])]

    return taken


async def logger(port: int, number: int, began_at: datetime, until: float) -> int:
    """One device: sends while the time lasts, returns how many frames were acknowledged."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = answered = 0
    try:
        while time.perf_counter() < until:
            while sent - answered < UNANSWERED:
                writer.write(_frame(number, began_at + timedelta(seconds=sent), sent))
                sent += 1
            await reader.readuntil(b"\r\n")
            answered += 1
        while answered < sent:
            await reader.readuntil(b"\r\n")
            answered += 1
    finally:
        writer.close()
    return answered


def _frame(number: int, at: datetime, sent: int) -> bytes:
    cod = 60.0 if sent % 500 == 0 else 31.5  # now and then a fault, as in life
    cp = _CP.format(at=f"{at:%Y%m%d%H%M%S}", cod=cod)
    return bytes(Frame(cn="2011", st="32", pw="123456", mn=f"MN{number}", flag=5, cp=cp))


async def measure(take: Take, loggers: int, seconds: float, began_at: datetime) -> tuple[float, float]:
    """Frames acknowledged a second, and frames in one batch on average."""
    async with await serve_gateway("127.0.0.1", 0, take=take) as gateway:
        began = time.perf_counter()
        counts = await asyncio.gather(
            *(logger(gateway.port, number, began_at, began + seconds) for number in range(1, loggers + 1))
        )
        took = time.perf_counter() - began
        return sum(counts) / took, gateway.counts.frames / max(gateway.counts.batches, 1)


async def run(url: str, loggers: int, seconds: float) -> None:
    """Measure both on one database and print a table."""
    database = Database(url, pool_size=2)
    try:
        async with database.for_system() as session, session.begin():
            await session.execute(text(_POINTS), {"count": loggers})
            await session.execute(text(_LOGGERS))
            await session.execute(text(_LIMITS))
            days = {"first": datetime.now(UTC).date() - timedelta(days=3), "last": datetime.now(UTC).date()}
            await session.execute(text("SELECT ensure_partitions('reading', :first, :last)"), days)
        intake = Intake(database, timedelta(days=2))
        now = datetime.now(CHINA_STANDARD_TIME)
        print(f"{loggers} loggers, {seconds:g} s each way, every commit synced to disk")
        print(f"{'':34}{'frames/s':>10}{'readings/s':>12}{'a batch':>9}")
        peer, _ = await measure(one_by_one(intake.take), loggers, seconds / 2, now - timedelta(days=2, hours=-1))
        print(f"{'one transaction a frame':34}{peer:>10.0f}{peer * 6:>12.0f}{1:>9}")
        ours, batch = await measure(intake.take, loggers, seconds, now - timedelta(days=1))
        print(f"{'what came in meanwhile, together':34}{ours:>10.0f}{ours * 6:>12.0f}{batch:>9.0f}")
        verdict = "reached" if ours >= GOAL else "missed"
        print(f"goal of {GOAL} frames/s {verdict}; {ours / peer:.1f} times the peer")
        async with database.for_system() as session:
            stored = await session.scalar(text("SELECT count(*) FROM reading"))
        print(f"{stored} readings in the table")
    finally:
        await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--loggers", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onemap-intake-") as folder:
        cluster = PrivateCluster(Path(folder), durable=True)
        cluster.ensure()
        try:
            cluster.create_database("intake")
            migrate.upgrade(cluster.url("intake"))
            asyncio.run(run(cluster.url("intake"), arguments.loggers, arguments.seconds))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
