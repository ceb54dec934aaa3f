"""An application with the doors of one or two rooms only, and a stranger's or a person's requests to it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

from gis.database import Database, Scope
from gis.http import BadQuery, Forbidden, NotFound, NotSignedIn

STATUS = {NotSignedIn: 401, Forbidden: 403, NotFound: 404, BadQuery: 422}

PROVINCE = Scope("province", "duty", "37")
WEIFANG = Scope("weifang", "duty", "3707")
KUIWEN = Scope("kuiwen", "duty", "370705")
QINGZHOU = Scope("qingzhou", "duty", "370781")

As = Callable[[Scope | None], httpx.AsyncClient]


@asynccontextmanager
async def rooms(database: Database, *routers: APIRouter, **state: object) -> AsyncIterator[As]:
    """Serve the routers in this process; the result makes a client that asks as the given person."""
    app = FastAPI()
    app.state.database = database
    for name, value in state.items():
        setattr(app.state, name, value)
    for router in routers:
        app.include_router(router)
    for error, status in STATUS.items():
        app.add_exception_handler(
            error, lambda _, raised, status=status: JSONResponse({"detail": str(raised)}, status_code=status)
        )
    scopes: dict[str, Scope] = {}

    @app.middleware("http")
    async def sign_in(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.scope = scopes.get(request.headers.get("x-person", ""))
        return await call_next(request)

    clients: list[httpx.AsyncClient] = []

    def as_person(scope: Scope | None) -> httpx.AsyncClient:
        if scope is not None:
            scopes[scope.actor] = scope
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://onemap.test",
            headers={} if scope is None else {"x-person": scope.actor},
        )
        clients.append(client)
        return client

    yield as_person
    for client in clients:
        await client.aclose()
