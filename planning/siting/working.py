"""Works a siting out: candidate places, travel times, the model, and what its choice is worth over every demand."""

import time
from collections.abc import Sequence

import h3
import numpy as np
import numpy.typing as npt

from planning.demands import County, Demands, Floats, demands_of_land, land, resolution_for
from planning.errors import Cancelled, UnusableScenario
from planning.figures import Reach, figures
from planning.ports import Network
from planning.scenario import MOST_LAND, Asked, Report, reached
from planning.shapes import Site, Siting, SitingResult
from planning.siting.aggregating import Aggregated, put_together
from planning.siting.models import Choice, Problem, solve

MOST_CANDIDATES = 400
MOST_MOVABLE = 100
MOST_GROUPS = {"mclp": 6000, "lscp": 6000, "p-median": 1500}
MOST_DIVIDED = 1500
"""Groups of demands when they are assigned one by one: the p-median, and everything with a capacity."""
MOST_FINE_CELLS = 25_000


def site(asked: Asked, siting: Siting, network: Network, report: Report) -> SitingResult:
    """Find where stations should stand; raises `UnusableScenario` when there is nothing to choose from."""
    began = time.perf_counter()
    report(0.02, "surface")
    demands = asked.demands or demands_of_land(land(asked.counties, resolution_for(asked.counties, MOST_LAND)))
    standing = asked.origins.lonlat
    before = reached(network.surface(standing), demands)
    bands = sorted({*asked.scenario.minutes, siting.minutes})
    report(0.08, "aggregating")
    divided = siting.capacity is not None
    most = MOST_DIVIDED if divided else MOST_GROUPS[siting.objective]
    groups = put_together(demands, ~before.no_road, most)
    if not len(groups):
        raise UnusableScenario("no demand lies near a road: there is nothing that a station could reach")
    report(0.12, "candidates")
    candidates, county = _candidates(asked.counties, network)
    if len(candidates) < (1 if siting.objective == "lscp" else max(siting.new, 1)):
        raise UnusableScenario(f"the roads have only {len(candidates)} candidate places in this region")
    movable = len(standing) if siting.moves else 0
    if movable > MOST_MOVABLE:
        raise UnusableScenario(f"{movable} origins are too many to be moved (at most {MOST_MOVABLE}); use own_only")
    columns = np.concatenate([standing[:movable], candidates])
    times = _times(network, columns, demands, groups, report, of_mean=siting.objective == "p-median")
    fixed = np.zeros((len(groups), 0))
    if not movable:
        fixed = _standing(before, groups, of_mean=siting.objective == "p-median")
    problem = _problem(siting, groups, np.hstack([fixed, times]), standing=fixed.shape[1] + movable)
    choice = _solved(problem, siting, report)
    report(0.96, "counting")
    opened = choice.open[choice.open >= fixed.shape[1] + movable] - fixed.shape[1] - movable
    kept = np.arange(len(standing)) if not movable else choice.open[choice.open < movable]
    given_up = np.setdiff1d(np.arange(len(standing)), kept)
    origins = np.concatenate([standing[kept], candidates[opened]])
    after = reached(network.surface(origins), demands) if len(origins) and len(choice.open) else before
    served = problem.minutes[:, choice.open].min(axis=1, initial=np.inf)
    total = figures(demands, after, bands)
    total_before = figures(demands, before, bands)
    at = bands.index(siting.minutes)
    report(1.0, "done")
    return SitingResult(
        objective=siting.objective,
        minutes=siting.minutes,
        new=siting.new,
        status=choice.status,
        gap=choice.gap,
        value=choice.value,
        bound=choice.bound,
        sites=[
            _site(candidates[one], county[one], after, len(kept) + number, demands.weight)
            for number, one in enumerate(opened.tolist())
        ],
        given_up=[int(asked.origins.id[one]) for one in given_up.tolist()],
        candidates=len(candidates),
        demands=len(demands),
        aggregated=len(groups),
        share_before=total_before.reached[at].share,
        share_aggregated=_share(groups.weight, served <= siting.minutes, total.weight),
        share_full=total.reached[at].share,
        mean_before=total_before.mean_minutes,
        mean_aggregated=_mean(groups.weight, served),
        mean_full=total.mean_minutes,
        not_coverable=_not_coverable(problem, groups, before),
        seconds=round(time.perf_counter() - began, 3),
        after=total,
        before=total_before,
    )


