"""Demands put together, so that a model of 268,071 can be solved; what that costs is measured afterwards, not guessed.

Demands of one H3 cell, one county and one risk become one, with the sum of their weights, at the place of the one that
lies nearest to their weighted middle: a real place, which has its road. Whether a group is reached in time is asked of
that place. How long it takes to come to the group is not: around a station in the middle of a cell everybody would seem
to live next door, so that is the mean over `MEMBERS` of the group, chosen from the middle outwards.
"""

from dataclasses import dataclass

import h3
import numpy as np
import numpy.typing as npt

from planning.demands import Demands, Floats

MEMBERS = 8
"""So many of a group stand for all of it where a mean is wanted."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`row`: the demand that stands for each group; `weight` and `count` of all in it. `resolution`: None if alone.

    `member` are the rows of those who stand for the mean, group after group; those of a group begin at `start`, and
    `part` is the share of the group's weight that each stands for.
    """

    row: npt.NDArray[np.intp]
    weight: Floats
    count: npt.NDArray[np.int64]
    resolution: int | None
    member: npt.NDArray[np.intp]
    start: npt.NDArray[np.intp]
    part: Floats

    def __len__(self) -> int:
        return len(self.row)

    def mean(self, minutes: Floats) -> Floats:
        """The mean of each group, of minutes with a row a member; over those to whom a way leads, infinite for none."""
        known = np.isfinite(minutes)
        part = np.where(known, self.part[:, None], 0.0)
        total = np.add.reduceat(part, self.start)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Floats = np.add.reduceat(np.where(known, minutes, 0.0) * part, self.start) / total
        return np.where(total > 0, mean, np.inf)


def put_together(demands: Demands, usable: npt.NDArray[np.bool_], most: int) -> Aggregated:
    """Put `usable` demands together in the finest H3 cells that make at most `most` groups of them."""
    rows = np.flatnonzero(usable)
    if len(rows) <= most:
        alone = np.arange(len(rows))
        weight = demands.weight[rows].copy()
        return Aggregated(rows, weight, np.ones(len(rows), np.int64), None, rows, alone, np.ones(len(rows)))
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
    counts = np.bincount(number, minlength=count)
    chosen, start, part = _members(first, counts, pull[order])
    return Aggregated(
        rows[order[first]],
        np.bincount(number, weight, count).astype(np.float64),
        counts,
        resolution,
        rows[order[chosen]],
        start,
        part,
    )


def _members(
    first: npt.NDArray[np.intp], counts: npt.NDArray[np.int64], pull: Floats
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """Of each group (`counts` in a row from `first`, the middle first) some, each amid those that it stands for."""
    pieces, parts = [], []
    for begin, count in zip(first.tolist(), counts.tolist(), strict=True):
        cuts = np.linspace(0, count, min(count, MEMBERS) + 1).astype(np.intp)
        pieces.append(begin + (cuts[:-1] + cuts[1:] - 1) // 2)
        weight = np.add.reduceat(pull[begin : begin + count], cuts[:-1])
        parts.append(weight / weight.sum())
    sizes = np.array([len(piece) for piece in pieces], np.intp)
    return np.concatenate(pieces), np.cumsum(sizes) - sizes, np.concatenate(parts)
