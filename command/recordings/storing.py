"""What the database knows of a recording. The manifest beside the files is first; this follows it, line by line."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.log import record_event
from command.recordings.tables import Recording, RecordingSegment
from command.rooms.tables import Room, RoomSeat
from video.recording.manifest import Entry

BY_RULE = "system:recorder"
_FACTS = (
    "id", "room_id", "alert_id", "region", "state", "started_by", "started_at", "ended_at", "why", "legal_hold",
    "hold_reason", "hold_by", "keep_until", "deleted_at", "bytes", "drill", "version",
)  # fmt: skip


async def start(session: AsyncSession, room: Room, by: str, kept_for: timedelta) -> Recording:
    """The room's running recording, begun now if there is none; of two who begin it at once one does."""
    made = insert(Recording).values(
        room_id=room.id,
        alert_id=room.alert_id,
        region=room.region,
        started_by=by,
        keep_until=datetime.now(UTC) + kept_for,
        drill=room.drill,
    )
    new: int | None = await session.scalar(made.on_conflict_do_nothing().returning(Recording.id))
    running = select(Recording).where(Recording.room_id == room.id, Recording.state == "recording")
    recording = (await session.scalars(running)).one()
    if new is not None:
        tell(session, recording, "started", by=by)
    return recording


async def store(session: AsyncSession, recording: Recording, entries: Sequence[Entry]) -> None:
    """Take in lines of the manifest; those that are known already change nothing and are told of no second time."""
    sealed = []
    for entry in entries:
        match entry.kind:
            case "opened":
                await _open(session, recording, entry)
            case "sealed":
                if await _seal(session, recording, entry):
                    sealed.append(entry)
            case "copied":
                await session.execute(_the(recording, entry).values(copy=entry.facts["file"]))
    for entry in sealed:  # last: each event takes the log's lock until the end
        await _tell_sealed(session, recording, entry)


async def finish(session: AsyncSession, recording_id: int, why: str, manifest_hash: str) -> None:
    """End a recording; repeating it is harmless."""
    recording = await session.get(Recording, recording_id, with_for_update=True)
    if recording is None or recording.state == "finished":
        return
    mine = RecordingSegment.recording_id == recording_id
    total, count = (
        await session.execute(select(func.coalesce(func.sum(RecordingSegment.bytes), 0), func.count()).where(mine))
    ).one()
    recording.state, recording.why, recording.bytes = "finished", why, int(total or 0)
    recording.ended_at = datetime.now(UTC)
    recording.version += 1
    await session.flush()
    tell(session, recording, "finished", segments=count, manifest_hash=manifest_hash)


def tell(session: AsyncSession, recording: Recording, kind: str, *, by: str | None = None, **more: Any) -> None:
    """Write down what happened to a recording; call it last in a transaction."""
    record_event(
        session,
        f"recording.{kind}",
        subject=f"recording:{recording.id}",
        region=recording.region,
        data={name: getattr(recording, name) for name in _FACTS} | more,
        alert_id=None if kind == "sealed" else recording.alert_id,  # a timeline is no list of files
        actor=by or BY_RULE,
    )


async def _open(session: AsyncSession, recording: Recording, entry: Entry) -> None:
    facts = entry.facts
    seat_id = await session.scalar(select(RoomSeat.id).where(RoomSeat.id == int(facts["seat"])))
    made = insert(RecordingSegment).values(
        recording_id=recording.id,
        number=facts["number"],
        seat_id=seat_id,
        seat_name=facts.get("seat_name", ""),
        file=facts["file"],
        codecs=facts["codecs"],
        started_at=datetime.fromisoformat(facts["started_at"]),
        clock_offset_ms=facts.get("clock_offset_ms"),
        region=recording.region,
    )
    await session.execute(made.on_conflict_do_nothing())


async def _seal(session: AsyncSession, recording: Recording, entry: Entry) -> bool:
    """Whether it was not sealed before."""
    facts = entry.facts
    changed = await session.scalar(
        _the(recording, entry)
        .where(RecordingSegment.manifest_hash.is_(None))
        .values(
            ended_at=datetime.fromisoformat(facts["ended_at"]),
            bytes=facts["bytes"],
            sha256=facts["sha256"],
            found=facts["found"],
            manifest_hash=entry.hash,
        )
        .returning(RecordingSegment.number)
    )
    return changed is not None


async def _tell_sealed(session: AsyncSession, recording: Recording, entry: Entry) -> None:
    row = await session.get(RecordingSegment, (recording.id, entry.facts["number"]), populate_existing=True)
    if row is None:
        return
    names = ("number", "seat_id", "seat_name", "file", "codecs", "sha256", "manifest_hash", "found", "clock_offset_ms")
    segment = {name: getattr(row, name) for name in names}
    segment |= {"segment_bytes": row.bytes, "segment_started_at": row.started_at, "segment_ended_at": row.ended_at}
    tell(session, recording, "sealed", **segment)


def _the(recording: Recording, entry: Entry) -> Any:
    return update(RecordingSegment).where(
        RecordingSegment.recording_id == recording.id, RecordingSegment.number == entry.facts["number"]
    )
