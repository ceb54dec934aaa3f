"""Every known error is answered with a problem (RFC 9457)."""

from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, ProgrammingError
from starlette.exceptions import HTTPException

from command import problems
from command.problems import Conflict, Refused, TooMany
from gis.http import BadQuery, Forbidden, NotFound, NotSignedIn


class RoomError(Exception):
    pass


class OfThatRoom(RoomError):
    pass


async def answer_to(error: Exception) -> httpx.Response:
    app = FastAPI()
    problems.install(app, {RoomError: 503})

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/")


def database_error(kind: type[Exception], original: type[psycopg.Error]) -> Exception:
    return kind("SELECT 1", {}, original("words of the driver"))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (NotSignedIn("why"), 401, "Unauthorized"),
        (Forbidden("why"), 403, "Forbidden"),
        (NotFound("why"), 404, "Not Found"),
        (Conflict("why"), 409, "Conflict"),
        (Refused("why"), 422, None),
        (BadQuery("why"), 422, None),
        (TooMany("why"), 429, "Too Many Requests"),
        (OfThatRoom("why"), 503, "Service Unavailable"),
        (HTTPException(418, "why"), 418, "I'm a Teapot"),
    ],
)
async def test_an_error_is_a_problem_with_its_own_words(error: Exception, status: int, title: str | None) -> None:
    answer = await answer_to(error)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"], body["detail"]) == ("about:blank", status, "why")
    assert title is None or body["title"] == title


async def test_a_conflict_carries_what_is_true_now() -> None:
    body = (await answer_to(Conflict("too late", alert={"id": 7}))).json()
    assert body["alert"] == {"id": 7}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (database_error(OperationalError, psycopg.OperationalError), 503),
        (database_error(InterfaceError, psycopg.InterfaceError), 503),
        (database_error(DataError, psycopg.errors.NumericValueOutOfRange), 422),
        (database_error(DataError, psycopg.DataError), 422),
        (database_error(ProgrammingError, psycopg.errors.InsufficientPrivilege), 403),
        (database_error(ProgrammingError, psycopg.errors.UndefinedTable), 500),
    ],
)
async def test_the_databases_words_are_not_shown(error: Exception, status: int) -> None:
    answer = await answer_to(error)
    assert answer.status_code == status
    assert "words of the driver" not in answer.text
    if status == 503:
        assert answer.headers["retry-after"] == "2"


async def test_a_body_that_does_not_fit_says_where() -> None:
    class Body(BaseModel):
        level: int = Field(ge=1)

    app = FastAPI()
    problems.install(app, {})

    @app.post("/")
    async def take(_: Body) -> None: ...

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:

        async def detail(**sent: Any) -> str:
            answer = await client.post("/", **sent)
            assert answer.status_code == 422
            assert answer.json()["errors"]
            return str(answer.json()["detail"])

        assert (await detail(json={"level": 0})).startswith("body.level: ")
        assert (await detail(content=b"{", headers={"content-type": "application/json"})).startswith("body")
        assert (await client.get("/nowhere")).json()["status"] == 404
        assert (await client.get("/")).json()["title"] == "Method Not Allowed"
