"""Put the demonstration world into a database: all of it in one transaction, or nothing."""

import hashlib
import operator
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, cast

import psycopg
from psycopg import sql

from data.boundaries import Boundary
from data.bulk import Connection, connected, ewkb_points
from data.demo.rows import DemoEnterprise, DemoLogger, DemoOfficer, DemoPermitLimit, DemoPoint, DemoStation
from data.demo.users import GATEWAY_TOKEN, LOGGER_PASSWORD, tracker_codes, tracker_token
from data.demo.world import SEED, Progress, World, WorldSize, make_world, silent
from data.limits import read_standards
from gis.cells import cell_of, store_hexagons

_LOCK = 0x0E_3A_20_21  # two loaders at once: the second waits, then finds the world there
_REPORT_EVERY = 20_000
_LOADED = (
    "region", "map_cell", "enterprise", "enterprise_cell", "enterprise_tag_cell", "monitoring_point",
    "discharge_limit", "data_logger", "station", "officer",
)  # fmt: skip


class WorldLoadFailed(Exception):
    """The database refused the demonstration world; nothing of it was kept."""


def load_world(
    database: str | Connection,
    size: WorldSize | None = None,
    *,
    seed: int = SEED,
    progress: Progress = silent,
) -> bool:
    """Load the demonstration world; return False when it was there already.

    `database` is a SQLAlchemy or libpq address, or an open connection outside a transaction. The tables must exist.
    Rows that are not demonstration rows stay as they are. `progress(step, done, total)` is called now and then.
    Raises `WorldLoadFailed` with what the database said.
    """
    try:
        with connected(database) as connection:
            return _load(connection, size or WorldSize(), seed, progress)
    except psycopg.OperationalError as error:
        raise WorldLoadFailed(f"cannot reach the database: {error}") from error


def _load(connection: Connection, size: WorldSize, seed: int, progress: Progress) -> bool:
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if _is_loaded(cursor):
                return False
            # an index that keeps its pending entries in memory takes a bulk load far better
            cursor.execute("SET LOCAL gin_pending_list_limit = '64MB'")
            cursor.execute("SET LOCAL work_mem = '64MB'")
            _Loader(cursor, progress).load(make_world(size, seed=seed, progress=progress))
    except psycopg.Error as error:
        raise WorldLoadFailed(f"the demonstration world was not loaded: {error}") from error
    return True


def _is_loaded(cursor: psycopg.Cursor[Any]) -> bool:
    # loaded in one transaction, so one row of it is as good as all
    cursor.execute("SELECT EXISTS (SELECT FROM enterprise WHERE demo)")
    return bool(cast("tuple[bool]", cursor.fetchone())[0])


