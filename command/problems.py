"""Errors at the HTTP doors: one table from what went wrong to RFC 9457 problem details."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from gis.http import BadQuery, Forbidden, NotFound, NotSignedIn

PROBLEM_JSON = "application/problem+json"

_SCHEMA = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, and what to do about it"},
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Not as asked", "content": {PROBLEM_JSON: {"schema": _SCHEMA}}},
    "5XX": {"description": "Not now", "content": {PROBLEM_JSON: {"schema": _SCHEMA}}},
}
"""What every operation may answer besides its own, for the OpenAPI."""


class Conflict(Exception):
    """Somebody was faster, or the step is not possible from here. `facts` tell the client what is true now.

    `zh` is the same sentence in Chinese: these are what people at the desk and on the road read most.
    """

    def __init__(self, detail: str, *, zh: str | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.facts = facts | ({"detail_zh": zh} if zh else {})


class Refused(ValueError):
    """The request is well formed, but what it asks for cannot be; the message says why, also in Chinese (`zh`)."""

    def __init__(self, detail: str, *, zh: str | None = None) -> None:
        super().__init__(detail)
        self.facts = {"detail_zh": zh} if zh else {}


class TooMany(Exception):
    """Too many tries; the message says when to come back."""


STATUS_OF: Mapping[type[Exception], int] = {
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    BadQuery: 422,
    Refused: 422,
    TooMany: 429,
}


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem-details answer (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=PROBLEM_JSON)


def install(app: FastAPI, more: Mapping[type[Exception], int]) -> None:
    """Answer every known error with a problem; `more` adds the errors of other rooms."""
    statuses = {**STATUS_OF, **more}

    async def known(_: Request, error: Exception) -> JSONResponse:
        status = next(statuses[kind] for kind in type(error).__mro__ if kind in statuses)
        facts = error.facts if isinstance(error, Conflict | Refused) else {}
        headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
        return problem(status, str(error), headers=headers, **facts)

    for kind in statuses:
        app.add_exception_handler(kind, known)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"where": ".".join(str(part) for part in item["loc"]), "what": item["msg"]} for item in error.errors()[:20]
        ]
        first = errors[0] if errors else {"where": "request", "what": "cannot be read"}
        return problem(422, f"{first['where']}: {first['what']}", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    async def unreachable(_: Request, error: Exception) -> JSONResponse:
        # A value that the database cannot hold is the sender's to mend; a lost connection is ours.
        if isinstance(error, DBAPIError) and not isinstance(error, OperationalError | InterfaceError):
            return _database_refused(error)
        return problem(503, "the database does not answer; nothing was stored, try again", headers={"Retry-After": "2"})

    app.add_exception_handler(DBAPIError, unreachable)


def _database_refused(error: DBAPIError) -> JSONResponse:
    code = getattr(error.orig, "sqlstate", None) or ""
    # The driver refuses some values itself, such as text with a NUL; its error then has no code of the database's.
    if code.startswith("22") or isinstance(error, DataError):
        return problem(422, "a value is out of the range or form that can be stored")
    if code == "42501":
        return problem(403, "your role or area does not allow this change")
    raise error
