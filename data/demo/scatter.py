"""Put many fictional things on the land of one county: around its towns and its industrial parks."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

_M_PER_DEGREE_LAT = 111_000.0
_M_PER_DEGREE_LON = 89_000.0  # at 36.5° north; good enough for scattering
_DECIMALS = 6  # about 0.1 m
_ROUNDS = 12

Coordinates = NDArray[np.float64]  # shape (n, 2), degrees WGS84, longitude first


@dataclass(frozen=True, slots=True)
class Cluster:
    """A centre around which things stand; `spread_m` is the standard deviation of the distance along each axis."""

    name: str
    lon: float
    lat: float
    spread_m: float
    weight: float
    is_park: bool = False


@dataclass(frozen=True, slots=True)
class Scattered:
    """Places inside one county; `cluster` holds the index of the cluster that each belongs to."""

    coordinates: Coordinates
    cluster: NDArray[np.int64]


def scatter(area: BaseGeometry, clusters: list[Cluster], count: int, random: np.random.Generator) -> Scattered:
    """Return `count` places inside `area`, in clusters by their weight."""
    weights = np.array([cluster.weight for cluster in clusters])
    chosen = random.choice(len(clusters), size=count, p=weights / weights.sum())
    centres = np.array([(cluster.lon, cluster.lat) for cluster in clusters])[chosen]
    spreads = np.array([cluster.spread_m for cluster in clusters])[chosen]
    return Scattered(jitter(area, centres, spreads, random), chosen)


def jitter(
    area: BaseGeometry, centres: Coordinates, spread_m: NDArray[np.float64], random: np.random.Generator
) -> Coordinates:
    """Move each of `centres` by chance, but never out of `area`."""
    shapely.prepare(area)
    places = np.empty_like(centres)
    missing = np.arange(len(centres))
    for _ in range(_ROUNDS):
        if not len(missing):
            return places
        offsets_m = random.normal(size=(len(missing), 2)) * spread_m[missing, None]
        places[missing] = np.round(centres[missing] + offsets_m / (_M_PER_DEGREE_LON, _M_PER_DEGREE_LAT), _DECIMALS)
        missing = missing[~shapely.contains_xy(area, *places[missing].T)]
    places[missing] = anywhere(area, len(missing), random)  # a centre on the coast or the border
    return places


def anywhere(area: BaseGeometry, count: int, random: np.random.Generator) -> Coordinates:
    """Return `count` places spread evenly over `area`."""
    shapely.prepare(area)
    west, south, east, north = area.bounds
    found = np.empty((0, 2))
    while len(found) < count:
        tried = np.round(random.uniform((west, south), (east, north), (4 * count + 16, 2)), _DECIMALS)
        found = np.concatenate([found, tried[shapely.contains_xy(area, *tried.T)]])
    return found[:count]
