"""Assign officers, and take the steps of an assignment: one function a use case, one transaction each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.handlers import change_alert
from command.alerts.tables import Alert
from command.alerts.views import AlertOut, AssignmentOut, alert_view, assignment_view
from command.dispatch.rankings import ShownRanking, record_ranking
from command.dispatch.responders import Responder
from command.dispatch.states import STEPS
from command.dispatch.tables import OPEN_STATES, Assignment, Photo
from command.events.log import record_event
from command.officers.status import certificate_expired, on_duty
from command.problems import Conflict, Refused
from data.tables import Officer
from gis.database import Scope
from gis.http import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Call:
    """Officers called to an alert, which the caller saw at `version` with this list before them."""

    alert_id: int
    version: int
    officer_ids: Collection[int]
    shown: ShownRanking
    override_reason: str | None = None

    @property
    def promised(self) -> dict[int, Responder]:
        """What the ranking said of each officer."""
        return {one.officer_id: one for one in self.shown.ranked}


Called = tuple[AlertOut, list[AssignmentOut]]


async def assign(session: AsyncSession, scope: Scope, call: Call, *, note: str, offer_timeout: timedelta) -> Called:
    """Call these officers to an alert: all of them, or none.

    Of two people who assign at once the second finds the version changed (`Conflict`), and of two alerts that want one
    officer the second finds the officer busy.
    """
    return (await assign_all(session, scope, [call], note=note, offer_timeout=offer_timeout))[0]


async def assign_all(
    session: AsyncSession, scope: Scope, calls: Sequence[Call], *, note: str, offer_timeout: timedelta
) -> list[Called]:
    """Call officers to several alerts (each named once), in the order of the alerts' ids: all of them, or none.

    Locks are taken by kind, and within a kind by id: all alerts, then all officers, then the event log. Everybody who
    assigns does so in this order, so two dispatchers may wait for each other's end but never for each other.
    """
    ordered = sorted(calls, key=lambda call: call.alert_id)
    taken = [await _take_on(session, scope, call, alone=len(calls) == 1) for call in ordered]
    expires_at: datetime = (await session.execute(select(func.now() + offer_timeout))).scalar_one()
    rows = []
    for call, (alert, _) in zip(ordered, taken, strict=True):
        for officer in await _sendable(
            session, call.officer_ids, drill=alert.drill, promised=call.promised, override=call.override_reason
        ):
            rows.append(_offer(scope, call, alert, officer, note, expires_at))
    for row in sorted(rows, key=lambda row: row.officer_id or 0):
        await _claim(session, row)
    views = [await alert_view(session, call.alert_id) for call in ordered]
    ids = {row.id for row in rows}
    called = [(view, [one for one in view.assignments if one.id in ids]) for view in views]
    for call, (view, offered), (_, newly_seen) in zip(ordered, called, taken, strict=True):
        # First, so that at the moment of the offer the replay has the list that it was made from.
        record_ranking(
            session,
            scope,
            alert_id=view.id,
            assignment_ids=[one.id for one in offered],
            officer_ids=call.officer_ids,
            override_reason=call.override_reason,
            shown=call.shown,
        )
        record_event(
            session,
            "alert.acknowledged" if newly_seen else "alert.updated",
            subject=f"alert:{view.id}",
            region=view.region,
            data=view.model_dump(mode="json"),
            alert_id=view.id,
        )
        for one in offered:
            _record_step(session, "assignment.offered", one)
    return called


async def take_step(
    session: AsyncSession,
    scope: Scope,
    *,
    assignment_id: int,
    step_name: str,
    version: int,
    words: str | None,
    taken_at: datetime | None = None,
) -> AssignmentOut:
    """Move an assignment on by a step of the table; `words` are the reason or the report that goes with it.

    `taken_at` is when the officer took it, if the phone had no network then. A phone's clock may be wrong, so it counts
    only between the assignment's last change and now; the event log has the time at which we heard of it.
    Repeating a step that this very version has already led to is harmless: a phone on a poor network sends twice.
    """
    step = STEPS[step_name]
    if not step.by_officer and scope.role not in ("duty", "dispatcher"):
        raise Forbidden("only the desk may do this")
    row = await session.scalar(select(Assignment).where(Assignment.id == assignment_id).with_for_update())
    if row is None:
        raise NotFound(f"there is no assignment {assignment_id} in your area")
    if step.by_officer:
        _check_own(scope, row)
    if row.state == step.state and row.version == version + 1:
        return await assignment_view(session, assignment_id)
    if row.version != version or row.state not in step.sources:
        now = await assignment_view(session, assignment_id)
        why, zh = _why_not(step_name, now)
        raise Conflict(why, zh=zh, assignment=now.model_dump(mode="json"))
    now_there: datetime = (await session.execute(select(func.now()))).scalar_one()
    taken = min(now_there, max(taken_at or now_there, _last_step_at(row)))
    row.state, row.version = step.state, row.version + 1
    setattr(row, step.time_column, taken)
    row.updated_at = func.now()
    _put_words(row, step_name, words)
    await session.flush()
    view = await assignment_view(session, assignment_id)
    _record_step(session, step.event, view)
    return view


async def expire_offers(session: AsyncSession) -> list[AssignmentOut]:
    """Take back the offers that nobody answered in time; safe when several workers do it at once."""
    rows = await session.scalars(
        select(Assignment)
        .where(Assignment.state == "offered", Assignment.expires_at < func.now())
        .order_by(Assignment.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    expired = []
    for row in rows.all():
        row.state, row.version = "declined", row.version + 1
        row.declined_at = row.updated_at = func.now()
        row.decline_reason = "timeout"
        await session.flush()
        expired.append(await assignment_view(session, row.id))
    for view in expired:
        _record_step(session, "assignment.declined", view, actor="system:offers")
    return expired


async def keep_photo(session: AsyncSession, scope: Scope, photo: Photo) -> bool:
    """Store a picture of one's own assignment; False when the phone had sent it before."""
    assignment = await session.get(Assignment, photo.assignment_id)
    if assignment is None:
        raise NotFound(f"there is no assignment {photo.assignment_id} of yours")
    _check_own(scope, assignment)
    if await _same_photo(session, photo):
        return False
    photo.region = assignment.region
    try:
        async with session.begin_nested():
            session.add(photo)
            await session.flush()
    except IntegrityError:
        if await _same_photo(session, photo):  # two tabs of one phone sent it at the same moment
            return False
        raise
    return True


