"""The rows of a layer as GeoJSON (RFC 7946: WGS84, longitude first)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from gis.http import PageParams
from gis.parameters import in_box
from layers.catalog import Layer
from layers.errors import UnknownLayer

_DIGITS = 7  # about a centimetre


async def feature_collection(
    session: AsyncSession,
    layer: Layer,
    *,
    page: PageParams,
    bbox: str | None,
    filters: Mapping[str, Sequence[str]],
) -> bytes:
    """Return one page as JSON: a FeatureCollection with `next`, the cursor of the following page or null."""
    relation = layer.relation
    if relation is None:
        raise UnknownLayer(f"layer {layer.id} has no features, only tiles")
    key: ColumnElement[int] = literal_column(relation.key)
    box = in_box(literal_column(relation.geometry), bbox)
    names = list(relation.properties)
    rows = await session.execute(
        select(
            key.label("id"),
            func.ST_AsGeoJSON(literal_column(relation.geometry), _DIGITS),
            *(literal_column(expression).label(f"property_{name}") for name, expression in relation.properties.items()),
        )
        .select_from(text(relation.source))
        .where(key > page.after(), *([] if box is None else [box]), *layer.conditions(filters))
        .order_by(key)
        .limit(page.limit)
    )
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "id": feature_id,
            "geometry": orjson.Fragment(geometry),
            "properties": dict(zip(names, values, strict=True)),
        }
        for feature_id, geometry, *values in rows
    ]
    following = str(features[-1]["id"]) if len(features) == page.limit else None
    return orjson.dumps({"type": "FeatureCollection", "features": features, "next": following})
