"""A recording's manifest: one line a fact, each line hashed onto the one before.

`manifest.jsonl` is only ever added to. A line is `{"entry":…,"hash":…,"previous":…}`, its keys in order and without
spaces, and `hash` is the SHA-256 of `previous`, a line feed, and the entry as it stands there. The first entry says
what is recorded; `opened` and `sealed` belong to segments, `copied` to their seekable copies.
A segment that was opened and not sealed was lost with its process; `Manifest.open` seals it as it is found.
"""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from video.recording.errors import BadManifest, BadSegment
from video.recording.matroska import extent

NAME: Final = "manifest.jsonl"
_START: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact and its place in the chain; `facts` has its `kind` and the instant `at`."""

    facts: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def kind(self) -> str:
        return str(self.facts.get("kind", ""))

    @classmethod
    def after(cls, previous: str, facts: Mapping[str, Any]) -> Self:
        return cls(facts, previous, hashlib.sha256(f"{previous}\n{_canonical(facts)}".encode()).hexdigest())

    @classmethod
    def parse(cls, line: bytes, previous: str) -> Self:
        """Read a line that follows the one hashed to `previous`; a `BadManifest` says what does not hold."""
        try:
            read = json.loads(line)
            found = cls.after(previous, read["entry"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadManifest("is no entry") from None
        if bytes(found) == line:
            return found
        if read.get("previous") != previous:
            raise BadManifest("does not follow the line before it")
        raise BadManifest("was changed: its hash does not fit")

    def __bytes__(self) -> bytes:
        whole = {"entry": self.facts, "hash": self.hash, "previous": self.previous}
        return _canonical(whole).encode() + b"\n"


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def lines(data: bytes) -> Iterator[bytes]:
    """Each line with its line feed; the last one lacks it when it is torn."""
    *whole, torn = data.split(b"\n")
    yield from (line + b"\n" for line in whole)
    if torn:
        yield torn


def read(data: bytes) -> list[Entry]:
    """The lines of a manifest that hold, each with its own hash; what lies between them is for the check to say."""
    entries: list[Entry] = []
    for line in lines(data):
        with suppress(BadManifest, ValueError, KeyError, TypeError):
            entries.append(Entry.parse(line, str(json.loads(line)["previous"])))
    return entries


class Manifest:
    """The manifest of one folder, open for more. Safe for threads."""

    def __init__(self, folder: Path, entries: list[Entry]) -> None:
        self.folder = folder
        self.entries = entries
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path, about: Mapping[str, Any], *, now: datetime) -> Self:
        """Begin a manifest, or go on with the one there after whatever ended its process.

        Raises:
            BadManifest: lines that were whole once are so no more; nothing is added to those.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        data = path.read_bytes() if path.exists() else b""
        whole, torn = data[: data.rfind(b"\n") + 1], len(data) - (data.rfind(b"\n") + 1)
        entries: list[Entry] = []
        for number, line in enumerate(lines(whole), 1):
            try:
                entries.append(Entry.parse(line, entries[-1].hash if entries else _START))
            except BadManifest as problem:
                raise BadManifest(f"{path}: line {number} {problem}") from None
        manifest = cls(folder, entries)
        if torn:
            os.truncate(path, len(whole))
        if not entries:
            manifest.add("recording", now, **about)
        elif torn or manifest.unsealed():
            manifest.add("resumed", now, torn_bytes=torn)
            manifest.seal_as_found(manifest.unsealed(), now)
        return manifest

    def add(self, kind: str, at: datetime, **facts: Any) -> Entry:
        """Write a fact, and have it on the disk."""
        with self._lock:
            previous = self.entries[-1].hash if self.entries else _START
            entry = Entry.after(previous, {"kind": kind, "at": _utc(at), **facts})
            _add_line(self.folder / NAME, bytes(entry))
            self.entries.append(entry)
        return entry

    def of_kind(self, kind: str) -> dict[int, Entry]:
        """The entries of one kind by the number of their segment."""
        with self._lock:
            return {int(entry.facts["number"]): entry for entry in self.entries if entry.kind == kind}

    def unsealed(self) -> dict[int, Entry]:
        """Segments that were opened and are not sealed (yet)."""
        sealed = self.of_kind("sealed")
        return {number: entry for number, entry in self.of_kind("opened").items() if number not in sealed}

    def open_segment(self, at: datetime, **facts: Any) -> tuple[int, Path]:
        """Give the next segment its number and its file; `facts` has its `seat` and the file's `suffix`."""
        number = max(self.of_kind("opened"), default=0) + 1
        file = f"{number:05d}-{facts['seat']}{facts.pop('suffix')}"
        self.add("opened", at, number=number, file=file, **facts)
        return number, self.folder / file

    def seal_as_found(self, numbers: Iterable[int], now: datetime) -> None:
        """Seal segments that nobody writes any more as they lie there, and say so."""
        opened = self.of_kind("opened")
        for number in numbers:
            facts = opened[number].facts
            self.add("sealed", now, number=number, **_found(self.folder / str(facts["file"]), str(facts["started_at"])))


def _found(path: Path, started_at: str) -> dict[str, Any]:
    """What is said of a segment whose writer is gone."""
    data = {"file": path.name, "found": True}
    if not path.exists():
        return data | {"bytes": 0, "sha256": None, "whole_bytes": 0, "ended_at": started_at}
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        reach = extent(path)
        whole, length = reach.whole_bytes, timedelta(milliseconds=reach.length_ms)
    except BadSegment:
        whole, length = 0, timedelta()
    ended_at = _utc(datetime.fromisoformat(started_at) + length)
    return data | {"bytes": path.stat().st_size, "sha256": sha256, "whole_bytes": whole, "ended_at": ended_at}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _add_line(path: Path, line: bytes) -> None:
    """The line whole, or nothing of it: half a line would spoil the next one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    before = os.fstat(descriptor).st_size
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, "no room for a line of the manifest", str(path))
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
    finally:
        os.close(descriptor)