class _Loader:
    """Copies the world table by table; `number`s become ids after those already in use."""

    def __init__(self, cursor: psycopg.Cursor[Any], progress: Progress) -> None:
        self._cursor = cursor
        self._progress = progress

    def load(self, world: World) -> None:
        self._regions(world.areas)
        enterprises = self._enterprises(world.enterprises)
        points = self._points(world.points, enterprises)
        self._standards()
        self._permit_limits(world.permit_limits, points)
        self._loggers(world.loggers, points)
        stations = self._stations(world.stations)
        officers = self._officers(world.officers, stations)
        self._devices(world.officers, officers)
        for table in _LOADED:
            self._cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))

    def _regions(self, areas: Sequence[Boundary]) -> None:
        self._cursor.executemany(
            "INSERT INTO region (adcode, name, level, parent, geom)"
            " VALUES (%s, %s, %s, %s, ST_Multi(ST_GeomFromWKB(%s, 4326))) ON CONFLICT (adcode) DO NOTHING",
            [(area.adcode, area.name, area.level, area.parent, area.geometry.wkb) for area in areas],
        )
        self._progress("regions", len(areas), len(areas))

    def _enterprises(self, rows: Sequence[DemoEnterprise]) -> int:
        base = self._last_id("enterprise")
        columns = (
            "id", "uscc", "name", "address", "industry", "tags", "risk", "credit",
            "permit_number", "permit_class", "permit_valid_to", "geom", "region", "cell", "demo",
        )  # fmt: skip
        places, cells = _ewkb(rows), self._cells(rows)
        self._copy(
            "enterprise",
            columns,
            ((base + r[0], *r[1:11], g, r.region, c, True) for r, g, c in zip(rows, places, cells, strict=True)),
            len(rows),
        )
        self._move_sequence("enterprise")
        return base

    def _points(self, rows: Sequence[DemoPoint], enterprises: int) -> int:
        base = self._last_id("monitoring_point")
        columns = (
            "id", "code", "name", "kind", "standard", "grade", "reference_oxygen", "region",
            "enterprise_id", "geom", "cell", "demo",
        )  # fmt: skip
        own = operator.attrgetter("code", "name", "kind", "standard", "grade", "reference_oxygen", "region")
        values = (
            (base + r.number, *own(r), r.enterprise and enterprises + r.enterprise, g, c, True)
            for r, g, c in zip(rows, _ewkb(rows), self._cells(rows), strict=True)
        )
        self._copy("monitoring_point", columns, values, len(rows))
        self._move_sequence("monitoring_point")
        return base

    def _cells(self, rows: Sequence[DemoEnterprise | DemoPoint]) -> list[int]:
        cells = [cell_of(row.lon, row.lat) for row in rows]
        store_hexagons(self._cursor, set(cells))
        return cells

    def _standards(self) -> None:
        limits = [asdict(limit) for limit in read_standards()]
        columns = list(limits[0])
        self._cursor.executemany(
            sql.SQL("INSERT INTO discharge_limit ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Placeholder, columns))
            ),
            limits,
        )

    def _permit_limits(self, rows: Sequence[DemoPermitLimit], points: int) -> None:
        columns = ("point_id", *DemoPermitLimit._fields[1:])
        self._copy("discharge_limit", columns, ((points + r.point, *r[1:]) for r in rows), len(rows))

    def _loggers(self, rows: Sequence[DemoLogger], points: int) -> None:
        columns = ("mn", "password", "point_id", "region", "demo")
        self._copy(
            "data_logger", columns, ((r.mn, LOGGER_PASSWORD, points + r.point, r.region, True) for r in rows), len(rows)
        )

    def _stations(self, rows: Sequence[DemoStation]) -> int:
        base = self._last_id("station")
        columns = ("id", "code", "name", "organisation", "level", "geom", "region", "demo")
        values = ((base + r.number, *r[1:5], g, r.region, True) for r, g in zip(rows, _ewkb(rows), strict=True))
        self._copy("station", columns, values, len(rows))
        self._move_sequence("station")
        return base

    def _officers(self, rows: Sequence[DemoOfficer], stations: int) -> int:
        base = self._last_id("officer")
        columns = (
            "id", "code", "name", "organisation", "level", "phone", "skills", "shift",
            "station_id", "region", "certificate_valid_to", "demo",
        )  # fmt: skip
        values = (
            (base + r.number, *r[1:8], stations + r.station, r.region, r.certificate_valid_to, True) for r in rows
        )
        self._copy("officer", columns, values, len(rows))
        self._move_sequence("officer")
        return base

    def _devices(self, rows: Sequence[DemoOfficer], officers: int) -> None:
        """One gateway for the province, and trackers of some officers."""
        columns = ("token_hash", "officer_id", "label", "region", "demo")
        ids = {r.code: (officers + r.number, r.region) for r in rows}
        values: list[tuple[Any, ...]] = [(_hashed(GATEWAY_TOKEN), None, "演示位置网关", "37", True)]
        values += [(_hashed(tracker_token(c)), ids[c][0], f"演示终端 {c}", ids[c][1], True) for c in tracker_codes(ids)]
        self._copy("position_device", columns, values, len(values))

    def _copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], total: int) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with self._cursor.copy(statement) as copy:
            for done, row in enumerate(rows):
                copy.write_row(row)
                if done % _REPORT_EVERY == 0:
                    self._progress(table, done, total)
        self._progress(table, total, total)

    def _last_id(self, table: str) -> int:
        # nobody else may take ids from here on
        self._cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.Identifier(table)))
        self._cursor.execute(sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(table)))
        return cast("tuple[int]", self._cursor.fetchone())[0]

    def _move_sequence(self, table: str) -> None:
        self._cursor.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))").format(
                sql.Literal(table), sql.Identifier(table)
            )
        )


_Placed = DemoEnterprise | DemoPoint | DemoStation


def _ewkb(rows: Sequence[_Placed]) -> Sequence[str]:
    return ewkb_points([row.lon for row in rows], [row.lat for row in rows])


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
