"""Two counties without a database: travel in straight lines, a kilometre a minute, no road in the far east."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely

from planning.demands import County, Demands, Origins
from planning.scenario import Asked
from planning.shapes import Scenario

NO_ROAD_EAST_OF = 119.55


@dataclass(frozen=True)
class FlatArrivals:
    minutes: np.ndarray
    origin: np.ndarray
    off_road: np.ndarray


@dataclass(frozen=True)
class FlatSurface:
    origins: np.ndarray

    @property
    def off_road(self):
        return self.origins[:, 0] > NO_ROAD_EAST_OF

    def at(self, places):
        gaps = (places[:, None] - self.origins[None]) * [89.3, 111.0]
        minutes = np.where(self.off_road[None], np.inf, np.linalg.norm(gaps, axis=2))
        off = places[:, 0] > NO_ROAD_EAST_OF
        minutes[off] = np.inf
        order = np.argsort(minutes, axis=1, kind="stable")
        best = np.take_along_axis(minutes, order, axis=1)
        second = best[:, 1] if best.shape[1] > 1 else np.full(len(places), np.inf)
        other = order[:, 1] if best.shape[1] > 1 else np.full(len(places), -1)
        return FlatArrivals(np.stack([best[:, 0], second], 1), np.stack([order[:, 0], other], 1), off)

    def tile(self, z, x, y):
        return f"{z}/{x}/{y} from {len(self.origins)}".encode()

    def areas(self, minutes, box):
        frame = shapely.box(*box)
        circles = [
            shapely.union_all([shapely.Point(lon, lat).buffer(limit / 100) for lon, lat in self.origins])
            for limit in minutes
        ]
        return [shapely.MultiPolygon(list(shapely.get_parts(c & frame))) for c in circles]


class FlatNetwork:
    version = "flat"

    def surface(self, origins):
        return FlatSurface(np.asarray(origins, float).reshape(-1, 2))

    def junctions(self, near, limit_m):
        rows = np.flatnonzero(near[:, 0] <= NO_ROAD_EAST_OF)
        return rows, near[rows]


@pytest.fixture
def flat():
    return FlatNetwork()


@pytest.fixture
def counties():
    return [
        County("370704", "坊子区", "370700", "潍坊市", "山东省", shapely.box(119.3, 36.5, 119.6, 36.8)),
        County("370705", "奎文区", "370700", "潍坊市", "山东省", shapely.box(119.0, 36.6, 119.3, 36.8)),
    ]


@pytest.fixture
def asked(counties):
    """A scenario with 9,000 enterprises and two stations; `make(**more)` changes the question."""

    def make(count=9000, **more):
        random = np.random.default_rng(4)
        lonlat = np.stack([random.uniform(119.0, 119.6, count), random.uniform(36.6, 36.8, count)], axis=1)
        demands = Demands(
            id=np.arange(1, count + 1),
            name=np.array([f"企业{number}" for number in range(count)], object),
            lonlat=lonlat,
            region=np.where(lonlat[:, 0] < 119.3, "370705", "370704").astype(object),
            risk=np.array(random.choice(["high", "medium", "low"], count), object),
            tags=[["water"], ["air", "water"], []] * (count // 3),
            weight=np.ones(count),
        )
        question = {"region": "3707", "minutes": [5, 10, 20], "from": "stations"} | more
        stations = Origins(
            np.array([1, 2]), ["西站", "</script>站"], np.array([[119.05, 36.65], [119.2, 36.7]]), "stations"
        )
        return Asked(Scenario.model_validate(question), "潍坊市", counties, stations, demands)

    return make
