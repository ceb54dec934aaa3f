"""Sources in the database: lost once, back once, however many workers look; and what each area is told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from command.events.feed import LiveFeed
from command.events.log import TOPIC_OF
from command.sources.heartbeat import Heartbeat
from command.sources.watching import look
from gis.database import Database, Scope
from tests.house import CENTRE, FANGZI, IN_FANGZI, KUIWEN, PROVINCE, WEIFANG, House


@pytest_asyncio.fixture
async def workers(app: House) -> AsyncIterator[list[Database]]:
    """Two more web workers' connections."""
    made = [Database(app.database.url, pool_size=2) for _ in range(2)]
    yield made
    for one in made:
        await one.close()


async def _look(*databases: Database) -> None:
    """Let these workers look at once, until one of them has; the application itself looks every second as well."""

    async def one(database: Database) -> bool:
        async with database.for_system() as session, session.begin():
            return await look(session)

    while not any(await asyncio.gather(*(one(database) for database in databases))):
        pass


async def _usual(app: House, *areas: str, stopped: bool = False) -> None:
    """Let it be known that positions come every second in these areas, and that the last came a minute ago."""
    for area in areas:
        await app.execute(
            "INSERT INTO source_state (source, area, state, since, last_at, stopped_since, gap_s, gaps, crowd,"
            " expected, expected_since) VALUES ('positions', :area, :state, now() - interval '1 hour',"
            " now() - interval '1 minute', CASE WHEN :state = 'stopped' THEN now() END, 1, 100, 1, 1,"
            " now() - interval '1 hour') ON CONFLICT (source, area) DO UPDATE SET state = excluded.state,"
            " since = excluded.since, last_at = excluded.last_at, gap_s = 1, gaps = 100, crowd = 1, expected = 1,"
            " expected_since = excluded.expected_since, stopped_since = excluded.stopped_since",
            area=area,
            state="stopped" if stopped else "live",
        )


async def _said(app: House) -> list[tuple[str, str]]:
    rows = await app.rows("SELECT kind, region FROM event WHERE kind LIKE 'source.%' ORDER BY seq")
    return [(row.kind, row.region) for row in rows]


async def _state(app: House, who: str, source: str) -> dict[str, Any]:
    answer = await app.person(who).get("/api/sources")
    assert answer.status_code == 200, answer.text
    (found,) = [one for one in answer.json()["items"] if one["id"] == source]
    return found


async def test_a_loss_is_written_once_however_many_workers_look(app: House, workers: list[Database]) -> None:
    await app.officer("officer1", CENTRE, age=timedelta(minutes=1))
    await app.execute("UPDATE officer_position SET received_at = now() - interval '1 minute'")
    await _usual(app, "370000", "370700", KUIWEN)
    for _ in range(4):
        await _look(*workers, app.database)
    assert await _said(app) == [("source.lost", "370000")]
    await app.execute("UPDATE officer_position SET received_at = now()")
    for _ in range(4):
        await _look(*workers, app.database)
    assert await _said(app) == [("source.lost", "370000"), ("source.recovered", "370000")]
    assert await app.rows("SELECT seq FROM event_chain_breaks()") == []


async def test_a_county_hears_of_what_stopped_in_its_province_and_not_of_its_neighbour(app: House) -> None:
    await app.officer("officer1", CENTRE)
    await app.officer("officer2", IN_FANGZI, region=FANGZI)
    await app.execute("UPDATE officer_position SET received_at = now() - interval '1 minute' WHERE region = :region",
                      region=FANGZI)  # fmt: skip
    await _usual(app, FANGZI, stopped=True)
    await _look(app.database)
    assert await _said(app) == [("source.lost", FANGZI)]
    assert (await _state(app, "duty", "positions"))["state"] == "live"
    assert (await _state(app, "fangzi-duty", "positions"))["state"] == "stopped"
    province = await _state(app, "province", "positions")
    assert (province["state"], province["stopped_in"]) == ("live", [FANGZI])
    await app.execute("UPDATE officer_position SET received_at = now() - interval '1 minute'")
    await _usual(app, "370000")
    await _look(app.database)
    for who in ("duty", "fangzi-duty", "province", "expert"):
        assert (await _state(app, who, "positions"))["state"] == "stopped", who


