"""What if: origins of a scenario moved, added or left out, and a region drawn by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
import shapely
from pydantic import AfterValidator, BaseModel, Field

from planning.demands import County, Demands, Origins
from planning.errors import UnusableScenario

MOST_CHANGES, MOST_CORNERS = 100, 500

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Place = tuple[Lon, Lat]


class Moved(BaseModel):
    """The origin `id` stands somewhere else."""

    id: int
    lon: Lon
    lat: Lat


class Changes(BaseModel):
    """Origins that stand elsewhere, are new, or are left out; new ones have the ids -1, -2, … in their order."""

    moved: list[Moved] = Field(default=[], max_length=MOST_CHANGES)
    added: list[Place] = Field(default=[], max_length=MOST_CHANGES)
    left_out: list[int] = Field(default=[], max_length=MOST_CHANGES)


def _is_area(corners: list[Place]) -> list[Place]:
    if not (area := shapely.Polygon(corners)).is_valid or not area.area:
        raise ValueError("the lines of the drawn area cross each other; draw it anew")
    return corners


Drawn = Annotated[list[Place], Field(min_length=3, max_length=MOST_CORNERS), AfterValidator(_is_area)]
"""The corners of an area drawn on the map, in order; the last is joined to the first."""


def changed(origins: Origins, changes: Changes) -> Origins:
    """The origins as changed; raises `UnusableScenario` for one that is not among them."""
    already = int((origins.id < 0).sum())
    numbers = [-(already + number) for number in range(1, len(changes.added) + 1)]
    ids = np.concatenate([origins.id, np.array(numbers, np.int64)])
    lonlat = np.concatenate([origins.lonlat, np.array(changes.added, np.float64).reshape(-1, 2)])
    names = [*origins.name, *(f"+{-number}" for number in numbers)]
    row_of = {number: row for row, number in enumerate(ids.tolist())}
    for number in (*(one.id for one in changes.moved), *changes.left_out):
        if number not in row_of:
            raise UnusableScenario(f"origin {number} is not among those of the scenario")
    for one in changes.moved:
        lonlat[row_of[one.id]] = one.lon, one.lat
    gone = set(changes.left_out)
    kept = np.array([number not in gone for number in ids.tolist()], np.bool_)
    named = [name for name, stays in zip(names, kept.tolist(), strict=True) if stays]
    return Origins(ids[kept], named, lonlat[kept], origins.note)


def cut_to(counties: Sequence[County], drawn: Sequence[Place] | None) -> list[County]:
    """Counties as far as they lie in a drawn area (all of them without one); those outside are left out."""
    if drawn is None:
        return list(counties)
    area = shapely.Polygon(drawn)
    parts = [(one, surfaces(shapely.intersection(one.boundary, area))) for one in counties]
    return [replace(one, boundary=part) for one, part in parts if not part.is_empty]


def inside(demands: Demands, drawn: Sequence[Place] | None) -> Demands:
    """The demands that lie in a drawn area."""
    if drawn is None:
        return demands
    area = shapely.Polygon(drawn)
    rows = np.flatnonzero(shapely.intersects_xy(area, demands.lonlat[:, 0], demands.lonlat[:, 1]))
    columns = ("id", "name", "lonlat", "region", "risk", "weight")
    cut = {name: getattr(demands, name)[rows] for name in columns}
    return replace(demands, tags=[demands.tags[row] for row in rows.tolist()], **cut)


def surfaces(shape: shapely.geometry.base.BaseGeometry) -> shapely.MultiPolygon:
    """What of a shape has a surface: two borders that touch share a line or a point."""
    return shapely.MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)])
