"""The simulators of the demonstration, as a program of its own: it knows the product only through its network doors."""

import asyncio
import logging
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx

from data.demo.enterprises import kuiwen_outlet_code
from data.demo.simulators.calls import CallAnswering
from data.demo.simulators.doors import DoorClosed, DoorRefused, Doors
from data.demo.simulators.loggers import LoggerFleet, LoggerSettings, TcpLink
from data.demo.simulators.officers import Patrol, PatrolSettings
from data.demo.users import DEMO_PASSWORD, GATEWAY_TOKEN
from data.demo.world import SEED

log = logging.getLogger(__name__)

_DESK = "province"
_PATROL_EVERY_S, _CALLS_EVERY_S, _LOGGERS_EVERY_S = 1.0, 3.0, 1.0
_AGAIN_AFTER_S = 5.0
_TIMEOUT_S = 30.0


async def run_simulators(
    base_url: str,
    hj212_host: str,
    hj212_port: int,
    *,
    stop: asyncio.Event,
    seed: int = SEED,
    patrol: PatrolSettings | None = None,
    loggers: LoggerSettings | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Simulate officers and loggers against a running product until `stop` is set.

    Survives a product that is not there yet, goes away and comes back. `transport` is for tests.
    """
    limits = httpx.Limits(max_connections=8)
    async with httpx.AsyncClient(base_url=base_url, timeout=_TIMEOUT_S, limits=limits, transport=transport) as client:
        doors = Doors(client)

        async def officers() -> None:
            desk = await doors.sign_in(_DESK, DEMO_PASSWORD)
            settings = patrol or PatrolSettings()
            people = Patrol(desk, doors.with_token(GATEWAY_TOKEN), settings, random.Random(seed))
            await people.gather()
            log.info("%d simulated officers", len(people.officers))
            calls = CallAnswering(people, doors, random.Random(seed + 1))
            # together: a lost desk is lost for both
            async with asyncio.TaskGroup() as group:
                group.create_task(_rounds(people.round, _PATROL_EVERY_S, stop))
                group.create_task(_rounds(calls.round, _CALLS_EVERY_S, stop))

        async def stations() -> None:
            desk = await doors.sign_in(_DESK, DEMO_PASSWORD)
            settings = loggers or LoggerSettings(spare=frozenset({kuiwen_outlet_code()}))
            fleet = LoggerFleet(desk, lambda: TcpLink.open(hj212_host, hj212_port), settings, random.Random(seed + 2))
            try:
                await fleet.gather(_now())
                log.info("%d simulated loggers", len(fleet.loggers))
                await _rounds(fleet.round, _LOGGERS_EVERY_S, stop)
            finally:
                fleet.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(_kept_up("simulated officers", officers, stop))
            group.create_task(_kept_up("simulated loggers", stations, stop))


async def _rounds(one: Callable[[datetime], Awaitable[None]], every_s: float, stop: asyncio.Event) -> None:
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        await one(_now())
        await _pause(stop, max(0.1, every_s - (asyncio.get_running_loop().time() - began)))


async def _kept_up(name: str, run: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Begin again after a lost connection; say so once, not at each try."""
    lost = False
    while not stop.is_set():
        try:
            await run()
            lost = False
        except* (DoorClosed, DoorRefused) as group:
            if not lost:
                log.warning("%s stopped and will try again: %s", name, group.exceptions[0])
            lost = True
        await _pause(stop, _AGAIN_AFTER_S)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _now() -> datetime:
    return datetime.now(UTC)


async def main(base_url: str, hj212_host: str, hj212_port: str) -> None:
    """`python -m data.demo.simulate URL HOST PORT`: simulate until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_simulators(base_url, hj212_host, int(hj212_port), stop=stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
