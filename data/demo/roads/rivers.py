"""Rivers that streets cross only at bridges. The names are real, the courses are drawn by hand and bend at random."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from shapely.geometry import LineString

from data.demo.roads.plane import Points, to_degrees, to_plane

_COURSES: dict[str, list[tuple[float, float]]] = {
    "黄河": [
        (114.84, 35.00), (115.10, 35.45), (115.62, 35.76), (115.98, 35.98), (116.32, 36.18), (116.70, 36.58),
        (116.95, 36.80), (117.32, 37.00), (117.82, 37.29), (118.22, 37.50), (118.62, 37.66), (119.24, 37.76),
    ],
    "小清河": [(116.86, 36.69), (117.20, 36.78), (117.55, 36.95), (118.05, 37.06), (118.55, 37.20), (119.02, 37.28)],
    "白浪河": [(119.02, 36.42), (119.07, 36.58), (119.108, 36.71), (119.13, 36.80), (119.20, 37.12)],
    "虞河": [(119.13, 36.52), (119.15, 36.62), (119.162, 36.71), (119.19, 36.82), (119.27, 37.05)],
    "潍河": [(119.15, 35.82), (119.42, 36.02), (119.50, 36.28), (119.44, 36.60), (119.50, 37.08)],
    "弥河": [(118.45, 36.18), (118.55, 36.48), (118.62, 36.70), (118.80, 36.90), (118.92, 37.20)],
    "丹河": [(118.80, 36.45), (118.86, 36.72), (118.98, 36.95)],
    "汶河": [(118.72, 36.28), (119.05, 36.42), (119.30, 36.45), (119.47, 36.55)],
    "胶莱河": [(119.68, 36.25), (119.75, 36.62), (119.60, 37.08)],
    "大沽河": [(120.40, 37.22), (120.48, 36.85), (120.25, 36.52), (120.12, 36.20)],
    "五龙河": [(120.86, 37.20), (120.72, 36.95), (120.80, 36.62)],
    "大汶河": [(117.75, 36.18), (117.25, 36.02), (116.82, 35.92), (116.30, 35.88)],
    "泗河": [(117.50, 35.72), (117.05, 35.64), (116.80, 35.50), (116.62, 35.25)],
    "沂河": [(118.08, 36.12), (118.60, 35.80), (118.48, 35.50), (118.38, 35.06), (118.28, 34.42)],
    "沭河": [(118.75, 36.08), (118.86, 35.60), (118.74, 35.20), (118.58, 34.70), (118.44, 34.42)],
    "徒骇河": [(115.62, 36.08), (116.10, 36.55), (116.70, 36.98), (117.35, 37.38), (118.08, 37.66), (118.24, 38.10)],
    "马颊河": [(115.45, 36.10), (115.98, 36.72), (116.62, 37.28), (117.30, 37.74), (117.88, 38.18)],
    "京杭运河": [
        (115.72, 36.80), (115.99, 36.46), (116.22, 36.00), (116.55, 35.43), (116.82, 35.02), (117.25, 34.66),
        (117.76, 34.54),
    ],
    "孝妇河": [(117.84, 36.42), (117.95, 36.66), (118.02, 36.80), (118.02, 37.04)],
    "淄河": [(117.98, 36.36), (118.25, 36.66), (118.36, 36.86), (118.42, 37.12)],
    "大沽夹河": [(121.05, 37.20), (121.22, 37.42), (121.30, 37.60)],
    "傅疃河": [(119.20, 35.66), (119.42, 35.44), (119.60, 35.30)],
    "母猪河": [(122.00, 37.38), (122.06, 37.18), (121.98, 36.90)],
    "广利河": [(118.35, 37.42), (118.62, 37.46), (119.00, 37.36)],
    "洙赵新河": [(115.18, 35.32), (115.75, 35.34), (116.30, 35.36), (116.60, 35.26)],
    "岔河": [(116.26, 37.34), (116.33, 37.46), (116.75, 37.68)],
    "柴汶河": [(117.92, 35.88), (117.50, 35.90), (117.16, 35.98)],
}  # fmt: skip
_STEP_KM = 0.7
_SEED = 1855  # the year the Yellow River last came to Shandong


@dataclass(frozen=True, slots=True)
class River:
    """The middle line of a river, in WGS84 degrees. It may run past the province's border."""

    name: str
    line: LineString


@cache
def rivers() -> tuple[River, ...]:
    """All rivers, the same on every machine."""
    rng = np.random.default_rng(_SEED)
    return tuple(River(name, LineString(to_degrees(_course(bends, rng)))) for name, bends in _COURSES.items())


def _course(bends: list[tuple[float, float]], rng: np.random.Generator) -> Points:
    corners = rounded(to_plane(np.array(bends)))
    middle = LineString(corners)
    count = int(middle.length / _STEP_KM)
    course = shapely.get_coordinates(shapely.line_interpolate_point(middle, np.linspace(0, middle.length, count)))
    return course + _meander(count, rng)


def _meander(count: int, rng: np.random.Generator) -> Points:
    """Slow swings of a few hundred metres."""
    along = np.arange(count) * _STEP_KM
    swings = np.zeros((count, 2))
    for wave_km, width_km in ((17.0, 0.45), (6.5, 0.22), (3.1, 0.09)):
        phase = rng.uniform(0, 2 * np.pi, 2)
        swings += width_km * np.sin(2 * np.pi * along[:, None] / wave_km + phase)
    return swings


def rounded(corners: Points, times: int = 3) -> Points:
    """Corners cut off (Chaikin), ends kept."""
    for _ in range(times):
        first, second = corners[:-1], corners[1:]
        cut = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1).reshape(-1, 2)
        corners = np.concatenate([corners[:1], cut[1:-1], corners[-1:]])
    return corners
