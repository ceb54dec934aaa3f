"""The TCP door for field loggers: read frames, have them stored, only then acknowledge.

The arrivals of all connections share one queue. Whoever stores them (`take`) gets all that came in while it was busy
with the batch before, so one commit serves a single frame at once when it is quiet and hundreds when it is not. When
storing falls behind, connections are no longer read and TCP slows the senders down; nothing is dropped for lack of
room.
"""

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from data.hj212.assembly import Assembler
from data.hj212.errors import FrameError, StoreUnavailable
from data.hj212.frame import Frame
from data.hj212.replies import acknowledgement
from data.hj212.stream import FrameScanner, Garbage

log = logging.getLogger(__name__)

DEFAULT_PORT = 9212

_READ_BYTES = 16 * 1024
_UNREAD_ANSWERS_BYTES = 256 * 1024
_CLEAN_AGAIN = 20  # good frames in a row after which a connection counts as recovered


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one connection brought: a frame, or bytes that are none and the reason (`error`).

    `raw` is as received. `frame` is readable on its own: a piece of a split upload has been completed from the piece
    before it.
    """

    raw: bytes
    peer: str
    received_at: datetime
    frame: Frame | None
    error: FrameError | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one arrival. `accepted` means that it is stored for good and may be acknowledged."""

    accepted: bool
    reason: str | None = None


Take = Callable[[Sequence[Arrival]], Awaitable[Sequence[Verdict]]]
"""Store all arrivals in one transaction, commit, and return one verdict for each, in order.

Raise `StoreUnavailable` (or a class named in `transient`) when nothing was stored and the batch may be offered again.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gateway allows, for itself and for each connection."""

    batch_frames: int = 500
    """Most frames in one call of `take`."""
    waiting_frames: int = 4000
    """Frames of all connections that may wait for their batch before reading stops."""
    in_flight_frames: int = 500
    """Frames of one connection that may be unanswered before it is no longer read."""
    connections: int = 5000
    idle_s: float = 900.0
    """Silence after which a connection is closed; loggers report at least every few minutes."""
    noise_bytes: int = 64 * 1024
    """Bytes without one good frame after which a peer is no logger and is closed."""
    retry_pauses_s: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    """Waits between attempts to store one batch; after the last it is let go unacknowledged and devices resend."""
    closing_s: float = 10.0
    """How long `close` waits for batches in flight and for peers to take their answers."""


@dataclass(slots=True)
class Counts:
    """What happened since the start, for the status page."""

    connections: int = 0
    refused_connections: int = 0
    frames: int = 0
    damaged: int = 0
    acknowledged: int = 0
    unstored: int = 0
    batches: int = 0