def _candidates(counties: Sequence[County], network: Network) -> tuple[Floats, list[str]]:
    """Junctions spread over the roads of the region, at most `MOST_CANDIDATES`, and the county of each.

    Of the junctions that are nearest to the centre of a fine H3 cell, one stands for each of the finest cells of which
    the roads touch few enough: where no road is, no place is wasted.
    """
    resolution = resolution_for(counties, MOST_FINE_CELLS)
    cells = land(counties, resolution)
    rows, places = network.junctions(cells.lonlat, h3.average_hexagon_edge_length(resolution, unit="m"))
    for coarser in range(resolution, -1, -1):
        parent = [h3.cell_to_parent(cells.cell[row], coarser) for row in rows.tolist()]
        if len(set(parent)) <= MOST_CANDIDATES:
            break
    nearest: dict[str, tuple[float, int]] = {}
    for number, cell in enumerate(parent):
        lat, lon = h3.cell_to_latlng(cell)
        away = float(np.hypot((places[number, 0] - lon) * np.cos(np.radians(lat)), places[number, 1] - lat))
        nearest[cell] = min(nearest.get(cell, (np.inf, -1)), (away, number))
    chosen = [number for _, number in nearest.values()]
    first = np.sort(np.unique(places[chosen], axis=0, return_index=True)[1]) if chosen else np.empty(0, np.int64)
    kept = [chosen[one] for one in first.tolist()]
    return places[kept], [str(cells.region[rows[one]]) for one in kept]


def _times(
    network: Network, columns: Floats, demands: Demands, groups: Aggregated, report: Report, *, of_mean: bool
) -> Floats:
    """Minutes from each column's place to each group: one sweep of the network a column."""
    places = demands.lonlat[groups.member if of_mean else groups.row]
    times = np.empty((len(groups), len(columns)))
    for number in range(len(columns)):
        report(0.15 + 0.45 * number / len(columns), f"times {number}/{len(columns)}")
        minutes = network.surface(columns[number : number + 1]).at(places).minutes[:, :1]
        times[:, number] = (groups.mean(minutes) if of_mean else minutes)[:, 0]
    return times


def _standing(before: Reach, groups: Aggregated, *, of_mean: bool) -> Floats:
    """Minutes from the nearest of those that stand to each group, as one column."""
    return groups.mean(before.first[groups.member][:, None]) if of_mean else before.first[groups.row][:, None]


def _problem(siting: Siting, groups: Aggregated, minutes: Floats, *, standing: int) -> Problem:
    stands = np.zeros(minutes.shape[1], np.bool_)
    stands[:standing] = True
    known = minutes[np.isfinite(minutes)]
    return Problem(
        minutes=minutes,
        weight=groups.weight,
        standing=stands,
        objective=siting.objective,
        within=siting.minutes,
        new=siting.new,
        moves=min(siting.moves, standing),
        capacity=siting.capacity,
        never=1.5 * float(known.max(initial=siting.minutes)),
    )


def _solved(problem: Problem, siting: Siting, report: Report) -> Choice:
    def heard(gap: float | None, seconds: float) -> bool:
        done = 0.6 + 0.35 * min(seconds / siting.time_limit_s, 1.0)
        try:
            report(done, "solving" if gap is None else f"solving gap {gap:.2%}")
        except Cancelled:
            return False
        return True

    report(0.6, "solving")
    choice = solve(problem, time_limit_s=siting.time_limit_s, heard=heard)
    report(0.95, "solved")  # raises if it was a cancellation that ended the search
    return choice


def _site(place: Floats, county: str, after: Reach, number: int, weight: Floats) -> Site:
    mine = np.isfinite(after.first) & (after.origin[:, 0] == number)
    return Site(
        lon=float(place[0]),
        lat=float(place[1]),
        region=county,
        demands=int(mine.sum()),
        weight=float(weight[mine].sum()),
    )


def _share(weight: Floats, chosen: npt.NDArray[np.bool_], total: float) -> float | None:
    return float(weight[chosen].sum()) / total if total > 0 else None


def _mean(weight: Floats, minutes: Floats) -> float | None:
    way = np.isfinite(minutes)
    total = float(weight[way].sum())
    return float((weight[way] * minutes[way]).sum()) / total if total > 0 else None


def _not_coverable(problem: Problem, groups: Aggregated, before: Reach) -> int:
    """Demands that no candidate and no standing place reaches in time, those without a road among them."""
    never = ~(problem.minutes <= problem.within).any(axis=1)
    return int(groups.count[never].sum() + before.no_road.sum())
