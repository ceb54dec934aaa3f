"""One segment while it grows: kept for at most a second, then written as one cluster, in one write."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from video.engine import Kind
from video.recording import matroska
from video.recording.frames import EncodedFrame
from video.recording.matroska import Block, Track

FLUSH_S: Final = 1.0

Begin = Callable[[Sequence[Track], datetime], tuple[int, Path]]
"""Gives a new segment its number and the path that it is written to."""


@dataclass(slots=True)
class _Held:
    track: int
    frame: EncodedFrame
    at_s: float


class Segment:
    """A file that is only ever added to. What a kill can take is what lies in memory: at most `flush_s`."""

    def __init__(self, tracks: Sequence[Track], begin: Begin, *, flush_s: float = FLUSH_S) -> None:
        self.tracks = tuple(tracks)
        self.number = 0
        self.path: Path | None = None
        self.bytes = 0
        self._begin = begin
        self._flush_s = flush_s
        self._number_of = {track.codec.kind: number for number, track in enumerate(self.tracks, 1)}
        self._held: list[_Held] = []
        self._file: int | None = None
        self._digest = hashlib.sha256()
        self._zero_s = 0.0
        self._last_s = 0.0

    def has(self, kind: Kind) -> bool:
        return kind in self._number_of

    def track(self, kind: Kind) -> Track | None:
        number = self._number_of.get(kind)
        return None if number is None else self.tracks[number - 1]

    @property
    def started_at(self) -> datetime:
        """The server's time at time 0 of the file."""
        return datetime.fromtimestamp(self._zero_s, UTC)

    @property
    def ended_at(self) -> datetime:
        """When the last frame was made."""
        return datetime.fromtimestamp(self._last_s, UTC)

    @property
    def sha256(self) -> str:
        """Of everything written so far, as it was handed to the file."""
        return self._digest.hexdigest()

    def add(self, frame: EncodedFrame, at_s: float) -> None:
        """Take a frame that was made at `at_s` on the server's clock."""
        self._held.append(_Held(self._number_of[frame.codec.kind], frame, at_s))
        if at_s - min(held.at_s for held in self._held) >= self._flush_s:
            self.flush()

    def flush(self) -> None:
        """Write what is held. The first time decides where time 0 lies: at the earliest frame."""
        if not self._held:
            return
        held, self._held = sorted(self._held, key=lambda one: one.at_s), []
        if self._file is None:
            self._open(held[0].at_s)
        # Sound that comes later than a picture that was already written may have been made before time 0.
        blocks = [
            Block(one.track, max(0, round((one.at_s - self._zero_s) * 1000)), one.frame.key, one.frame.data)
            for one in held
        ]
        self._write(matroska.cluster(blocks))
        self._last_s = max(self._last_s, held[-1].at_s)

    def close(self) -> None:
        """Write what is held and put it on the disk."""
        self.flush()
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def abandon(self) -> None:
        """Let go of the file as it is, when nothing more can be written to it."""
        self._held = []
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self, zero_s: float) -> None:
        self._zero_s = self._last_s = zero_s
        self.number, self.path = self._begin(self.tracks, self.started_at)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._write(matroska.head(self.tracks, self.started_at))

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise ValueError("the segment is closed")
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]
        self._digest.update(data)
        self.bytes += len(data)
