"""On duty and off: who is off duty has no position, neither kept nor shown."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.events.log import record_event
from command.officers.status import busy
from command.problems import Conflict
from data.tables import Officer, OfficerPosition
from gis.database import Database


class DutyOut(BaseModel):
    """An officer's duty, as answered and as told on the feed."""

    id: int
    name: str
    region: str
    on_duty: bool
    duty_since: datetime | None
    duty_until: datetime | None
    version: int


async def set_duty(session: AsyncSession, officer_id: int, *, on: bool, until: datetime | None) -> DutyOut | None:
    """Put an officer on or off duty; None when there is none (or the session's person may not).

    Raises `Conflict` for one who would leave in the middle of an assignment.
    Going on again keeps the start of the duty; the position of one who goes off is deleted with `forget_positions`.
    """
    officer = await session.scalar(
        update(Officer)
        .where(Officer.id == officer_id)
        .values(
            on_duty=on,
            duty_since=func.coalesce(Officer.duty_since, func.now()) if on else None,
            duty_until=until if on else None,
            version=Officer.version + 1,
            updated_at=func.now(),
        )
        .returning(Officer)
    )
    if officer is None:
        return None
    if not on and await session.scalar(select(busy()).where(Officer.id == officer_id)):
        raise Conflict(
            f"{officer.name} is on an assignment; finish or cancel it before going off duty",
            zh=f"{officer.name} 仍有未完成的任务，完成或撤销后方可下岗",
        )
    view = _view(officer)
    _record(session, view)
    return view


async def forget_positions(database: Database, officer_ids: Sequence[int]) -> None:
    """Delete the positions of those of these officers who are off duty now."""
    async with database.for_system() as session:
        await session.execute(
            delete(OfficerPosition).where(
                OfficerPosition.officer_id.in_(officer_ids),
                OfficerPosition.officer_id == Officer.id,
                ~Officer.on_duty,
            )
        )
        await session.commit()


async def end_overdue_duties(session: AsyncSession) -> list[DutyOut]:
    """Send home those whose duty has run out, after the assignment they may be on; safe when several workers do it."""
    overdue: Select[int] = (
        select(Officer.id)
        .where(Officer.on_duty, Officer.duty_until < func.now(), ~busy())
        .order_by(Officer.id)
        .limit(500)
        .with_for_update(skip_locked=True)
    )
    officers = await session.scalars(
        update(Officer)
        .where(Officer.id.in_(overdue.scalar_subquery()))
        .values(on_duty=False, duty_since=None, duty_until=None, version=Officer.version + 1, updated_at=func.now())
        .returning(Officer)
    )
    views = [_view(officer) for officer in officers]
    for view in views:
        _record(session, view, actor="system:duty")
    return views


def _view(officer: Officer) -> DutyOut:
    return DutyOut.model_validate(officer, from_attributes=True)


def _record(session: AsyncSession, view: DutyOut, actor: str | None = None) -> None:
    record_event(
        session,
        "duty.started" if view.on_duty else "duty.ended",
        subject=f"officer:{view.id}",
        region=view.region,
        data=view.model_dump(mode="json"),
        officer_id=view.id,
        actor=actor,
    )
