"""Seats for what is no person: OBS, a gateway, a body camera."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.problems import Conflict
from command.rooms.tables import Room, RoomSeat

MOST_DEVICES = 16


async def device_seat(session: AsyncSession, room: Room, owner: RoomSeat, name: str | None) -> RoomSeat:
    """A seat for a device that somebody brings; the same name in one room is the same device."""
    called = name or f"{owner.name} · 设备"
    of_devices = select(RoomSeat).where(RoomSeat.room_id == room.id, RoomSeat.role == "device")
    seat = await session.scalar(of_devices.where(RoomSeat.name == called, RoomSeat.state != "removed"))
    if seat is not None:
        return seat
    if (await session.scalar(select(func.count()).select_from(of_devices.subquery())) or 0) >= MOST_DEVICES:
        raise Conflict(f"a room takes {MOST_DEVICES} devices at most", zh=f"一个房间最多接入 {MOST_DEVICES} 台设备")
    seat = RoomSeat(room_id=room.id, name=called, organisation=owner.organisation, role="device", region=room.region)
    session.add(seat)
    await session.flush()
    return seat
