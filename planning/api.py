"""The doors of coverage: ask for a scenario, follow its job, read and compare what it found.

The app provides `app.state.planning_world` (`planning.ports.World`).
"""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import select

from gis.http import Listing, NotFound, PageDep, ScopeDep, SessionDep, require
from gis.parameters import area_prefix, in_area
from planning import jobs, products
from planning.asking import check
from planning.comparing import compare
from planning.drawing import features
from planning.errors import JobOver
from planning.ports import World
from planning.shapes import (
    Accepted,
    Comparison,
    CoverageResult,
    Job,
    JobWithResult,
    Rename,
    Scenario,
    Siting,
    State,
    Uncovered,
)
from planning.tables import CoverageJob
from planning.uncovered import gravest_first, named

router = APIRouter(prefix="/api/coverage", tags=["coverage"])

MAY_PLAN = ("planner", "duty", "dispatcher", "admin")
GEOJSON = "application/geo+json"
_ANY_JSON: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}

RegionQuery = Annotated[
    str | None, Query(pattern=r"^[1-9][0-9]([0-9]{2}){0,2}$", description="GB/T 2260 code: 37, 3707 or 370700, 370705")
]
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _planner(scope: ScopeDep) -> None:
    require(scope, *MAY_PLAN)


PlannerDep = Depends(_planner)


def _world(request: Request) -> World:
    world: World = request.app.state.planning_world
    return world


WorldDep = Annotated[World, Depends(_world)]


class UncoveredPage(Listing[Uncovered]):
    """`total` is how many there are besides this page."""

    total: int


@router.post("", status_code=202, dependencies=[PlannerDep])
async def ask_for_coverage(scenario: Scenario, session: SessionDep, scope: ScopeDep, world: WorldDep) -> Accepted:
    """Queue a scenario. 422 says what is too large or cannot be; 202 gives the job to follow."""
    async with session.begin():
        await check(session, world, scope, scenario)
        job_id = await jobs.ask(session, scope, "coverage", area_prefix(scenario.region), scenario)
    return Accepted(id=job_id)


@router.post("/{job_id}/siting", status_code=202, dependencies=[PlannerDep])
async def ask_for_siting(job_id: Id, siting: Siting, session: SessionDep, scope: ScopeDep, world: WorldDep) -> Accepted:
    """Queue a search for where new stations should stand, besides the origins of a finished scenario."""
    async with session.begin():
        parent = await jobs.find(session, job_id)
        if parent.kind != "coverage":
            raise NotFound(f"job {job_id} is no scenario; ask its scenario {parent.parent_id}")
        if parent.state != "done":
            raise JobOver(f"scenario {job_id} is {parent.state}; a siting starts from a finished one")
        await check(session, world, scope, Scenario.model_validate(parent.request))
        number = await jobs.ask(
            session, scope, "siting", parent.region, siting, parent_id=job_id, scenario=parent.request
        )
    return Accepted(id=number)


@router.get("", dependencies=[PlannerDep])
async def list_jobs(
    session: SessionDep,
    scope: ScopeDep,
    page: PageDep,
    region: RegionQuery = None,
    kind: Literal["coverage", "siting"] | None = None,
    state: State | None = None,
    parent: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    mine: bool = False,
) -> Listing[Job]:
    """Scenarios and sitings of one's area, newest first, without their results."""
    query = select(CoverageJob).where(CoverageJob.removed_at.is_(None)).order_by(CoverageJob.id.desc())
    if page.cursor is not None:
        query = query.where(CoverageJob.id < page.after())
    if region is not None:
        query = query.where(in_area(CoverageJob.region, area_prefix(region)))
    for column, wanted in ((CoverageJob.kind, kind), (CoverageJob.state, state), (CoverageJob.parent_id, parent)):
        if wanted is not None:
            query = query.where(column == wanted)
    if mine:
        query = query.where(CoverageJob.actor == scope.actor)
    rows = (await session.scalars(query.limit(page.limit))).all()
    return Listing[Job](items=[jobs.view(row, scope) for row in rows], next=page.cut(rows))


