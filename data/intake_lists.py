"""What the intake knows of data loggers, and the frames that it could not take."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from data.shapes import DeviceItem, QuarantinedFrameItem
from data.tables import DataLogger, MonitoringPoint, QuarantinedFrame
from gis.http import PageParams
from gis.parameters import in_area, parse_region, parse_text


async def list_devices(
    session: AsyncSession, page: PageParams, *, state: str | None = None, region: str | None = None
) -> list[DeviceItem]:
    """Return one page of data loggers, quarantined ones too, by id. Only a desk sees any."""
    quarantined = (
        select(func.count()).where(QuarantinedFrame.mn == DataLogger.mn).correlate(DataLogger).scalar_subquery()
    )
    conditions: list[ColumnElement[bool]] = [DataLogger.id > page.after()]
    if state is not None:
        conditions.append(DataLogger.state == state)
    if (area := parse_region(region)) is not None:
        conditions.append(in_area(DataLogger.region, area))
    # Column by column: the key (PW) is closed to the sessions of persons.
    rows = await session.execute(
        select(
            DataLogger.id,
            DataLogger.mn,
            DataLogger.point_id,
            MonitoringPoint.name.label("point_name"),
            DataLogger.state,
            DataLogger.quarantine_reason,
            DataLogger.dialect,
            DataLogger.region,
            DataLogger.first_seen_at,
            DataLogger.last_seen_at,
            DataLogger.demo,
            quarantined.label("frames_quarantined"),
        )
        .outerjoin(MonitoringPoint, MonitoringPoint.id == DataLogger.point_id)
        .where(*conditions)
        .order_by(DataLogger.id)
        .limit(page.limit)
    )
    return [DeviceItem.model_validate(row) for row in rows]


async def list_quarantined_frames(
    session: AsyncSession, page: PageParams, *, mn: str | None = None
) -> list[QuarantinedFrameItem]:
    """Return one page of the frames that we could not take, newest first. Only a desk sees any."""
    conditions: list[ColumnElement[bool]] = []
    if page.cursor is not None:
        conditions.append(QuarantinedFrame.id < page.after())
    if (device := parse_text(mn, "mn")) is not None:
        conditions.append(QuarantinedFrame.mn == device)
    rows = await session.scalars(
        select(QuarantinedFrame).where(*conditions).order_by(QuarantinedFrame.id.desc()).limit(page.limit)
    )
    return [
        QuarantinedFrameItem(
            id=row.id,
            received_at=row.received_at,
            mn=row.mn,
            peer=row.peer,
            reason=row.reason,
            raw=row.raw.decode("utf-8", errors="replace"),
            region=row.region,
        )
        for row in rows
    ]
