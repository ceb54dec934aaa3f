"""WHIP and WHEP players run in pages of other origins: all answers of these doors let such a page read them.

They bring a token in a header, never a cookie, so nobody's session is lent to a strange page.
"""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DOORS = re.compile(r"^/api/rooms/\d+/(whip|whep|legs/[^/]+)$")
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, DELETE, PATCH, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, ETag, Link, Retry-After, Accept-Post",
    "Access-Control-Max-Age": "600",
}


class OtherOrigins:
    """Adds the CORS headers to the answers of the media doors."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _DOORS.match(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, opened)
