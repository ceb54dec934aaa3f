"""The rows of a layer as GeoJSON (RFC 7946: WGS84, longitude first)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from gis.http import PageParams
from gis.parameters import in_box
from layers.catalog import Layer, Relation
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
    relation = _relation(layer)
    key: ColumnElement[int] = literal_column(relation.key)
    box = in_box(literal_column(relation.geometry), bbox)
    wanted = [key > page.after(), *([] if box is None else [box]), *layer.conditions(filters)]
    features = await _features(session, relation, wanted, page.limit)
    following = str(features[-1]["id"]) if len(features) == page.limit else None
    return orjson.dumps({"type": "FeatureCollection", "features": features, "next": following})


async def feature(session: AsyncSession, layer: Layer, feature_id: int) -> dict[str, Any] | None:
    """Return one row as a GeoJSON feature (its geometry encoded already), or None when there is none to see."""
    relation = _relation(layer)
    key: ColumnElement[int] = literal_column(relation.key)
    found = await _features(session, relation, [key == feature_id], 1)
    return found[0] if found else None


def _relation(layer: Layer) -> Relation:
    if layer.relation is None:
        raise UnknownLayer(f"layer {layer.id} has no features, only tiles")
    return layer.relation


async def _features(
    session: AsyncSession, relation: Relation, wanted: Sequence[ColumnElement[bool]], limit: int
) -> list[dict[str, Any]]:
    key: ColumnElement[int] = literal_column(relation.key)
    rows = await session.execute(
        select(
            key.label("id"),
            func.ST_AsGeoJSON(literal_column(relation.geometry), _DIGITS),
            *(literal_column(expression).label(f"property_{name}") for name, expression in relation.properties.items()),
        )
        .select_from(text(relation.source))
        .where(*wanted)
        .order_by(key)
        .limit(limit)
    )
    names = list(relation.properties)
    return [
        {
            "type": "Feature",
            "id": feature_id,
            "geometry": orjson.Fragment(geometry),
            "properties": dict(zip(names, values, strict=True)),
        }
        for feature_id, geometry, *values in rows
    ]
