"""How many rows a layer has, by child region or by one of its properties, for the person who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from gis.http import BadQuery
from gis.parameters import in_area, in_box
from gis.tables import RegionRow
from layers.catalog import Layer, Relation
from layers.errors import UnknownLayer

REGION = "region"

_CHILDREN = {2: "city", 4: "county", 6: "county"}  # level of the parts, by length of the prefix; a county is its own


@dataclass(frozen=True, slots=True)
class Count:
    """One group: its value, what it is called (regions have a name), and how many rows are in it."""

    key: str
    name: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts, largest first (regions by code). They add up to `total`, unless a row can be in several groups."""

    total: int
    counts: tuple[Count, ...]


def ways_to_count(layer: Layer) -> tuple[str, ...]:
    """The values that `by` may have for this layer."""
    return () if layer.relation is None else (REGION, *layer.relation.groups)


async def newest(session: AsyncSession, layer: Layer) -> datetime | None:
    """Return the time of the newest data in a layer that the person may see; None where nothing is."""
    if layer.relation is None:
        return None
    found: datetime | None = await session.scalar(text(layer.relation.as_of))
    return found


async def count_by(
    session: AsyncSession,
    layer: Layer,
    *,
    by: str,
    area: str,
    filters: Mapping[str, Sequence[str]],
    bbox: str | None = None,
) -> Statistics:
    """Count the rows of a layer in an area (GB/T 2260 prefix), and in a box (`minlon,minlat,maxlon,maxlat`) of it.

    By region a province is counted by city, a city by county; rows of the organisation itself have the area's own
    code; children without rows are there with 0. Raise `BadQuery` when the layer cannot be counted in that way.
    """
    relation = layer.relation
    if relation is None:
        raise UnknownLayer(f"layer {layer.id} has no rows to count")
    if by not in ways_to_count(layer):
        raise BadQuery(f"by: layer {layer.id} is counted by one of {', '.join(ways_to_count(layer))}, not {by[:40]!r}")
    region: ColumnElement[str] = literal_column(relation.region)
    conditions = [in_area(region, area), *layer.conditions(filters)]
    if (box := in_box(literal_column(relation.geometry), bbox)) is not None:
        conditions.append(box)
    total = await session.scalar(select(func.count()).select_from(text(relation.source)).where(*conditions)) or 0
    if by == REGION:
        return Statistics(total, await _by_region(session, relation, area, conditions))
    rows = await session.execute(_by_group(relation, by, conditions))
    return Statistics(total, tuple(Count(str(row[0]), None, row[1]) for row in rows))


def _by_group(relation: Relation, by: str, conditions: list[ColumnElement[bool]]) -> Select[str, int]:
    expression = relation.groups[by]
    key: ColumnElement[str] = literal_column(f"unnest({expression})" if by in relation.many else expression)
    return (
        select(key.label("key"), func.count().label("count"))
        .select_from(text(relation.source))
        .where(*conditions)
        .group_by(text("1"))
        .order_by(text("2 DESC"), text("1"))
    )


async def _by_region(
    session: AsyncSession, relation: Relation, area: str, conditions: list[ColumnElement[bool]]
) -> tuple[Count, ...]:
    length = min(len(area) + 2, 6)
    child: ColumnElement[str] = func.rpad(func.left(literal_column(relation.region), length), 6, "0")
    counted = await session.execute(
        select(child.label("key"), func.count())
        .select_from(text(relation.source))
        .where(*conditions)
        .group_by(text("1"))
    )
    counts = {row[0]: row[1] for row in counted}
    named = await session.execute(
        select(RegionRow.adcode, RegionRow.name).where(
            in_area(RegionRow.adcode, area),
            (RegionRow.level == _CHILDREN[len(area)]) | RegionRow.adcode.in_(list(counts)),
        )
    )
    names = {row[0]: row[1] for row in named}
    return tuple(Count(key, names.get(key), counts.get(key, 0)) for key in sorted({*names, *counts}))
