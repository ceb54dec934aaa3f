"""Slower or faster than the roads allow: factors by class of road and hour of the day, and the network that obeys
them.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from routing.customising import Edges, customise
from routing.errors import UnusableSpeeds
from routing.mapped import ArrayFile
from routing.network import METRIC_COLUMNS, PreparedNetwork

LOCAL_TIME = ZoneInfo("Asia/Shanghai")
LEAST, MOST = 0.05, 5.0
EVERY_CLASS = "*"


@dataclass(frozen=True)
class SpeedFactors:
    """How fast one drives, as a share of the stored speed: 0.5 takes twice as long.

    `by_class` holds for a road class at all hours, `by_hour` for an hour of the day (0 to 23, Asia/Shanghai) and a
    class; the two multiply. The class `*` is every class that is not named itself. Raises `UnusableSpeeds`.
    """

    by_class: Mapping[str, float] = field(default_factory=dict)
    by_hour: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for hour in self.by_hour:
            if isinstance(hour, bool) or not isinstance(hour, int) or not 0 <= hour <= 23:
                raise UnusableSpeeds(f"{hour!r} is no hour of the day (0 to 23)")
        for factors in (self.by_class, *self.by_hour.values()):
            for name, factor in factors.items():
                if not (math.isfinite(factor) and LEAST <= factor <= MOST):
                    raise UnusableSpeeds(f"the speed factor {factor} of {name} is not between {LEAST:g} and {MOST:g}")

    def at(self, now: datetime) -> Mapping[str, float]:
        """Return the factor of every class named, `*` for the others, in the hour of `now` (an aware time)."""
        if now.tzinfo is None:
            raise ValueError("a time without a zone has no hour in Shandong")
        hourly = self.by_hour.get(now.astimezone(LOCAL_TIME).hour, {})
        names = {*self.by_class, *hourly, EVERY_CLASS}
        return MappingProxyType({name: _of(self.by_class, name) * _of(hourly, name) for name in sorted(names)})


def digest(factors: Mapping[str, float]) -> str:
    """Return a short name for factors, the same in every process; empty where they change nothing."""
    if all(factor == 1.0 for factor in factors.values()):
        return ""
    return hashlib.blake2b(json.dumps(sorted(factors.items())).encode(), digest_size=3).hexdigest()


def with_speeds(network: PreparedNetwork, factors: Mapping[str, float]) -> PreparedNetwork:
    """Return the network as an import would have made it from the stored times divided by the factors.

    `network` stays as it is and shares all it can with the new one, which takes about 120 bytes a node (its costs;
    those of the arcs lie in a temporary file) and a second for a province. Factors are those of `SpeedFactors.at`.
    """
    a = network.arrays
    per_class = np.array([_of(factors, name) for name in network.classes] or [1.0])
    shape_ms = np.maximum(np.rint(a.shape_ms / per_class[a.shape_class]), 1).astype(np.int32)
    shape_ms.flags.writeable = False  # as the mapped arrays are, so that compiled code meets one type, not two
    ms, r_ms = shape_ms[a.edge_shape], shape_ms[a.edge_shape[a.r_edge]]
    ms.flags.writeable = r_ms.flags.writeable = False
    metric = customise(network.hierarchy, Edges(a.indptr, a.tail, a.head, ms, a.edge_shape, a.shape_m))
    files = {name: ArrayFile.holding(getattr(metric, name)) for name in METRIC_COLUMNS}
    costs = {name: file.view() for name, file in files.items()}
    return PreparedNetwork(
        replace(a, shape_ms=shape_ms, ms=ms, r_ms=r_ms, **costs), network.manifest, files, speeds=digest(factors)
    )


def _of(factors: Mapping[str, float], name: str) -> float:
    return factors.get(name, factors.get(EVERY_CLASS, 1.0))
