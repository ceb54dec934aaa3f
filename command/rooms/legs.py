"""Building one connection: who may, with which token, on which hub, and the row that remembers it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from command.problems import Conflict
from command.rooms.carrying import OUTSIDE, Carrier, alive, mute
from command.rooms.floor import Muting, mutings
from command.rooms.keeping import hold_room, seat_of
from command.rooms.tables import MediaHub, Room, RoomLeg, RoomSeat, RoomTokenUse
from command.rooms.tokens import RoomToken
from gis.database import Database
from gis.http import Forbidden, NotFound
from video.engine import Leg, MediaEngine
from video.errors import HubLost

MOST_PUBLISHERS = 16
_IN_FLIGHT = timedelta(seconds=15)  # as long as a leg may take to be built

Purpose = Literal["publish", "view"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connection that somebody asks for from a seat. `token` is the room token it comes with, if any."""

    room_id: int
    seat_id: int
    purpose: Purpose
    of: int | None = None
    token: RoomToken | None = None


async def build(database: Database, carrier: Carrier, wanted: Wanted, offer: str) -> Leg:
    """Build a leg and remember it. Raises `Forbidden`, `NotFound`, `Conflict`, or what the engine refuses.

    The token counts as used once there is a leg: whoever was told that the hub is busy comes back with the same one.
    """
    async with database.for_system() as session, session.begin():
        await _check(session, wanted)
        if wanted.token is not None:
            await _claim(session, wanted.token)
    try:
        hub_id, leg = await _on_a_hub(database, carrier, wanted, offer)
    except BaseException:
        if wanted.token is not None:
            await _give_back(database, wanted.token)
        raise
    async with database.for_system() as session, session.begin():
        await _remember(session, wanted, hub_id, leg)
    return leg


async def _check(session: AsyncSession, wanted: Wanted) -> None:
    """Whether that seat may."""
    room = await session.get(Room, wanted.room_id)
    seat = await session.get(RoomSeat, wanted.seat_id)
    if room is None or seat is None or seat.room_id != room.id:
        raise NotFound("there is no such seat in this room")
    if room.state == "closed":
        raise Conflict("the room has been closed", zh="通话已结束")
    if seat.state == "removed":
        raise Forbidden("you were taken out of this room")
    if seat.role != "device" and seat.state not in ("present", "away"):
        raise Forbidden("join the room first")
    if wanted.purpose == "view":
        shown = await session.get(RoomSeat, wanted.of)
        if shown is None or shown.room_id != room.id:
            raise NotFound(f"there is no seat {wanted.of} in this room")
        return
    others = await session.scalar(
        select(func.count())
        .select_from(RoomSeat)
        .where(RoomSeat.room_id == room.id, RoomSeat.publishing, RoomSeat.id != seat.id)
    )
    if (others or 0) >= MOST_PUBLISHERS:
        raise Conflict(f"{others} send in this room already; no more can", zh=f"已有 {others} 人发送音视频，人数已满")


async def _on_a_hub(database: Database, carrier: Carrier, wanted: Wanted, offer: str) -> tuple[UUID, Leg]:
    """On the room's hub; on another when that one does not answer, for it may have died this second."""
    hub_id, engine = await carrier.hub_of(wanted.room_id)
    try:
        return hub_id, await _ask(database, engine, wanted, offer)
    except HubLost:
        hub_id, engine = await carrier.hub_of(wanted.room_id, but=hub_id)
        return hub_id, await _ask(database, engine, wanted, offer)


async def _ask(database: Database, engine: MediaEngine, wanted: Wanted, offer: str) -> Leg:
    room, seat = str(wanted.room_id), str(wanted.seat_id)
    if wanted.purpose == "view":
        return await engine.view(room, str(wanted.of), seat, offer)
    # Before the first packet, or a moment of it would be heard.
    await mute(engine, room_id=wanted.room_id, muting=await _muting(database, wanted))
    return await engine.publish(room, seat, offer)


async def _muting(database: Database, wanted: Wanted) -> Muting:
    """What of the seat is muted. Read once the room has its hub: a change that comes later finds that hub itself."""
    async with database.for_system() as session, session.begin():
        room = await hold_room(session, wanted.room_id, open_only=False)
        [muting] = await mutings(session, room, [await seat_of(session, wanted.room_id, wanted.seat_id)])
    return muting


async def _remember(session: AsyncSession, wanted: Wanted, hub_id: UUID, leg: Leg) -> None:
    if wanted.purpose == "publish":
        await session.execute(
            update(RoomLeg)
            .where(RoomLeg.seat_id == wanted.seat_id, RoomLeg.purpose == "publish", RoomLeg.ended_at.is_(None))
            .values(ended_at=func.now(), why="built anew")
        )
    session.add(
        RoomLeg(
            id=leg.id,
            room_id=wanted.room_id,
            seat_id=wanted.seat_id,
            purpose=wanted.purpose,
            of_id=wanted.of,
            hub_id=hub_id,
        )
    )
    if wanted.token is not None:
        await session.execute(update(RoomTokenUse).where(RoomTokenUse.jti == wanted.token.id).values(leg_id=leg.id))


async def _claim(session: AsyncSession, token: RoomToken) -> None:
    """Use a token: once, or (a device's) when its last leg is gone. Of two who use one at once one is first."""
    claimed = await session.scalar(
        insert(RoomTokenUse)
        .values(jti=token.id, expires_at=token.expires_at)
        .on_conflict_do_nothing()
        .returning(RoomTokenUse.jti)
    )
    if claimed is not None:
        return
    if not token.device:
        raise Conflict("this token was used; ask for a new one", zh="令牌已使用，请重新获取")
    use = await session.scalar(select(RoomTokenUse).where(RoomTokenUse.jti == token.id).with_for_update())
    if use is not None and await _lives(session, use):
        raise Conflict("this token is in use; end its connection first", zh="令牌正在使用中")
    await session.execute(
        update(RoomTokenUse).where(RoomTokenUse.jti == token.id).values(leg_id=None, used_at=func.now())
    )


async def _lives(session: AsyncSession, use: RoomTokenUse) -> bool:
    """Whether the leg of a token's last use is still there, or is being built."""
    if use.leg_id is None:
        return bool(await session.scalar(select(use.used_at + _IN_FLIGHT > func.now())))
    return bool(
        await session.scalar(
            select(
                select(RoomLeg.id)
                .outerjoin(MediaHub, MediaHub.id == RoomLeg.hub_id)
                .where(RoomLeg.id == use.leg_id, RoomLeg.ended_at.is_(None), alive() | (RoomLeg.hub_id == OUTSIDE))
                .exists()
            )
        )
    )


async def _give_back(database: Database, token: RoomToken) -> None:
    """It led to nothing: what it was claimed for did not come about."""
    async with database.for_system() as session, session.begin():
        await session.execute(delete(RoomTokenUse).where(RoomTokenUse.jti == token.id, RoomTokenUse.leg_id.is_(None)))
