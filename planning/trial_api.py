"""The doors of trying out: figures with a station moved, and roads by minutes as tiles."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from gis.http import BadQuery, SessionDep
from gis.parameters import area_prefix
from planning import jobs, products
from planning.api import Id, PlannerDep, WorldDep
from planning.changes import Changes, cut_to
from planning.ports import Network, Roads, World
from planning.shapes import CoverageResult, Scenario
from planning.trial import Scene, Trial, Warm, scene, try_out

router = APIRouter(prefix="/api/coverage/{job_id}", tags=["coverage"], dependencies=[PlannerDep])

MVT = "application/vnd.mapbox-vector-tile"
DEEPEST, LONGEST_QUERY = 22, 12_000

# A dispatcher's ranking must find a processor: of all who drag stations, one at a time is counted.
_AT_ONCE = asyncio.Semaphore(1)

Tile = Annotated[int, Path(ge=0, le=2**DEEPEST - 1)]
Zoom = Annotated[int, Path(ge=0, le=DEEPEST)]
ChangesQuery = Annotated[str | None, Query(max_length=LONGEST_QUERY, description="what a trial sends, as JSON")]


@router.post("/trial")
async def try_changes(job_id: Id, changes: Changes, request: Request, session: SessionDep, world: WorldDep) -> Trial:
    """A finished scenario with origins moved, added or left out, at once; nothing is kept."""
    found, network = await _scene(request, session, world, job_id)
    warm = _warm(request)

    def work() -> Trial:
        return try_out(found, changes, network, warm.surface(network, found.origins(changes)))

    async with _AT_ONCE:
        return await asyncio.to_thread(work)


@router.get("/roads/{z}/{x}/{y}.mvt", response_class=Response, responses={200: {"content": {MVT: {}}}})
async def roads_by_minutes(
    job_id: Id, z: Zoom, x: Tile, y: Tile, request: Request, session: SessionDep, world: WorldDep,
    changes: ChangesQuery = None,
) -> Response:  # fmt: skip
    """A tile of the roads as they are now, with the minutes to each stretch; 204 where there is none."""
    if max(x, y) >= 2**z:
        raise BadQuery(f"there is no tile {z}/{x}/{y}")
    tried = _read(changes)
    found, network = await _scene(request, session, world, job_id)
    warm = _warm(request)
    async with _AT_ONCE:
        surface = await asyncio.to_thread(warm.surface, network, found.origins(tried))
    content = await asyncio.to_thread(surface.tile, z, x, y)
    headers = {"Cache-Control": "private, no-cache"}
    return Response(content, media_type=MVT, headers=headers) if content else Response(status_code=204, headers=headers)


async def _scene(request: Request, session: AsyncSession, world: World, job_id: int) -> tuple[Scene, Network]:
    """The scenario, if the person may see it, and the roads as they are at its hour."""
    job = await jobs.done(session, job_id)
    roads: Roads = request.app.state.planning_roads
    await roads.refresh(session)
    network = await asyncio.to_thread(roads.network, job.request.get("at"))
    warm = _warm(request)
    if (found := warm.scenes.known(job_id)) is not None:
        return found, network
    places = await jobs.product(session, job_id, products.PLACES)
    cells = await jobs.product(session, job_id, products.CELLS)
    await session.refresh(job, ["result"])
    scenario = Scenario.model_validate(job.request)
    counties = cut_to(await world.counties(session, area_prefix(scenario.region)), scenario.inside)
    result = CoverageResult.model_validate(job.result)
    return await asyncio.to_thread(warm.scenes.get, job_id, lambda: scene(result, places, cells, counties)), network


def _warm(request: Request) -> Warm:
    warm: Warm = request.app.state.planning_warm
    return warm


def _read(changes: str | None) -> Changes:
    try:
        return Changes() if changes is None else Changes.model_validate_json(changes)
    except ValidationError as why:
        raise BadQuery(f"changes: {why.errors()[0]['msg']}") from why
