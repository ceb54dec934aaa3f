"""Answers ranking questions with OSRM or Valhalla, in the peers' Python: a JSON line in, a JSON line out.

    python serve.py osrm|osrm-mld|valhalla|valhalla-tdm DATA

Imports nothing of ours, so that it runs where only the peers are installed. The clock runs inside: from coordinates to
a sorted list of travel times and the geometry of the first routes; the pipe between the processes is not counted.
"""

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

LonLat = tuple[float, float]
Times = list["float | None"]
Engine = Callable[[LonLat, list[LonLat], int], Times]

MOST_PLACES = 20_000
FARTHEST_M = 3_000_000.0


def osrm_engine(data: str, algorithm: str) -> Engine:
    """One column of OSRM's table (everybody to one place), then a route for each of the first."""
    osrm: Any = importlib.import_module("osrm")
    service = osrm.OSRM(
        algorithm=algorithm,
        storage_config=data,
        use_shared_memory=False,
        max_locations_distance_table=MOST_PLACES,
    )

    def answer(target: LonLat, officers: list[LonLat], routes: int) -> Times:
        table = osrm.TableParameters(
            coordinates=[*officers, target],
            sources=list(range(len(officers))),
            destinations=[len(officers)],
            annotations=["duration"],
            generate_hints=False,
        )
        seconds = [row[0] for row in service.Table(table)["durations"]]
        times = [float(value) if isinstance(value, (int, float)) else None for value in seconds]
        for number in first(times, routes):
            asked = osrm.RouteParameters(
                coordinates=[officers[number], target], geometries="geojson", overview="full", generate_hints=False
            )
            service.Route(asked)
        return times

    return answer


def valhalla_actor(data: str, algorithm: str) -> Any:
    """`algorithm` is Valhalla's own choice ("select_optimal") or "timedistancematrix", faster within a region."""
    valhalla: Any = importlib.import_module("valhalla")
    config = valhalla.get_config(tile_extract="", tile_dir=data)
    config["thor"]["source_to_target_algorithm"] = algorithm
    limits = config["service_limits"]["auto"]
    limits["max_matrix_distance"] = limits["max_distance"] = FARTHEST_M
    limits["max_matrix_location_pairs"] = limits["max_locations"] = MOST_PLACES
    return valhalla.Actor(config)


def valhalla_engine(actor: Any) -> Engine:
    """One column of Valhalla's matrix, then a route for each of the first."""

    def answer(target: LonLat, officers: list[LonLat], routes: int) -> Times:
        places = [{"lon": lon, "lat": lat} for lon, lat in officers]
        goal = {"lon": target[0], "lat": target[1]}
        matrix = json.loads(
            actor.matrix(json.dumps({"sources": places, "targets": [goal], "costing": "auto", "verbose": False}))
        )
        durations = matrix["sources_to_targets"]["durations"]
        # Flat when there is one target, else a row for every source.
        times: Times = [row[0] if isinstance(row, list) else row for row in durations]
        for number in first(times, routes):
            actor.route(json.dumps({"locations": [places[number], goal], "costing": "auto"}))
        return times

    return answer


def first(times: Times, count: int) -> list[int]:
    """Return who is there first: the peers' answers come in the order of the question."""
    order = sorted(range(len(times)), key=lambda number: _late(times[number]))
    return [number for number in order[:count] if times[number] is not None]


def _late(seconds: "float | None") -> float:
    return float("inf") if seconds is None else seconds


def main() -> None:
    name, data = sys.argv[1:]
    began = time.perf_counter()
    actor = None if name.startswith("osrm") else valhalla_actor(data, ALGORITHMS[name])
    engine = osrm_engine(data, ALGORITHMS[name]) if actor is None else valhalla_engine(actor)
    tell(ready=round(time.perf_counter() - began, 3))
    for line in sys.stdin:
        asked = json.loads(line)
        if "isochrone" in asked:
            draw(actor, asked["isochrone"], asked["minutes"])
            continue
        target = tuple(asked["target"])
        officers = [tuple(place) for place in asked["officers"]]
        began = time.perf_counter()
        try:
            times = engine(target, officers, asked["routes"])
        except RuntimeError as error:
            tell(error=str(error))
            continue
        ms = (time.perf_counter() - began) * 1000
        tell(ms=ms, seconds=times, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def draw(actor: Any, at: list[float], minutes: float) -> None:
    """One isochrone as a polygon."""
    question = {
        "locations": [{"lon": at[0], "lat": at[1]}],
        "costing": "auto",
        "contours": [{"time": minutes}],
        "polygons": True,
    }
    began = time.perf_counter()
    try:
        actor.isochrone(json.dumps(question))
    except RuntimeError as error:
        tell(error=str(error))
        return
    ms = (time.perf_counter() - began) * 1000
    tell(ms=ms, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


ALGORITHMS = {
    "osrm": "CH",
    "osrm-mld": "MLD",
    "valhalla": "select_optimal",
    "valhalla-tdm": "timedistancematrix",
}


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
