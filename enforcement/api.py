"""The doors to what enforcement has done: the overview's figures, and the records behind each of them.

Row-level security decides which rows a person sees: desks those of their area, officers those that they took part in.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from enforcement import lists
from enforcement.lists import Asked
from enforcement.periods import PeriodKind, day_of
from enforcement.remembering import RememberedOverviews
from enforcement.selecting import check_day
from enforcement.shapes import (
    CaseStage,
    FindingItem,
    FindingState,
    FindingSums,
    InspectionItem,
    InspectionKind,
    InspectionSums,
    Measure,
    Overview,
    PenaltyCaseItem,
    PenaltyCaseSums,
    RecordListing,
    TrainingItem,
    TrainingKind,
    TrainingSums,
    Violation,
)
from gis.http import BadQuery, NotFound, PageDep, ScopeDep, SessionDep
from gis.parameters import parse_region

router = APIRouter(prefix="/api", tags=["enforcement"])

RegionParam = Annotated[str | None, Query(description="GB/T 2260 code: 37, 3707, 370705 or 370700")]
IdParam = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
FirstDay = Annotated[date | None, Query(alias="from", description="first day, in China")]
LastDay = Annotated[date | None, Query(alias="to", description="last day, in China, included; today at the latest")]


def _asked(region: RegionParam = None, first: FirstDay = None, last: LastDay = None) -> Asked:
    return Asked(today=_today(), region=region, first=first, last=last)


AskedDep = Annotated[Asked, Depends(_asked)]


def _overviews(request: Request) -> RememberedOverviews:
    overviews: RememberedOverviews = request.app.state.overviews
    return overviews


OverviewsDep = Annotated[RememberedOverviews, Depends(_overviews)]


@router.get("/overview")
async def get_overview(
    overviews: OverviewsDep,
    session: SessionDep,
    scope: ScopeDep,
    region: Annotated[str | None, Query(description="GB/T 2260 code; your own area when absent")] = None,
    period: PeriodKind = "month",
    on: Annotated[date | None, Query(description="the last day to count, in China; today when absent")] = None,
) -> Overview:
    """Figures of a month, quarter or year up to a day of it, each with the records behind it, by region and over time.

    They are compared with the period before up to the same day of it; a period that is over, with the whole one before.
    """
    today = _today()
    if (on := check_day(on or today, "on")) > today:
        raise BadQuery("on: not later than today")
    area = parse_region(region) or scope.region
    if not area.startswith(scope.region):
        raise NotFound(f"region {region} lies outside of your area")
    return await overviews.get(session, scope, area=area, kind=period, on=on)


@router.get("/inspections")
async def list_inspections(
    session: SessionDep,
    page: PageDep,
    asked: AskedDep,
    kind: InspectionKind | None = None,
    enterprise_id: IdParam = None,
    officer_id: IdParam = None,
) -> RecordListing[InspectionItem, InspectionSums]:
    """Inspections with the officers who took part, newest first."""
    return await lists.list_inspections(
        session, page, asked, kind=kind, enterprise_id=enterprise_id, officer_id=officer_id
    )


@router.get("/findings")
async def list_findings(
    session: SessionDep,
    page: PageDep,
    asked: AskedDep,
    kind: Violation | None = None,
    state: FindingState | None = None,
    enterprise_id: IdParam = None,
) -> RecordListing[FindingItem, FindingSums]:
    """Problems that inspections found, newest first."""
    return await lists.list_findings(session, page, asked, kind=kind, state=state, enterprise_id=enterprise_id)


@router.get("/penalty-cases")
async def list_penalty_cases(
    session: SessionDep,
    page: PageDep,
    asked: AskedDep,
    kind: Violation | None = None,
    stage: Annotated[
        CaseStage | None,
        Query(description="decided: `from` and `to` are of the decision; else of the filing; open: not decided yet"),
    ] = None,
    measure: Measure | None = None,
    enterprise_id: IdParam = None,
) -> RecordListing[PenaltyCaseItem, PenaltyCaseSums]:
    """Penalty cases, newest first."""
    return await lists.list_penalty_cases(
        session, page, asked, kind=kind, stage=stage, measure=measure, enterprise_id=enterprise_id
    )


@router.get("/trainings")
async def list_trainings(
    session: SessionDep,
    page: PageDep,
    asked: AskedDep,
    kind: TrainingKind | None = None,
    officer_id: IdParam = None,
) -> RecordListing[TrainingItem, TrainingSums]:
    """Training sessions and competitions with who took part, newest first."""
    return await lists.list_trainings(session, page, asked, kind=kind, officer_id=officer_id)


def _today() -> date:
    return day_of(datetime.now(UTC))
