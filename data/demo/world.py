"""The demonstration world: fictional enterprises, points, loggers, stations and officers in the real Shandong.

The same size and seed give the same world on every machine, whatever the day.
"""

from collections.abc import Callable
from dataclasses import dataclass

from data.boundaries import Boundary, load_shandong
from data.demo.enterprises import make_enterprises, with_connection
from data.demo.officers import make_officers, make_stations
from data.demo.points import make_loggers, make_points, permit_limits
from data.demo.roads import shandong_counties, towns
from data.demo.rows import DemoEnterprise, DemoLogger, DemoOfficer, DemoPermitLimit, DemoPoint, DemoStation

SEED = 2021

Progress = Callable[[str, int, int], None]


def silent(step: str, done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class WorldSize:
    """How large a world to make. `area` is an adcode prefix: `37` the province, `3707` Weifang alone."""

    enterprises: int = 268_071
    points: int = 12_400
    officers: int = 6_500
    area: str = "37"

    @classmethod
    def weifang(cls) -> "WorldSize":
        """A small world for tests: one city."""
        return cls(enterprises=2_000, points=200, officers=120, area="3707")


@dataclass(frozen=True, slots=True)
class World:
    """Everything in the demonstration world, ready to load."""

    areas: list[Boundary]
    enterprises: list[DemoEnterprise]
    points: list[DemoPoint]
    permit_limits: list[DemoPermitLimit]
    loggers: list[DemoLogger]
    stations: list[DemoStation]
    officers: list[DemoOfficer]


def make_world(size: WorldSize | None = None, *, seed: int = SEED, progress: Progress = silent) -> World:
    """Make the world. Raises `BoundariesMissing` when the boundary package is not installed."""
    size = size or WorldSize()
    areas = load_shandong()
    counties = [county for county in shandong_counties() if county.adcode.startswith(size.area)]
    places = [town for town in towns() if town.county.startswith(size.area)]
    cities = {area.adcode[:4]: area.name for area in areas if area.level == "city"}
    staffed = [area for area in areas if area.level == "province" or area.adcode.startswith(size.area)]

    progress("enterprises made", 0, size.enterprises)
    enterprises = make_enterprises(counties, places, cities, size.enterprises, seed)
    progress("enterprises made", len(enterprises), size.enterprises)
    points = make_points(enterprises, counties, places, size.points, seed)
    for number in {point.enterprise for point in points if point.enterprise}:
        enterprises[number - 1] = with_connection(enterprises[number - 1])
    stations = make_stations(staffed, counties, seed)
    return World(
        areas=areas,
        enterprises=enterprises,
        points=points,
        permit_limits=permit_limits(points, enterprises, seed),
        loggers=make_loggers(points, seed),
        stations=stations,
        officers=make_officers(staffed, counties, stations, size.officers, seed),
    )