async def serve_gateway(
    host: str,
    port: int,
    *,
    take: Take,
    limits: Limits | None = None,
    transient: tuple[type[BaseException], ...] = (StoreUnavailable, OSError),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> "Gateway":
    """Listen for loggers and return the running gateway; `port` 0 takes any free one.

    Parameters
    ----------
    take
        Stores a batch. It is never called twice at the same time.
    transient
        What `take` raises when the store is away; such a batch is offered again after a pause. Anything else is taken
        for a fault of one of the frames: the batch is halved until that one is alone, and only it goes unacknowledged.
    now
        The clock that `Arrival.received_at` comes from; aware.

    Raises
    ------
    OSError
        When the port cannot be had.
    """
    gateway = Gateway(take, limits=limits or Limits(), transient=transient, now=now)
    await gateway.start(host, port)
    return gateway


class Gateway:
    """A running gateway; `close` it, or use it as an async context manager."""

    def __init__(
        self,
        take: Take,
        *,
        limits: Limits,
        transient: tuple[type[BaseException], ...],
        now: Callable[[], datetime],
    ) -> None:
        self.counts = Counts()
        self._take = take
        self._limits = limits
        self._transient = transient
        self._now = now
        self._assembler = Assembler()
        self._waiting: deque[tuple[_Connection, Arrival]] = deque()
        self._arrived = asyncio.Event()
        self._settled = asyncio.Event()  # pulsed after every batch
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._store_is_up = True
        self._is_full = False
        self._closing = False
        self._server: asyncio.Server | None = None
        self._port = 0
        self._committer: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def open_connections(self) -> int:
        """How many loggers are connected now."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> None:
        """Begin to listen. Called by `serve_gateway`."""
        self._server = await asyncio.start_server(self._talk, host, port, limit=_READ_BYTES)
        self._port = self._server.sockets[0].getsockname()[1]
        self._committer = asyncio.create_task(self._commit_forever(), name="hj212 commit")
        log.info("HJ 212 gateway listens on %s:%d", host, self.port)

    async def close(self) -> None:
        """Stop listening, store and acknowledge what has been read, then close every connection."""
        if self._server is None or self._committer is None or self._closing:
            return
        self._closing = True
        self._server.close()
        talks = list(self._connections)
        for connection in self._connections.values():
            connection.stop_waiting()
        if talks:
            _, late = await asyncio.wait(talks, timeout=self._limits.closing_s)
            for talk in late:
                talk.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._committer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._committer
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # One connection

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing or not self._has_room_for_one_more():
            self.counts.refused_connections += 1
            writer.transport.abort()
            return
        connection = _Connection(reader, writer, _peer_of(writer))
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - streams run this in a task of its own
        self._connections[task] = connection
        self.counts.connections += 1
        try:
            ended = await self._listen(connection)
            await self._until(lambda: connection.in_flight == 0)
            log.info("%s: %s, after %d frames, %d damaged", connection.peer, ended, connection.good, connection.bad)
        finally:
            del self._connections[task]
            await _close(writer)

    async def _listen(self, connection: "_Connection") -> str:
        """Queue everything that the peer sends until it ends; return why it ended."""
        scanner = FrameScanner()
        while not self._closing:
            try:
                async with asyncio.timeout(self._limits.idle_s) as connection.patience:
                    data = await connection.reader.read(_READ_BYTES)
            except TimeoutError:
                return "gateway closed" if self._closing else f"silent for {self._limits.idle_s:g} s"
            except OSError as error:
                return f"lost ({error})"
            finally:
                connection.patience = None
            received_at = self._now()
            for item in scanner.feed(data) if data else scanner.flush():
                self._queue(connection, item, received_at)
            if not data:
                return "closed"
            if connection.noise_bytes > self._limits.noise_bytes:
                return f"no frame in {connection.noise_bytes} bytes"
            await self._until(lambda: self._may_read(connection))
        return "gateway closed"

    def _queue(self, connection: "_Connection", item: bytes | Garbage, received_at: datetime) -> None:
        arrival = self._arrival(item, connection.peer, received_at)
        if arrival.frame is not None:
            self.counts.frames += 1
            connection.note_good()
        else:
            self.counts.damaged += 1
            connection.note_bad(arrival)
        connection.in_flight += 1
        self._waiting.append((connection, arrival))
        self._arrived.set()

    def _arrival(self, item: bytes | Garbage, peer: str, received_at: datetime) -> Arrival:
        if isinstance(item, Garbage):
            return Arrival(item.data, peer, received_at, None, FrameError("bad_structure", item.reason))
        try:
            frame = Frame.parse(item)
        except FrameError as error:
            return Arrival(item, peer, received_at, None, error)
        return Arrival(item, peer, received_at, self._assembler.mend(frame, received_at))

    def _may_read(self, connection: "_Connection") -> bool:
        limits = self._limits
        return connection.in_flight < limits.in_flight_frames and len(self._waiting) < limits.waiting_frames

    def _has_room_for_one_more(self) -> bool:
        full = len(self._connections) >= self._limits.connections
        if full != self._is_full:
            self._is_full = full
            if full:
                log.warning("%d connections, no more are taken", self._limits.connections)
            else:
                log.info("connections are taken again")
        return not full

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._settled.wait()

    # Storing

    async def _commit_forever(self) -> None:
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            size = min(len(self._waiting), self._limits.batch_frames)
            batch = [self._waiting.popleft() for _ in range(size)]
            verdicts = await self._store([arrival for _, arrival in batch])
            self.counts.batches += 1
            self._answer(batch, verdicts)
            self._settled.set()
            self._settled.clear()

    async def _store(self, arrivals: list[Arrival]) -> list[Verdict | None]:
        """Return a verdict for each arrival, None for one that could not be stored."""
        for pause_s in (*self._limits.retry_pauses_s, None):
            try:
                verdicts = await self._take(arrivals)
                if len(verdicts) != len(arrivals):
                    raise ValueError(f"{len(verdicts)} verdicts for {len(arrivals)} arrivals")
            except self._transient as error:
                self._note_store_lost(error)
                if pause_s is None:
                    break
                await asyncio.sleep(pause_s)
            except Exception:
                # The edge between rooms: whatever one frame makes `take` stumble over must not end the intake.
                if len(arrivals) > 1:
                    half = len(arrivals) // 2
                    return [*await self._store(arrivals[:half]), *await self._store(arrivals[half:])]
                log.exception("%s: a frame cannot be stored: %r", arrivals[0].peer, arrivals[0].raw[:200])
                break
            else:
                self._note_store_found()
                return list(verdicts)
        self.counts.unstored += len(arrivals)
        return [None] * len(arrivals)

    def _answer(self, batch: "list[tuple[_Connection, Arrival]]", verdicts: list[Verdict | None]) -> None:
        answers: dict[_Connection, list[bytes]] = {}
        for (connection, arrival), verdict in zip(batch, verdicts, strict=True):
            connection.in_flight -= 1
            if verdict is None or not verdict.accepted or arrival.frame is None:
                continue
            answer = acknowledgement(arrival.frame)
            if answer is not None:
                answers.setdefault(connection, []).append(bytes(answer))
        for connection, frames in answers.items():
            if connection.send(b"".join(frames)):
                self.counts.acknowledged += len(frames)

    def _note_store_lost(self, error: BaseException) -> None:
        if self._store_is_up:
            log.warning("frames cannot be stored, they stay unacknowledged: %s", error)
        self._store_is_up = False

    def _note_store_found(self) -> None:
        if not self._store_is_up:
            log.info("frames are stored again")
        self._store_is_up = True


@dataclass(eq=False, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    peer: str
    in_flight: int = 0
    good: int = 0
    bad: int = 0
    noise_bytes: int = 0
    patience: asyncio.Timeout | None = None
    """Runs while the peer is being read."""
    _good_in_a_row: int = field(default=_CLEAN_AGAIN, repr=False)

    def stop_waiting(self) -> None:
        """End the current read, if there is one."""
        if self.patience is not None and not self.patience.expired():
            self.patience.reschedule(asyncio.get_running_loop().time())

    def note_good(self) -> None:
        self.good += 1
        self.noise_bytes = 0
        self._good_in_a_row += 1
        if self._good_in_a_row == _CLEAN_AGAIN:
            log.info("%s: sends clean frames again", self.peer)

    def note_bad(self, arrival: Arrival) -> None:
        if self._good_in_a_row >= _CLEAN_AGAIN:
            log.warning("%s: damaged frame (%s); further ones are only counted", self.peer, arrival.error)
        self.bad += 1
        self.noise_bytes += len(arrival.raw)
        self._good_in_a_row = 0

    def send(self, data: bytes) -> bool:
        """Hand answers to the system without waiting for the peer; False when it is gone or does not read them."""
        transport = self.writer.transport
        if transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _UNREAD_ANSWERS_BYTES:
            log.warning("%s: does not read its answers, closed", self.peer)
            transport.abort()
            return False
        self.writer.write(data)
        return True


def _peer_of(writer: asyncio.StreamWriter) -> str:
    # A logger behind a radio modem can vanish without a word; keep-alive finds out before the idle limit does.
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    name = writer.get_extra_info("peername")
    return f"{name[0]}:{name[1]}" if name else "unknown"


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(5):
            await writer.wait_closed()
