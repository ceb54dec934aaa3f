"""Which county a place belongs to.

Counties are polygons in WGS84 degrees, their edges straight in degrees. A place on a shared border belongs to the
county with the lowest adcode, so that the same place always gets the same answer. Boundaries are generalised, the
coast most of all: a station on a pier may lie a kilometre out at sea, and is given to the nearest county.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import shapely
from geoalchemy2.shape import to_shape
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gis.errors import OutsideRegions
from gis.geodesic import SHORTEST_RADIUS_M, distances_m
from gis.position import check_all_degrees, check_degrees
from gis.tables import RegionRow

DEFAULT_LIMIT_M: Final = 20_000.0


class Region(NamedTuple):
    """A province, city or county with its boundary (WGS84)."""

    adcode: str
    name: str
    level: str
    parent: str | None
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Placement:
    """The county of a place; `offshore_m` is 0 inside it, else the distance to its nearest edge."""

    adcode: str
    offshore_m: float = 0.0


class RegionIndex:
    """Finds counties by place and regions by code. Never changes; may be shared between threads."""

    def __init__(self, regions: Iterable[Region | tuple[str, str, str, str | None, BaseGeometry]]) -> None:
        known = sorted((Region(*row) for row in regions), key=lambda region: region.adcode)
        self.by_adcode = {region.adcode: region for region in known}
        counties = [region for region in known if region.level == "county"]
        self._adcodes = [county.adcode for county in counties]  # ascending: the lowest row is the lowest adcode
        self._shapes = np.array([county.geometry for county in counties], dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)
        # GEOS finishes both kinds of index at their first use and holds no lock while it does: use each before
        # others can.
        inside = shapely.get_coordinates(shapely.point_on_surface(self._shapes))
        self.locate_many(inside[:, 0], inside[:, 1])

    def __len__(self) -> int:
        return len(self.by_adcode)

    def locate(self, lon: float, lat: float, *, limit_m: float = DEFAULT_LIMIT_M) -> Placement:
        """Return the county that holds the place, or else the nearest within `limit_m`; raise `OutsideRegions`."""
        check_degrees(lon, lat)
        row = int(self._rows_holding(np.array([lon]), np.array([lat]))[0])
        found = Placement(self._adcodes[row]) if row >= 0 else self._nearest(lon, lat, limit_m)
        if found is None:
            raise OutsideRegions(
                f"lon {lon}, lat {lat} lies more than {limit_m / 1000:g} km from every county:"
                " check the datum, and that longitude comes first"
            )
        return found

    def locate_many(
        self, lons: ArrayLike, lats: ArrayLike, *, limit_m: float = DEFAULT_LIMIT_M
    ) -> list[Placement | None]:
        """Return what `locate` would for each place; None where it would raise `OutsideRegions`."""
        xs, ys = np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64)
        check_all_degrees(xs, ys)
        inside = [Placement(adcode) for adcode in self._adcodes]
        return [
            inside[row] if row >= 0 else self._nearest(lon, lat, limit_m)
            for row, lon, lat in zip(self._rows_holding(xs, ys).tolist(), xs.tolist(), ys.tolist(), strict=True)
        ]

    def _rows_holding(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return for each place the lowest row whose county holds it or has it on its edge, or -1."""
        rows = np.full(lons.shape, -1, dtype=np.intp)
        places, candidates = self._tree.query(shapely.points(lons, lats))
        # The tree would test with unprepared polygons; asking prepared ones ourselves is about four times faster.
        held = shapely.intersects_xy(self._shapes[candidates], lons[places], lats[places])
        places, candidates = places[held], candidates[held]
        descending = np.argsort(candidates, kind="stable")[::-1]
        rows[places[descending]] = candidates[descending]  # the lowest is written last and stays
        return rows

    def _nearest(self, lon: float, lat: float, limit_m: float) -> Placement | None:
        """Return the nearest county whose edge is within `limit_m`, ties to the lowest adcode.

        The nearest point of each edge is looked for on a plane in which a degree is as long as at the place itself
        (an error in its position of about a thousandth at 20 km and less nearby); the distance to that point is
        then geodesic.
        """
        north = math.degrees(limit_m / SHORTEST_RADIUS_M) * 1.01
        shrink = max(math.cos(math.radians(min(abs(lat) + north, 89.0))), 0.01)
        around = shapely.box(lon - north / shrink, lat - north, lon + north / shrink, lat + north)
        best: tuple[float, int] | None = None
        scale = np.array([math.cos(math.radians(lat)), 1.0])
        for row in np.sort(self._tree.query(around)).tolist():
            flat = shapely.transform(self._shapes[row], lambda xy: (xy - (lon, lat)) * scale)
            line = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0.0, 0.0), flat))
            edge = line[1] / scale + (lon, lat)
            away_m = float(distances_m(lon, lat, edge[:1], edge[1:])[0])
            if away_m <= limit_m and (best is None or away_m < best[0]):
                best = (away_m, row)
        return None if best is None else Placement(self._adcodes[best[1]], best[0])


async def load_regions(session: AsyncSession) -> RegionIndex:
    """Read all regions of the database."""
    rows = (await session.scalars(select(RegionRow))).all()
    return RegionIndex(Region(row.adcode, row.name, row.level, row.parent, to_shape(row.geom)) for row in rows)
