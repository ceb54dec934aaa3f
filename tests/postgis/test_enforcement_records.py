"""Figures and the records behind them: equal by every path, for every role and level, whatever the records are."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from enforcement.periods import CHINA, PeriodKind, day_of, midnight, period_of
from enforcement.tables import INSPECTION_KINDS, MEASURES, VIOLATIONS
from routing.network import RoadStore
from tests.house import CENTRE, DESK_ROLES, FANGZI, IN_FANGZI, KUIWEN, House, house

# A quarter's end that is a month's end too, a leap year's February before it.
AROUND = date(2024, 3, 31)
DAYS = [date(2024, 3, 31), date(2024, 3, 14), date(2024, 2, 29), date(2024, 1, 1)]
PERIODS: tuple[PeriodKind, ...] = ("month", "quarter", "year")
PLACES = {KUIWEN: CENTRE, FANGZI: IN_FANGZI}
WHO = (*DESK_ROLES, "fangzi-duty", "city", "province", "kuiwen-officer", "fangzi-officer")


async def _records(made: House, seed: int) -> None:
    """Random records in two counties, many of them at midnight in China or beside it."""
    officers = {
        KUIWEN: [await made.officer("kuiwen-officer"), await made.officer("second")],
        FANGZI: [await made.officer("fangzi-officer", region=FANGZI), await made.officer("fourth", region=FANGZI)],
    }
    async with made.database.for_system() as session, session.begin():
        await _write_records(session, officers, random.Random(seed))


async def _write_records(session: AsyncSession, officers: dict[str, list[int]], chance: random.Random) -> None:
    everybody = [one for some in officers.values() for one in some]
    enterprises: dict[str, list[int]] = {}
    for region, (lon, lat) in PLACES.items():
        enterprises[region] = [
            await _in(
                session,
                "INSERT INTO enterprise (uscc, name, industry, geom, region) VALUES"
                " (:uscc, '演示', '2614', ST_Point(:lon, :lat, 4326), :region) RETURNING id",
                uscc=f"{region}{number:012d}",
                lon=lon,
                lat=lat,
                region=region,
            )
            for number in range(4)
        ]
    for _ in range(160):
        region = chance.choice((KUIWEN, KUIWEN, FANGZI))
        lon, lat = PLACES[region]
        first = midnight(AROUND - timedelta(days=chance.randrange(480)))
        at = first + timedelta(seconds=chance.choice((0, -1, chance.randrange(86_400))))
        values = {"enterprise": chance.choice(enterprises[region]), "lon": lon, "lat": lat, "region": region, "at": at}
        inspection = await _in(
            session,
            "INSERT INTO inspection (enterprise_id, kind, at, geom, region) VALUES"
            " (:enterprise, :kind, :at, ST_Point(:lon, :lat, 4326), :region) RETURNING id",
            kind=chance.choice(INSPECTION_KINDS),
            **values,
        )
        # one of the other county may help out
        team = {*chance.sample(officers[region], chance.randrange(3)), *chance.sample(everybody, chance.randrange(2))}
        for officer in team:
            await _in(
                session,
                "INSERT INTO inspection_officer (inspection_id, officer_id, name, certificate, region)"
                " VALUES (:inspection, :officer, 'x', 'x', :region) RETURNING officer_id",
                inspection=inspection,
                officer=officer,
                region=region,
            )
        if chance.random() < 0.6:
            day = day_of(at)
            values["kind"] = chance.choice(VIOLATIONS)
            finding = await _in(
                session,
                "INSERT INTO finding (inspection_id, enterprise_id, kind, at, due_on, rectified_on, geom, region)"
                " VALUES (:inspection, :enterprise, :kind, :at, :day, :rectified, ST_Point(:lon, :lat, 4326), :region)"
                " RETURNING id",
                inspection=inspection,
                day=day,
                rectified=chance.choice((None, day)),
                **values,
            )
            decided = chance.choice((None, day + timedelta(days=chance.randrange(100))))
            del values["at"]
            await _in(
                session,
                "INSERT INTO penalty_case (finding_id, enterprise_id, kind, filed_on, decided_on, fine_yuan, measures,"
                " geom, region) VALUES (:finding, :enterprise, :kind, :day, :decided, :fine, :measures,"
                " ST_Point(:lon, :lat, 4326), :region) RETURNING id",
                finding=finding,
                day=day,
                decided=decided,
                fine=None if decided is None else chance.randrange(1_000_000),
                measures=chance.sample(MEASURES, chance.randrange(3)),
                **values,
            )
        if chance.random() < 0.2:
            training = await _in(
                session,
                "INSERT INTO training (title, kind, organisation, at, hours, geom, region) VALUES"
                " ('x', 'evidence', 'x', :at, 2, ST_Point(:lon, :lat, 4326), :region) RETURNING id",
                at=at,
                lon=lon,
                lat=lat,
                region=region,
            )
            for officer in team:
                await _in(
                    session,
                    "INSERT INTO training_participant (training_id, officer_id, name, certificate, region)"
                    " VALUES (:training, :officer, 'x', 'x', :region) RETURNING officer_id",
                    training=training,
                    officer=officer,
                    region=region,
                )


async def _one(made: House, sql: str, **values: Any) -> Any:
    async with made.database.for_system() as session, session.begin():
        return await session.scalar(text(sql), values)


async def _in(session: AsyncSession, sql: str, **values: Any) -> Any:
    return await session.scalar(text(sql), values)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(module_house_url: str, town_roads: RoadStore) -> AsyncIterator[House]:
    async with house(module_house_url, town_roads) as running:
        await _records(running, seed=20210401)
        yield running


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _overview(person: httpx.AsyncClient, **asked: str) -> dict[str, Any]:
    answer = await person.get("/api/overview", params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("who", WHO)
async def test_a_figure_is_the_same_by_every_path(made: House, who: str, period: PeriodKind) -> None:
    person = made.person(who)
    for on in DAYS:
        seen = await _overview(person, period=period, on=on.isoformat())
        for name, figure in seen["figures"].items():
            where = f"{who} {period} {on} {name}"
            if seen["by_region"]:
                assert sum(part[name] for part in seen["by_region"]) == figure["value"], where
            if name != "inspected_enterprises":
                assert sum(part[name] for part in seen["trend"]) == figure["value"], where
            listed = (await person.get(f"{figure['href']}&limit=1")).json()
            counted = listed["total"] if figure["counts"] == "total" else listed["sums"][figure["counts"][5:]]
            assert counted == figure["value"], where
        for part in seen["by_region"]:
            own = await _overview(person, period=period, on=on.isoformat(), region=part["region"])
            assert {name: figure["value"] for name, figure in own["figures"].items()} == {
                name: value for name, value in part.items() if name not in ("region", "name")
            }


async def test_the_random_records_are_worth_counting(made: House) -> None:
    """Or the test above would be content with zeros."""
    for who in WHO:
        figures = (await _overview(made.person(who), period="year", on=AROUND.isoformat()))["figures"]
        assert all(figures[name]["value"] > 0 for name in ("inspections", "person_times", "findings")), who
    everything = (await _overview(made.person("province"), period="year", on=AROUND.isoformat()))["figures"]
    assert all(figure["value"] > 0 for figure in everything.values())
    assert any(figure["previous"] != figure["value"] for figure in everything.values())


@pytest.mark.parametrize("period", PERIODS)
async def test_figures_are_those_of_a_plain_count(made: House, period: PeriodKind) -> None:
    for on in DAYS:
        seen = (await _overview(made.person("city"), period=period, on=on.isoformat()))["figures"]
        compared = period_of(period, on)
        for which, span in (("value", compared.current), ("previous", compared.previous)):
            bounds = {"first": datetime.combine(span.first, datetime.min.time(), CHINA)}
            bounds["end"] = datetime.combine(span.last, datetime.min.time(), CHINA) + timedelta(days=1)
            within = "at >= :first AND at < :end"
            assert seen["person_times"][which] == await made.scalar(
                f"SELECT count(*) FROM inspection_officer o JOIN inspection i ON i.id = o.inspection_id WHERE {within}",
                **bounds,
            )
            assert seen["inspected_enterprises"][which] == await made.scalar(
                f"SELECT count(DISTINCT enterprise_id) FROM inspection WHERE {within}", **bounds
            )
            assert seen["fines_yuan"][which] == await made.scalar(
                "SELECT coalesce(sum(fine_yuan), 0) FROM penalty_case WHERE decided_on BETWEEN :first AND :last",
                first=span.first,
                last=span.last,
            )
            assert seen["trainees"][which] == await made.scalar(
                f"SELECT count(*) FROM training_participant JOIN training t ON t.id = training_id WHERE {within}",
                **bounds,
            )


@pytest.mark.parametrize("who", ["province", "kuiwen-officer"])
@pytest.mark.parametrize(
    "door", ["inspections", "findings", "penalty-cases", "penalty-cases?stage=decided", "trainings"]
)
async def test_a_list_is_turned_over_without_loss(made: House, who: str, door: str) -> None:
    person = made.person(who)
    found: list[int] = []
    times: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await person.get(httpx.URL(f"/api/{door}").copy_merge_params({"limit": "7", **cursor}))).json()
        found += [row["id"] for row in page["items"]]
        when = "decided_on" if "decided" in door else "filed_on" if "cases" in door else "at"
        times += [row[when] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(found) == len(set(found)) == page["total"] > 0
    assert times == sorted(times, reverse=True)


async def test_lists_are_narrowed_by_who_and_what(made: House) -> None:
    person = made.person("city")
    listed = (await person.get("/api/inspections", params={"limit": 1000})).json()
    some = next(row for row in listed["items"] if row["officers"])
    officer, enterprise = some["officers"][0]["officer_id"], some["enterprise_id"]
    for asked, is_meant in (
        ({"officer_id": officer}, lambda row: officer in [one["officer_id"] for one in row["officers"]]),
        ({"enterprise_id": enterprise}, lambda row: row["enterprise_id"] == enterprise),
        ({"kind": some["kind"]}, lambda row: row["kind"] == some["kind"]),
        ({"region": FANGZI}, lambda row: row["region"] == FANGZI),
    ):
        narrowed = (await person.get("/api/inspections", params={"limit": 1000, **asked})).json()
        assert narrowed["items"] == [row for row in listed["items"] if is_meant(row)]
        assert narrowed["total"] == len(narrowed["items"]) > 0
    assert some["person_times"] == len(some["officers"])
    assert (some["lon"], some["lat"]) == PLACES[some["region"]]


async def test_an_officer_reads_the_whole_record_of_what_they_took_part_in(made: House) -> None:
    for who in ("kuiwen-officer", "fangzi-officer"):
        own = (await made.person(who).get("/api/inspections", params={"limit": 1000})).json()["items"]
        me = await made.scalar("SELECT id FROM officer WHERE name = :who", who=who)
        assert own
        for row in own:
            assert me in [one["officer_id"] for one in row["officers"]]
            assert len(row["officers"]) == row["person_times"]
        assert len(own) == await made.scalar("SELECT count(*) FROM inspection_officer WHERE officer_id = :me", me=me)


async def test_a_record_of_tomorrow_is_not_shown_today(made: House) -> None:
    tomorrow = midnight(day_of(datetime.now(UTC)) + timedelta(days=1))
    inspection = await _one(
        made,
        "INSERT INTO inspection (enterprise_id, kind, at, geom, region) SELECT id, 'routine', :at, geom, region"
        " FROM enterprise WHERE region = :region LIMIT 1 RETURNING id",
        at=tomorrow + timedelta(days=2),
        region=KUIWEN,
    )
    listed = (await made.person("duty").get("/api/inspections", params={"limit": 5})).json()
    assert inspection not in [row["id"] for row in listed["items"]]
    answer = await made.person("duty").get(
        "/api/overview", params={"on": (tomorrow + timedelta(days=2)).date().isoformat()}
    )
    assert answer.status_code == 422
    await made.execute("DELETE FROM inspection WHERE id = :inspection", inspection=inspection)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/overview?region=3701", 404),
        ("/api/overview?region=37", 404),
        ("/api/overview?region=xx", 422),
        ("/api/overview?on=1900-01-01", 422),
        ("/api/inspections?from=2024-02-02&to=2024-02-01", 422),
        ("/api/inspections?from=0001-01-01", 422),
        ("/api/inspections?cursor=5", 422),
        ("/api/inspections?cursor=999999999999999999.1", 422),
        ("/api/penalty-cases?cursor=999999999999999999.1", 422),
        ("/api/penalty-cases?stage=lost", 422),
    ],
)
async def test_what_cannot_be_asked_is_said_so(made: House, path: str, status: int) -> None:
    answer = await made.person("duty").get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize("who", ["province", "expert"])
async def test_a_record_that_changed_is_in_the_figures_at_once(made: House, who: str) -> None:
    person, asked = made.person(who), {"period": "year", "on": AROUND.isoformat()}

    async def inspections() -> int:
        return int((await _overview(person, **asked))["figures"]["inspections"]["value"])

    before = await inspections()
    assert await inspections() == before
    added = await _one(
        made,
        "INSERT INTO inspection (enterprise_id, kind, at, geom, region) SELECT id, 'routine', :at, geom, region"
        " FROM enterprise WHERE region = :region LIMIT 1 RETURNING id",
        at=midnight(AROUND),
        region=KUIWEN,
    )
    assert await inspections() == before + 1
    await made.execute("DELETE FROM inspection WHERE id = :added", added=added)
    assert await inspections() == before


async def test_who_took_part_is_counted_again_when_somebody_is_taken_out(made: House) -> None:
    inspection = await made.scalar("SELECT id FROM inspection WHERE person_times = 2 LIMIT 1")
    count = "SELECT person_times FROM inspection WHERE id = :inspection"
    officer = await made.scalar(
        "SELECT officer_id FROM inspection_officer WHERE inspection_id = :inspection LIMIT 1", inspection=inspection
    )
    taken = {"inspection": inspection, "officer": officer}
    await made.execute(
        "DELETE FROM inspection_officer WHERE inspection_id = :inspection AND officer_id = :officer", **taken
    )
    assert await made.scalar(count, inspection=inspection) == 1
    await made.execute(
        "INSERT INTO inspection_officer (inspection_id, officer_id, name, certificate, region)"
        " SELECT id, :officer, 'x', 'x', region FROM inspection WHERE id = :inspection",
        **taken,
    )
    assert await made.scalar(count, inspection=inspection) == 2
