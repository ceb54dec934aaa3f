"""Loading the demonstration world into a real database."""

import psycopg
import pytest

from data.demo.load import WorldLoadFailed, load_world
from data.demo.world import WorldSize

WEIFANG = WorldSize.weifang()


def libpq(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def one(connection: psycopg.Connection[tuple[object, ...]], query: str) -> object:
    row = connection.execute(query).fetchone()  # type: ignore[call-overload]
    return row and row[0]


def test_the_world_is_loaded_once(postgis_url: str) -> None:
    steps: list[str] = []
    assert load_world(postgis_url, WEIFANG, progress=lambda step, done, total: steps.append(step))
    assert not load_world(postgis_url, WEIFANG)
    assert {"enterprise", "monitoring_point", "officer"} <= set(steps)
    with psycopg.connect(libpq(postgis_url)) as connection:
        assert one(connection, "SELECT count(*) FROM region") == 153
        assert one(connection, "SELECT count(*) FROM enterprise WHERE demo") == 2_000
        assert one(connection, "SELECT count(*) FROM data_logger WHERE state = 'active'") == 200
        assert one(connection, "SELECT count(*) FROM officer WHERE on_duty") == 0
        assert one(connection, "SELECT count(*) FROM discharge_limit WHERE point_id IS NULL") != 0
        assert one(connection, "SELECT count(*) FROM position_device WHERE officer_id IS NULL") == 1


def test_every_row_lies_in_the_county_that_it_names(postgis_url: str) -> None:
    load_world(postgis_url, WEIFANG)
    with psycopg.connect(libpq(postgis_url)) as connection:
        strays = one(
            connection,
            "WITH placed AS (SELECT region, geom FROM enterprise UNION ALL SELECT region, geom FROM monitoring_point"
            " UNION ALL SELECT region, geom FROM station)"
            " SELECT count(*) FROM placed p JOIN region r ON r.adcode = p.region WHERE NOT ST_Covers(r.geom, p.geom)",
        )
        assert strays == 0


def test_rows_loaded_later_get_new_ids(postgis_url: str) -> None:
    load_world(postgis_url, WEIFANG)
    with psycopg.connect(libpq(postgis_url)) as connection:
        added = one(
            connection,
            "INSERT INTO station (code, name, organisation, level, geom, region)"
            " VALUES ('x', 'x', 'x', 'county', ST_Point(119.1, 36.7, 4326), '370705') RETURNING id",
        )
        assert added == one(connection, "SELECT max(id) FROM station")


def test_real_rows_that_were_there_stay(postgis_url: str) -> None:
    with psycopg.connect(libpq(postgis_url)) as connection:
        connection.execute(
            "INSERT INTO enterprise (id, uscc, name, industry, geom, region)"
            " VALUES (5, '91370700MA3C0DE0TB', 'real', '4620', ST_Point(119.1, 36.7, 4326), '370705')"
        )
    assert load_world(postgis_url, WEIFANG)
    with psycopg.connect(libpq(postgis_url)) as connection:
        assert one(connection, "SELECT name FROM enterprise WHERE id = 5") == "real"
        assert one(connection, "SELECT count(*) FROM enterprise") == 2_001
        owners = one(
            connection,
            "SELECT count(*) FROM monitoring_point p JOIN enterprise e ON e.id = p.enterprise_id"
            " WHERE p.code NOT LIKE e.uscc || '%'",
        )
        assert owners == 0


def test_a_refused_row_leaves_nothing_behind(postgis_url: str) -> None:
    with psycopg.connect(libpq(postgis_url)) as connection:
        connection.execute(
            "INSERT INTO station (code, name, organisation, level, geom, region)"
            " VALUES ('370000-B1', 'x', 'x', 'province', ST_Point(117, 36.6, 4326), '370102')"
        )
    with pytest.raises(WorldLoadFailed, match="370000-B1"):
        load_world(postgis_url, WEIFANG)
    with psycopg.connect(libpq(postgis_url)) as connection:
        assert one(connection, "SELECT count(*) FROM enterprise") == 0
        assert one(connection, "SELECT count(*) FROM monitoring_point") == 0


def test_a_database_that_is_not_there_is_said_so() -> None:
    with pytest.raises(WorldLoadFailed, match="cannot reach"):
        load_world("postgresql+psycopg://nobody@/nothing?host=/nonexistent", WEIFANG)
