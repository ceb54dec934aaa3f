"""The live feed over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
import websockets
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect

from command.events.feed import Listener, LiveFeed
from command.housekeeping import Housekeeping
from gis.database import Database, Scope
from tests.house import CENTRE, KUIWEN, House, Logger, listening


@pytest_asyncio.fixture
async def address(app: House) -> AsyncIterator[str]:
    async with listening(app.app) as served:
        yield served


def _live(address: str, app: House, who: str, query: str = "") -> connect:
    headers = {"Authorization": f"Bearer {app.tokens[who]}"} if who else {}
    return connect(f"ws://{address}/api/live{query}", additional_headers=headers, proxy=None)


async def _next(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(10):
        said: dict[str, Any] = json.loads(await socket.recv())
        return said


async def _until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (said := await _next(socket))["kind"] != kind:
        pass
    return said


async def test_news_arrive_whole_and_in_order(app: House, address: str) -> None:
    async with _live(address, app, "duty") as socket:
        assert (await _next(socket))["kind"] == "hello"
        alert = await app.raise_alert()
        said = await _next(socket)
        assert said["kind"] == "alert.raised"
        assert said["region"] == "370705"
        assert said["data"] == alert
        await app.person("duty").post(f"/api/alerts/{alert['id']}/acknowledge", json={"version": 1})
        following = await _next(socket)
        assert (following["kind"], following["seq"]) == ("alert.acknowledged", said["seq"] + 1)


async def test_who_comes_back_with_since_misses_nothing(app: House, address: str) -> None:
    first = await app.raise_alert(title="first")
    seq = await app.scalar("SELECT max(seq) FROM event")
    missed = [await app.raise_alert(title=f"missed {n}") for n in range(3)]
    async with _live(address, app, "duty", f"?since={seq}") as socket:
        await _next(socket)
        said = [await _next(socket) for _ in missed]
        assert [one["data"]["id"] for one in said] == [one["id"] for one in missed]
        last = await app.raise_alert(title="now")
        assert (await _next(socket))["data"]["id"] == last["id"]
    async with _live(address, app, "duty", "?since=0") as socket:
        await _next(socket)
        assert (await _next(socket))["data"]["id"] == first["id"]


async def test_topics_choose_what_is_heard(app: House, address: str) -> None:
    officer = await app.officer("officer1", CENTRE)
    async with _live(address, app, "duty", "?topics=assignments") as socket:
        await _next(socket)
        await app.assign(await app.raise_alert(), officer)
        assert (await _next(socket))["kind"] == "assignment.offered"


async def test_an_officer_hears_his_own_calls_only(app: House, address: str) -> None:
    mine, other = await app.officer("officer1", CENTRE), await app.officer("officer2", CENTRE)
    async with _live(address, app, "officer1") as socket:
        await _next(socket)
        await app.assign(await app.raise_alert(title="not mine"), other)
        await app.assign(await app.raise_alert(title="mine"), mine)
        said = await _until(socket, "assignment.offered")
        assert said["data"]["officer_id"] == mine


async def test_positions_come_as_a_batch_without_a_number(app: House, address: str) -> None:
    officer = await app.officer("officer1")
    async with _live(address, app, "duty", "?topics=officers") as socket:
        await _next(socket)
        fix = {"lon": CENTRE[0], "lat": CENTRE[1], "at": datetime.now(UTC).isoformat()}
        await app.person("officer1").post("/api/positions", json=[fix])
        said = await _until(socket, "officers.moved")
        assert "seq" not in said
        assert [one["id"] for one in said["data"]["officers"]] == [officer]


@pytest.mark.parametrize(
    ("who", "query", "code"),
    [
        ("", "", 4401),
        ("duty", "?since=x", 4422),
        ("duty", "?since=-1", 4422),
        ("duty", "?since=" + "9" * 30, 4422),
        ("duty", "?topics=alerts,secrets", 4422),
    ],
)
async def test_a_feed_that_cannot_be_is_closed_with_its_code(
    app: House, address: str, who: str, query: str, code: int
) -> None:
    async with _live(address, app, who, query) as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await _next(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert closed.value.rcvd.reason


async def test_a_reader_that_cannot_keep_up_is_cut_off_and_comes_back(app: House, address: str) -> None:
    async with _live(address, app, "duty") as socket:
        await _next(socket)
        (listener,) = app.app.state.feed._listeners
        listener.cut_off.set()  # as `offer` does when the queue is full
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await _next(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001
    seq = await app.scalar("SELECT coalesce(max(seq), 0) FROM event")
    alert = await app.raise_alert()
    async with _live(address, app, "duty", f"?since={seq}") as socket:
        await _next(socket)
        assert (await _next(socket))["data"]["id"] == alert["id"]


async def test_who_leaves_is_forgotten(app: House, address: str) -> None:
    async with _live(address, app, "duty") as socket:
        await _next(socket)
        assert app.app.state.feed.listening == 1
    async with asyncio.timeout(10):
        while app.app.state.feed.listening:
            await asyncio.sleep(0.01)


async def _report(app: House, who: str, place: tuple[float, float]) -> None:
    fix = {"lon": place[0], "lat": place[1], "at": datetime.now(UTC).isoformat()}
    answer = await app.person(who).post("/api/positions", json=[fix])
    assert answer.json()["accepted"] == 1, answer.text


async def test_with_a_view_one_hears_who_is_in_it_and_who_leaves_it(app: House, address: str) -> None:
    a_while = timedelta(minutes=5)  # to drive as far as they do here
    near = await app.officer("officer1", CENTRE, age=a_while)
    far = await app.officer("officer2", (119.2, 36.7), age=a_while)
    async with _live(address, app, "duty", "?topics=officers") as socket:
        await _next(socket)
        await socket.send(json.dumps({"view": [119.0, 36.6, 119.15, 36.8]}))
        there = await _until(socket, "officers.moved")
        assert [one["id"] for one in there["data"]["officers"]] == [near], "who is there, before anybody moves"
        assert there["data"]["officers"][0].keys() == {
            "id", "lon", "lat", "at", "speed_mps", "heading", "accuracy_m", "status"
        }  # fmt: skip
        await _report(app, "officer2", (119.21, 36.7))
        await _report(app, "officer1", (119.19, 36.7))
        lon = None
        while lon != 119.19:  # out of view: the last that is told of him
            (one,) = (await _until(socket, "officers.moved"))["data"]["officers"]
            assert one["id"] == near
            lon = one["lon"]
        await socket.send(json.dumps({"view": None}))
        await _report(app, "officer2", (119.21002, 36.7))
        everything = await _until(socket, "officers.moved")
        assert far in [one["id"] for one in everything["data"]["officers"]]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", 4422),
        ("[1, 2]", 4422),
        ('{"view": [1, 2, 3]}', 4422),
        ('{"view": [119, 36, 118, 37]}', 4422),
        ('{"view": [119, 36, 1e999, 37]}', 4422),
        ('{"view": ["119", 36, 120, 37]}', 4422),
        ('{"view": null, "role": "admin"}', 4422),
        ('{"view": null, "x": "' + "y" * 600 + '"}', 4422),
        (b"\x00\x01", 4422),
        (None, 4429),
    ],
)
async def test_a_client_that_says_what_no_client_should_is_closed_with_a_reason(
    app: House, address: str, said: str | bytes | None, code: int
) -> None:
    async with _live(address, app, "duty", "?topics=alerts") as socket:
        await _next(socket)
        with suppress(websockets.ConnectionClosed):  # it may end before all is said
            for _ in range(1 if said else 60):
                await socket.send(said or '{"view": null}')
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await _until(socket, "never")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, bool(closed.value.rcvd.reason)) == (code, True)


async def test_one_who_reads_nothing_is_cut_off_and_harms_nobody(app: House, address: str) -> None:
    """The slow one's own socket is full; the other hears everything meanwhile, in order."""
    feed: LiveFeed = app.app.state.feed
    async with _live(address, app, "duty") as well:
        await _next(well)
        # No more than one frame is taken from the wire, so the rest piles up in the kernel and then with us.
        headers = {"Authorization": f"Bearer {app.tokens['city']}"}
        slow = await connect(
            f"ws://{address}/api/live", additional_headers=headers, proxy=None, max_queue=1, compression=None
        )
        async with asyncio.timeout(20):
            while feed.listening < 2:
                await asyncio.sleep(0.01)
            (lazy,) = [one for one in feed._listeners if one.scope.region == "3707"]
            slow.transport.pause_reading()
            number = 0
            while not lazy.cut_off.is_set():
                feed.say("alerts", {"kind": "test.said", "data": {"number": number, "filling": "x" * 100_000}})
                assert (await _next(well))["data"]["number"] == number
                number += 1
            while feed.listening > 1:
                await asyncio.sleep(0.01)
        assert number * 100_000 < 40_000_000, "what waits for the slow one is bounded"
        alert = await app.raise_alert()
        assert (await _until(well, "alert.raised"))["data"]["id"] == alert["id"]
        slow.transport.abort()
        await slow.wait_closed()


