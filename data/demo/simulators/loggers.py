"""Simulated data loggers: each keeps a TCP connection and uploads, as its dialect of HJ 212 says."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from data.demo.simulators.doors import Doors
from data.demo.simulators.frames import Dialect, Sender, Upload, upload
from data.demo.simulators.values import Instruments
from data.demo.users import LOGGER_PASSWORD

log = logging.getLogger(__name__)

_DIALECTS: tuple[Dialect, ...] = ("2017",) * 6 + ("2005",) * 2 + ("2025",) * 2
_KINDS_2005 = ("outfall", "stack")
_FAILING_FRAMES = 3  # a fault shows in this many uploads, then it is over
_RECONNECT_S = (5.0, 30.0)


@dataclass(frozen=True, slots=True)
class LoggerSettings:
    """How many loggers there are and how often they upload; times in seconds.

    `exceedance_every_s` is the mean time between two faults anywhere; 0 for none. `spare` are codes of points that
    never fail by themselves, so that a story told about them has only one cause.
    """

    count: int = 200
    focus: str = "3707"
    share_in_focus: float = 0.5
    realtime_every_s: float = 60.0
    minute_data_s: int = 600
    exceedance_every_s: float = 180.0
    spare: frozenset[str] = frozenset()


class Link(Protocol):
    """A connection to the platform."""

    async def send(self, data: bytes) -> None:
        """Send it; raise `OSError` when the connection is gone."""

    def close(self) -> None: ...


Connect = Callable[[], Awaitable[Link]]


class TcpLink:
    """A TCP connection whose answers are read and thrown away, as a full buffer would stop the platform."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._reading = asyncio.create_task(_discard(reader))

    @classmethod
    async def open(cls, host: str, port: int) -> "TcpLink":
        return cls(*await asyncio.open_connection(host, port))

    async def send(self, data: bytes) -> None:
        if self._reading.done():
            raise ConnectionResetError("the platform closed the connection")
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._reading.cancel()
        self._writer.close()


async def _discard(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65536):
            pass
    except OSError as error:
        log.debug("a logger's connection ended: %s", error)


@dataclass
class SimulatedLogger:
    """One logger with its instruments."""

    sender: Sender
    instruments: Instruments
    point_code: str
    next_realtime: float
    link: Link | None = None
    connects_at: float = 0.0
    failing_for: int = 0
    done_until: dict[Upload, float] = field(default_factory=dict)


@dataclass
class LoggerFleet:
    """All simulated loggers. `desk` is signed in as a desk of the province; `connect` opens a connection."""

    desk: Doors
    connect: Connect
    settings: LoggerSettings
    chance: random.Random
    loggers: list[SimulatedLogger] = field(default_factory=list)
    _fails_at: float = 0.0

    async def gather(self, at: datetime) -> None:
        """Choose loggers among those that the product knows, most of them in the area of the tour."""
        devices = {
            row["point_id"]: row["mn"]
            async for row in self.desk.rows("/api/intake/devices")
            if row.get("point_id") is not None and row.get("state", "active") == "active"
        }
        points = [row async for row in self.desk.rows("/api/points") if row["id"] in devices and not row.get("drill")]
        for number, point in enumerate(self._chosen(points)):
            self.loggers.append(self._logger(number, point, devices[point["id"]], at))
        self._fails_at = at.timestamp() + self._until_next_fault()

    async def round(self, at: datetime) -> None:
        """Send what is due."""
        self._let_something_fail(at)
        for logger in self.loggers:
            try:
                await self._serve(logger, at)
            except OSError as error:
                log.debug("logger %s lost its connection: %s", logger.sender.mn, error)
                self._disconnect(logger, at)

    def close(self) -> None:
        for logger in self.loggers:
            if logger.link is not None:
                logger.link.close()
                logger.link = None

    def _chosen(self, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
        order = sorted(points, key=lambda row: random.Random(f"logger {row['code']}").random())
        spare = [row for row in order if row["code"] in self.settings.spare]
        near = [row for row in order if row["region"].startswith(self.settings.focus)]
        far = [row for row in order if not row["region"].startswith(self.settings.focus)]
        in_focus = round(self.settings.count * self.settings.share_in_focus)
        chosen = {row["id"]: row for row in [*spare, *near[:in_focus], *far, *near]}
        return list(chosen.values())[: self.settings.count]

    def _logger(self, number: int, point: dict[str, Any], mn: str, at: datetime) -> SimulatedLogger:
        dialect = _DIALECTS[number % len(_DIALECTS)]
        if dialect == "2005" and point["kind"] not in _KINDS_2005:
            dialect = "2017"
        instruments = Instruments(
            kind=point["kind"],
            standard=point.get("standard"),
            grade=point.get("grade"),
            reference_oxygen=point.get("reference_oxygen"),
            chance=random.Random(f"values {point['code']}"),
        )
        # spread over the interval, so that the platform sees a steady stream
        first = at.timestamp() + self.settings.realtime_every_s * (number % 60) / 60
        sender = Sender(mn, LOGGER_PASSWORD, point["kind"], dialect)
        return SimulatedLogger(sender, instruments, point["code"], first)

    async def _serve(self, logger: SimulatedLogger, at: datetime) -> None:
        now = at.timestamp()
        if logger.next_realtime > now:
            return
        if logger.link is None:
            if logger.connects_at > now:
                return
            logger.link = await self.connect()
        values = logger.instruments.measure()
        converted = logger.instruments.converted(values)
        send = logger.link.send
        await send(upload(logger.sender, "2011", sent_at=at, data_at=at, values=values, converted=converted))
        periods: tuple[tuple[Upload, int], ...] = (("2051", self.settings.minute_data_s), ("2061", 3600))
        for command, length_s in periods:
            start = now // length_s * length_s - length_s
            if logger.done_until.setdefault(command, start) < start:
                data_at = datetime.fromtimestamp(start, UTC)
                # its own QN: half a second later
                sent_at = at + timedelta(milliseconds=500 if command == "2051" else 700)
                frame = upload(
                    logger.sender, command, sent_at=sent_at, data_at=data_at, values=values, converted=converted,
                    period_s=length_s,
                )  # fmt: skip
                await send(frame)
                logger.done_until[command] = start
        logger.next_realtime = now + self.settings.realtime_every_s
        self._recover(logger)

    def _disconnect(self, logger: SimulatedLogger, at: datetime) -> None:
        if logger.link is not None:
            logger.link.close()
            logger.link = None
        logger.connects_at = at.timestamp() + self.chance.uniform(*_RECONNECT_S)

    def _let_something_fail(self, at: datetime) -> None:
        now = at.timestamp()
        if not self.settings.exceedance_every_s or now < self._fails_at:
            return
        self._fails_at = now + self._until_next_fault()
        today = at.date()
        able = [
            logger
            for logger in self.loggers
            if not logger.failing_for
            and logger.point_code not in self.settings.spare
            and logger.instruments.failing_factors(today)
        ]
        if not able:
            return
        logger = self.chance.choice(able)
        code, limit = self.chance.choice(list(logger.instruments.failing_factors(today).items()))
        logger.instruments.fail(code, limit * self.chance.uniform(1.15, 2.4))
        logger.failing_for = _FAILING_FRAMES

    def _recover(self, logger: SimulatedLogger) -> None:
        if logger.failing_for:
            logger.failing_for -= 1
            if not logger.failing_for:
                logger.instruments.recover()

    def _until_next_fault(self) -> float:
        every_s = self.settings.exceedance_every_s
        return self.chance.expovariate(1 / every_s) if every_s else float("inf")
