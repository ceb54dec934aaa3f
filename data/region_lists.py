"""Provinces, cities and counties with their boundaries, as fine as the reader needs them."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from data.shapes import RegionItem, RegionListing
from gis.http import BadQuery, PageParams
from gis.parameters import parse_region
from gis.tables import RegionRow

_METRES_PER_DEGREE = 111_320.0
_DIGITS = 6  # about a decimetre


async def list_regions(
    session: AsyncSession,
    page: PageParams,
    *,
    level: str | None = None,
    parent: str | None = None,
    tolerance_m: float = 200.0,
    geometry: bool = True,
) -> RegionListing:
    """Return one page, by adcode. Boundaries may be off by `tolerance_m` (0: as stored)."""
    key = cast(RegionRow.adcode, Integer)
    conditions: list[ColumnElement[bool]] = [key > page.after()]
    if level is not None:
        conditions.append(RegionRow.level == level)
    if parent is not None:
        prefix = parse_region(parent, "parent")
        if prefix is None or len(prefix) == 6:
            raise BadQuery("parent: the code of a province or city, such as 370000 or 370700")
        conditions.append(RegionRow.parent == prefix.ljust(6, "0"))
    shape: ColumnElement[Any] = func.ST_Multi(
        func.ST_SimplifyPreserveTopology(RegionRow.geom, tolerance_m / _METRES_PER_DEGREE)
    )
    inside = func.ST_PointOnSurface(func.ST_Simplify(RegionRow.geom, 0.002, True))
    rows = await session.execute(
        select(
            RegionRow.adcode,
            RegionRow.name,
            RegionRow.level,
            RegionRow.parent,
            func.ST_X(inside).label("lon"),
            func.ST_Y(inside).label("lat"),
            (func.ST_AsGeoJSON(shape, _DIGITS) if geometry else literal(None)).label("geometry"),
        )
        .where(*conditions)
        .order_by(key)
        .limit(page.limit)
    )
    items = [
        RegionItem(
            adcode=row.adcode,
            name=row.name,
            level=row.level,
            parent=row.parent,
            lon=row.lon,
            lat=row.lat,
            region=row.adcode,
            geometry=None if row.geometry is None else orjson.loads(row.geometry),
        )
        for row in rows
    ]
    following = str(int(items[-1].adcode)) if len(items) == page.limit else None
    return RegionListing(items=items, next=following)
