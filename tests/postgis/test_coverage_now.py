"""Coverage while officers are at work: what a sending costs, a county lost and restored, who could stand by."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from command.coverage.network import PlannedRoads
from command.coverage.watching import CoverageWatch
from tests.house import CENTRE, FANGZI, IN_FANGZI, KUIWEN, House
from tests.postgis.test_coverage import AT_1, AT_6, enterprise, station

AT_3 = (119.11, 36.71)


def watch(app: House, minutes: float = 30) -> CoverageWatch:
    return CoverageWatch(app.database, PlannedRoads(app.app.state.roads), timedelta(minutes=5), minutes, 0.5)


@pytest.fixture
async def two_plants(app: House) -> House:
    await enterprise(app, "近厂", CENTRE, "high")
    await enterprise(app, "东厂", AT_6)
    return app


async def test_a_sending_costs_what_the_others_take_longer(two_plants: House) -> None:
    app = two_plants
    near, far = await app.officer("near", CENTRE), await app.officer("far", AT_3)
    alert = await app.raise_alert()
    cost = (await app.person("duty").get(f"/api/alerts/{alert['id']}/cost", params={"officer_ids": str(near)})).json()
    assert (cost["free"], cost["sent"]) == (2, 1)
    (county,) = cost["areas"]  # a county's desk sees no city
    assert (county["region"], county["enterprises"], county["lost"]) == (KUIWEN, 2, 0)
    routes = [(await app.app.state.roads.route(AT_3, place)).travel_time_s / 60 for place in (CENTRE, AT_6)]
    assert county["mean_after"] == pytest.approx(sum(routes) / 2, abs=0.01)
    assert county["mean_before"] < county["mean_after"]
    both = {"officer_ids": f"{near},{far}"}
    everybody = (await app.person("city").get(f"/api/alerts/{alert['id']}/cost", params=both)).json()
    assert [(area["region"], area["share_after"], area["lost"]) for area in everybody["areas"]] == [
        (KUIWEN, 0.0, 2),
        ("370700", 0.0, 2),
    ]
    assert everybody["areas"][0]["mean_after"] is None
    assert await app.scalar("SELECT count(*) FROM assignment") == 0  # asking sends nobody


async def test_an_officer_who_is_busy_already_costs_nothing(two_plants: House) -> None:
    app = two_plants
    busy = await app.officer("busy", CENTRE)
    await app.officer("free", AT_3)
    first, second = await app.raise_alert(), await app.raise_alert()
    assert (await app.assign(first, busy)).status_code == 201
    cost = (await app.person("duty").get(f"/api/alerts/{second['id']}/cost", params={"officer_ids": str(busy)})).json()
    assert (cost["free"], cost["sent"], cost["areas"][0]["lost"]) == (1, 0, 0)


async def events(app: House) -> list[tuple[str, str]]:
    rows = await app.rows("SELECT kind, region FROM event WHERE kind LIKE 'coverage.%' ORDER BY seq")
    return [tuple(row) for row in rows]


async def test_a_county_is_lost_and_restored_and_each_is_said_once(two_plants: House) -> None:
    app = two_plants
    one = await app.officer("one", AT_1)
    assert await watch(app).look() == []
    alert = await app.raise_alert()
    assert (await app.assign(alert, one)).status_code == 201
    assert await watch(app).look() == [f"coverage.lost {KUIWEN}"]
    assert await watch(app).look() == []  # another process: the log says that it has been said
    await app.officer("two", AT_3)
    assert await watch(app).look() == [f"coverage.restored {KUIWEN}"]
    assert await events(app) == [("coverage.lost", KUIWEN), ("coverage.restored", KUIWEN)]
    data = await app.scalar("SELECT data FROM event WHERE kind = 'coverage.lost'")
    assert (data["share"], data["free"], data["minutes"], data["name"]) == (0.0, 0, 30, "奎文区")


async def test_one_of_two_watches_leads(two_plants: House) -> None:
    app = two_plants
    both = [watch(app), watch(app)]
    tasks = [asyncio.create_task(one.run()) for one in both]
    async with asyncio.timeout(20):
        while not await events(app):
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await events(app) == [("coverage.lost", KUIWEN)]


@pytest.mark.parametrize(("role", "told"), [("duty", 1), ("planner", 1), ("fangzi-duty", 0), ("expert", 0)])
async def test_who_hears_of_it(two_plants: House, role: str, told: int) -> None:
    app = two_plants
    await watch(app).look()
    from sqlalchemy import text

    from gis.database import Scope

    region = FANGZI if role.startswith("fangzi") else KUIWEN
    async with app.database.for_person(Scope(role, role.removeprefix("fangzi-"), region)) as session:
        seen = await session.scalar(text("SELECT count(*) FROM event WHERE kind LIKE 'coverage.%'"))
    assert seen == told


async def test_counties_as_they_stand(two_plants: House) -> None:
    app = two_plants
    await enterprise(app, "坊子厂", IN_FANGZI, region=FANGZI)
    await app.officer("one", CENTRE)
    body: dict[str, Any] = (await app.person("city").get("/api/coverage-now")).json()
    stands = {
        one["region"]: (one["free"], one["enterprises"], one["share"], one["covered"]) for one in body["counties"]
    }
    assert stands == {KUIWEN: (1, 2, 1.0, True), FANGZI: (0, 1, 0.0, False)}
    assert (await app.person("expert").get("/api/coverage-now")).status_code == 403


async def test_the_stand_by_comes_from_where_it_uncovers_least(two_plants: House) -> None:
    """The neighbour's three officers stand east; from there, the town is reached too late in half a minute."""
    app = two_plants
    await station(app, "中心站", CENTRE)
    for number in range(3):
        await app.officer(f"neighbour{number}", AT_3, region=FANGZI)
    city = app.person("city")
    answer = (await city.get("/api/standby", params={"region": KUIWEN, "minutes": 0.1})).json()
    assert answer["share"] == 0.0
    proposal = answer["proposal"]
    assert (proposal["station"], proposal["from_region"], proposal["uncovers"]) == ("中心站", FANGZI, [])
    route = await app.app.state.roads.route(AT_3, CENTRE)
    assert proposal["minutes"] == pytest.approx(route.travel_time_s / 60, abs=0.06)
    assert proposal["share_with"] == 0.5
    # Whom the county's own desk does not see, it is not offered.
    own = (await app.person("duty").get("/api/standby", params={"region": KUIWEN})).json()
    assert own["proposal"] is None
    assert (await city.get("/api/standby", params={"region": "370700"})).status_code == 422