async def _same_photo(session: AsyncSession, photo: Photo) -> bool:
    sha256 = await session.scalar(select(Photo.sha256).where(Photo.id == photo.id))
    if sha256 is not None and sha256 != photo.sha256:
        raise Conflict("another picture was sent with this id; choose a new id", zh="此编号已用于另一张照片")
    return sha256 is not None


async def _sendable(
    session: AsyncSession,
    officer_ids: Collection[int],
    *,
    drill: bool,
    promised: Mapping[int, Responder],
    override: str | None,
) -> Sequence[Any]:
    """The officers, in the order of their ids so that two dispatchers cannot wait for each other."""
    rows = (
        await session.execute(
            select(
                Officer.id,
                Officer.name,
                Officer.drill,
                on_duty().label("is_on_duty"),
                certificate_expired().label("is_expired"),
            )
            .where(Officer.id.in_(officer_ids))
            .order_by(Officer.id)
            # Who goes off duty at this moment waits for us, and is then told of the assignment.
            .with_for_update(read=True, of=Officer)
        )
    ).all()
    missing = set(officer_ids) - {row.id for row in rows}
    if missing:
        raise NotFound(f"no such officer in your area: {', '.join(map(str, sorted(missing)))}")
    for row in rows:
        if row.drill != drill:
            raise Refused(f"{row.name}: drill officers go to drills, and only they do", zh="演练人员只参加演练")
        if not row.is_on_duty:
            raise Conflict(f"{row.name} is off duty", zh=f"{row.name} 已下岗")
        if row.is_expired:
            raise Conflict(
                f"the enforcement certificate of {row.name} has expired", zh=f"{row.name} 的执法证已过期，不能派遣"
            )
        leg = promised.get(row.id)
        if (leg is None or leg.status == "stale") and not override:
            raise Conflict(
                f"nobody knows where {row.name} is now; say why you send them all the same",
                zh=f"{row.name} 的当前位置未知；仍要派遣请说明理由",
            )
    return rows


