"""Road files for the other benchmarks: imported as the product does it, kept if asked, and questions drawn on them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routing.errors import NetworkUnusable
from routing.importing import import_roads
from routing.measure import METRES_PER_DEGREE, UNITS_PER_DEGREE, Ints
from routing.network import PreparedNetwork, RoadStore
from routing.snapping import LonLat


@dataclass(frozen=True, slots=True)
class Question:
    """An alert and officers, all at junctions, so that peers without snapping can answer too."""

    target: int
    officers: Ints
    target_at: LonLat
    officers_at: list[LonLat]


@contextmanager
def stored(source: Path, keep: Path | None = None) -> Iterator[RoadStore]:
    """Import a file; under `keep` the prepared roads stay, and are used again while this program can read them."""
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            store = RoadStore(Path(folder))
            import_roads(source, store)
            yield store
        return
    store = RoadStore(keep / source.name)
    try:
        store.current(check=False)
    except NetworkUnusable:
        import_roads(source, store)
    yield store


@contextmanager
def opened(source: Path, keep: Path | None = None) -> Iterator[PreparedNetwork]:
    """Import a file, or use what was kept, and open it."""
    with stored(source, keep) as store:
        yield store.current()


def describe(network: PreparedNetwork) -> str:
    counts = network.manifest["counts"]
    return f"{network.source}: {counts['junctions']:,} junctions, {counts['edges']:,} edges, {counts['km']:,.0f} km"


class Places:
    """Draws junctions at which nobody else stands: snapping cannot tell two at one place apart."""

    def __init__(self, network: PreparedNetwork) -> None:
        self._xy = network.arrays.node_xy
        # A split junction's copies stand where it does.
        _, first, shared = np.unique(self._xy, axis=0, return_index=True, return_counts=True)
        self.junctions: Ints = first[shared == 1].astype(np.int32)

    def question(self, count: int, radius_km: float, seed: int) -> Question:
        """An alert at a random junction, `count` officers at random junctions within the radius (0: anywhere)."""
        random = np.random.default_rng(seed)
        target = int(random.choice(self.junctions))
        near = self.junctions
        if radius_km:
            gap = (self._xy[near] - self._xy[target]) / UNITS_PER_DEGREE * METRES_PER_DEGREE
            gap[:, 0] *= np.cos(np.radians(self._xy[target, 1] / UNITS_PER_DEGREE))
            near = near[np.hypot(gap[:, 0], gap[:, 1]) <= radius_km * 1000]
        officers = random.choice(near, count)
        return Question(target, officers, self.at(np.array([target]))[0], self.at(officers))

    def at(self, nodes: Ints) -> list[LonLat]:
        return [(lon, lat) for lon, lat in (self._xy[nodes] / UNITS_PER_DEGREE).tolist()]
