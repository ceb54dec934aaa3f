"""Demands put together, so that a model of 268,071 can be solved; what that costs is measured afterwards, not guessed.

Demands of one H3 cell, one county and one risk become one, with the sum of their weights, at the place of the one that
lies nearest to their weighted middle: a real place, which has its road.
"""

from dataclasses import dataclass

import h3
import numpy as np
import numpy.typing as npt

from planning.demands import Demands, Floats


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`row`: the demand that stands for each group; `weight` and `count` of all in it. `resolution`: None if alone."""

    row: npt.NDArray[np.intp]
    weight: Floats
    count: npt.NDArray[np.int64]
    resolution: int | None

    def __len__(self) -> int:
        return len(self.row)


def put_together(demands: Demands, usable: npt.NDArray[np.bool_], most: int) -> Aggregated:
    """Put `usable` demands together in the finest H3 cells that make at most `most` groups of them."""
    rows = np.flatnonzero(usable)
    if len(rows) <= most:
        return Aggregated(rows, demands.weight[rows].copy(), np.ones(len(rows), np.int64), None)
    kinds = np.unique(
        np.array([f"{demands.region[row]}|{demands.risk[row]}" for row in rows.tolist()]), return_inverse=True
    )[1]
    finest = [h3.latlng_to_cell(lat, lon, 10) for lon, lat in demands.lonlat[rows].tolist()]
    for resolution in range(10, 2, -1):
        cells = np.array([int(h3.cell_to_parent(cell, resolution), 16) for cell in finest], np.uint64)
        keys = np.stack([cells, kinds.astype(np.uint64)], axis=1)
        groups, number = np.unique(keys, axis=0, return_inverse=True)
        if len(groups) <= most:
            break
    return _groups(demands, rows, number.reshape(-1), len(groups), resolution)


def _groups(
    demands: Demands, rows: npt.NDArray[np.intp], number: npt.NDArray[np.intp], count: int, resolution: int
) -> Aggregated:
    weight = demands.weight[rows]
    # Where nothing counts, all count alike.
    pull = np.where(np.bincount(number, weight, count)[number] > 0, weight, 1.0)
    lonlat = demands.lonlat[rows]
    total = np.bincount(number, pull, count)
    middle = np.stack([np.bincount(number, pull * lonlat[:, axis], count) / total for axis in (0, 1)], axis=1)
    away = (lonlat - middle[number]) * [np.cos(np.radians(lonlat[:, 1].mean())), 1.0]
    order = np.lexsort((rows, (away**2).sum(axis=1), number))
    first = np.unique(number[order], return_index=True)[1]
    return Aggregated(
        rows[order[first]],
        np.bincount(number, weight, count).astype(np.float64),
        np.bincount(number, minlength=count),
        resolution,
    )
