"""Closures that begin and end by the clock, and speeds that somebody sets: in tables, log, feed and roads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy import text

from command.app import create_app
from command.events.log import record_for_rooms
from gis.database import Database, Scope
from routing.network import RoadStore
from routing.obeying import begin_and_end, take_in_speeds
from routing.roads import Roads
from tests.house import House, house

BRIDGE = {"type": "LineString", "coordinates": [[119.1103, 36.7002], [119.1107, 36.6998]]}
OVER_THE_BRIDGE = {"from": "119.11,36.705", "to": "119.11,36.695"}


@pytest_asyncio.fixture
async def app(house_url: str, town_roads: RoadStore) -> AsyncIterator[House]:
    async with house(house_url, town_roads) as made:
        yield made


async def close(app: House, **more: Any) -> dict[str, Any]:
    answer = await app.person("duty").post("/api/roads/closures", json={"geometry": BRIDGE, "reason": "x", **more})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def tell_what_is_due(app: House, now: datetime) -> None:
    async with app.database.for_system() as session, session.begin():
        await begin_and_end(session, record_for_rooms, now)


async def kinds(app: House) -> list[str]:
    return [row.kind for row in await app.rows("SELECT kind FROM event WHERE kind LIKE 'road.%' ORDER BY seq")]


async def test_a_planned_closure_begins_and_ends_in_the_log_once_whoever_looks(app: House) -> None:
    now = datetime.now(UTC)
    since, until = now + timedelta(hours=1), now + timedelta(hours=2)
    planned = await close(app, since=since.isoformat(), until=until.isoformat())
    (listed,) = (await app.person("duty").get("/api/roads/closures")).json()["items"]
    assert (listed["id"], listed["began_at"]) == (planned["id"], None)
    assert (await app.person("duty").get("/api/route", params=OVER_THE_BRIDGE)).status_code == 200
    await tell_what_is_due(app, since - timedelta(seconds=1))
    assert await kinds(app) == ["road.closure_planned"]
    await asyncio.gather(*(tell_what_is_due(app, since) for _ in range(4)))
    assert await kinds(app) == ["road.closure_planned", "road.closed"]
    await asyncio.gather(*(tell_what_is_due(app, until) for _ in range(4)))
    assert await kinds(app) == ["road.closure_planned", "road.closed", "road.reopened"]
    row = (await app.rows("SELECT since, began_at, until, reopened_at FROM road_closure"))[0]
    assert (row.began_at, row.reopened_at) == (row.since, row.until)
    assert (await app.person("duty").get("/api/roads/closures")).json()["items"] == []


async def test_a_planned_closure_can_be_dropped(app: House) -> None:
    planned = await close(app, since=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert (await app.person("duty").delete(f"/api/roads/closures/{planned['id']}")).status_code == 204
    await tell_what_is_due(app, datetime.now(UTC) + timedelta(hours=3))
    assert await kinds(app) == ["road.closure_planned", "road.reopened"]


async def test_the_feed_tells_the_new_version_of_the_roads_before_the_closure(app: House) -> None:
    listener = app.app.state.feed.join(Scope("x", "duty", "370705"), {"roads"})
    closed = await close(app)
    frames = []
    async with asyncio.timeout(10):
        while not frames or frames[-1]["kind"] != "road.closed":
            frames.append(orjson.loads(await listener.queue.get()))
    assert [frame["kind"] for frame in frames] == ["roads.changed", "road.closed"]
    assert frames[0]["data"]["version"] == closed["roads_version"] == app.app.state.roads.version
    assert "seq" not in frames[0]


async def set_speeds(app: House, by: str = "province-admin", **body: Any) -> Any:
    return await app.person(by).put("/api/roads/speeds", json={"by_class": {}, "by_hour": {}, "version": 1, **body})


async def test_other_speeds_hold_at_once_for_every_ranking_and_the_second_of_two_who_set_them_loses(app: House) -> None:
    person = app.person("duty")
    before = (await person.get("/api/route", params=OVER_THE_BRIDGE)).json()
    first = await person.get("/api/roads/speeds")
    assert (first.json()["version"], set(first.json()["factors"].values())) == (1, {1.0})
    answer = await set_speeds(app, by_class={"*": 0.5})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["changed_by"]) == (2, "province-admin")
    after = (await person.get("/api/route", params=OVER_THE_BRIDGE)).json()
    assert after["travel_time_s"] == pytest.approx(2 * before["travel_time_s"], abs=0.01)
    assert after["roads_version"] == answer.json()["roads_version"] != before["roads_version"]
    late = await set_speeds(app, by_class={"*": 0.9})
    assert late.status_code == 409
    assert "province-admin changed the speeds" in late.json()["detail"]
    assert await kinds(app) == ["road.speeds_changed"]


async def test_every_other_worker_hears_of_other_speeds(app: House, town_roads: RoadStore) -> None:
    async with another_worker(app, town_roads) as other:
        stored = other.version
        assert (await set_speeds(app, by_class={"*": 0.5})).status_code == 200
        async with asyncio.timeout(10):
            while other.version == stored:
                await asyncio.sleep(0.02)
        assert other.version == app.app.state.roads.version


@asynccontextmanager
async def another_worker(app: House, roads: RoadStore) -> AsyncIterator[Roads]:
    second = create_app(Database(app.database.url, pool_size=3), roads)
    async with second.router.lifespan_context(second):
        async with asyncio.timeout(20):
            while not second.state.follower.connected:
                await asyncio.sleep(0.01)
        yield second.state.roads


async def test_the_hour_s_factors_hold_and_a_new_process_takes_them_in(app: House, town_roads: RoadStore) -> None:
    every_hour = {str(hour): {"primary": 0.5, "*": 0.8} for hour in range(24)}
    answer = await set_speeds(app, by_hour=every_hour)
    assert answer.json()["factors"]["primary"] == 0.5
    fresh = Roads(town_roads)
    fresh.open()
    async with app.database.for_system() as session:
        assert await take_in_speeds(session, fresh) == app.app.state.roads.version


@pytest.mark.parametrize("by", ["duty", "dispatcher", "planner", "expert", "admin"])
async def test_only_an_administrator_of_the_province_sets_speeds(app: House, by: str) -> None:
    assert (await set_speeds(app, by)).status_code == 403
    async with app.database.for_person(Scope(by, by, "370705")) as session:
        result = await session.execute(text("UPDATE road_speeds SET version = 9"))
        assert getattr(result, "rowcount", 0) == 0


@pytest.mark.parametrize(
    "body",
    [
        {"by_class": {"primary": 0}},
        {"by_class": {"primary": 99}},
        {"by_class": {"Primary road": 1}},
        {"by_hour": {"24": {"*": 1}}},
        {"by_hour": {"noon": {"*": 1}}},
        {"version": 0},
    ],
)
async def test_speeds_that_cannot_be_are_refused(app: House, body: dict[str, Any]) -> None:
    answer = await set_speeds(app, **body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
