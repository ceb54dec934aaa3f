"""Bounds what a request may carry, before anything reads it: a gigabyte of JSON must cost us nothing."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from command.problems import problem

MAX_BODY_BYTES = 16 * 1024 * 1024


class _TooLarge(Exception):
    pass


class BoundedBodies:
    """Answers 413 when the body is, or turns out to be, larger than the bound."""

    def __init__(self, app: ASGIApp, most: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.most:
            await self._refuse(scope, receive, send)
            return
        read, started = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if not started:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(413, f"the request is larger than {self.most // 1024 // 1024} MB; send it in parts")
        await answer(scope, receive, send)
