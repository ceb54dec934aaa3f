"""Inspections, findings, penalty cases and trainings, newest first, with the sums that the figures are made of."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Text, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import SQLColumnExpression

from enforcement.figures import fines_yuan, is_rectified, person_times, with_measure
from enforcement.selecting import NewestFirst, days_asked, within
from enforcement.shapes import (
    FindingItem,
    FindingSums,
    InspectionItem,
    InspectionSums,
    Participant,
    PenaltyCaseItem,
    PenaltyCaseSums,
    RecordListing,
    Trainee,
    TrainingItem,
    TrainingSums,
)
from enforcement.tables import Finding, Inspection, InspectionOfficer, PenaltyCase, Training, TrainingParticipant
from gis.http import PageParams
from gis.parameters import in_area, parse_region

# The table of another room, as far as a record names it.
_ENTERPRISE = table("enterprise", column("id", BigInteger), column("name", Text))


@dataclass(frozen=True, slots=True)
class Asked:
    """What every list can be asked for: an area, and days in China, both included; `today` is the last one shown."""

    today: date
    region: str | None = None
    first: date | None = None
    last: date | None = None

    def conditions(
        self, when: InstrumentedAttribute[Any], region: SQLColumnExpression[str]
    ) -> list[ColumnElement[bool]]:
        found = [within(when, days_asked(self.first, self.last, self.today))]
        if (area := parse_region(self.region)) is not None:
            found.append(in_area(region, area))
        return found


async def list_inspections(
    session: AsyncSession,
    page: PageParams,
    asked: Asked,
    *,
    kind: str | None = None,
    enterprise_id: int | None = None,
    officer_id: int | None = None,
) -> RecordListing[InspectionItem, InspectionSums]:
    """Return one page of inspections by the time at which they began."""
    conditions = asked.conditions(Inspection.at, Inspection.region)
    if kind is not None:
        conditions.append(Inspection.kind == kind)
    if enterprise_id is not None:
        conditions.append(Inspection.enterprise_id == enterprise_id)
    if officer_id is not None:
        took_part = select(InspectionOfficer.inspection_id).where(InspectionOfficer.officer_id == officer_id)
        conditions.append(Inspection.id.in_(took_part))
    order = NewestFirst(Inspection.at, Inspection.id)
    rows = await _page(
        session,
        page,
        order,
        _with_enterprise(
            Inspection, Inspection.at, Inspection.at.label("at"), Inspection.kind, Inspection.person_times
        ).where(*conditions),
    )
    enterprises = select(Inspection.region, Inspection.enterprise_id).where(*conditions).distinct().subquery()
    totals = (await session.execute(select(func.count(), person_times).where(*conditions))).one()
    ids = [row.id for row in rows]
    officers = await _participants(session, ids)
    findings = await _findings(session, ids)
    return RecordListing(
        items=[
            InspectionItem(**row._mapping, officers=officers[row.id], findings=findings.get(row.id, 0)) for row in rows
        ],
        next=order.following(rows, page),
        total=totals[0],
        sums=InspectionSums(
            person_times=totals[1],
            inspected_enterprises=await _number(session, select(func.count()).select_from(enterprises)),
        ),
    )


async def list_findings(
    session: AsyncSession,
    page: PageParams,
    asked: Asked,
    *,
    kind: str | None = None,
    state: str | None = None,
    enterprise_id: int | None = None,
) -> RecordListing[FindingItem, FindingSums]:
    """Return one page of findings by the time of their inspection."""
    conditions = asked.conditions(Finding.at, Finding.region)
    if kind is not None:
        conditions.append(Finding.kind == kind)
    if state is not None:
        conditions.append(is_rectified if state == "rectified" else ~is_rectified)
    if enterprise_id is not None:
        conditions.append(Finding.enterprise_id == enterprise_id)
    order = NewestFirst(Finding.at, Finding.id)
    listed = _with_enterprise(
        Finding,
        Finding.at,
        Finding.at.label("at"),
        Finding.kind,
        Finding.inspection_id,
        Finding.due_on,
        Finding.rectified_on,
        PenaltyCase.id.label("penalty_case_id"),
    ).outerjoin(PenaltyCase, PenaltyCase.finding_id == Finding.id)
    rows = await _page(session, page, order, listed.where(*conditions))
    totals = (await session.execute(select(func.count(), func.count().filter(is_rectified)).where(*conditions))).one()
    return RecordListing(
        items=[FindingItem(**row._mapping) for row in rows],
        next=order.following(rows, page),
        total=totals[0],
        sums=FindingSums(findings_rectified=totals[1]),
    )


async def list_penalty_cases(
    session: AsyncSession,
    page: PageParams,
    asked: Asked,
    *,
    kind: str | None = None,
    stage: str | None = None,
    measure: str | None = None,
    enterprise_id: int | None = None,
) -> RecordListing[PenaltyCaseItem, PenaltyCaseSums]:
    """Return one page of penalty cases: by the day of the decision for stage `decided`, else by that of filing."""
    when: InstrumentedAttribute[Any] = PenaltyCase.decided_on if stage == "decided" else PenaltyCase.filed_on
    conditions = asked.conditions(when, PenaltyCase.region)
    if stage == "open":
        conditions.append(PenaltyCase.decided_on.is_(None))
    if kind is not None:
        conditions.append(PenaltyCase.kind == kind)
    if measure is not None:
        conditions.append(with_measure(measure))
    if enterprise_id is not None:
        conditions.append(PenaltyCase.enterprise_id == enterprise_id)
    order = NewestFirst(when, PenaltyCase.id)
    listed = _with_enterprise(
        PenaltyCase,
        when,
        PenaltyCase.kind,
        PenaltyCase.finding_id,
        Finding.inspection_id,
        PenaltyCase.filed_on,
        PenaltyCase.decided_on,
        PenaltyCase.fine_yuan,
        PenaltyCase.measures,
    ).outerjoin(Finding, Finding.id == PenaltyCase.finding_id)
    rows = await _page(session, page, order, listed.where(*conditions))
    totals = (await session.execute(select(func.count(), fines_yuan).where(*conditions))).one()
    return RecordListing(
        items=[PenaltyCaseItem(**row._mapping) for row in rows],
        next=order.following(rows, page),
        total=totals[0],
        sums=PenaltyCaseSums(fines_yuan=totals[1]),
    )


async def list_trainings(
    session: AsyncSession,
    page: PageParams,
    asked: Asked,
    *,
    kind: str | None = None,
    officer_id: int | None = None,
) -> RecordListing[TrainingItem, TrainingSums]:
    """Return one page of training sessions by the time at which they began."""
    conditions = asked.conditions(Training.at, Training.region)
    if kind is not None:
        conditions.append(Training.kind == kind)
    if officer_id is not None:
        took_part = select(TrainingParticipant.training_id).where(TrainingParticipant.officer_id == officer_id)
        conditions.append(Training.id.in_(took_part))
    order = NewestFirst(Training.at, Training.id)
    listed = select(
        *_placed(Training, Training.at),
        Training.at.label("at"),
        Training.title,
        Training.kind,
        Training.organisation,
        Training.hours,
    )
    rows = await _page(session, page, order, listed.where(*conditions))
    trainees = await _trainees(session, [row.id for row in rows])
    of_them = select(Training.id).where(*conditions)
    return RecordListing(
        items=[TrainingItem(**row._mapping, participants=trainees[row.id]) for row in rows],
        next=order.following(rows, page),
        total=await _number(session, select(func.count()).select_from(Training).where(*conditions)),
        sums=TrainingSums(
            trainees=await _number(
                session,
                select(func.count())
                .select_from(TrainingParticipant)
                .where(TrainingParticipant.training_id.in_(of_them)),
            )
        ),
    )


_Record = type[Inspection] | type[Finding] | type[PenaltyCase] | type[Training]
_OfEnterprise = type[Inspection] | type[Finding] | type[PenaltyCase]


def _placed(record: _Record, when: InstrumentedAttribute[Any]) -> tuple[ColumnElement[Any], ...]:
    """What every row has; `when` is what the list is ordered by."""
    return (
        record.id.expression,
        when.label("when"),
        func.ST_X(record.geom).label("lon"),
        func.ST_Y(record.geom).label("lat"),
        record.region.expression,
        record.demo.expression,
    )


def _with_enterprise(
    record: _OfEnterprise, when: InstrumentedAttribute[Any], *columns: SQLColumnExpression[Any]
) -> Select[Any]:
    return (
        select(*_placed(record, when), record.enterprise_id, _ENTERPRISE.c.name.label("enterprise"), *columns)
        .select_from(record)
        .outerjoin(_ENTERPRISE, _ENTERPRISE.c.id == record.enterprise_id)
    )


async def _page(session: AsyncSession, page: PageParams, order: NewestFirst, listed: Select[Any]) -> Sequence[Row[Any]]:
    found = await session.execute(listed.where(*order.after(page)).order_by(*order.order()).limit(page.limit))
    rows: Sequence[Row[Any]] = found.all()
    return rows


async def _number(session: AsyncSession, query: Select[Any]) -> int:
    return int(await session.scalar(query) or 0)


async def _participants(session: AsyncSession, ids: list[int]) -> dict[int, list[Participant]]:
    rows = await session.scalars(
        select(InspectionOfficer)
        .where(InspectionOfficer.inspection_id == func.any(ids))
        .order_by(InspectionOfficer.officer_id)
    )
    found = defaultdict[int, list[Participant]](list)
    for row in rows:
        found[row.inspection_id].append(Participant.model_validate(row))
    return found


async def _trainees(session: AsyncSession, ids: list[int]) -> dict[int, list[Trainee]]:
    rows = await session.scalars(
        select(TrainingParticipant)
        .where(TrainingParticipant.training_id == func.any(ids))
        .order_by(TrainingParticipant.officer_id)
    )
    found = defaultdict[int, list[Trainee]](list)
    for row in rows:
        found[row.training_id].append(Trainee.model_validate(row))
    return found


async def _findings(session: AsyncSession, ids: list[int]) -> dict[int, int]:
    rows = await session.execute(
        select(Finding.inspection_id, func.count().label("number"))
        .where(Finding.inspection_id == func.any(ids))
        .group_by("inspection_id")
    )
    return {row.inspection_id: row.number for row in rows}