@pytest.mark.parametrize(("role", "region", "hears"), [
    ("duty", KUIWEN, ["370000", KUIWEN]),
    ("planner", WEIFANG, ["370000", KUIWEN, FANGZI]),
    ("expert", FANGZI, ["370000", FANGZI]),
    ("admin", PROVINCE, ["370000", KUIWEN, FANGZI]),
    ("officer", KUIWEN, []),
])  # fmt: skip
async def test_the_feed_tells_of_losses_in_and_above_ones_area(
    app: House, role: str, region: str, hears: list[str]
) -> None:
    feed = LiveFeed(app.database)
    await feed.start()
    since = feed.last_seq
    listener = feed.join(Scope("x", role, region, 1 if role == "officer" else None), set(TOPIC_OF.values()))
    for area in ("370000", KUIWEN, FANGZI):
        await app.execute(
            "INSERT INTO event (kind, subject, region, actor, data)"
            " VALUES ('source.lost', 'source:hj212', :area, 'system:sources', '{}')",
            area=area,
        )
    await feed.catch_up()
    told = [listener.queue.get_nowait() for _ in range(listener.queue.qsize())]
    assert len(told) == len(hears)
    assert all(area.encode() in frame for area, frame in zip(hears, told, strict=True))
    listener.start_seq = feed.last_seq
    assert (await feed.backlog(listener, since))[1] == told


async def test_a_process_that_dies_is_known_at_once_and_its_successor_too(app: House) -> None:
    await app.outfall("MN1")
    beating = asyncio.create_task(Heartbeat(app.database.url, "hj212", every_s=0.05).run())
    async with asyncio.timeout(10):
        while not await app.scalar("SELECT count(*) FROM source_heartbeat"):
            await asyncio.sleep(0.01)
    await _look(app.database)
    assert (await _state(app, "duty", "hj212"))["state"] == "idle"
    # As kill -9 leaves it: the connection is gone, the row is not.
    await app.execute("INSERT INTO source_heartbeat SELECT 'died', source, 1, clock_timestamp() FROM source_heartbeat")
    await _look(app.database)
    assert (await _state(app, "duty", "hj212"))["state"] == "idle", "another process takes it in"
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await _look(app.database)
    stopped = await _state(app, "duty", "hj212")
    assert stopped["state"] == "stopped"
    assert stopped["stopped_since"] is not None
    assert await _said(app) == [("source.lost", "370000")]
    successor = asyncio.create_task(Heartbeat(app.database.url, "hj212", every_s=0.05).run())
    async with asyncio.timeout(10):
        while await app.scalar("SELECT count(*) FROM source_heartbeat WHERE instance = 'died'"):
            await asyncio.sleep(0.01)
    await _look(app.database)
    assert (await _state(app, "duty", "hj212"))["state"] == "idle"
    assert await _said(app) == [("source.lost", "370000"), ("source.recovered", "370000")]
    successor.cancel()
    await asyncio.gather(successor, return_exceptions=True)
    assert await app.scalar("SELECT count(*) FROM source_heartbeat") == 0, "who ends in order takes leave"


async def test_drills_are_nobodys_source(app: House) -> None:
    await app.officer("actor", CENTRE, drill=True)
    await _look(app.database)
    assert (await _state(app, "duty", "positions"))["last_at"] is None
    await app.officer("officer1", CENTRE)
    await _look(app.database)
    shown = await _state(app, "duty", "positions")
    assert (shown["state"], shown["stopped_since"]) == ("live", None)
    assert datetime.now(UTC) - datetime.fromisoformat(shown["last_at"]) < timedelta(minutes=1)


async def test_the_feed_says_that_it_follows(app: House) -> None:
    shown = await _state(app, "duty", "feed")
    assert (shown["state"], shown["stopped_since"], shown["expected_every_s"]) == ("live", None, 2.0)
    assert shown["last_at"] is not None


async def test_what_people_write_is_there_as_long_as_its_table_is(app: House) -> None:
    items = (await app.person("duty").get("/api/sources")).json()["items"]
    assert {one["id"] for one in items} == {"positions", "hj212", "records", "closures", "feed"}
    assert (await _state(app, "duty", "closures"))["last_at"] is None
    place = "ST_SetSRID(ST_MakePoint(119.1, 36.7), 4326)"
    await app.execute(
        f"INSERT INTO road_closure (geom, reason, closed_by, region) VALUES ({place}, 'x', 'x', :region)", region=KUIWEN
    )
    shown = await _state(app, "duty", "closures")
    assert (shown["state"], shown["stopped_since"]) == ("live", None)
    assert shown["last_at"] is not None
    assert (await _state(app, "fangzi-duty", "closures"))["last_at"] is None
