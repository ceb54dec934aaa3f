"""HTTP doors of recordings: start and stop, play, hand out, hold; and still pictures."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import Id
from command.problems import Conflict, Refused
from command.recordings import evidence, storing
from command.recordings.shapes import ActionIn, HoldIn, RecordingId, RecordingOut, SegmentNumber, SnapshotOut
from command.recordings.tables import Recording, RecordingSegment, Snapshot
from command.recordings.views import recording, recordings, snapshot_file, snapshots
from command.rooms.keeping import hold_room, told
from command.rooms.people import CallerDep, RoomSession
from command.rooms.shapes import RoomId
from command.rooms.tables import Room, RoomSeat
from command.rooms.views import decides, own_seat
from command.settings import RecordingSettings
from gis.http import DatabaseDep, Forbidden, Listing, NotFound, PageDep, ScopeDep, SessionDep, require

router = APIRouter(tags=["recordings"])

MAX_SNAPSHOT_BYTES = 8 * 1024 * 1024
_DESKS = ("duty", "dispatcher", "admin")
_SIGNATURES = {"image/jpeg": re.compile(rb"\xff\xd8\xff"), "image/png": re.compile(rb"\x89PNG\r\n\x1a\n")}
_MEDIA_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska"}


@router.post("/api/rooms/{room_id}/recordings", status_code=201)
async def record(
    room_id: RoomId,
    asked: ActionIn,
    request: Request,
    response: Response,
    session: RoomSession,
    caller: CallerDep,
    database: DatabaseDep,
) -> RecordingOut:
    """Start or stop recording a room. Starting what runs, or stopping what does not, changes nothing (200)."""
    on = asked.action == "start"
    async with session.begin():
        room = await hold_room(session, room_id)
        seat = await own_seat(session, caller, room_id)
        if not decides(room.region, caller, seat.role if seat else None):
            raise Forbidden("the host and the desk of the area decide what is recorded")
        changed = room.recording != on
        if changed:
            room.recording = on
            await told(session, room, "recording_started" if on else "recording_stopped", why="asked for")
    response.status_code = 201 if on and changed else 200
    settings: RecordingSettings = request.app.state.recording
    async with database.for_system() as system, system.begin():
        if on:
            kept_for = settings.kept_for(drill=room.drill)
            shown = (await storing.start(system, room, caller.scope.actor, kept_for)).id
        else:
            newest = select(Recording.id).where(Recording.room_id == room_id).order_by(Recording.id.desc()).limit(1)
            shown = await system.scalar(newest) or 0
        if not shown:
            raise Conflict("this room is not recorded", zh="此房间没有录像")
        return await recording(system, shown, _folder(request))


@router.get("/api/rooms/{room_id}/recordings")
async def list_of_room(room_id: RoomId, request: Request, session: RoomSession) -> Listing[RecordingOut]:
    """The recordings of a room, the newest first; they are shown to the desks of its area."""
    await _room(session, room_id)
    query = select(Recording).where(Recording.room_id == room_id).order_by(Recording.id.desc())
    return Listing[RecordingOut](items=await recordings(session, query, _folder(request)))


@router.get("/api/recordings")
async def list_recordings(
    request: Request, session: SessionDep, page: PageDep, alert_id: Id | None = None
) -> Listing[RecordingOut]:
    """Recordings of one's area, the newest first; of one alert for its replay."""
    query = select(Recording).order_by(Recording.id.desc()).limit(page.limit)
    if page.cursor is not None:
        query = query.where(Recording.id < page.after())
    if alert_id is not None:
        query = query.where(Recording.alert_id == alert_id)
    items = await recordings(session, query, _folder(request))
    return Listing[RecordingOut](items=items, next=page.cut(items))


@router.get("/api/recordings/{recording_id}")
async def show_recording(recording_id: RecordingId, request: Request, session: SessionDep) -> RecordingOut:
    """One recording with its segments."""
    return await recording(session, recording_id, _folder(request))


@router.get("/api/recordings/{recording_id}/segments/{number}", response_class=FileResponse)
async def play(
    recording_id: RecordingId,
    number: SegmentNumber,
    request: Request,
    database: DatabaseDep,
    scope: ScopeDep,
    original: Annotated[bool, Query(description="the file as it was written, not the copy to seek in")] = False,
) -> FileResponse:
    """One segment, whole or in ranges; one that is still written as far as it goes."""
    async with database.for_person(scope) as session:  # not held while the file is sent
        row = await session.get(RecordingSegment, (recording_id, number))
    if row is None:
        raise NotFound(f"there is no segment {number} of recording {recording_id} in your area")
    folder = _folder(request) / str(recording_id)
    wanted = [folder / row.file] if original or row.copy is None else [folder / row.copy, folder / row.file]
    path = await asyncio.to_thread(_first_there, wanted)
    if path is None:
        raise NotFound("the file is not here; it was deleted, or lies on another machine")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)


