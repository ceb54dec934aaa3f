"""The demonstration's records: the reported sums, and day by day up to now, however often it is started."""

from datetime import UTC, date, datetime, timedelta

import psycopg

from data.demo.load import load_world
from data.demo.world import SEED, WorldSize
from enforcement.demo.load import load_records

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)  # noon in China
SHARE = 0.1


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))


def _all(url: str, query: str) -> list[tuple[object, ...]]:
    with _connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def _inspections(url: str) -> list[tuple[object, ...]]:
    return _all(
        url,
        "SELECT i.at, i.enterprise_id, i.kind, array_agg(o.officer_id ORDER BY o.officer_id) FROM inspection i"
        " JOIN inspection_officer o ON o.inspection_id = i.id GROUP BY i.id ORDER BY i.at, i.enterprise_id",
    )


def test_a_demonstration_has_records_up_to_now_and_goes_on_where_it_stopped(postgis_url: str) -> None:
    load_world(postgis_url, WorldSize.weifang())
    assert load_records(postgis_url, seed=SEED, now=NOW) > 0
    reported = "FROM inspection WHERE at >= '2021-01-01T00:00+08' AND at < '2021-04-{}T00:00+08'"
    for last in ("01", "02"):
        sums = _all(postgis_url, f"SELECT count(*), sum(person_times) {reported.format(last)}")
        assert sums == [(round(8_853 * SHARE), round(18_711 * SHARE))]
    assert _all(postgis_url, "SELECT max(at) <= '2026-11-25T04:00Z' FROM inspection") == [(True,)]
    assert _all(postgis_url, "SELECT count(*) > 0 FROM inspection WHERE at >= '2026-11-01T00:00+08'") == [(True,)]
    assert _all(
        postgis_url,
        "SELECT count(*) FROM inspection i WHERE person_times <>"
        " (SELECT count(*) FROM inspection_officer o WHERE o.inspection_id = i.id) OR person_times < 2",
    ) == [(0,)]
    strangers = (
        "SELECT count(*) FROM inspection_officer io JOIN officer o ON o.id = io.officer_id"
        " WHERE o.region NOT IN (io.region, left(io.region, 4) || '00')"
    )
    assert _all(postgis_url, strangers) == [(0,)]

    assert load_records(postgis_url, seed=SEED, now=NOW) == 0
    later = NOW + timedelta(days=5, hours=3)
    assert load_records(postgis_url, seed=SEED, now=later) > 0
    in_two_steps = _inspections(postgis_url)
    assert in_two_steps[-1][0] <= later  # type: ignore[operator]
    with _connect(postgis_url) as connection:
        connection.execute("TRUNCATE inspection, training CASCADE")
    load_records(postgis_url, seed=SEED, now=later)
    assert _inspections(postgis_url) == in_two_steps


def test_nothing_is_written_down_before_its_day(postgis_url: str) -> None:
    load_world(postgis_url, WorldSize.weifang())
    load_records(postgis_url, seed=SEED, now=NOW)
    today = date(2026, 11, 25)
    dates = (
        "SELECT max(rectified_on) FROM finding UNION ALL SELECT max(filed_on) FROM penalty_case"
        " UNION ALL SELECT max(decided_on) FROM penalty_case"
    )
    assert all(day <= today for (day,) in _all(postgis_url, dates))  # type: ignore[operator]
    assert _all(
        postgis_url,
        "SELECT count(*) FROM penalty_case c JOIN finding f ON f.id = c.finding_id"
        " WHERE filed_on < (f.at AT TIME ZONE 'Asia/Shanghai')::date OR filed_on - f.at::date > 15"
        " OR decided_on - filed_on > 90",
    ) == [(0,)]
    waiting = "SELECT count(*) FILTER (WHERE decided_on IS NULL) > 0, count(decided_on) > 0 FROM penalty_case"
    assert _all(postgis_url, waiting) == [(True, True)]
    before = _all(postgis_url, "SELECT count(*), count(decided_on) FROM penalty_case")[0]
    load_records(postgis_url, seed=SEED, now=NOW + timedelta(days=20))
    after = _all(postgis_url, "SELECT count(*), count(decided_on) FROM penalty_case")[0]
    assert after > before
    assert after[1] > before[1]  # type: ignore[operator]


def test_without_the_demonstration_world_there_is_nothing_to_record(postgis_url: str) -> None:
    assert load_records(postgis_url, seed=SEED, now=NOW) == 0
    assert _all(postgis_url, "SELECT count(*) FROM inspection") == [(0,)]