async def test_the_loss_of_the_database_is_said_and_the_return_too(app: House, address: str) -> None:
    async with _live(address, app, "duty", "?topics=sources") as socket:
        await _next(socket)
        await app.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        said = await _until(socket, "source.lost")
        assert "seq" not in said
        assert (said["data"]["id"], said["data"]["state"]) == ("feed", "stopped")
        assert said["data"]["stopped_since"] is not None
        back = await _until(socket, "source.recovered")
        assert (back["data"]["id"], back["data"]["state"]) == ("feed", "live")


class _SomebodyJoins(Database):
    """Lets a second desk open its feed at the very moment at which the first is about to be told."""

    feed: LiveFeed
    newcomer: Listener | None = None

    def for_person(self, scope: Scope) -> Any:
        if self.newcomer is None:
            self.newcomer = self.feed.join(scope, {"alerts"})
        return super().for_person(scope)


async def test_who_joins_while_news_are_handed_on_finds_them_in_the_backlog(app: House) -> None:
    database = _SomebodyJoins(app.database.url, pool_size=2)
    database.feed = feed = LiveFeed(database)
    await feed.start()
    since = feed.last_seq
    first = feed.join(Scope("first", "duty", KUIWEN), {"alerts"})
    await app.raise_alert()
    await feed.catch_up()
    newcomer = database.newcomer
    assert newcomer is not None
    assert first.queue.qsize() == 1
    assert newcomer.queue.empty(), "it joined after the page was read"
    assert newcomer.start_seq == feed.last_seq, "so it must begin behind it"
    _, frames = await feed.backlog(newcomer, since)
    assert len(frames) == 1
    await database.close()


