"""The doors to a scenario as files: map, GeoPackage, spreadsheet, GeoParquet, report.

`/5/map.csv` and `/5.csv` are the same file.
"""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gis.http import SessionDep
from gis.parameters import area_prefix
from planning import jobs, products
from planning.api import Id, PlannerDep, WorldDep
from planning.changes import cut_to
from planning.exports import as_csv, write_geopackage
from planning.offline_map import SHOWN, offline_map
from planning.report import LATE_DRAWN, LATE_LISTED, report
from planning.shapes import CoverageResult, Scenario, Uncovered
from planning.tables import CoverageJob
from planning.uncovered import gravest_first, named

router = APIRouter(prefix="/api/coverage/{job_id}", tags=["coverage"], dependencies=[PlannerDep])

CSV, GEOPACKAGE, PARQUET = "text/csv; charset=utf-8", "application/geopackage+sqlite3", "application/vnd.apache.parquet"

# A file of a province takes a second of a processor: those who watch the map come first.
_AT_ONCE = asyncio.Semaphore(2)


def _file(media_type: str) -> dict[str, Any]:
    content = {media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}}
    return {"response_class": Response, "responses": {200: {"content": content}}}


@dataclass(frozen=True, slots=True)
class _Done:
    job: CoverageJob
    found: CoverageResult
    parts: dict[str, bytes]

    def uncovered(self, within: float, most: int) -> tuple[list[Uncovered], int]:
        places = products.read(self.parts[products.PLACES])
        rows = gravest_first(places, within)
        return named(places, rows[:most]), len(rows)


async def _done(session: AsyncSession, job_id: int, *wanted: str) -> _Done:
    parts = {name: await jobs.product(session, job_id, name) for name in wanted}
    job = await jobs.find(session, job_id)
    await session.refresh(job, ["result"])
    return _Done(job, CoverageResult.model_validate(job.result), parts)


@router.get("/map.html", **_file("text/html"))
async def map_page(job_id: Id, request: Request, session: SessionDep, world: WorldDep) -> Response:
    """A map that opens with no network: areas, origins, and whom nobody reaches within the longest band."""
    done = await _done(session, job_id, products.PLACES, products.AREAS)
    scenario = Scenario.model_validate(done.job.request)
    counties = cut_to(await world.counties(session, area_prefix(scenario.region)), scenario.inside)

    def make() -> bytes:
        late, total = done.uncovered(done.found.minutes[-1], SHOWN)
        areas, demo = done.parts[products.AREAS], request.app.state.demo
        return offline_map(done.job.name, done.found, counties, areas, late, total, demo=demo).encode()

    return await _answer(make, "text/html; charset=utf-8", done, "html")


@router.get("/report.html", **_file("text/html"))
async def report_page(job_id: Id, request: Request, session: SessionDep, world: WorldDep) -> Response:
    """A page to print, in Chinese: figures, map, method, date of the data."""
    done = await _done(session, job_id, products.PLACES, products.AREAS)
    scenario = Scenario.model_validate(done.job.request)
    counties = cut_to(await world.counties(session, area_prefix(scenario.region)), scenario.inside)

    def make() -> bytes:
        beyond = done.uncovered(done.found.minutes[-1], LATE_DRAWN)
        worst = done.uncovered(done.found.minutes[0], LATE_LISTED)
        areas = done.parts[products.AREAS]
        page = report(
            done.job.name, done.job.actor, scenario, done.found, counties, areas, *beyond, *worst,
            demo=request.app.state.demo,
        )  # fmt: skip
        return page.encode()

    return await _answer(make, "text/html; charset=utf-8", done, None)


@router.get(".csv", include_in_schema=False)
@router.get("/map.csv", **_file(CSV))
async def csv_file(job_id: Id, session: SessionDep) -> Response:
    """Every demand with its minutes, for spreadsheets."""
    done = await _done(session, job_id, products.PLACES)
    origins = [one.name for one in done.found.origins]
    return await _answer(lambda: as_csv(done.parts[products.PLACES], origins), CSV, done, "csv")


@router.get(".parquet", include_in_schema=False)
@router.get("/map.parquet", **_file(PARQUET))
async def parquet_file(job_id: Id, session: SessionDep) -> Response:
    """Every demand with its minutes, as GeoParquet."""
    done = await _done(session, job_id, products.PLACES)
    return await _answer(lambda: done.parts[products.PLACES], PARQUET, done, "parquet")


@router.get(".gpkg", include_in_schema=False)
@router.get("/map.gpkg", **_file(GEOPACKAGE))
async def geopackage_file(job_id: Id, session: SessionDep) -> Response:
    """Places, cells and areas, for a GIS."""
    done = await _done(session, job_id, products.PLACES, products.CELLS, products.AREAS)

    def make() -> bytes:
        with tempfile.TemporaryDirectory(prefix="onemap-coverage-") as folder:
            path = Path(folder) / "coverage.gpkg"
            write_geopackage(path, done.parts)
            return path.read_bytes()

    return await _answer(make, GEOPACKAGE, done, "gpkg")


async def _answer(make: Callable[[], bytes], media_type: str, done: _Done, ending: str | None) -> Response:
    """The file; with an `ending` it is offered for keeping under the scenario's name."""
    async with _AT_ONCE:
        content = await asyncio.to_thread(make)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if ending is not None:
        plain = f"coverage-{done.job.id}.{ending}"
        named_file = quote(f"{done.job.name or 'coverage'}-{done.job.id}.{ending}", safe="")
        headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named_file}"
    return Response(content, media_type=media_type, headers=headers)