async def _take_on(session: AsyncSession, scope: Scope, call: Call, *, alone: bool) -> tuple[Alert, bool]:
    """Lock the alert as the caller saw it; who sends somebody has seen it. Whether nobody had before."""
    try:
        alert = await change_alert(session, call.alert_id, call.version, from_states=("raised", "acknowledged"))
    except Conflict as error:
        if alone:
            raise
        facts = dict(error.facts)
        zh = facts.pop("detail_zh", None)
        raise Conflict(f"alert {call.alert_id}: {error}", zh=zh and f"警情 {call.alert_id}：{zh}", **facts) from None
    newly_seen = alert.status == "raised"
    if newly_seen:
        alert.status, alert.acknowledged_at, alert.acknowledged_by = "acknowledged", func.now(), scope.actor
        await session.flush()
    return alert, newly_seen


def _offer(scope: Scope, call: Call, alert: Alert, officer: Any, note: str, expires_at: datetime) -> Assignment:
    leg = call.promised.get(officer.id)
    return Assignment(
        alert_id=alert.id,
        officer_id=officer.id,
        officer_name=officer.name,
        note=note,
        override_reason=call.override_reason,
        travel_time_s=leg.travel_time_s if leg else None,
        distance_m=leg.distance_m if leg else None,
        offered_by=scope.actor,
        expires_at=expires_at,
        region=alert.region,
    )


async def _claim(session: AsyncSession, row: Assignment) -> None:
    """Store an offer; the unique index of open assignments decides who was first, and waits for who is not through."""
    try:
        async with session.begin_nested():
            session.add(row)  # not before: opening the savepoint writes what is pending outside it
            await session.flush()
    except IntegrityError:
        busy_with = await session.scalar(
            select(Assignment.alert_id).where(
                Assignment.officer_id == row.officer_id, Assignment.state.in_(OPEN_STATES)
            )
        )
        where = f" with alert {busy_with}" if busy_with else ""
        where_zh = f"（警情 {busy_with}）" if busy_with else ""
        raise Conflict(
            f"{row.officer_name} is busy{where}; somebody was faster",
            zh=f"{row.officer_name} 刚被派往其他任务{where_zh}",
        ) from None


def _last_step_at(row: Assignment) -> datetime:
    return max(filter(None, (row.offered_at, row.accepted_at, row.departed_at, row.arrived_at)))


def _check_own(scope: Scope, row: Assignment) -> None:
    if scope.officer_id != row.officer_id:
        raise Forbidden("this step is the assigned officer's own")


def _put_words(row: Assignment, step_name: str, words: str | None) -> None:
    match step_name:
        case "decline":
            row.decline_reason = words or "no reason given"
        case "cancel":
            row.cancel_reason = words
        case "finish":
            row.report = words


_STATE_ZH = {
    "offered": "待接受",
    "accepted": "已接受",
    "declined": "已拒绝",
    "departed": "已出发",
    "arrived": "已到达",
    "finished": "已完成",
    "cancelled": "已撤销",
}


def _why_not(step_name: str, now: AssignmentOut) -> tuple[str, str]:
    """Why a step cannot be taken, in English and Chinese."""
    if now.state == "declined" and now.decline_reason == "timeout":
        return "the offer has run out; the dispatcher was told", "派遣已超时，已通知调度员"
    if now.state == "cancelled":
        return "the desk has cancelled this assignment", "指挥席已撤销此次派遣"
    return f"cannot {step_name}: the assignment is {now.state}", f"操作未成功：任务状态为{_STATE_ZH[now.state]}"


def _record_step(session: AsyncSession, kind: str, view: AssignmentOut, *, actor: str | None = None) -> None:
    record_event(
        session,
        kind,
        subject=f"assignment:{view.id}",
        region=view.region,
        data=view.model_dump(mode="json"),
        alert_id=view.alert_id,
        officer_id=view.officer_id,
        actor=actor,
    )
