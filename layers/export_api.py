"""The door to a layer's rows as a file."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from gis.database import Database, Scope
from gis.http import DatabaseDep, ScopeDep
from layers.api import BoxQuery, CatalogDep, filters_in, find_layer
from layers.columns import CHINA_STANDARD_TIME, Language
from layers.export import Export

router = APIRouter(tags=["layers"])

CSV, GEOPACKAGE = "text/csv; charset=utf-8", "application/geopackage+sqlite3"
_BINARY = {"schema": {"type": "string", "format": "binary"}}

# A file takes a connection and, for a GeoPackage, a thread: those who watch the map come first.
_AT_ONCE = asyncio.Semaphore(2)


@router.get(
    "/api/layers/{layer}/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": _BINARY, GEOPACKAGE: _BINARY}}},
)
async def export_layer(
    layer: str,
    request: Request,
    catalog: CatalogDep,
    database: DatabaseDep,
    scope: ScopeDep,
    format: Annotated[Literal["csv", "gpkg"], Query(description="spreadsheet or GIS")],
    bbox: BoxQuery = None,
    lang: Annotated[Literal["zh", "en"] | None, Query(description="of a CSV; else as Accept-Language says")] = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> Response:
    """The rows of a layer that you may see, as a file; further parameters are the layer's filters."""
    entry = find_layer(catalog, layer)
    filters = entry.read_filters(filters_in(request, "format", "bbox", "lang"))
    export = Export(entry, bbox=bbox, filters=filters)
    async with database.for_person(scope) as session:
        await export.check(session)
    name = f"onemap-{entry.id}-{datetime.now(CHINA_STANDARD_TIME):%Y%m%d-%H%M%S}.{format}"
    if format == "csv":
        pieces = _csv(database, scope, export, lang or _language(accept_language))
        held = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(pieces, media_type=CSV, headers=held)
    folder = tempfile.TemporaryDirectory(prefix="onemap-export-")
    path = Path(folder.name) / name
    try:
        async with _AT_ONCE, database.for_person(scope) as session:
            await export.geopackage(session, path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=GEOPACKAGE,
        filename=name,
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(folder.cleanup),
    )


async def _csv(database: Database, scope: Scope, export: Export, language: Language) -> AsyncIterator[bytes]:
    async with _AT_ONCE, database.for_person(scope) as session, aclosing(export.csv(session, language)) as pieces:
        async for piece in pieces:
            yield piece


def _language(accepted: str | None) -> Language:
    """Chinese, unless English is what somebody would rather read."""
    for wanted in (accepted or "").lower().split(","):
        for language in ("zh", "en"):
            if wanted.strip().startswith(language):
                return language
    return "zh"
