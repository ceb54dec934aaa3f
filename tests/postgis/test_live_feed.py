"""The live feed over a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
import websockets
from websockets.asyncio.client import ClientConnection, connect

from command.events.feed import Listener, LiveFeed
from gis.database import Database, Scope
from tests.house import CENTRE, KUIWEN, House, listening


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
