"""The rows of a layer as a file: CSV for spreadsheets, GeoPackage for a GIS. The same rows as on the map, no others."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from gis.http import BadQuery, NotFound
from gis.parameters import in_box
from gis.spreadsheets import no_formula
from layers.catalog import Layer, Relation
from layers.columns import Language, as_text, choice_titles, column_title, for_people

MAX_ROWS: Final = 300_000
_CHUNK: Final = 5_000

# Of the database's types those which a GeoPackage has too; all others are written as text.
_NUMBERS: Final = {"integer": np.int64, "bigint": np.int64, "double precision": np.float64, "boolean": np.bool_}


class Export:
    """One export: what is asked for, checked before the first byte leaves."""

    def __init__(self, layer: Layer, *, bbox: str | None, filters: Mapping[str, Sequence[str]]) -> None:
        if layer.relation is None:
            raise NotFound(f"layer {layer.id} has no rows to export, only tiles")
        self.layer = layer
        self.relation: Relation = layer.relation
        box = in_box(literal_column(self.relation.geometry), bbox)
        self._conditions = [*([] if box is None else [box]), *layer.conditions(filters)]

    async def check(self, session: AsyncSession) -> None:
        """Raise `BadQuery` when there are more rows than one file takes."""
        some = select(text("1")).select_from(text(self.relation.source)).where(*self._conditions).limit(MAX_ROWS + 1)
        count = await session.scalar(select(func.count()).select_from(some.subquery())) or 0
        if count > MAX_ROWS:
            raise BadQuery(f"export: more than {MAX_ROWS} rows; narrow it with bbox, region or another filter")

    async def csv(self, session: AsyncSession, language: Language) -> AsyncGenerator[bytes, None]:
        """Yield the file in pieces: UTF-8, titles of columns and values in the language, RFC 4180."""
        names = list(self.relation.properties)
        titles = [choice_titles(self.layer, language).get(name, {}) for name in names]
        header = [column_title(name, language) for name in ("id", *names, "lon", "lat")]
        yield _lines([header])
        geometry = self.relation.geometry
        if self.layer.geometry != "point":
            geometry = f"ST_PointOnSurface({geometry})"
        place = [_sql(f"round(ST_{axis}({geometry})::numeric, 7)") for axis in ("X", "Y")]
        async for rows in self._rows(session, *place):
            yield _lines(
                [
                    row[0],
                    *(no_formula(for_people(v, t, language)) for v, t in zip(row[3:], titles, strict=True)),
                    row[1],
                    row[2],
                ]
                for row in rows
            )

    async def geopackage(self, session: AsyncSession, path: Path) -> None:
        """Write the file to `path`: codes as stored, times as ISO text with +08:00, WGS84."""
        names = ["row_id", *self.relation.properties]
        types = await self._types(session)
        shape = _sql(f"ST_AsBinary({self.relation.geometry})")
        written = 0
        async for rows in self._rows(session, shape):
            await asyncio.to_thread(self._write, path, names, types, rows, append=written > 0)
            written += len(rows)
        if not written:
            await asyncio.to_thread(self._write, path, names, types, [], append=False)

    async def _rows(self, session: AsyncSession, *places: ColumnElement[Any]) -> AsyncIterator[Sequence[Sequence[Any]]]:
        found = await session.stream(self._query(*places))
        async for rows in found.partitions(_CHUNK):
            yield rows

    def _query(self, *places: ColumnElement[Any]) -> Select[Any]:
        key = _sql(self.relation.key)
        values = [_sql(value).label(f"property_{name}") for name, value in self.relation.properties.items()]
        return (
            select(key.label("key"), *places, *values)
            .select_from(text(self.relation.source))
            .where(*self._conditions)
            .order_by(key)
            .limit(MAX_ROWS)
        )

    async def _types(self, session: AsyncSession) -> list[Any]:
        """The numpy type of each column, `object` for text."""
        values = self.relation.properties.values()
        asked = select(*(_sql(f"pg_typeof({value})::text") for value in (self.relation.key, *values)))
        found = (await session.execute(asked.select_from(text(self.relation.source)).limit(1))).one_or_none()
        # Without a row there is nothing to write, and text will do.
        return [_NUMBERS.get(name, np.object_) for name in found or ["text"] * (1 + len(values))]

    def _write(
        self, path: Path, names: list[str], types: list[Any], rows: Sequence[Sequence[Any]], *, append: bool
    ) -> None:
        import pyogrio.raw  # brings pandas along: a second to load that no start should wait for

        columns = list(zip(*((row[0], *row[2:]) for row in rows), strict=True)) or [()] * len(names)
        held = [_column(values, kind) for values, kind in zip(columns, types, strict=True)]
        shapes: NDArray[Any] = np.array([row[1] for row in rows], dtype=object)
        pyogrio.raw.write(
            path,
            geometry=shapes,
            field_data=[values for values, _ in held],
            field_mask=[absent for _, absent in held],
            fields=names,
            layer=self.layer.id,
            driver="GPKG",
            geometry_type="Point" if self.layer.geometry == "point" else "Unknown",
            crs="EPSG:4326",
            append=append,
        )


def _sql(expression: str) -> ColumnElement[Any]:
    return literal_column(expression)


def _column(values: Sequence[Any], kind: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The values of one column, and which of them are null."""
    if kind is np.object_:
        return np.array([None if value is None else as_text(value) for value in values], dtype=object), None
    absent = np.array([value is None for value in values], dtype=np.bool_)
    return np.array([0 if value is None else value for value in values], dtype=kind), absent


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
