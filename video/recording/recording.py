"""One room's recording: a reel for each participant who sends, and what is finished put under seal.

    recording = Recording(manifest, "12", engine, lengths=Lengths())
    recording.follow({"31": {"name": "…"}})     who sends now; again whenever that changes
    …
    await recording.close()

A connection that is lost is built anew every 0.7 s for as long as the participant is followed; nobody else notices.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiortc import RTCIceServer

from video.engine import MediaEngine
from video.errors import MediaError
from video.recording.checking import file_hash
from video.recording.copies import write_seekable
from video.recording.errors import BadSegment
from video.recording.frames import EncodedFrame
from video.recording.leg import RecordingLeg
from video.recording.manifest import Manifest
from video.recording.matroska import Track, suffix
from video.recording.reel import USUAL, Lengths, Reel
from video.recording.segment import Segment

log = logging.getLogger(__name__)

AGAIN_AFTER_S: Final = 0.7
SILENT_S: Final = 2.5  # so long without a packet, and the leg is built anew
MUTED_S: Final = 10.0  # at most so long, each time twice, where new legs bring nothing either: a muted participant
TICK_S: Final = 0.2

EngineOf = Callable[[], Awaitable[MediaEngine]]
"""The engine that carries the room now; raises `MediaError` when none does."""


class Recording:
    """Records whoever is followed until it is closed.

    Args:
        manifest: of the folder that everything goes to.
        room: the engine's name of the room.
        engine: asked before each connection, so that a room may move.
        on_news: called after each line of the manifest: something was opened, sealed or copied.
        on_failure: called once when nothing more can be written.
    """

    def __init__(
        self,
        manifest: Manifest,
        room: str,
        engine: EngineOf,
        *,
        lengths: Lengths = USUAL,
        ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple,
        relay_only: bool = False,
        on_news: Callable[[], None] = lambda: None,
        on_failure: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        self.manifest = manifest
        self._room = room
        self._engine = engine
        self._lengths = lengths
        self._ice_servers = ice_servers
        self._relay_only = relay_only
        self._on_news = on_news
        self._on_failure = on_failure
        self._following: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._finished: asyncio.Queue[Segment] = asyncio.Queue()
        self._sealing = asyncio.create_task(self._seal_finished())
        self._failed = False

    def follow(self, seats: Mapping[str, Mapping[str, Any]]) -> None:
        """Record these participants, and nobody else; what is said of each goes into the manifest."""
        for seat in self._following.keys() - seats.keys():
            self._following.pop(seat).cancel()
        for seat in seats.keys() - self._following.keys():
            if not self._failed:
                task = asyncio.create_task(self._follow(seat, seats[seat]))
                self._following[seat] = task
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End all connections, and seal what there is."""
        self.follow({})
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._finished.join()
        self._sealing.cancel()
        await asyncio.gather(self._sealing, return_exceptions=True)
        try:  # what could not be written to its end is sealed as it lies there
            await asyncio.to_thread(self.manifest.seal_as_found, list(self.manifest.unsealed()), datetime.now(UTC))
        except OSError as problem:
            self._fail(problem)
        self._on_news()

    async def _follow(self, seat: str, about: Mapping[str, Any]) -> None:
        link = _Link()

        def begin(tracks: Sequence[Track], started_at: datetime) -> tuple[int, Path]:
            found = self.manifest.open_segment(
                datetime.now(UTC),
                seat=seat,
                suffix=suffix(tracks),
                codecs=[track.codec.value for track in tracks],
                started_at=started_at.isoformat(timespec="milliseconds"),
                **about,
            )
            self._on_news()
            return found

        reel = Reel(begin, self._finished.put_nowait, link.ask_key, lengths=self._lengths)
        silent_s = SILENT_S
        try:
            while True:
                brought = await self._record_one_leg(seat, reel, link, silent_s)
                reel.interrupt()
                silent_s = SILENT_S if brought is None or brought > 0 else min(silent_s * 2, MUTED_S)
                await asyncio.sleep(AGAIN_AFTER_S)
        except OSError as problem:
            reel.abandon()
            self._fail(problem)
        finally:
            with suppress(OSError):  # it stays unsealed, and is found at the end
                reel.close()

    async def _record_one_leg(self, seat: str, reel: Reel, link: "_Link", silent_s: float) -> int | None:
        """Build a connection and stay until it is lost; how many packets it brought, None if it was not to be had."""
        try:
            engine = await self._engine()
            leg = await RecordingLeg.open(
                engine, self._room, seat, link.put, ice_servers=self._ice_servers(), relay_only=self._relay_only
            )
        except MediaError as problem:
            link.tell(seat, problem)
            return None
        link.begin(leg, reel)
        try:
            while not leg.lost and not leg.silent(silent_s):
                await asyncio.sleep(TICK_S)
                link.check()
                reel.tick(time.time())
        finally:
            link.end()
            await leg.close()
        return leg.brought

    def _fail(self, problem: OSError) -> None:
        if not self._failed:
            self._failed = True
            log.error("nothing more can be written to %s: %s", self.manifest.folder, problem)
            self._on_failure(problem)

    async def _seal_finished(self) -> None:
        while True:
            segment = await self._finished.get()
            try:
                await asyncio.to_thread(seal, self.manifest, segment)
                self._on_news()
            except OSError as problem:
                self._fail(problem)
            finally:
                self._finished.task_done()


