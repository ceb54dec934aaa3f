"""No body is larger than the bound, however it says its length."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from command.bodies import BoundedBodies

MOST = 1024 * 1024


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.read = 0

    @app.post("/")
    async def length(request: Request) -> int:
        read = 0
        async for piece in request.stream():
            read += len(piece)
            app.state.read = read
        return read

    app.add_middleware(BoundedBodies, most=MOST)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as made:
        made.state = app.state  # type: ignore[attr-defined]
        yield made


async def pieces(count: int, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)


@pytest.mark.parametrize("length", [0, 1, MOST])
async def test_a_body_within_the_bound_arrives_whole(client: httpx.AsyncClient, length: int) -> None:
    answer = await client.post("/", content=bytes(length))
    assert (answer.status_code, answer.json()) == (200, length)


async def test_a_body_that_says_it_is_too_large_is_not_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/", content=bytes(MOST + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "larger than 1 MB" in answer.json()["detail"]
    assert client.state.read == 0  # type: ignore[attr-defined]


async def test_a_body_in_pieces_is_stopped_at_the_bound(client: httpx.AsyncClient) -> None:
    within = await client.post("/", content=pieces(16))
    assert (within.status_code, within.json()) == (200, MOST)
    beyond = await client.post("/", content=pieces(1000))
    assert beyond.status_code == 413
    assert client.state.read <= MOST  # type: ignore[attr-defined]


@pytest.mark.parametrize("lie", ["5", "abc", "-1", "999999999999999999999999"])
async def test_a_length_that_lies_helps_nobody(client: httpx.AsyncClient, lie: str) -> None:
    answer = await client.post("/", content=pieces(1000), headers={"content-length": lie})
    assert answer.status_code == 413
