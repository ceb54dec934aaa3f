"""The process that records rooms: a viewer like any other, with a disk.

It follows the rooms whose recording is on, by notification and once a second; whatever becomes of the database or of a
hub meanwhile, what is being recorded goes on. Only one recorder works at a time; a second one waits for its place.
"""

import asyncio
import errno
import logging
import shutil
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from aiortc import RTCIceServer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from command.recordings import storing
from command.recordings.keeping import delete_overdue
from command.recordings.tables import Recording as Row
from command.rooms.carrying import Connect, alive
from command.rooms.keeping import hold_room, told
from command.rooms.tables import MediaHub, Room, RoomSeat
from command.settings import RecordingSettings
from gis.database import Database
from gis.listen import listening, own_connection
from video.engine import MediaEngine
from video.errors import HubLost
from video.recording.errors import BadManifest
from video.recording.manifest import Manifest
from video.recording.recording import Recording, copy_sealed
from video.recording.reel import Lengths

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
TIDY_EVERY_S: Final = 60.0
_LOCK = (214, 1)
_MB: Final = 1024 * 1024

FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Wanted:
    """A room that shall be recorded, and who sends in it: what the manifest says of each, by seat."""

    room: Room
    seats: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Running:
    """A recording under way. `stored` counts the manifest's lines that the database has."""

    id: int
    recording: Recording
    stored: int = 0
    failure: OSError | None = None