async def test_a_changed_layer_is_told_to_those_who_draw_it(app: House, address: str) -> None:
    async with _live(address, app, "duty", "?topics=layers") as socket:
        assert (await _next(socket))["kind"] == "hello"
        await app.outfall()
        told: dict[str, int] = {}
        while not {"enterprises", "points"} <= set(told):
            said = await _next(socket)
            assert said["kind"] == "layers.changed"
            assert "seq" not in said
            told[said["data"]["layer"]] = said["data"]["version"]
        before = told["enterprises"]
        async with app.database.for_system() as session, session.begin():
            await session.execute(text("UPDATE enterprise SET name = name"))
        said = await _next(socket)
        assert (said["data"]["layer"], said["data"]["version"] > before) == ("enterprises", True)


async def test_a_point_that_looks_different_and_a_closed_road_are_told(app: House, address: str) -> None:
    await app.outfall()
    closing = (
        "INSERT INTO road_closure (geom, reason, closed_by, region)"
        " VALUES (ST_Point(119.1, 36.7, 4326), 'works', 'test', '370705')"
    )

    async def fall_silent() -> None:
        await app.execute("UPDATE point_state SET due = now()")
        await Housekeeping(app.database, app.app.state.roads).tell_silence()

    async with _live(address, app, "duty", "?topics=layers") as socket:
        assert (await _next(socket))["kind"] == "hello"
        for layer, change in (
            ("points", Logger(app).cod(31.5)),
            ("points", fall_silent()),
            ("closures", app.execute(closing)),
        ):
            before = await app.scalar("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")
            await change
            while (said := (await _next(socket))["data"]) and (said["layer"] != layer or said["version"] <= before):
                pass
