"""What an engine tells of becomes true in the tables: who sends, who has stalled, which connection has ended."""

import logging

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.rooms.keeping import hold_room, now, told
from command.rooms.tables import Room, RoomLeg, RoomSeat
from gis.database import Database
from gis.http import NotFound
from video.engine import Happening, MediaEvent

log = logging.getLogger(__name__)


async def record(database: Database, event: MediaEvent) -> None:
    """Take in one event of the engine; one about somebody who is no seat of a room (the recorder) changes nothing."""
    if not (event.room.isdecimal() and event.participant.isdecimal()):
        return
    async with database.for_system() as session, session.begin():
        try:
            room = await hold_room(session, int(event.room), open_only=False)
        except NotFound:
            log.warning("an event of a room that is not here: %s", event)
            return
        seat = await session.scalar(
            select(RoomSeat).where(RoomSeat.room_id == room.id, RoomSeat.id == int(event.participant))
        )
        if seat is not None:
            await _take_in(session, room, seat, event)


async def _take_in(session: AsyncSession, room: Room, seat: RoomSeat, event: MediaEvent) -> None:
    match event.what:
        case Happening.PUBLISHED:
            await _published(session, room, seat, event)
        case Happening.UNPUBLISHED:
            await _unpublished(session, room, seat, event)
        case Happening.STALLED | Happening.RESUMED:
            stalled = event.what is Happening.STALLED
            if seat.stalled != stalled:
                seat.stalled = stalled
                await told(session, room, event.what.value, seat, by_system=True)
        case Happening.VIDEO_PAUSED | Happening.VIDEO_BACK:
            await _pictures_paused(session, room, seat, event)
        case Happening.LEFT:
            await session.execute(
                update(RoomLeg)
                .where(RoomLeg.id == event.leg, RoomLeg.ended_at.is_(None))
                .values(ended_at=func.now(), why=event.why)
            )
        case Happening.VIEWED:
            pass  # the leg's row says so already


async def _pictures_paused(session: AsyncSession, room: Room, seat: RoomSeat, event: MediaEvent) -> None:
    """A viewer's leg (`of`) says that its seat sees nothing; a publisher's, that nobody sees the seat."""
    paused = event.what is Happening.VIDEO_PAUSED
    before = (seat.video_paused, seat.sound_only)
    if event.of is None:
        seat.sound_only = paused
    else:
        seat.video_paused = paused
    if (seat.video_paused, seat.sound_only) != before:
        await told(session, room, event.what.value, seat, by_system=True)


async def _published(session: AsyncSession, room: Room, seat: RoomSeat, event: MediaEvent) -> None:
    # Counted here: a hub that was started again begins at one, and viewers must still see that it is another.
    seat.generation += 1
    seat.publishing, seat.stalled, seat.sound_only = True, False, False
    if seat.role == "device" and seat.state != "present":
        seat.state, seat.joined_at, seat.left_at = "present", await now(session), None
    await told(session, room, "published", seat, by_system=True, kinds=sorted(event.kinds))


async def _unpublished(session: AsyncSession, room: Room, seat: RoomSeat, event: MediaEvent) -> None:
    """Unless it was rebuilt meanwhile: then what ended was the one before."""
    newer = await session.scalar(
        select(RoomLeg.id).where(
            RoomLeg.seat_id == seat.id,
            RoomLeg.purpose == "publish",
            RoomLeg.ended_at.is_(None),
            RoomLeg.id != event.leg,
        )
    )
    if newer is not None or not seat.publishing:
        return
    seat.publishing = seat.stalled = False
    if seat.role == "device" and seat.state == "present":
        seat.state, seat.left_at = "left", await now(session)
    await told(session, room, "unpublished", seat, by_system=True, why=event.why)
