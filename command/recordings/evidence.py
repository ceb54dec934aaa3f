"""One recording as a download: everything that speaks of it, and how to check it without us.

    evidence-12/README.txt        what this is and how to check it
    evidence-12/manifest.jsonl    the recorder's manifest, each line hashed onto the one before
    evidence-12/00001-31.webm …   the segments, as they were written
    evidence-12/snapshots/…       pictures taken in the room
    evidence-12/events.jsonl      the rows of the event log about the room and the recording, each with its hash
    evidence-12/SHA256SUMS        the hash of every file above

Segments are not read to be hashed: their sums are those that were sealed, so that a file that was changed since on our
own disk is found by whoever checks.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from zipstream import ZipStream

from command.recordings.tables import Recording, Snapshot
from command.recordings.views import snapshot_file
from gis.http import NotFound
from video.recording import manifest
from video.recording.checking import EVENTS, SUMS, event_line, sums_of

_ROWS = text("""
    SELECT e.seq, event_words(e) AS words, e.prev_hash, e.hash FROM event e
    WHERE e.kind ~ '^(room|recording)[.]' AND e.subject IN (:room, :recording) ORDER BY e.seq
""")

_README = """\
环境执法一张图 OneMap：录像证据 {id}（房间 {room}）

本文件夹内的录像分段按收到时的编码原样写入，未经转码。manifest.jsonl 逐行以 SHA-256 相互链接；events.jsonl 是事件日志中
与本通话、本录像有关的各行及其哈希；SHA256SUMS 列出全部文件的哈希。
核对（无需联网、无需数据库）：  ./onemap evidence verify 本文件夹
也可：  sha256sum --check SHA256SUMS
能证明什么、不能证明什么，见 docs/evidence.md。

OneMap: recording {id} as evidence (room {room})

The segments were written as they came, nothing was encoded again. Each line of manifest.jsonl is hashed onto the one
before it; events.jsonl holds the rows of the event log about this call and this recording, with their hashes;
SHA256SUMS lists the hash of every file.
To check it (no network, no database):  ./onemap evidence verify THIS-FOLDER
or:  sha256sum --check SHA256SUMS
What this proves and what it does not is in docs/evidence.md.

event log, last row at the time of this download:  seq {seq}  sha256 {hash}
"""


@dataclass(frozen=True, slots=True)
class Package:
    """What goes into a download: small things by their bytes, segments by their path and the hash that was sealed."""

    name: str
    small: Mapping[str, bytes]
    segments: Mapping[str, Path]

    def stream(self) -> ZipStream:
        """The archive, made while it is read, so that hours of video take no memory and no disk."""
        archive = ZipStream(sized=True)
        for name, data in self.small.items():
            archive.add(data, f"{self.name}/{name}")
        for name, path in self.segments.items():
            archive.add_path(str(path), f"{self.name}/{name}")
        return archive


async def package(session: AsyncSession, recording: Recording, folder: Path) -> Package:
    """Put together what there is of a recording, with a session of the system: rows of the log are read as a whole.

    Raises:
        NotFound: its files have been deleted, or are not on this machine.
    """
    here = folder / str(recording.id)
    if not (here / manifest.NAME).is_file():
        raise NotFound("the files of this recording are not here; they were deleted, or lie on another machine")
    written = await asyncio.to_thread(_whole_lines, here / manifest.NAME)
    sealed = [entry.facts for entry in manifest.read(written) if entry.kind == "sealed" and entry.facts["sha256"]]
    small = {manifest.NAME: written, EVENTS: await _events(session, recording)}
    for picture in await session.scalars(select(Snapshot).where(Snapshot.room_id == recording.room_id)):
        small[snapshot_file(picture.id, picture.media_type)] = picture.content
    small["README.txt"] = (await _readme(session, recording)).encode()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in small.items()}
    hashes |= {facts["file"]: facts["sha256"] for facts in sealed}
    small[SUMS] = sums_of(hashes)
    segments = {facts["file"]: here / facts["file"] for facts in sealed if (here / facts["file"]).is_file()}
    return Package(f"evidence-{recording.id}", small, segments)


def _whole_lines(path: Path) -> bytes:
    """Without the line that the recorder may be writing at this moment."""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1]


async def _events(session: AsyncSession, recording: Recording) -> bytes:
    subjects = {"room": f"room:{recording.room_id}", "recording": f"recording:{recording.id}"}
    rows = await session.execute(_ROWS, subjects)
    return b"".join(event_line(row.seq, row.words, bytes(row.prev_hash), bytes(row.hash)) for row in rows)


async def _readme(session: AsyncSession, recording: Recording) -> str:
    last = (await session.execute(text("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"))).one()
    return _README.format(id=recording.id, room=recording.room_id, seq=last.seq, hash=bytes(last.hash).hex())