@router.get("/{job_id}", dependencies=[PlannerDep])
async def show_job(job_id: Id, session: SessionDep, scope: ScopeDep) -> JobWithResult:
    """A job with its result once it is done."""
    job = await jobs.find(session, job_id)
    await session.refresh(job, ["result"])
    return JobWithResult.model_validate(jobs.view(job, scope).model_dump() | {"result": job.result})


@router.patch("/{job_id}", dependencies=[PlannerDep])
async def rename_job(job_id: Id, new: Rename, session: SessionDep, scope: ScopeDep) -> Job:
    async with session.begin():
        await jobs.rename(session, scope, job_id, new.name)
    return jobs.view(await jobs.find(session, job_id), scope)


@router.post("/{job_id}/cancel", dependencies=[PlannerDep])
async def cancel_job(job_id: Id, session: SessionDep, scope: ScopeDep) -> Job:
    """End an unfinished job; one that is over stays as it is. The answer is the job as it is then."""
    async with session.begin():
        await jobs.cancel(session, scope, job_id)
    return jobs.view(await jobs.find(session, job_id), scope)


@router.delete("/{job_id}", status_code=204, dependencies=[PlannerDep])
async def remove_job(job_id: Id, session: SessionDep, scope: ScopeDep) -> None:
    """Take a job that is over off the list; 409 while it is not."""
    async with session.begin():
        await jobs.remove(session, scope, job_id)


@router.get("/{job_id}/compare", dependencies=[PlannerDep])
async def compare_jobs(
    job_id: Id, session: SessionDep, with_id: Annotated[int, Query(alias="with", ge=1, le=2**31 - 1)]
) -> Comparison:
    """Two scenarios of the same region, kind of demand and bands, side by side."""
    pair = []
    for one in (job_id, with_id):
        places = await jobs.product(session, one, products.PLACES)
        job = await jobs.find(session, one)
        await session.refresh(job, ["result"])
        pair.append((one, job.request, CoverageResult.model_validate(job.result), places))
    return await asyncio.to_thread(compare, *pair)


@router.get("/{job_id}/uncovered", dependencies=[PlannerDep])
async def list_uncovered(
    job_id: Id,
    session: SessionDep,
    page: PageDep,
    minutes: Annotated[float | None, Query(gt=0, le=1e6, description="the shortest band when absent")] = None,
    region: RegionQuery = None,
) -> UncoveredPage:
    """Demands that nobody reaches in time: by risk, then the heaviest, then the latest. `cursor` counts rows."""
    content = await jobs.product(session, job_id, products.PLACES)
    job = await jobs.find(session, job_id)
    within = minutes if minutes is not None else job.request["minutes"][0]
    after = page.after()

    def read() -> UncoveredPage:
        places = products.read(content)
        rows = gravest_first(places, within, area_prefix(region) if region else "")
        shown = rows[after : after + page.limit]
        more = str(after + len(shown)) if after + len(shown) < len(rows) else None
        return UncoveredPage(items=named(places, shown), next=more, total=len(rows))

    return await asyncio.to_thread(read)


@router.get("/{job_id}/cells", dependencies=[PlannerDep], response_class=Response, responses=_ANY_JSON)
async def show_cells(job_id: Id, session: SessionDep) -> Response:
    """H3 cells of the land (GeoJSON): minutes to their centres, demands in them, reached ones by band."""
    content = await jobs.product(session, job_id, products.CELLS)
    return Response(await asyncio.to_thread(features, content), media_type=GEOJSON)


@router.get("/{job_id}/areas", dependencies=[PlannerDep], response_class=Response, responses=_ANY_JSON)
async def show_areas(job_id: Id, session: SessionDep) -> Response:
    """What is reached within each band (GeoJSON), the longest band first."""
    content = await jobs.product(session, job_id, products.AREAS)
    return Response(await asyncio.to_thread(features, content), media_type=GEOJSON)
