"""Whom nobody reaches in time, the gravest first, and why."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from planning.demands import RISKS
from planning.products import geometries
from planning.shapes import Uncovered

NAMED = 200
"""So many of those to whom no way leads stand in the result itself; the list has all."""


def gravest_first(places: pa.Table, within: float | None, region: str = "") -> npt.NDArray[np.intp]:
    """Rows not reached `within` minutes (None: not at all): by risk, then the heaviest, then the latest."""
    minutes = places["minutes"].to_numpy(zero_copy_only=False).astype(np.float64)
    late = np.isnan(minutes) if within is None else ~(minutes <= within)
    if region:
        late &= np.array([one.startswith(region) for one in places["region"].to_pylist()], np.bool_)
    rows = np.flatnonzero(late)
    rank = {risk: number for number, risk in enumerate(RISKS)}
    risk = np.array([rank.get(one, len(RISKS)) for one in places["risk"].take(rows).to_pylist()], np.int64)
    weight = places["weight"].to_numpy()[rows]
    lateness = np.nan_to_num(minutes[rows], nan=np.inf)
    return rows[np.lexsort((places["id"].to_numpy()[rows], -lateness, -weight, risk))]


def named(places: pa.Table, rows: Sequence[int] | npt.NDArray[np.intp]) -> list[Uncovered]:
    """Those rows in full."""
    chosen = places.take(pa.array(rows, pa.int64()))
    return [
        Uncovered(
            **{name: row[name] for name in ("id", "name", "region", "risk", "weight", "minutes", "backup_minutes")},
            origin=row["origin"],
            lon=place.x,
            lat=place.y,
            reason=row["no_way_because"] or "late",
        )
        for row, place in zip(chosen.to_pylist(), geometries(chosen), strict=True)
    ]
