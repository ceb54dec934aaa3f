"""Works one scenario out: whom the origins reach, as figures and as maps. Needs no database while it counts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import shapely

from planning import products
from planning.changes import surfaces
from planning.demands import County, Demands, Origins, demands_of_land, land, resolution_for
from planning.errors import UnusableScenario
from planning.figures import Reach, by_city, by_county, by_risk, by_tag, figures, histogram
from planning.ports import Box, Network, Surface
from planning.shapes import CoverageResult, Origin, Scenario
from planning.uncovered import NAMED, gravest_first, named

Report = Callable[[float, str], None]
"""Told how much is done, 0 to 1, and what is being done; raises `Cancelled` to end the work."""

MOST_CELLS = 30_000
MOST_LAND = 250_000
"""Cells of a map, and of land as demands: what a browser can draw, and what a region is counted by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A scenario with everything that it is about, read at one moment."""

    scenario: Scenario
    region_name: str
    counties: Sequence[County]
    origins: Origins
    demands: Demands | None  # None: land, which is made here


@dataclass(frozen=True, slots=True)
class Outcome:
    result: CoverageResult
    products: dict[str, bytes]


def work_out(asked: Asked, network: Network, report: Report) -> Outcome:
    """Count and draw a scenario. Raises `UnusableScenario` when there is nothing to count from."""
    began = time.perf_counter()
    scenario, counties = asked.scenario, asked.counties
    if not len(asked.origins):
        raise UnusableScenario("there is nobody to set out from: no station, officer or point in this choice")
    report(0.05, "surface")
    surface = network.surface(asked.origins.lonlat)
    if surface.off_road.all():
        raise UnusableScenario("none of the origins stands near a road of the network in use")
    report(0.2, "demands")
    demands = asked.demands or demands_of_land(land(counties, resolution_for(counties, MOST_LAND)))
    reach = reached(surface, demands)
    report(0.4, "places")
    places = products.places(demands, reach)
    report(0.5, "figures")
    result = CoverageResult(
        region=scenario.region.ljust(6, "0"),
        region_name=asked.region_name,
        minutes=scenario.minutes,
        demand=scenario.demand,
        origins=_origins(asked.origins, surface),
        origins_note=asked.origins.note,
        roads_version=network.version,
        data_as_of=demands.as_of,
        computed_at=datetime.now(UTC),
        seconds=0.0,
        total=figures(demands, reach, scenario.minutes),
        by_city=by_city(demands, reach, scenario.minutes, counties),
        by_county=by_county(demands, reach, scenario.minutes, counties),
        by_tag=by_tag(demands, reach, scenario.minutes),
        by_risk=by_risk(demands, reach, scenario.minutes),
        histogram=histogram(reach, scenario.minutes[-1]),
        unreachable=named(places, gravest_first(places, None)[:NAMED]),
        cell_resolution=(resolution := resolution_for(counties, MOST_CELLS)),
    )
    report(0.65, "cells")
    made = {products.PLACES: products.written(places)}
    covering = land(counties, resolution)
    around = reached(surface, demands_of_land(covering))
    made[products.CELLS] = products.written(
        products.cells(covering, around, resolution, demands, reach, scenario.minutes)
    )
    report(0.85, "areas")
    region = shapely.union_all([county.boundary for county in counties])
    # No claim over the sea, nor over a neighbour of whom nothing was asked.
    areas = [
        surfaces(shapely.intersection(shapely.make_valid(area), region))
        for area in surface.areas(scenario.minutes, _box_around(counties))
    ]
    made[products.AREAS] = products.written(products.areas(scenario.minutes, areas))
    report(1.0, "done")
    return Outcome(result.model_copy(update={"seconds": round(time.perf_counter() - began, 3)}), made)


def reached(surface: Surface, demands: Demands) -> Reach:
    """When each demand is reached from the surface's origins."""
    arrivals = surface.at(demands.lonlat)
    return Reach(arrivals.minutes, arrivals.origin, arrivals.off_road)


def _origins(origins: Origins, surface: Surface) -> list[Origin]:
    return [
        Origin(id=id, name=name, lon=lon, lat=lat, off_road=off)
        for id, name, (lon, lat), off in zip(
            origins.id.tolist(), origins.name, origins.lonlat.tolist(), surface.off_road.tolist(), strict=True
        )
    ]


def _box_around(counties: Sequence[County]) -> Box:
    bounds = np.array([county.boundary.bounds for county in counties])
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    return float(west), float(south), float(east), float(north)
