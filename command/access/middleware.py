"""Puts the person behind a request's cookie or bearer token on the request, for HTTP and WebSocket alike."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "onemap_session"
# Devices and pages ask for these all the time, and none of them is decided by a session.
_OPEN = (
    "/assets/",
    "/icons/",
    "/sw.js",
    "/manifest.webmanifest",
    "/api/positions/osmand",
    "/api/positions/owntracks",
    "/api/health",
)


class Identify:
    """Sets `state.scope` and `state.person` when the token is good; the doors decide what they demand."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not scope["path"].startswith(_OPEN):
            token = token_in(Headers(scope=scope))
            person = token and await scope["app"].state.people.behind(token)
            if person:
                state = scope.setdefault("state", {})
                state["scope"], state["person"] = person.scope, person
        await self.app(scope, receive, send)


def token_in(headers: Headers) -> str | None:
    """The session token of a request: `Authorization: Bearer …`, or the page's cookie."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None
