"""One fault is one alert: raise it, or let the open one of the same point and factor absorb the reading."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.rules import Exceedance
from command.alerts.tables import Alert
from command.alerts.views import alert_view
from command.events.log import record_event
from data.hj212.factors import FACTORS
from data.tables import Enterprise, MonitoringPoint

_ENVIRONMENT = frozenset({"ambient_air", "surface_water"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A judged reading that is outside its limit."""

    point_id: int
    point_kind: str
    region: str
    factor: str
    period: str
    at: datetime
    exceedance: Exceedance


async def raise_or_absorb(session: AsyncSession, fault: Fault) -> None:
    """Open an alert, or absorb the reading into the open one; tells the log when that changes what people see."""
    before = await _open_alert(session, fault)
    alert_id, raised = await _upsert(session, fault)
    view = await alert_view(session, alert_id)
    if not raised and before is not None and (view.level, view.worst_value) == before:
        return  # one more of the same: counted, but no news
    record_event(
        session,
        "alert.raised" if raised else "alert.updated",
        subject=f"alert:{alert_id}",
        region=view.region,
        data=view.model_dump(mode="json"),
        alert_id=alert_id,
        actor="system:intake",
    )


async def _open_alert(session: AsyncSession, fault: Fault) -> tuple[int, float | None] | None:
    row = (
        await session.execute(
            select(Alert.level, Alert.worst_value).where(
                Alert.point_id == fault.point_id, Alert.factor == fault.factor, Alert.status != "closed"
            )
        )
    ).one_or_none()
    return None if row is None else (row.level, row.worst_value)


async def _upsert(session: AsyncSession, fault: Fault) -> tuple[int, bool]:
    """Returns the alert's id, and whether it is new. The unique index on open faults decides, not a look before."""
    exceedance, limit = fault.exceedance, fault.exceedance.limit
    point = await session.get_one(MonitoringPoint, fault.point_id)
    enterprise = await session.get(Enterprise, point.enterprise_id) if point.enterprise_id else None
    statement = insert(Alert).values(
        kind="environment_quality" if fault.point_kind in _ENVIRONMENT else "pollution_source",
        level=exceedance.level,
        title=_title(fault, enterprise.name if enterprise else None, point.name),
        point_id=fault.point_id,
        enterprise_id=point.enterprise_id,
        factor=fault.factor,
        period=fault.period,
        value=exceedance.value,
        worst_value=exceedance.value,
        limit_low=limit.low,
        limit_high=limit.high,
        limit_source=limit.source,
        unit=limit.unit,
        reading_at=fault.at,
        reading_count=1,
        geom=select(MonitoringPoint.geom).where(MonitoringPoint.id == fault.point_id).scalar_subquery(),
        region=fault.region,
        drill=point.drill,
        raised_by="system:intake",
    )
    new = statement.excluded
    newer = func.coalesce(Alert.reading_at <= new.reading_at, literal(True))
    middle = (new.limit_low + new.limit_high) / 2
    worse = case(
        (new.limit_low.is_(None), new.worst_value > Alert.worst_value),
        (new.limit_high.is_(None), new.worst_value < Alert.worst_value),
        else_=func.abs(new.worst_value - middle) > func.abs(Alert.worst_value - middle),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["point_id", "factor"],
        index_where=literal_column("status <> 'closed' AND point_id IS NOT NULL AND factor IS NOT NULL"),
        set_={
            "value": case((newer, new.value), else_=Alert.value),
            "period": case((newer, new.period), else_=Alert.period),
            "reading_at": func.greatest(Alert.reading_at, new.reading_at),
            "worst_value": case((worse, new.worst_value), else_=Alert.worst_value),
            "level": func.least(Alert.level, new.level),
            "reading_count": Alert.reading_count + 1,
            "updated_at": func.now(),
        },
    )
    # xmax is zero on a row that this very statement inserted.
    result: Any = await session.execute(statement.returning(Alert.id, literal_column("alert.xmax = 0")))
    alert_id, is_new = result.one()
    return alert_id, is_new


def _title(fault: Fault, enterprise: str | None, point: str) -> str:
    factor = FACTORS.get(fault.factor)
    name = factor.zh if factor else fault.factor
    place = f"{enterprise} {point}" if enterprise and enterprise not in point else point
    multiple = fault.exceedance.multiple
    by = f"超标 {multiple:.1f} 倍" if multiple is not None else "超出限值"
    return f"{place} {name}{by}"