@dataclass
class Recorder:
    """Records every room that wants it.

    Args:
        folder: where the recordings' folders are made.
        connect: makes an engine of a hub's address and secret.
        free: how much room the disk has.
    """

    database: Database
    folder: Path
    settings: RecordingSettings
    connect: Connect
    ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple
    relay_only: bool = False
    free: FreeBytes = free_bytes
    _running: dict[int, Running] = field(default_factory=dict)
    _engines: dict[UUID, MediaEngine] = field(default_factory=dict)
    _last_engine: dict[int, MediaEngine] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _away: bool = False

    async def run(self) -> None:
        """Record until cancelled; what runs then is sealed, and gone on with by the next one."""
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        listener = asyncio.create_task(self._listen())
        tidier = asyncio.create_task(self._tidy())
        place = _Place(self.database.url)
        try:
            await place.wait_for()
            while True:
                await self._again(self.look)
                await place.check()
                await self._wait()
        finally:
            for task in (listener, tidier):
                task.cancel()
            await asyncio.gather(listener, tidier, return_exceptions=True)
            await self._close_all()
            await place.leave()

    async def look(self) -> None:
        """See which rooms want to be recorded now, and write down what was recorded since the last look."""
        wanted = await self._wanted()
        for room_id, running in list(self._running.items()):
            await self._store(running)
            if running.failure is not None:
                await self._give_up(room_id, _why(running.failure))
            elif room_id not in wanted:
                await self._end(room_id, await self._why_not(room_id))
        await self._end_left(())
        if wanted and await asyncio.to_thread(self.free, self.folder) < self.settings.free_mb * _MB:
            for room_id in wanted:
                await self._give_up(room_id, "disk_full")
            return
        for room_id, one in wanted.items():
            if room_id not in self._running:
                await self._begin(one.room)
            if room_id in self._running:
                self._running[room_id].recording.follow(one.seats)

    async def _wanted(self) -> dict[int, Wanted]:
        async with self.database.for_system() as session:
            rooms = (await session.scalars(select(Room).where(Room.state == "open", Room.recording))).all()
            sending = select(RoomSeat).where(RoomSeat.room_id.in_([room.id for room in rooms]), RoomSeat.publishing)
            seats = (await session.scalars(sending)).all()
        return {
            room.id: Wanted(room, {str(seat.id): _about(seat) for seat in seats if seat.room_id == room.id})
            for room in rooms
        }

    async def _end_left(self, room_ids: Collection[int], why: str | None = None) -> None:
        """End recordings that nobody works on: of a recorder that was lost, or asked for and taken back at once.

        Without rooms: all whose room does not want it. What was written is sealed and told first.
        """
        asked = select(Row, Room).join(Room, Room.id == Row.room_id).where(Row.state == "recording")
        unwanted = Room.id.in_(room_ids) if why else (Room.state == "closed") | ~Room.recording
        async with self.database.for_system() as session:
            left = (await session.execute(asked.where(unwanted))).all()
        for row, room in left:
            if room.id not in self._running:
                await self._run(row, room)
                if room.id in self._running:
                    await self._end(room.id, why or await self._why_not(room.id))

    async def _begin(self, room: Room) -> None:
        async with self.database.for_system() as session, session.begin():
            room = await hold_room(session, room.id, open_only=False)
            if room.state != "open" or not room.recording:
                return  # taken back since we looked: a second recording would begin, of nothing
            row = await storing.start(session, room, storing.BY_RULE, self.settings.kept_for(drill=room.drill))
        await self._run(row, room)

    async def _run(self, row: Row, room: Room) -> None:
        about = {
            "recording": row.id, "room": room.id, "room_kind": room.kind, "title": room.title, "alert": room.alert_id,
            "region": room.region, "started_by": row.started_by,
        }  # fmt: skip
        try:
            manifest = await asyncio.to_thread(self._open_manifest, row.id, about)
        except (BadManifest, OSError) as problem:
            log.error("recording %d cannot be gone on with: %s", row.id, problem)
            await self._stop_room(room.id, "write_error")
            await self._finish(row.id, "write_error", "")
            return
        running = Running(row.id, self._recording(room.id, manifest, lambda problem: self._failed(room.id, problem)))
        self._running[room.id] = running
        log.info("recording %d: room %d", row.id, room.id)

    def _open_manifest(self, recording_id: int, about: Mapping[str, Any]) -> Manifest:
        manifest = Manifest.open(self.folder / str(recording_id), about, now=datetime.now(UTC))
        copied = manifest.of_kind("copied")
        for number, entry in manifest.of_kind("sealed").items():
            if number not in copied and entry.facts["sha256"] is not None:
                copy_sealed(manifest, number)
        return manifest

    def _recording(self, room_id: int, manifest: Manifest, failed: Callable[[OSError], None]) -> Recording:
        async def engine() -> MediaEngine:
            return await self._engine_of(room_id)

        return Recording(
            manifest,
            str(room_id),
            engine,
            lengths=Lengths(segment_s=self.settings.segment_s),
            ice_servers=self.ice_servers,
            relay_only=self.relay_only,
            on_news=self._news.set,
            on_failure=failed,
        )

    def _failed(self, room_id: int, problem: OSError) -> None:
        if room_id in self._running:
            self._running[room_id].failure = problem
        self._news.set()

    async def _engine_of(self, room_id: int) -> MediaEngine:
        """The hub that carries a room now; the last one while the database is away."""
        try:
            async with self.database.for_system() as session:
                query = select(MediaHub).join(Room, Room.hub_id == MediaHub.id).where(Room.id == room_id, alive())
                hub = await session.scalar(query)
        except (SQLAlchemyError, OSError):
            if room_id in self._last_engine:
                return self._last_engine[room_id]
            raise HubLost("the database does not say which hub carries the room") from None
        if hub is None:
            raise HubLost("no hub carries the room")
        if hub.id not in self._engines:
            self._engines[hub.id] = self.connect(hub.url, hub.secret)
        self._last_engine[room_id] = self._engines[hub.id]
        return self._engines[hub.id]

    async def _store(self, running: Running) -> None:
        entries = running.recording.manifest.entries[running.stored :]
        if not entries:
            return
        async with self.database.for_system() as session, session.begin():
            row = await session.get(Row, running.id)
            if row is not None:
                await storing.store(session, row, entries)
        running.stored += len(entries)

    async def _why_not(self, room_id: int) -> str:
        async with self.database.for_system() as session:
            state = await session.scalar(select(Room.state).where(Room.id == room_id))
        return "stopped" if state == "open" else "room_closed"

    async def _end(self, room_id: int, why: str) -> None:
        """Seal a recording and say that it is finished."""
        running = self._running[room_id]
        await running.recording.close()
        with suppress(OSError):  # on a full disk the event log says it alone
            running.recording.manifest.add("finished", datetime.now(UTC), why=why)
        await self._store(running)
        await self._finish(running.id, why, running.recording.manifest.entries[-1].hash)
        del self._running[room_id]
        self._last_engine.pop(room_id, None)

    async def _finish(self, recording_id: int, why: str, manifest_hash: str) -> None:
        async with self.database.for_system() as session, session.begin():
            await storing.finish(session, recording_id, why, manifest_hash)
        log.info("recording %d is finished: %s", recording_id, why)

    async def _give_up(self, room_id: int, why: str) -> None:
        """Record this room no more until somebody asks again, and let everybody in it see that."""
        await self._stop_room(room_id, why)
        if room_id in self._running:
            await self._end(room_id, why)
        await self._end_left((room_id,), why)

    async def _stop_room(self, room_id: int, why: str) -> None:
        log.error("room %d is not recorded any more: %s", room_id, why)
        async with self.database.for_system() as session, session.begin():
            room = await hold_room(session, room_id, open_only=False)
            if room.recording:
                room.recording = False
                await told(session, room, "recording_stopped", by_system=True, why=why)

    async def _close_all(self) -> None:
        await asyncio.gather(*(running.recording.close() for running in self._running.values()))
        with suppress(SQLAlchemyError, OSError):  # the next recorder stores what is missing
            for running in self._running.values():
                await self._store(running)

    async def _listen(self) -> None:
        while True:
            with suppress(psycopg.Error, OSError):
                async with listening(self.database.url, ["onemap_room"]) as announced:
                    async for _ in announced:
                        self._news.set()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tidy(self) -> None:
        while True:
            with suppress(SQLAlchemyError):
                try:
                    await delete_overdue(self.database, self.folder, datetime.now(UTC))
                except OSError as problem:
                    log.error("a recording cannot be deleted: %s", problem)
            await asyncio.sleep(TIDY_EVERY_S)

    async def _wait(self) -> None:
        """Until there is news, but no longer than a second."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), LOOK_EVERY_S)
        self._news.clear()

    async def _again(self, what: Callable[[], Any]) -> None:
        """Do it; when the database is away say so once, and come back to it at the next look."""
        try:
            await what()
            self._away = False
        except (SQLAlchemyError, OSError) as problem:
            if not self._away:
                log.warning("the recorder goes on by itself, the database is away: %s", problem)
            self._away = True


class _Place:
    """The one place of the working recorder, held on a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection | None = None

    async def wait_for(self) -> None:
        waiting = False
        while not await self._take():
            if not waiting:
                log.info("another recorder is at work; this one waits")
            waiting = True
            await asyncio.sleep(LOOK_EVERY_S)

    async def leave(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                await self._connection.close()

    async def check(self) -> None:
        """Take the place again after the database was away; raises `SystemExit` when another one has it now."""
        try:
            if self._connection is not None:
                await self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection = None
        if self._connection is None and not await self._take() and self._connection is not None:
            raise SystemExit("another recorder has taken over")

    async def _take(self) -> bool:
        try:
            if self._connection is None:
                self._connection = await own_connection(self._url)
            cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK)
            row = await cursor.fetchone()
        except (psycopg.Error, OSError):
            self._connection = None
            return False
        return bool(row and row[0])


def _about(seat: RoomSeat) -> dict[str, Any]:
    return {
        "seat_name": seat.name,
        "organisation": seat.organisation,
        "role": seat.role,
        "clock_offset_ms": seat.clock_offset_ms,
    }


def _why(problem: OSError) -> str:
    return "disk_full" if problem.errno in (errno.ENOSPC, errno.EDQUOT) else "write_error"


async def run_recorder(database: Database, folder: Path, settings: RecordingSettings, connect: Connect) -> None:
    """Record until told to stop."""
    for chatty in ("aioice", "httpx"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    recorder = asyncio.create_task(Recorder(database, folder, settings, connect).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, recorder.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await recorder
    finally:
        await database.close()
