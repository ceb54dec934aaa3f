"""From a question to everything that it is about, as its owner may see it; refused when it is too large."""

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from gis.database import Scope
from gis.http import NotFound
from gis.parameters import area_prefix
from planning.changes import changed, cut_to, inside
from planning.demands import County, Origins, weighted
from planning.errors import UnusableScenario
from planning.ports import World
from planning.scenario import Asked
from planning.shapes import Scenario

MOST_DEMANDS = 500_000


async def check(session: AsyncSession, world: World, scope: Scope, scenario: Scenario) -> None:
    """Raise `NotFound` for a region that is not the person's, `UnusableScenario` for what cannot be worked out."""
    area = area_prefix(scenario.region)
    counties = await world.counties(session, area) if area.startswith(scope.region) else []
    if not counties:
        raise NotFound(f"region {scenario.region} does not exist or lies outside of your area")
    if not cut_to(counties, scenario.inside):
        raise UnusableScenario(f"inside: the drawn area lies outside of region {scenario.region}; draw it inside")
    if scenario.shift is not None and scenario.origins != "officers":
        raise UnusableScenario("shift: only officers have one; leave it out, or set out from officers")
    count = 0 if scenario.demand == "area" else await world.count(session, scenario.demand, area)
    if count > MOST_DEMANDS:
        raise UnusableScenario(f"{count} {scenario.demand} are too many for one job (at most {MOST_DEMANDS})")


async def read_scenario(session: AsyncSession, world: World, scenario: Scenario) -> Asked:
    """Read counties, origins and demands under the session's rights."""
    area = area_prefix(scenario.region)
    whole = await world.counties(session, area)
    counties = cut_to(whole, scenario.inside)
    if not counties:
        raise UnusableScenario(f"region {scenario.region} has no county")
    demands = None if scenario.demand == "area" else await world.demands(session, scenario.demand, area)
    if demands is not None and len(demands) > MOST_DEMANDS:
        raise UnusableScenario(f"{len(demands)} demands are too many for one job (at most {MOST_DEMANDS})")
    return Asked(
        scenario=scenario,
        region_name=_name(whole, area),
        counties=counties,
        origins=await _origins(session, world, scenario, area),
        demands=None if demands is None else weighted(inside(demands, scenario.inside), _weights(scenario)),
    )


async def _origins(session: AsyncSession, world: World, scenario: Scenario, area: str) -> Origins:
    origins = await _stood(session, world, scenario, area)
    return origins if scenario.changes is None else changed(origins, scenario.changes)


async def _stood(session: AsyncSession, world: World, scenario: Scenario, area: str) -> Origins:
    """The origins before anything is changed."""
    around = area if scenario.own_only else ""
    if scenario.origins == "stations":
        return await world.stations(session, around)
    if scenario.origins == "officers":
        return await world.officers(session, around, scenario.shift)
    places = np.array(scenario.origins, np.float64)
    numbers = np.arange(1, len(places) + 1)
    return Origins(numbers, [str(number) for number in numbers], places, "given points")


def _weights(scenario: Scenario) -> dict[str, float] | None:
    return None if scenario.weights is None else {str(risk): value for risk, value in scenario.weights.items()}


def _name(counties: list[County], area: str) -> str:
    if len(area) == 6:
        return counties[0].name
    return counties[0].city_name if len(area) == 4 else counties[0].province_name
