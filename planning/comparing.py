"""Two scenarios side by side: what one gains and loses against the other, part by part, demand by demand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from planning import products
from planning.errors import UnusableScenario
from planning.figures import Figures, Part
from planning.shapes import Change, Comparison, CoverageResult, PartChange

One = tuple[int, dict[str, Any], CoverageResult, bytes]
"""A scenario: its id, what was asked, what was found, and its places."""


def compare(one: One, other: One) -> Comparison:
    """Compare two scenarios; raises `UnusableScenario` when region, demand or bands differ: such shares say nothing."""
    (id, asked, found, places), (with_id, asked_with, found_with, places_with) = one, other
    for name in ("region", "demand", "minutes"):
        if getattr(found, name) != getattr(found_with, name):
            raise UnusableScenario(f"the two scenarios differ in {name}; they cannot be compared")
    gained, lost = _exchanged(places, places_with, found.minutes)
    names = sorted({*asked, *asked_with})
    differs = [name for name in names if asked.get(name) != asked_with.get(name)]
    if found.roads_version != found_with.roads_version:
        differs.append("roads")
    return Comparison(
        id=id,
        with_id=with_id,
        region=found.region,
        differs=differs,
        total=_change("", "", "", found.total, found_with.total),
        by_county=_changes(found.by_county, found_with.by_county),
        by_city=_changes(found.by_city, found_with.by_city),
        gained=gained,
        lost=lost,
    )


def _exchanged(places: bytes, places_with: bytes, bands: Sequence[float]) -> tuple[list[int] | None, list[int] | None]:
    """How many demands only the other one reaches within each band, and how many only this one does."""
    tables = [products.read(content, ("id", "minutes")) for content in (places, places_with)]
    ids, ids_with = (table["id"].to_numpy() for table in tables)
    if not np.array_equal(ids, ids_with):
        return None, None
    first, second = (table["minutes"].to_numpy(zero_copy_only=False) for table in tables)
    gained = [int(((second <= limit) & ~(first <= limit)).sum()) for limit in bands]
    lost = [int(((first <= limit) & ~(second <= limit)).sum()) for limit in bands]
    return gained, lost


def _changes(parts: Sequence[Part], parts_with: Sequence[Part]) -> list[PartChange]:
    others = {part.key: part for part in parts_with}
    return [_change(part.key, part.name, part.region, part, others[part.key]) for part in parts if part.key in others]


def _change(key: str, name: str, region: str, one: Figures, other: Figures) -> PartChange:
    bands = [
        Change(
            minutes=reached.minutes,
            share=reached.share,
            share_with=reached_with.share,
            demands=reached_with.demands - reached.demands,
            backup_share=backup.share,
            backup_share_with=backup_with.share,
        )
        for reached, reached_with, backup, backup_with in zip(
            one.reached, other.reached, one.backup, other.backup, strict=True
        )
    ]
    return PartChange(
        key=key,
        name=name,
        region=region,
        bands=bands,
        mean_minutes=one.mean_minutes,
        mean_minutes_with=other.mean_minutes,
        p90_minutes=one.p90_minutes,
        p90_minutes_with=other.p90_minutes,
    )
