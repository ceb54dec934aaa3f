"""A map as SVG for print: counties, what is reached, from where, and whom nobody reaches."""

import html
from collections.abc import Callable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planning import products
from planning.colours import BEYOND, ORIGIN, colours
from planning.demands import County, Floats
from planning.shapes import CoverageResult, Uncovered

WIDTH, MOST_HEIGHT, EDGE = 960.0, 900.0, 12.0

Onto = Callable[[Floats], Floats]


def svg_map(counties: Sequence[County], found: CoverageResult, areas: bytes, late: Sequence[Uncovered]) -> str:
    """Draw a scenario on a plane on which a degree has its length at the region's middle; north is up."""
    bounds = shapely.total_bounds([county.boundary for county in counties])
    onto, width, height = _plane(bounds)
    table = products.read(areas)
    shades = dict(zip(found.minutes, colours(len(found.minutes)), strict=True))
    region = shapely.union_all([county.boundary for county in counties])
    shapely.prepare(region)
    parts = [f'<path d="{_path(county.boundary, onto)}" fill="#f4f4f0" stroke="none"/>' for county in counties]
    for minutes, area in zip(table["minutes"].to_pylist(), products.geometries(table), strict=True):
        within = shapely.intersection(shapely.make_valid(area), region)
        parts.append(f'<path d="{_path(within, onto)}" fill="{shades[minutes]}" fill-rule="evenodd"/>')
    for county in counties:
        parts.append(f'<path d="{_path(county.boundary, onto)}" fill="none" stroke="#555" stroke-width="0.8"/>')
    parts += [_dot(onto, one.lon, one.lat, 1.6, BEYOND) for one in late]
    inside = [one for one in found.origins if region.intersects(shapely.Point(one.lon, one.lat))]
    parts += [_dot(onto, one.lon, one.lat, 4.0, ORIGIN) for one in inside]
    if len(counties) <= 20:
        parts += [_label(onto, county) for county in counties]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
        f' aria-label="{html.escape(found.region_name)}">{"".join(parts)}</svg>'
    )


def _plane(bounds: Floats) -> tuple[Onto, float, float]:
    west, south, east, north = bounds
    shrink = float(np.cos(np.radians((south + north) / 2)))
    scale = min((WIDTH - 2 * EDGE) / ((east - west) * shrink), (MOST_HEIGHT - 2 * EDGE) / (north - south))

    def onto(lonlat: Floats) -> Floats:
        x = EDGE + (lonlat[:, 0] - west) * shrink * scale
        y = EDGE + (north - lonlat[:, 1]) * scale
        return np.stack([x, y], axis=1)

    return onto, (east - west) * shrink * scale + 2 * EDGE, (north - south) * scale + 2 * EDGE


def _path(shape: BaseGeometry, onto: Onto) -> str:
    """Rings as paths, points nearer than half a pixel left out."""
    flat = shapely.simplify(shapely.transform(shape, onto), 0.5)
    rings = []
    for part in shapely.get_parts(flat):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            rings += [part.exterior, *part.interiors]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords) + "Z" for ring in rings)


def _dot(onto: Onto, lon: float, lat: float, radius: float, colour: str) -> str:
    ((x, y),) = onto(np.array([[lon, lat]]))
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" stroke="#fff" stroke-width="0.6"/>'


def _label(onto: Onto, county: County) -> str:
    middle = county.boundary.representative_point()
    ((x, y),) = onto(np.array([[middle.x, middle.y]]))
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="13" text-anchor="middle" paint-order="stroke" stroke="#fff"'
        f' stroke-width="3" fill="#222">{html.escape(county.name)}</text>'
    )
