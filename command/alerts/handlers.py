"""Raise by hand, acknowledge, close: one function a use case, one transaction each."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.tables import Alert
from command.alerts.views import AlertOut, alert_view
from command.dispatch.tables import OPEN_STATES, Assignment
from command.events.log import record_event
from command.problems import Conflict
from data.tables import MonitoringPoint
from gis.database import Scope
from gis.http import NotFound


async def raise_by_hand(
    session: AsyncSession,
    scope: Scope,
    *,
    lon: float,
    lat: float,
    region: str,
    title: str,
    level: int,
    point_id: int | None,
    drill: bool,
) -> AlertOut:
    """A person saw something: open an alert at the place (WGS84 degrees)."""
    point = None if point_id is None else await session.get(MonitoringPoint, point_id)
    if point_id is not None and point is None:
        raise NotFound(f"there is no monitoring point {point_id} in your area")
    alert = Alert(
        kind="manual",
        level=level,
        title=title,
        point_id=point_id,
        enterprise_id=point.enterprise_id if point else None,
        geom=func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326),
        region=region,
        drill=drill,
        raised_by=scope.actor,
    )
    session.add(alert)
    await session.flush()
    return await _recorded(session, alert.id, "alert.raised")


async def acknowledge(session: AsyncSession, scope: Scope, alert_id: int, version: int) -> AlertOut:
    """A person has seen it and takes it on."""
    await change_alert(
        session,
        alert_id,
        version,
        from_states=("raised",),
        status="acknowledged",
        acknowledged_at=func.now(),
        acknowledged_by=scope.actor,
    )
    return await _recorded(session, alert_id, "alert.acknowledged")


async def close(session: AsyncSession, scope: Scope, alert_id: int, version: int, note: str) -> AlertOut:
    """The matter is dealt with; refused while an officer is still under way."""
    await change_alert(
        session,
        alert_id,
        version,
        from_states=("raised", "acknowledged"),
        status="closed",
        closed_at=func.now(),
        closed_by=scope.actor,
        close_note=note,
    )
    names = (
        await session.scalars(
            select(Assignment.officer_name).where(Assignment.alert_id == alert_id, Assignment.state.in_(OPEN_STATES))
        )
    ).all()
    if names:
        raise Conflict(
            f"still under way: {', '.join(names)}; let them finish or cancel their assignments first",
            zh=f"{'、'.join(names)}仍在执行任务；请等其完成，或先撤销派遣",
        )
    return await _recorded(session, alert_id, "alert.closed")


async def change_alert(
    session: AsyncSession, alert_id: int, version: int, *, from_states: tuple[str, ...], **changes: object
) -> Alert:
    """Change an alert if it is still as the person saw it; the row stays locked until the transaction ends.

    Raises `NotFound`, or `Conflict` in words: who was faster, or why the step is not possible.
    """
    changed = await session.scalar(
        update(Alert)
        .where(Alert.id == alert_id, Alert.version == version, Alert.status.in_(from_states))
        .values(version=Alert.version + 1, updated_at=func.now(), **changes)
        .returning(Alert)
        .execution_options(populate_existing=True)
    )
    if changed is not None:
        return changed
    now = await alert_view(session, alert_id)
    why, zh = _why_not(now)
    raise Conflict(why, zh=zh, alert=now.model_dump(mode="json"))


def _why_not(now: AlertOut) -> tuple[str, str]:
    """Who was faster, in English and Chinese."""
    if now.status == "closed":
        return f"{now.closed_by} has closed this alert", f"{now.closed_by} 已办结此警情"
    under_way = [one for one in now.assignments if one.state in OPEN_STATES]
    if under_way:
        by, whom = under_way[-1].offered_by, under_way[-1].officer_name
        return f"{by} has just assigned {whom} to this alert", f"{by} 刚刚已派遣 {whom} 处置此警情"
    if now.status == "acknowledged":
        by = now.acknowledged_by or ""
        return f"{by} has acknowledged this alert; look at it again and repeat", f"{by} 已签收此警情，请查看后重试"
    return "this alert has changed since you saw it; look at it again and repeat", "此警情已有变化，请查看后重试"


async def _recorded(session: AsyncSession, alert_id: int, kind: str) -> AlertOut:
    view = await alert_view(session, alert_id)
    record_event(
        session,
        kind,
        subject=f"alert:{alert_id}",
        region=view.region,
        data=view.model_dump(mode="json"),
        alert_id=alert_id,
    )
    return view
