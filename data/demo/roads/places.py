"""Where people live in the demonstration world: the counties with their seats, and the towns around them.

Counties and the place of their seats are real; the townships are invented, always the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from data.boundaries import load_shandong
from data.demo.roads.plane import KM_PER_DEGREE_LAT, KM_PER_DEGREE_LON
from data.demo.roads.seats import CITY_RADIUS_M, ISLAND_TOWNS, ORDINARY_SEAT_RADIUS_M, SEATS, WEIFANG_SEAT_RADIUS_M

WEIFANG = "370700"
_KM2_PER_TOWNSHIP = 85.0  # Shandong has 1,853 townships on 155,737 km²
_FEWEST_TOWNSHIPS, _MOST_TOWNSHIPS = 2, 22
_SURNAMES = (
    "王李张刘陈杨赵孙周吴徐朱马胡郭何高林郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘蒋蔡余杜叶程苏魏吕丁沈任姚卢傅钟姜崔谭"
)
_ENDINGS = ("家庄", "家集", "家店", "官庄", "家河", "家埠", "家岭", "家桥", "家疃", "家洼")


@dataclass(frozen=True, slots=True)
class County:
    """A county as the road generator needs it; positions in WGS84 degrees, longitude first."""

    adcode: str
    name: str
    city: str  # adcode of the prefecture
    polygon: BaseGeometry
    seat: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Town:
    """A built-up area: a county seat or a township. `weight` grows with its people; all towns together weigh 1."""

    name: str
    county: str
    lon: float
    lat: float
    radius_m: float
    weight: float
    is_seat: bool = False


def shandong_counties() -> list[County]:
    """The 136 counties by adcode. Raises BoundariesMissing when the boundary package is not installed."""
    return [
        County(area.adcode, area.name, area.parent or "", area.geometry, _seat(area.adcode, area.geometry))
        for area in load_shandong()
        if area.level == "county"
    ]


def towns(counties: Sequence[County] | None = None) -> list[Town]:
    """Every seat and township, seats first, the same on every machine. Without `counties`: all of Shandong."""
    return list(_shandong_towns()) if counties is None else _towns_of(counties)


@cache
def _shandong_towns() -> tuple[Town, ...]:
    return tuple(_towns_of(shandong_counties()))


def _towns_of(counties: Sequence[County]) -> list[Town]:
    ordered = sorted(counties, key=lambda county: county.adcode)
    found = [_seat_town(county) for county in ordered]
    for county in ordered:
        found += _townships(county)
    people = sum(_people(town) for town in found)
    return [Town(t.name, t.county, t.lon, t.lat, t.radius_m, _people(t) / people, t.is_seat) for t in found]


def _people(town: Town) -> float:
    """Roughly: people live more densely in larger towns."""
    return float(town.radius_m**2.2)


def _seat(adcode: str, polygon: BaseGeometry) -> tuple[float, float]:
    """The known seat, moved onto the county's land where the generalised boundary leaves it outside."""
    inner = _without_border(polygon, 0.005)
    known = Point(SEATS[adcode]) if adcode in SEATS else polygon.representative_point()
    inside = nearest_points(inner, known)[0]
    return (round(float(inside.x), 4), round(float(inside.y), 4))


def _without_border(polygon: BaseGeometry, degrees: float) -> BaseGeometry:
    inner: BaseGeometry = polygon.buffer(-degrees)
    return polygon if inner.is_empty else inner


def _seat_town(county: County) -> Town:
    ordinary = WEIFANG_SEAT_RADIUS_M if county.city == WEIFANG else ORDINARY_SEAT_RADIUS_M
    radius_m = CITY_RADIUS_M.get(county.adcode, ordinary)
    name = county.name.rstrip("市县区") or county.name
    return Town(f"{name}城区", county.adcode, *county.seat, radius_m, 0.0, is_seat=True)


def _townships(county: County) -> list[Town]:
    """Towns spread over the county: each is the candidate farthest from those already there."""
    # the adcode is the seed, so a county keeps its towns whichever others are asked for
    rng = np.random.default_rng(int(county.adcode))
    km2 = county.polygon.area * KM_PER_DEGREE_LON * KM_PER_DEGREE_LAT
    count = int(np.clip(round(km2 / _KM2_PER_TOWNSHIP), _FEWEST_TOWNSHIPS, _MOST_TOWNSHIPS))
    chosen = _spread(county, count, rng)
    names = _names(count, rng)
    smallest, largest = (800, 1700) if county.city == WEIFANG else (500, 1150)
    radii = rng.uniform(smallest, largest, count).round()
    islands = [Town(name, county.adcode, lon, lat, r, 0.0) for name, lon, lat, r in ISLAND_TOWNS.get(county.adcode, ())]
    return islands + [
        Town(name, county.adcode, round(float(lon), 5), round(float(lat), 5), float(radius_m), 0.0)
        for name, (lon, lat), radius_m in zip(names, chosen, radii, strict=False)
    ]


def _spread(county: County, count: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    west, south, east, north = county.polygon.bounds
    inner = _without_border(county.polygon, 0.012)
    shapely.prepare(inner)
    points = rng.uniform((west, south), (east, north), (4000, 2))
    points = points[shapely.contains_xy(inner, points)]
    scale = np.array([KM_PER_DEGREE_LON, KM_PER_DEGREE_LAT])
    from_seat_km = np.hypot(*((points - county.seat) * scale).T)
    # the seat is several times larger than a township and pushes them away as much
    gap_km = from_seat_km - 3.0
    chosen: list[NDArray[np.float64]] = []
    for _ in range(count):
        # not the very farthest: towns are not on the county's border only
        good = np.flatnonzero(gap_km > 0.62 * gap_km.max())
        if gap_km.max() < 2.5:
            break
        pick = points[rng.choice(good)]
        chosen.append(pick)
        gap_km = np.minimum(gap_km, np.hypot(*((points - pick) * scale).T))
    return chosen


def _names(count: int, rng: np.random.Generator) -> list[str]:
    """Different names within the county."""
    pairs = rng.choice(len(_SURNAMES) * len(_ENDINGS), count, replace=False)
    return [f"{_SURNAMES[pair // len(_ENDINGS)]}{_ENDINGS[pair % len(_ENDINGS)]}镇" for pair in pairs]
