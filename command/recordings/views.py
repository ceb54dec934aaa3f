"""Recordings and snapshots as they are shown."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.recordings.shapes import RecordingOut, SegmentOut, SnapshotOut
from command.recordings.tables import Recording, RecordingSegment, Snapshot
from gis.http import NotFound

SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png"}


async def recordings(session: AsyncSession, query: Select[Recording], folder: Path) -> list[RecordingOut]:
    """Recordings with their segments, in the order of the query; what is still written is as long as its file."""
    rows = (await session.scalars(query, execution_options={"populate_existing": True})).all()
    segments: dict[int, list[RecordingSegment]] = defaultdict(list)
    of_these = RecordingSegment.recording_id.in_([row.id for row in rows])
    for one in await session.scalars(select(RecordingSegment).where(of_these).order_by(RecordingSegment.number)):
        segments[one.recording_id].append(one)
    return [_recording(row, segments[row.id], folder / str(row.id)) for row in rows]


async def recording(session: AsyncSession, recording_id: int, folder: Path) -> RecordingOut:
    """One recording; raises `NotFound`."""
    found = await recordings(session, select(Recording).where(Recording.id == recording_id), folder)
    if not found:
        raise NotFound(f"there is no recording {recording_id} in your area")
    return found[0]


def _recording(row: Recording, segments: Sequence[RecordingSegment], folder: Path) -> RecordingOut:
    own = {name: getattr(row, name) for name in RecordingOut.model_fields if name not in ("segments", "bytes")}
    shown = [_segment(one, folder) for one in segments]
    return RecordingOut(**own, bytes=sum(one.bytes or 0 for one in shown), segments=shown)


def _segment(row: RecordingSegment, folder: Path) -> SegmentOut:
    own = {name: getattr(row, name) for name in SegmentOut.model_fields if name not in ("bytes", "url")}
    size = row.bytes if row.manifest_hash is not None else _size(folder / row.file)
    return SegmentOut(**own, bytes=size, url=f"/api/recordings/{row.recording_id}/segments/{row.number}")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None  # on another machine, or not yet begun


async def snapshots(session: AsyncSession, room_id: int) -> list[SnapshotOut]:
    """The pictures taken in a room, without reading them."""
    names = [name for name in SnapshotOut.model_fields if name not in ("bytes", "url")]
    columns = [getattr(Snapshot, name) for name in names]
    query = select(*columns, func.length(Snapshot.content)).where(Snapshot.room_id == room_id).order_by(Snapshot.id)
    return [
        SnapshotOut(**dict(zip(names, values, strict=True)), bytes=size, url=f"/api/snapshots/{values[0]}")
        for *values, size in await session.execute(query)
    ]


def snapshot_file(snapshot_id: int, media_type: str) -> str:
    """What a picture is called among the evidence."""
    return f"snapshots/{snapshot_id}{SUFFIX[media_type]}"
