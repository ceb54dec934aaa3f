"""An alert and its assignments as everybody outside sees them: API, feed and timeline show the same row."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.tables import Alert
from command.dispatch.states import ALERT_STEPS, next_steps
from command.dispatch.tables import Assignment
from data.hj212.factors import FACTORS
from data.tables import Enterprise, MonitoringPoint
from gis.http import NotFound
from gis.tables import RegionRow


class NameOut(BaseModel):
    zh: str
    en: str


class AlertBrief(BaseModel):
    """What an assignment says of its alert."""

    id: int
    title: str
    kind: str
    level: int
    status: str
    lon: float
    lat: float
    region: str
    drill: bool
    point_name: str | None
    enterprise_name: str | None


class AssignmentOut(BaseModel):
    id: int
    alert_id: int
    officer_id: int | None
    officer_name: str
    state: str
    note: str
    override_reason: str | None
    travel_time_s: float | None
    distance_m: float | None
    offered_at: datetime
    offered_by: str
    expires_at: datetime
    accepted_at: datetime | None
    declined_at: datetime | None
    decline_reason: str | None
    departed_at: datetime | None
    arrived_at: datetime | None
    finished_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    report: str | None
    region: str
    version: int
    next_steps: list[str]
    desk_steps: list[str]
    alert: AlertBrief


class AlertOut(AlertBrief):
    region_name: str | None
    point_id: int | None
    enterprise_id: int | None
    factor: str | None
    factor_name: NameOut | None
    period: str | None
    value: float | None
    worst_value: float | None
    limit_low: float | None
    limit_high: float | None
    limit_source: str | None
    unit: str | None
    reading_at: datetime | None
    reading_count: int
    raised_at: datetime
    raised_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    close_note: str | None
    version: int
    next_steps: list[str]
    assignments: list[AssignmentOut]


_BRIEF = ("id", "title", "kind", "level", "status", "region", "drill")
_FULL = (
    *("point_id", "enterprise_id", "factor", "period", "value", "worst_value", "limit_low", "limit_high"),
    *("limit_source", "unit", "reading_at", "reading_count", "raised_at", "raised_by", "acknowledged_at"),
    *("acknowledged_by", "closed_at", "closed_by", "close_note", "version"),
)


def select_alerts() -> Select[Any]:
    """Alerts with the names beside them; the caller adds conditions and order."""
    return (
        select(
            Alert,
            func.ST_X(Alert.geom).label("lon"),
            func.ST_Y(Alert.geom).label("lat"),
            RegionRow.name.label("region_name"),
            MonitoringPoint.name.label("point_name"),
            Enterprise.name.label("enterprise_name"),
        )
        .outerjoin(RegionRow, RegionRow.adcode == Alert.region)
        .outerjoin(MonitoringPoint, MonitoringPoint.id == Alert.point_id)
        .outerjoin(Enterprise, Enterprise.id == Alert.enterprise_id)
    )


async def alert_views(session: AsyncSession, query: Select[Any]) -> list[AlertOut]:
    """Run a query made from `select_alerts` and put the assignments in."""
    rows = (await session.execute(query)).all()
    assignments = await _assignments_of(session, [row.Alert.id for row in rows])
    return [_alert_out(row, assignments[row.Alert.id]) for row in rows]


async def alert_view(session: AsyncSession, alert_id: int) -> AlertOut:
    """One alert; raises `NotFound` when there is none in the area of the session's person."""
    query = select_alerts().where(Alert.id == alert_id).execution_options(populate_existing=True)
    views = await alert_views(session, query)
    if not views:
        raise NotFound(f"there is no alert {alert_id} in your area")
    return views[0]


async def assignment_views(session: AsyncSession, query: Select[Assignment]) -> list[AssignmentOut]:
    """Assignments with the brief of their alerts, in the order of the query."""
    rows = (await session.scalars(query.execution_options(populate_existing=True))).all()
    briefs = await _briefs(session, {row.alert_id for row in rows})
    return [_assignment_out(row, briefs[row.alert_id]) for row in rows]


async def assignment_view(session: AsyncSession, assignment_id: int) -> AssignmentOut:
    views = await assignment_views(session, select(Assignment).where(Assignment.id == assignment_id))
    if not views:
        raise NotFound(f"there is no assignment {assignment_id} in your area")
    return views[0]


async def _assignments_of(session: AsyncSession, alert_ids: Collection[int]) -> dict[int, list[Assignment]]:
    found: dict[int, list[Assignment]] = defaultdict(list)
    if alert_ids:
        query = select(Assignment).where(Assignment.alert_id.in_(alert_ids)).order_by(Assignment.id)
        for row in await session.scalars(query.execution_options(populate_existing=True)):
            found[row.alert_id].append(row)
    return found


async def _briefs(session: AsyncSession, alert_ids: Collection[int]) -> dict[int, AlertBrief]:
    if not alert_ids:
        return {}
    rows = await session.execute(select_alerts().where(Alert.id.in_(alert_ids)))
    return {row.Alert.id: AlertBrief(**_brief_fields(row)) for row in rows}


def _brief_fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row.Alert, name) for name in _BRIEF} | {
        "lon": row.lon,
        "lat": row.lat,
        "point_name": row.point_name,
        "enterprise_name": row.enterprise_name,
    }


def _alert_out(row: Any, assignments: Sequence[Assignment]) -> AlertOut:
    brief = _brief_fields(row)
    factor = FACTORS.get(row.Alert.factor)
    return AlertOut(
        **brief,
        **{name: getattr(row.Alert, name) for name in _FULL},
        region_name=row.region_name,
        factor_name=NameOut(zh=factor.zh, en=factor.en) if factor else None,
        next_steps=list(ALERT_STEPS[row.Alert.status]),
        assignments=[_assignment_out(one, AlertBrief(**brief)) for one in assignments],
    )


def _assignment_out(row: Assignment, alert: AlertBrief) -> AssignmentOut:
    own = {
        name: getattr(row, name)
        for name in AssignmentOut.model_fields
        if name not in {"next_steps", "desk_steps", "alert"}
    }
    return AssignmentOut(
        **own,
        next_steps=next_steps(row.state, officer=True),
        desk_steps=next_steps(row.state, officer=False),
        alert=alert,
    )
