"""Figures of coverage, all from the same rows: how many are reached within each band, by whom besides, how late.

Every demand counts in exactly one county, and every county in one city, so counts and weights of the parts add up to
the whole. A demand that no road leads to is not covered and stays in every total; it is named, never dropped.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from planning.demands import RISKS, County, Demands, Floats, Texts


class Band(BaseModel):
    """How much is reached within `minutes`; `share` is of the weight, null where there is nothing to reach."""

    minutes: float
    demands: int
    weight: float
    share: float | None


class Figures(BaseModel):
    """`reached` by anybody, `backup` by two origins. `mean_minutes` is over those to whom a way leads (`with_way`).

    `p90_minutes`: nine tenths of the weight are reached at least so early; null when more than a tenth never is.
    """

    demands: int
    weight: float
    reached: list[Band]
    backup: list[Band]
    with_way: int
    weight_with_way: float
    mean_minutes: float | None
    p90_minutes: float | None
    no_road: int
    no_way: int


class Part(Figures):
    """Figures of one county, city, tag or risk. `region` is empty for tags and risks."""

    key: str
    name: str
    region: str = ""


class Step(BaseModel):
    """How many demands are reached from `from_minutes` (included) to `to_minutes` (null: no end)."""

    from_minutes: float
    to_minutes: float | None
    demands: int


class Reach:
    """When each demand is reached: minutes of the nearest and second nearest origin, infinite where no way leads."""

    def __init__(self, minutes: Floats, origin: npt.NDArray[np.signedinteger], off_road: npt.NDArray[np.bool_]) -> None:
        self.first, self.second = minutes[:, 0], minutes[:, 1]
        self.origin = origin
        self.no_road = off_road
        self.no_way = ~off_road & ~np.isfinite(self.first)


def figures(
    demands: Demands, reach: Reach, bands: Sequence[float], rows: npt.NDArray[np.intp] | None = None
) -> Figures:
    """Count the demands of `rows` (all without it)."""
    chosen = np.arange(len(demands)) if rows is None else rows
    first, second, weight = reach.first[chosen], reach.second[chosen], demands.weight[chosen]
    total = float(weight.sum())
    way = np.isfinite(first)
    weight_with_way = float(weight[way].sum())
    return Figures(
        demands=len(chosen),
        weight=total,
        reached=[_band(first, weight, total, limit) for limit in bands],
        backup=[_band(second, weight, total, limit) for limit in bands],
        with_way=int(way.sum()),
        weight_with_way=weight_with_way,
        mean_minutes=float((first[way] * weight[way]).sum() / weight_with_way) if weight_with_way > 0 else None,
        p90_minutes=_quantile(first, weight, 0.9),
        no_road=int(reach.no_road[chosen].sum()),
        no_way=int(reach.no_way[chosen].sum()),
    )


def by_county(demands: Demands, reach: Reach, bands: Sequence[float], counties: Sequence[County]) -> list[Part]:
    """Every county of the region, those without a demand too, in the order of their codes."""
    rows = _rows_of(demands.region)
    return [
        _part(demands, reach, bands, rows.get(one.adcode), key=one.adcode, name=one.name, region=one.adcode)
        for one in counties
    ]


def by_city(demands: Demands, reach: Reach, bands: Sequence[float], counties: Sequence[County]) -> list[Part]:
    city_of = {one.adcode: one.city for one in counties}
    rows = _rows_of(np.array([city_of.get(region, "") for region in demands.region], object))
    names = {one.city: one.city_name for one in counties}
    return [
        _part(demands, reach, bands, rows.get(city), key=city, name=names[city], region=city) for city in sorted(names)
    ]


def by_tag(demands: Demands, reach: Reach, bands: Sequence[float]) -> list[Part]:
    """A demand with two tags counts under both, so these do not add up to the whole; the most frequent first."""
    rows: dict[str, list[int]] = {}
    for row, tags in enumerate(demands.tags):
        for tag in tags:
            rows.setdefault(tag, []).append(row)
    parts = [_part(demands, reach, bands, np.array(found), key=tag, name=tag) for tag, found in rows.items()]
    return sorted(parts, key=lambda part: (-part.demands, part.key))


def by_risk(demands: Demands, reach: Reach, bands: Sequence[float]) -> list[Part]:
    rows = _rows_of(demands.risk)
    return [_part(demands, reach, bands, rows[risk], key=risk, name=risk) for risk in RISKS if risk in rows]


def histogram(reach: Reach, longest: float) -> list[Step]:
    """Steps of equal length up to twice the longest band, and one for all that comes later or never."""
    edges = [*np.linspace(0.0, 2 * longest, 25).tolist(), np.inf]
    counts, _ = np.histogram(np.minimum(reach.first, 1e12), bins=[*edges[:-1], 1e13])
    return [
        Step(from_minutes=low, to_minutes=None if np.isinf(high) else high, demands=int(count))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _part(
    demands: Demands, reach: Reach, bands: Sequence[float], rows: npt.NDArray[np.intp] | None,
    *, key: str, name: str, region: str = "",
) -> Part:  # fmt: skip
    counted = figures(demands, reach, bands, np.empty(0, np.intp) if rows is None else rows)
    return Part(key=key, name=name, region=region, **counted.model_dump())


def _band(minutes: Floats, weight: Floats, total: float, limit: float) -> Band:
    within = minutes <= limit
    reached = float(weight[within].sum())
    return Band(minutes=limit, demands=int(within.sum()), weight=reached, share=reached / total if total > 0 else None)


def _quantile(minutes: Floats, weight: Floats, share: float) -> float | None:
    """The earliest time at which at least `share` of the weight is reached."""
    order = np.argsort(minutes, kind="stable")
    so_far = np.cumsum(weight[order])
    if not len(so_far) or so_far[-1] <= 0:
        return None
    row = int(np.searchsorted(so_far, share * so_far[-1] * (1 - 1e-12)))
    found = float(minutes[order[row]])
    return found if np.isfinite(found) else None


def _rows_of(keys: Texts) -> dict[str, npt.NDArray[np.intp]]:
    if not len(keys):
        return {}
    names, number = np.unique(keys.astype(str), return_inverse=True)
    order = np.argsort(number, kind="stable")
    pieces = np.split(order, np.cumsum(np.bincount(number))[:-1])
    return dict(zip(names.tolist(), pieces, strict=True))
