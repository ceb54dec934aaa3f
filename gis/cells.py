"""Where a row lies in the H3 grid, kept with the row, and the hexagons that a map draws of it.

A row keeps its cell of the finest resolution that a map counts by (`FINEST`); coarser cells are its ancestors, which
the database finds by arithmetic (`cell_parent`, migration 0006a). An ancestor's hexagon does not hold all of its
descendants to the metre: what is counted in a cell is what descends from it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import psycopg
import shapely
from h3.api import basic_int as h3
from psycopg import sql

FINEST: Final = 10
DRAWN: Final = range(3, 8)  # the resolutions of which a map draws hexagons

PLACED_TABLES: Final = ("enterprise", "monitoring_point")

_BATCH: Final = 20_000


def cell_of(lon: float, lat: float) -> int:
    """Return the H3 cell of the finest resolution at a place (degrees, WGS84)."""
    return int(h3.latlng_to_cell(lat, lon, FINEST))


def store_hexagons(cursor: psycopg.Cursor[Any], cells: Iterable[int]) -> None:
    """Keep the hexagons of the ancestors of `cells`, so that a tile can draw them."""
    finest_drawn = {h3.cell_to_parent(cell, DRAWN[-1]) for cell in cells}
    wanted = {h3.cell_to_parent(cell, resolution) for cell in finest_drawn for resolution in DRAWN}
    cursor.execute("SELECT cell FROM map_cell WHERE cell = ANY (%s)", [sorted(wanted)])
    missing = sorted(wanted - {row[0] for row in cursor.fetchall()})
    if missing:
        cursor.execute(
            "INSERT INTO map_cell (cell, resolution, centre, outline)"
            " SELECT cell, resolution, ST_SetSRID(ST_MakePoint(lon, lat), 4326), ST_GeomFromWKB(outline, 4326)"
            " FROM unnest(%s::bigint[], %s::smallint[], %s::float8[], %s::float8[], %s::bytea[])"
            " AS made (cell, resolution, lon, lat, outline) ON CONFLICT (cell) DO NOTHING",
            _columns(missing),
        )


def fill_cells(connection: psycopg.Connection[Any], tables: Sequence[str] = PLACED_TABLES) -> int:
    """Give rows that have no cell theirs, batch by batch in the caller's transaction; return how many got one."""
    filled = 0
    with connection.cursor() as cursor:
        for table in tables:
            while rows := _without_cell(cursor, table):
                cells = [cell_of(lon, lat) for _, lon, lat in rows]
                store_hexagons(cursor, set(cells))
                cursor.execute(
                    sql.SQL(
                        "UPDATE {} AS t SET cell = f.cell FROM unnest(%s::bigint[], %s::bigint[]) AS f (id, cell)"
                        " WHERE t.id = f.id"
                    ).format(sql.Identifier(table)),
                    [[row[0] for row in rows], cells],
                )
                filled += len(rows)
    return filled


def _without_cell(cursor: psycopg.Cursor[Any], table: str) -> list[tuple[int, float, float]]:
    cursor.execute(
        sql.SQL("SELECT id, ST_X(geom), ST_Y(geom) FROM {} WHERE cell IS NULL ORDER BY id LIMIT {}").format(
            sql.Identifier(table), sql.Literal(_BATCH)
        )
    )
    return cursor.fetchall()


def _columns(cells: Sequence[int]) -> list[list[Any]]:
    centres = [h3.cell_to_latlng(cell) for cell in cells]
    outlines = [shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]).wkb for cell in cells]
    return [
        list(cells),
        [h3.get_resolution(cell) for cell in cells],
        [lon for _, lon in centres],
        [lat for lat, _ in centres],
        outlines,
    ]
