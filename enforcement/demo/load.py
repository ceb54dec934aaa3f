"""Bring the demonstration's records up to now: all of them the first time, later those of the days since.

Nothing is written down before its time: today's inspections only as far as the day has come.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from enforcement.demo.days import days_of, first_stretches, plans
from enforcement.demo.draw import Draw, InspectionRow, Person, Place, Staff, TrainingRow, Unit
from enforcement.demo.follow_up import follow_up
from enforcement.periods import Span, day_of

Progress = Callable[[str, int, int], None]

_LOCK = 0x0E_3A_20_22  # two loaders at once: the second waits, then finds little left to do
_TABLES = ("inspection", "inspection_officer", "finding", "penalty_case", "training", "training_participant")
_PROVINCE = 268_071  # enterprises that the reported sums stand for
_CITY_SHARE = 0.1  # of the province's inspections; what a world of one city gets
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_KEY_UNIT = "重点排污单位"


def load_records(database: str, *, seed: int, now: datetime | None = None, progress: Progress | None = None) -> int:
    """Add what the demonstration's officers have done since its last record; return how many inspections are new.

    `database` is a SQLAlchemy or libpq address; the demonstration world must be in it, else nothing is done. All or
    nothing: raises `psycopg.Error` with what the database said.
    """
    address = make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            added = _Loader(cursor, seed, now or datetime.now(UTC), progress or (lambda *_: None)).load()
        # The figures are read from indexes alone, which takes pages known to be visible to everybody.
        for table in _TABLES if added else ():
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
    return added


class _Loader:
    def __init__(self, cursor: psycopg.Cursor[Any], seed: int, now: datetime, progress: Progress) -> None:
        self._cursor, self._seed, self._now, self._progress = cursor, seed, now, progress

    def load(self) -> int:
        units = [Unit(*row) for row in self._rows(
            "SELECT id, region, risk, tags @> ARRAY[%s], geom::text FROM enterprise WHERE demo ORDER BY id", _KEY_UNIT
        )]  # fmt: skip
        if not units:
            return 0
        people = [
            Person(*row) for row in self._rows("SELECT id, region, name, code FROM officer WHERE demo ORDER BY id")
        ]
        places = [Place(*row) for row in self._rows(
            "SELECT region, left(code, 6), organisation, geom::text FROM station WHERE demo ORDER BY id"
        )]  # fmt: skip
        draw = Draw(units, Staff.of_people(people), places, self._seed)
        inspections = self._inspections(draw, 1.0 if len(units) >= _PROVINCE else _CITY_SHARE)
        trainings = self._trainings(draw)
        self._copy_inspections(inspections)
        self._copy_trainings(trainings)
        follow_up(self._cursor, day_of(self._now))
        return len(inspections)

    def _inspections(self, draw: Draw, share: float) -> list[InspectionRow]:
        since, stretches = self._missing("inspection")
        return [
            row
            for stretch in stretches
            for plan in plans(stretch, share, self._seed)
            for row in draw.inspections(plan)
            if since < row.at <= self._now
        ]

    def _trainings(self, draw: Draw) -> list[TrainingRow]:
        since, stretches = self._missing("training")
        return [
            row
            for stretch in stretches
            for day in days_of(stretch)
            for row in draw.trainings(day)
            if since < row.at <= self._now
        ]

    def _copy_inspections(self, rows: Sequence[InspectionRow]) -> None:
        base = self._last_id("inspection")
        numbered = list(enumerate(rows, start=base + 1))
        self._copy(
            "inspection",
            ("id", "enterprise_id", "kind", "at", "person_times", "geom", "region", "demo"),
            (
                (n, row.unit.id, row.kind, row.at, len(row.team), row.unit.geom, row.unit.region, True)
                for n, row in numbered
            ),
            len(rows),
        )
        self._copy(
            "inspection_officer",
            ("inspection_id", "officer_id", "name", "certificate", "region"),
            (
                (n, officer.id, officer.name, officer.certificate, row.unit.region)
                for n, row in numbered
                for officer in row.team
            ),
            len(rows),
        )
        self._copy(
            "finding",
            ("inspection_id", "enterprise_id", "kind", "at", "due_on", "geom", "region", "demo"),
            (
                (n, row.unit.id, kind, row.at, due, row.unit.geom, row.unit.region, True)
                for n, row in numbered
                for kind, due in row.findings
            ),
            len(rows),
        )
        self._move_sequence("inspection")

    def _copy_trainings(self, rows: Sequence[TrainingRow]) -> None:
        base = self._last_id("training")
        numbered = list(enumerate(rows, start=base + 1))
        self._copy(
            "training",
            ("id", "title", "kind", "organisation", "at", "hours", "geom", "region", "demo"),
            (
                (
                    n,
                    row.title,
                    row.kind,
                    row.place.organisation,
                    row.at,
                    row.hours,
                    row.place.geom,
                    row.place.region,
                    True,
                )
                for n, row in numbered
            ),
            len(rows),
        )
        self._copy(
            "training_participant",
            ("training_id", "officer_id", "name", "certificate", "score", "region"),
            (
                (n, person.id, person.name, person.certificate, score, row.place.region)
                for n, row in numbered
                for person, score in row.people
            ),
            len(rows),
        )
        self._move_sequence("training")

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._cursor.execute(query.encode(), values).fetchall()

    def _missing(self, table: str) -> tuple[datetime, list[Span]]:
        """When the newest demonstration record of a table was made, and the days that may have later ones."""
        query = sql.SQL("SELECT max(at) FROM {} WHERE demo").format(sql.Identifier(table))
        row = self._cursor.execute(query).fetchone()
        last: datetime | None = row[0] if row else None
        today = day_of(self._now)
        return (last, [Span(day_of(last), today)]) if last else (_BEFORE_ALL, first_stretches(today))

    def _last_id(self, table: str) -> int:
        # nobody else may take ids from here on
        self._cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(table)))
        row = self._cursor.execute(
            sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(table))
        ).fetchone()
        return int(row[0]) if row else 0

    def _copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], total: int) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        self._progress(table, 0, total)
        with self._cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        self._progress(table, total, total)

    def _move_sequence(self, table: str) -> None:
        self._cursor.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {} HAVING max(id) IS NOT NULL"
            ).format(sql.Literal(table), sql.Identifier(table))
        )
