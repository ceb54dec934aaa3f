"""The product's HTTP doors, as a program outside sees them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

PAGE = 10_000

Json = dict[str, Any]
Query = Mapping[str, str | int | float]


class DoorClosed(Exception):
    """The product did not answer, or answered that it cannot now; trying again later may help."""


class DoorRefused(Exception):
    """The product answered that it will not do this; trying the same again will not help."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


class Doors:
    """Calls doors with the token of one person or device. Raises `DoorClosed` and `DoorRefused`, nothing else."""

    def __init__(self, client: httpx.AsyncClient, token: str | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def sign_in(self, username: str, password: str) -> "Doors":
        """Return the same doors, opened by this user."""
        answer = await self.post("/api/session", {"username": username, "password": password})
        return self.with_token(str(answer["token"]))

    def with_token(self, token: str) -> "Doors":
        return Doors(self._client, token)

    async def get(self, path: str, query: Query | None = None) -> Any:
        return await self._call("GET", path, params=dict(query or {}))

    async def post(self, path: str, body: Any) -> Any:
        return await self._call("POST", path, json=body)

    async def rows(self, path: str, query: Query | None = None, *, limit: int = PAGE) -> AsyncIterator[Json]:
        """Yield the rows of a list, page by page to its end."""
        cursor: str | None = None
        while True:
            page = await self.get(path, {**(query or {}), "limit": limit, **({"cursor": cursor} if cursor else {})})
            for row in page["items"]:
                yield row
            cursor = page.get("next")
            if cursor is None:
                return

    async def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = await self._client.request(method, path, headers=self._headers, **more)
        except httpx.HTTPError as error:
            raise DoorClosed(f"{method} {path}: {error!r}") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        detail = answer.text[:300]
        if answer.status_code >= 500 or answer.status_code == 429:
            raise DoorClosed(f"{method} {path}: {answer.status_code} {detail}")
        raise DoorRefused(answer.status_code, f"{method} {path}: {detail}")