@router.get("/api/recordings/{recording_id}/evidence.zip", response_class=StreamingResponse)
async def hand_out(
    recording_id: RecordingId, request: Request, scope: ScopeDep, database: DatabaseDep
) -> StreamingResponse:
    """Everything about one recording in one archive that can be checked without us; that it was handed out is noted."""
    async with database.for_person(scope) as session:  # not held while the archive is sent
        row = await session.get(Recording, recording_id)
    if row is None:
        raise NotFound(f"there is no recording {recording_id} in your area")
    async with database.for_system() as system, system.begin():
        packed = await evidence.package(system, row, _folder(request))
        storing.tell(system, row, "handed_out", by=scope.actor)
    archive = packed.stream()
    headers = {
        "Content-Disposition": f'attachment; filename="{packed.name}.zip"',
        "Content-Length": str(len(archive)),
        "X-Content-Type-Options": "nosniff",
    }
    chunks: Iterator[bytes] = iter(archive)
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)


@router.post("/api/recordings/{recording_id}/hold")
async def hold(
    recording_id: RecordingId, asked: HoldIn, request: Request, session: SessionDep, scope: ScopeDep
) -> RecordingOut:
    """Keep a recording beyond its time, or no longer."""
    require(scope, *_DESKS)
    if asked.held and not asked.reason.strip():
        raise Refused("say why the recording must be kept", zh="请填写保全理由")
    async with session.begin():
        row = await session.get(Recording, recording_id, with_for_update=True)
        if row is None:
            raise NotFound(f"there is no recording {recording_id} in your area")
        if row.version != asked.version:
            raise Conflict(
                "the recording has changed since you saw it; look at it again", zh="录像状态已变化，请刷新后重试"
            )
        if row.deleted_at is not None:
            raise Conflict("the files were deleted when their time was over", zh="录像已按期删除")
        if row.legal_hold != asked.held:
            row.legal_hold, row.version = asked.held, row.version + 1
            row.hold_reason, row.hold_by = (asked.reason.strip(), scope.actor) if asked.held else (None, None)
            await session.flush()
            storing.tell(session, row, "held" if asked.held else "released", by=scope.actor)
        return await recording(session, recording_id, _folder(request))


@router.post("/api/rooms/{room_id}/snapshots", status_code=201)
async def take_snapshot(
    room_id: RoomId, request: Request, session: RoomSession, caller: CallerDep, of: Id | None = None
) -> SnapshotOut:
    """Keep a still picture (image/jpeg or image/png) of what one sees in a room; `of` is the seat that it shows."""
    content = await request.body()
    if len(content) > MAX_SNAPSHOT_BYTES:
        raise Refused(f"the picture is larger than {MAX_SNAPSHOT_BYTES // 1024 // 1024} MB", zh="图片过大")
    media_type = next((kind for kind, start in _SIGNATURES.items() if start.match(content)), None)
    if media_type is None:
        raise Refused("this is no JPEG or PNG picture", zh="只接受 JPEG 或 PNG 图片")
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    async with session.begin():
        room = await hold_room(session, room_id)
        seat = await own_seat(session, caller, room_id)
        if seat is None or seat.state not in ("present", "away"):
            raise Forbidden("join the room first")
        if of is not None and await _seat_elsewhere(session, room_id, of):
            raise NotFound(f"there is no seat {of} in this room")
        picture = Snapshot(
            room_id=room_id,
            of_seat_id=of,
            taken_by=caller.scope.actor,
            media_type=media_type,
            sha256=digest,
            content=content,
            region=room.region,
        )
        session.add(picture)
        await session.flush()
        file = {"file": snapshot_file(picture.id, media_type), "bytes": len(content), "sha256": digest, "of": of}
        await told(session, room, "snapshot_taken", seat, snapshot=file | {"id": picture.id})
        return next(one for one in await snapshots(session, room_id) if one.id == picture.id)


@router.get("/api/rooms/{room_id}/snapshots")
async def list_snapshots(room_id: RoomId, session: RoomSession) -> Listing[SnapshotOut]:
    """The pictures taken in a room: all for the desks of its area, one's own for everybody else in it."""
    await _room(session, room_id)
    return Listing[SnapshotOut](items=await snapshots(session, room_id))


@router.get("/api/snapshots/{snapshot_id}", response_class=Response)
async def show_snapshot(snapshot_id: RecordingId, session: RoomSession) -> Response:
    """The picture itself."""
    picture = await session.get(Snapshot, snapshot_id)
    if picture is None:
        raise NotFound("there is no such picture in your area")
    return Response(picture.content, media_type=picture.media_type, headers={"X-Content-Type-Options": "nosniff"})


async def _room(session: AsyncSession, room_id: int) -> None:
    if await session.scalar(select(Room.id).where(Room.id == room_id)) is None:
        raise NotFound(f"there is no room {room_id} in your area")


async def _seat_elsewhere(session: AsyncSession, room_id: int, seat_id: int) -> bool:
    return await session.scalar(select(RoomSeat.room_id).where(RoomSeat.id == seat_id)) != room_id


def _folder(request: Request) -> Path:
    folder: Path = request.app.state.recordings_folder
    return folder


def _first_there(paths: list[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)