class _Link:
    """What ties a reel to the leg of the moment. A file that cannot be written to is told where somebody waits for it:
    frames come out of aiortc's own tasks, which would swallow the error.
    """

    def __init__(self) -> None:
        self._leg: RecordingLeg | None = None
        self._reel: Reel | None = None
        self._problem: OSError | None = None
        self._told = ""

    def begin(self, leg: RecordingLeg, reel: Reel) -> None:
        self._leg, self._reel, self._told = leg, reel, ""

    def end(self) -> None:
        self._leg = self._reel = None

    def put(self, frame: EncodedFrame, arrived_s: float) -> None:
        if self._reel is None or self._problem is not None:
            return
        try:
            self._reel.take(frame, arrived_s)
        except OSError as problem:
            self._problem = problem

    def check(self) -> None:
        if self._problem is not None:
            raise self._problem

    def ask_key(self) -> None:
        if self._leg is not None:
            self._leg.ask_key()

    def tell(self, seat: str, problem: MediaError) -> None:
        """Once for each kind of trouble, not each 0.7 s."""
        if self._told != str(problem):
            self._told = str(problem)
            log.info("seat %s cannot be viewed now: %s", seat, problem)


def seal(manifest: Manifest, segment: Segment) -> None:
    """Put a finished segment on the disk and its hash into the manifest, then write the copy that can be sought in."""
    segment.close()
    if segment.path is None:
        return  # it ended before a frame was written
    manifest.add(
        "sealed",
        datetime.now(UTC),
        number=segment.number,
        file=segment.path.name,
        found=False,
        bytes=segment.bytes,
        whole_bytes=segment.bytes,
        sha256=segment.sha256,
        ended_at=segment.ended_at.isoformat(timespec="milliseconds"),
    )
    copy_sealed(manifest, segment.number)


def copy_sealed(manifest: Manifest, number: int) -> None:
    """Write the seekable copy of a sealed segment; one that holds no whole cluster has none."""
    sealed = manifest.of_kind("sealed")[number].facts
    copy = manifest.folder / "copies" / str(sealed["file"])
    try:
        write_seekable(manifest.folder / str(sealed["file"]), copy)
    except BadSegment as problem:
        log.warning("%s: %s", manifest.folder, problem)
        return
    name = copy.relative_to(manifest.folder).as_posix()
    digest = file_hash(copy)
    manifest.add("copied", datetime.now(UTC), number=number, file=name, bytes=copy.stat().st_size, sha256=digest)
