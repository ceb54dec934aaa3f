"""What has to be reached: places with a risk, tags and a weight, as columns; and land in H3 cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Kind = Literal["enterprises", "high_risk", "points", "alerts", "area"]
Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

RISKS = ("high", "medium", "low", "")
"""From the gravest; empty where a demand has no risk of its own."""


@dataclass(frozen=True, slots=True)
class Demands:
    """Places to be reached, a row each. `lonlat` is WGS84, `region` the county, `as_of` when the newest was changed.

    `weight` is what a place counts: 1, or what the person who asks gave its risk, or square kilometres of land.
    """

    id: Longs
    name: Texts
    lonlat: Floats
    region: Texts
    risk: Texts
    tags: Sequence[Sequence[str]]
    weight: Floats
    as_of: datetime | None = None

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Origins:
    """From where one sets out: `name`s and places (WGS84); `at` is when the positions were taken."""

    id: Longs
    name: list[str]
    lonlat: Floats
    note: str = ""

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class County:
    """A county with its boundary (WGS84), and the city and province that it belongs to."""

    adcode: str
    name: str
    city: str
    city_name: str
    province_name: str
    boundary: BaseGeometry = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """H3 cells whose centres lie in some counties, each in the one with the lowest code."""

    cell: list[str]
    lonlat: Floats
    region: Texts
    km2: Floats

    def __len__(self) -> int:
        return len(self.cell)


def land(counties: Sequence[County], resolution: int) -> Cells:
    """Cover counties with H3 cells. Land is what lies inside a county's boundary: lakes and rivers are not left out.

    Kept for the regions asked last: whoever moves a station asks again and again about the same one.
    """
    return _land(tuple(counties), resolution)


@lru_cache(maxsize=4)
def _land(counties: tuple[County, ...], resolution: int) -> Cells:
    found: dict[str, str] = {}
    for county in sorted(counties, key=lambda one: one.adcode):
        for cell in h3.geo_to_cells(county.boundary, resolution):
            found.setdefault(cell, county.adcode)
    cells = sorted(found)
    lonlat = np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells], np.float64).reshape(-1, 2)
    km2 = np.array([h3.cell_area(cell, unit="km^2") for cell in cells], np.float64)
    return Cells(cells, lonlat, np.array([found[cell] for cell in cells], object), km2)


@lru_cache(maxsize=4)
def outlines(cells: Cells) -> Texts:
    """The hexagons of cells, as polygons."""
    rings = [np.array(h3.cell_to_boundary(cell))[:, ::-1] for cell in cells.cell]
    return np.array([shapely.Polygon(ring) for ring in rings], object)


def resolution_for(counties: Sequence[County], most: int) -> int:
    """The finest H3 resolution, from 5 to 9, in which the counties have at most `most` cells."""
    km2 = sum(_km2(county.boundary) for county in counties)
    for resolution in range(9, 5, -1):
        if km2 / h3.average_hexagon_area(resolution, unit="km^2") <= most:
            return resolution
    return 5


def demands_of_land(cells: Cells) -> Demands:
    """Land as demands: every cell asks to be reached at its centre, and counts its square kilometres."""
    return Demands(
        id=np.arange(len(cells), dtype=np.int64),
        name=np.array(cells.cell, object),
        lonlat=cells.lonlat,
        region=cells.region,
        risk=np.full(len(cells), "", object),
        tags=[()] * len(cells),
        weight=cells.km2,
    )


def weighted(demands: Demands, weights: dict[str, float] | None) -> Demands:
    """The same demands, each counting what `weights` says of its risk (1 where it says nothing)."""
    if weights is None:
        return demands
    more: dict[str, Any] = {name: getattr(demands, name) for name in demands.__slots__}
    factor = np.array([weights.get(risk, 1.0) for risk in demands.risk], np.float64)
    return Demands(**more | {"weight": demands.weight * factor})


def _km2(boundary: BaseGeometry) -> float:
    """Area to a few per cent, which is enough to choose a resolution."""
    south, north = boundary.bounds[1], boundary.bounds[3]
    return float(boundary.area) * 111.195**2 * float(np.cos(np.radians((south + north) / 2)))
