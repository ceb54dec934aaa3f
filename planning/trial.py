"""A scenario with some origins moved, at once: no job, nothing kept, only what changes while a station is dragged.

The demands are those of the finished scenario, so what is tried can be held against its figures. The surfaces tried
last stay in memory, and so do the places of the scenarios tried last: a drag asks for figures and for a dozen tiles of
roads, all of one surface.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import shapely
from pydantic import BaseModel

from planning import products
from planning.changes import Changes, changed
from planning.demands import County, Demands, Floats, Origins
from planning.errors import UnusableScenario
from planning.figures import Figures, Part, Reach, by_county, figures
from planning.ports import Network, Surface
from planning.shapes import CoverageResult, Origin

MOST_SURFACES, MOST_SCENARIOS = 3, 3
"""A surface of a province takes 25 MB, a scenario of all its enterprises 60."""

Value = TypeVar("Value")


class Trial(BaseModel):
    """What a change makes of a scenario; `cell_minutes` in the order of its cells, null where no way leads."""

    roads_version: str
    seconds: float
    origins: list[Origin]
    total: Figures
    by_county: list[Part]
    cell_minutes: list[float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What of a finished scenario a trial needs."""

    result: CoverageResult
    demands: Demands
    cells: Floats
    counties: Sequence[County]

    def origins(self, changes: Changes) -> Origins:
        """Raises `UnusableScenario` when nobody is left."""
        stood = self.result.origins
        base = Origins(
            np.array([one.id for one in stood], np.int64),
            [one.name for one in stood],
            np.array([(one.lon, one.lat) for one in stood], np.float64).reshape(-1, 2),
        )
        now = changed(base, changes)
        if not len(now):
            raise UnusableScenario("nobody is left to set out from; leave one origin where it is")
        return now


def scene(result: CoverageResult, places: bytes, cells: bytes, counties: Sequence[County]) -> Scene:
    """Read the products of a scenario."""
    table = products.read(places, ("id", "region", "weight", "geometry"))
    count = table.num_rows
    demands = Demands(
        id=table["id"].to_numpy(),
        name=np.full(count, "", object),
        lonlat=shapely.get_coordinates(products.geometries(table)),
        region=np.array(table["region"].to_pylist(), object),
        risk=np.full(count, "", object),
        tags=[()] * count,
        weight=table["weight"].to_numpy(),
    )
    covering = products.read(cells, ("geometry",))
    middles = shapely.get_coordinates(shapely.centroid(products.geometries(covering)))
    return Scene(result, demands, middles, counties)


def try_out(scene: Scene, changes: Changes, network: Network, surface: Surface) -> Trial:
    """Count anew. `surface` is that of `scene.origins(changes)`."""
    began = time.perf_counter()
    origins, bands = scene.origins(changes), scene.result.minutes
    arrivals = surface.at(np.concatenate([scene.demands.lonlat, scene.cells]))
    count = len(scene.demands)
    reach = Reach(arrivals.minutes[:count], arrivals.origin[:count], arrivals.off_road[:count])
    cells = np.round(arrivals.minutes[count:, 0], 2)
    return Trial(
        roads_version=network.version,
        origins=[
            Origin(id=number, name=name, lon=lon, lat=lat, off_road=off)
            for number, name, (lon, lat), off in zip(
                origins.id.tolist(), origins.name, origins.lonlat.tolist(), surface.off_road.tolist(), strict=True
            )
        ],
        total=figures(scene.demands, reach, bands),
        by_county=by_county(scene.demands, reach, bands, scene.counties),
        cell_minutes=[None if minutes == np.inf else minutes for minutes in cells.tolist()],
        seconds=round(time.perf_counter() - began, 3),
    )


@dataclass
class Kept(Generic[Value]):
    """The values made last, by key; one that is being made is waited for, not made twice. For many threads."""

    most: int
    _values: OrderedDict[Hashable, Value] = field(default_factory=OrderedDict)
    _making: dict[Hashable, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        try:
            with turn:
                found = self.known(key)
                if found is None:
                    found = make()
                    self._put(key, found)
                return found
        finally:
            with self._lock:
                self._making.pop(key, None)

    def known(self, key: Hashable) -> Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is not None:
                self._values.move_to_end(key)
            return found

    def _put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self.most:
                self._values.popitem(last=False)


@dataclass
class Warm:
    """What the trials of one process share."""

    scenes: Kept[Scene] = field(default_factory=lambda: Kept(MOST_SCENARIOS))
    surfaces: Kept[Surface] = field(default_factory=lambda: Kept(MOST_SURFACES))

    def surface(self, network: Network, origins: Origins) -> Surface:
        key = network.version, origins.lonlat.tobytes()
        return self.surfaces.get(key, lambda: network.surface(origins.lonlat))
