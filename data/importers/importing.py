"""Import one file in one transaction."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import shapely
from psycopg import sql

from data.bulk import Connection, connected
from data.importers.columns import Column, Source, choose_columns
from data.importers.errors import ImportRefused
from data.importers.kinds import KINDS, NATURAL_KEYS, Field, Kind
from data.importers.reading import open_table
from data.importers.report import MOST_PROBLEMS, ImportReport
from data.importers.rows import Counties, Ready, ready_rows
from gis.cells import PLACED_TABLES, fill_cells
from gis.position import Datum
from gis.regions import Region, RegionIndex

# How far a datum taken for another moves Shandong, in metres (mean over the province 493 and 1269), and how much of it
# must be the same everywhere before we speak up.
_SHIFTS_M = {"gcj02": (380.0, 600.0), "bd09": (1080.0, 1420.0)}
_FEWEST_TO_COMPARE = 5
_WIDEST_SPREAD_M = 60.0


def import_file(
    kind: str,
    path: Path,
    *,
    database: str | Connection,
    datum: str = "wgs84",
    mapping: Mapping[str, Source] | None = None,
    dry_run: bool = False,
    keep_good: bool = False,
    counties: Counties | None = None,
) -> ImportReport:
    """Import a CSV or GeoJSON file; rows already there by their natural key are updated.

    All rows are taken or, when one of them is refused, none, unless `keep_good`. A dry run does everything and keeps
    nothing. `counties` are those of the database when None is given.

    Raises
    ------
    ImportRefused
        When the file as a whole cannot be imported; the database is then as it was.
    """
    what, system = _kind(kind), _datum(datum)
    report = ImportReport(kind, path.name, system.value, dry_run)
    try:
        with connected(database) as connection, connection.transaction() as transaction, open_table(path) as table:
            sources, remarks = choose_columns(what, table.columns, mapping or {})
            report.encoding, report.warnings = table.encoding, remarks
            report.columns = {name: _said(source) for name, source in sources.items()}
            known = counties or _counties(connection)
            staging = _Staging(connection.cursor(), what, [f for f in what.fields if f.name in sources])
            staging.fill(ready_rows(table.rows, what, sources, system, known, report))
            staging.check(report)
            staging.compare_datum(report)
            staging.store(report, system)
            if what.table in PLACED_TABLES:
                fill_cells(connection, [what.table])
            if report.rows == 0:
                raise ImportRefused(f"{path.name} has a header but no rows")
            report.committed = not dry_run and (report.refused == 0 or (keep_good and report.refused < report.rows))
            if not report.committed:
                raise psycopg.Rollback(transaction)
    except psycopg.Error as error:
        raise ImportRefused(f"the database refused the file: {error}") from error
    return report


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise ImportRefused(f"{name!r} cannot be imported; choose one of: {', '.join(KINDS)}")
    return KINDS[name]


def _datum(name: str) -> Datum:
    try:
        return Datum(name.lower())
    except ValueError:
        raise ImportRefused(f"unknown datum {name!r}; choose one of: {', '.join(Datum)}") from None


def _said(source: Source) -> str:
    return f"column {source.name}" if isinstance(source, Column) else f"always {source.value}"


def _counties(connection: Connection) -> RegionIndex:
    rows = connection.execute("SELECT adcode, name, level, parent, ST_AsBinary(geom) FROM region").fetchall()
    index = RegionIndex(
        Region(adcode, name, level, parent, shapely.from_wkb(bytes(shape)))
        for adcode, name, level, parent, shape in rows
    )
    if not len(index):
        raise ImportRefused("the database has no regions yet; start the product once, or import the boundaries first")
    return index


class _Staging:
    """A temporary table with the rows of the file, as far as they are good."""

    def __init__(self, cursor: psycopg.Cursor[Any], kind: Kind, fields: Sequence[Field]) -> None:
        self._cursor = cursor
        self._kind = kind
        self._fields = [field for field in fields if not (kind.placed and field.name in ("lon", "lat"))]
        columns: list[sql.Composable] = [sql.Identifier(f.name) + sql.SQL(f" {f.sql}") for f in self._fields]
        if kind.placed:
            columns += [sql.SQL("geom geometry(Point, 4326)"), sql.SQL("region text")]
        self._cursor.execute("DROP TABLE IF EXISTS pg_temp.staging")
        self._run("CREATE TEMPORARY TABLE staging (row_number bigint, {}) ON COMMIT DROP", sql.SQL(", ").join(columns))

    def fill(self, rows: Iterator[Ready]) -> None:
        names = ["row_number", *(field.name for field in self._fields)]
        names += ["geom", "region"] if self._kind.placed else []
        copy_in = sql.SQL("COPY staging ({}) FROM STDIN").format(_listed(names))
        with self._cursor.copy(copy_in) as copy:
            for row in rows:
                values = [row.number, *(row.values.get(field.name) for field in self._fields)]
                copy.write_row([*values, row.geom, row.region] if self._kind.placed else values)
        self._cursor.execute("ANALYZE staging")

    def check(self, report: ImportReport) -> None:
        """Refuse what only shows when rows are seen together: duplicates, and what refers to nothing."""
        key = sql.Identifier(self._kind.key)
        self._refuse(
            report,
            self._kind.key,
            sql.SQL(
                "SELECT row_number, {key}, 'the same as in row ' || first FROM"
                " (SELECT row_number, {key}, min(row_number) OVER (PARTITION BY {key}) AS first FROM staging) AS s"
                " WHERE row_number > first"
            ).format(key=key),
        )
        for field in self._fields:
            if field.refers_to:
                self._refuse(report, field.name, _without_target(field, field.refers_to))
        if not self._kind.placed:
            self._refuse(
                report,
                "region",
                sql.SQL(
                    "SELECT row_number, region, 'no such region in the installation' FROM staging s"
                    " WHERE NOT EXISTS (SELECT FROM region r WHERE r.adcode = s.region)"
                ),
            )

    def compare_datum(self, report: ImportReport) -> None:
        """Warn when the rows known already all moved by as much as a datum taken for another moves them."""
        if not self._kind.placed:
            return
        row = self._run(
            "SELECT count(*), avg(dx), avg(dy), coalesce(stddev(dx), 0), coalesce(stddev(dy), 0) FROM ("
            " SELECT (ST_X(s.geom) - ST_X(t.geom)) * 111195 * cos(radians(ST_Y(t.geom))) AS dx,"
            " (ST_Y(s.geom) - ST_Y(t.geom)) * 111195 AS dy FROM staging s JOIN {table} t USING ({key})) AS moved",
            table=sql.Identifier(self._kind.table),
            key=sql.Identifier(self._kind.key),
        ).fetchone()
        if row is None or row[0] < _FEWEST_TO_COMPARE or max(row[3], row[4]) > _WIDEST_SPREAD_M:
            return
        moved_m = math.hypot(row[1], row[2])
        for name, (least, most) in _SHIFTS_M.items():
            if least <= moved_m <= most:
                report.warnings.append(
                    f"{row[0]} rows that are known already all move by about {moved_m:.0f} m:"
                    f" the file, or what is stored, looks like {name}; try --datum {name}"
                )

    def store(self, report: ImportReport, datum: Datum) -> None:
        """Insert and update; count what was done."""
        own = [field for field in self._fields if field.refers_to is None]
        targets = [field.name for field in own]
        values: list[sql.Composable] = [sql.SQL("s.{}").format(sql.Identifier(field.name)) for field in own]
        for field in self._fields:
            if field.refers_to and field.column:
                targets.append(field.column)
                values.append(_target_id(field, field.refers_to))
        if self._kind.placed:
            targets += ["geom", "region", "source_datum"]
            values += [sql.SQL("s.geom"), sql.SQL("s.region"), sql.Literal(datum.value)]
        targets.append("demo")
        values.append(sql.SQL("false"))
        empty = [name for name in targets if (f := self._kind.field(name)) is not None and not f.required]
        self._fill_defaults(empty)
        kept = [name for name in targets if name != self._kind.key]
        done = self._run(
            "WITH stored AS (INSERT INTO {table} AS t ({targets}) SELECT {values} FROM staging s ORDER BY row_number"
            " ON CONFLICT ({key}) DO UPDATE SET ({kept}) = ROW ({new}), version = t.version + 1, updated_at = now()"
            " WHERE ({old}) IS DISTINCT FROM ({new}) RETURNING xmax = 0 AS is_new)"
            " SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM stored",
            table=sql.Identifier(self._kind.table),
            key=sql.Identifier(self._kind.key),
            targets=_listed(targets),
            values=sql.SQL(", ").join(values),
            kept=_listed(kept),
            new=_listed(kept, "excluded"),
            old=_listed(kept, "t"),
        ).fetchone()
        good = report.rows - report.refused
        report.inserted, report.updated = done or (0, 0)
        report.unchanged = good - report.inserted - report.updated

    def _fill_defaults(self, names: Sequence[str]) -> None:
        """An empty cell of a column that may not be null means its default."""
        for name in names:
            default = self._run(
                "SELECT column_default FROM information_schema.columns WHERE table_schema = current_schema()"
                " AND table_name = {} AND column_name = {} AND is_nullable = 'NO'",
                sql.Literal(self._kind.table),
                sql.Literal(name),
            ).fetchone()
            if default is not None and default[0] is not None:
                expression = sql.SQL(default[0])
                self._run("UPDATE staging SET {0} = {1} WHERE {0} IS NULL", sql.Identifier(name), expression)

    def _refuse(self, report: ImportReport, field: str, query: sql.Composable) -> None:
        self._run("CREATE TEMPORARY TABLE refused ON COMMIT DROP AS {}", query)
        rows = self._run("SELECT * FROM refused ORDER BY 1 LIMIT {}", sql.Literal(MOST_PROBLEMS)).fetchall()
        for row_number, value, problem in rows:
            report.add(row_number, field, value, problem)
        gone = self._run("DELETE FROM staging WHERE row_number IN (SELECT row_number FROM refused)").rowcount
        report.problem_count += gone - len(rows)
        report.refused += gone
        self._run("DROP TABLE refused")

    def _run(self, statement: str, *parts: sql.Composable, **named: sql.Composable) -> psycopg.Cursor[Any]:
        return self._cursor.execute(sql.SQL(statement).format(*parts, **named))


def _listed(names: Sequence[str], row: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(row, name) if row else sql.Identifier(name) for name in names)


def _target_id(field: Field, table: str) -> sql.Composed:
    return sql.SQL("(SELECT r.id FROM {} r WHERE r.{} = s.{})").format(
        sql.Identifier(table), sql.Identifier(NATURAL_KEYS[table]), sql.Identifier(field.name)
    )


def _without_target(field: Field, table: str) -> sql.Composed:
    return sql.SQL(
        "SELECT row_number, {field}, {problem} FROM staging s WHERE {field} IS NOT NULL AND {found} IS NULL"
    ).format(
        field=sql.Identifier(field.name),
        problem=sql.Literal(f"no {table} with this {NATURAL_KEYS[table]} in the database"),
        found=_target_id(field, table),
    )
