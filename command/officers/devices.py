"""Trackers and phones that report positions with a token of their own."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.access.passwords import token_hash
from command.problems import Conflict
from data.positions.fix import SpeedUnit
from data.tables import Officer, PositionDevice
from gis.database import Database
from gis.http import NotFound
from gis.position import Datum


@dataclass(frozen=True, slots=True)
class Device:
    """A known device: of one officer, or (`officer_id` None) a gateway that speaks for the officers of a region."""

    id: int
    officer_id: int | None
    label: str
    datum: Datum
    speed_unit: SpeedUnit
    region: str


async def device_with(database: Database, token: str) -> Device | None:
    """The device that this token belongs to, unless it was revoked."""
    async with database.for_system() as session:
        row = await session.scalar(
            select(PositionDevice).where(
                PositionDevice.token_hash == token_hash(token), PositionDevice.revoked_at.is_(None)
            )
        )
    return None if row is None else _device(row)


async def add_device(
    session: AsyncSession, *, officer: str, token: str, datum: Datum, speed_unit: SpeedUnit, label: str = "tracker"
) -> Device:
    """Let a device report for an officer, named by id or certificate code; the caller commits."""
    by_id = Officer.id == int(officer) if officer.isascii() and officer.isdigit() and len(officer) < 19 else None
    by_code = Officer.code == officer
    found = await session.scalar(select(Officer).where(by_code if by_id is None else by_code | by_id))
    if found is None:
        raise NotFound(f"there is no officer with the id or code {officer}")
    known = await session.scalar(select(PositionDevice).where(PositionDevice.token_hash == token_hash(token)))
    if known is not None:
        raise Conflict(f"device {known.id} has this token already; choose another, or revoke that device first")
    row = PositionDevice(
        token_hash=token_hash(token),
        officer_id=found.id,
        label=label,
        datum=datum.value,
        speed_unit=speed_unit.value,
        region=found.region,
    )
    session.add(row)
    await session.flush()
    return _device(row)


async def list_devices(session: AsyncSession) -> list[tuple[Device, bool]]:
    """All devices with whether they are still good."""
    rows = await session.scalars(select(PositionDevice).order_by(PositionDevice.id))
    return [(_device(row), row.revoked_at is None) for row in rows]


async def revoke_device(session: AsyncSession, device_id: int) -> None:
    """From now on nothing that comes with this device's token is taken; the caller commits."""
    changed = await session.scalar(
        update(PositionDevice)
        .where(PositionDevice.id == device_id, PositionDevice.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(PositionDevice.id)
    )
    if changed is None:
        raise NotFound(f"there is no device {device_id} that could be revoked")


def _device(row: PositionDevice) -> Device:
    return Device(row.id, row.officer_id, row.label, Datum(row.datum), SpeedUnit(row.speed_unit), row.region)
