"""Vector tiles: where they come from, which addresses exist, and how a reader knows that nothing changed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
from sqlalchemy import JSON, LargeBinary, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from gis.http import BadQuery

MAX_ZOOM = 22
MAX_TILE_BYTES = 500_000  # what the functions in the database keep to; see migration 0004

Filters = Mapping[str, Sequence[str]]


class TileSource(Protocol):
    """Makes the tiles of one layer (Mapbox Vector Tile 2, extent 4096); empty bytes where nothing is."""

    async def tile(self, session: AsyncSession, z: int, x: int, y: int, filters: Filters) -> bytes:
        """Return the tile as the person of `session` may see it."""
        ...

    def etag(self, z: int, x: int, y: int, filters: Filters) -> str | None:
        """Return what names this version of the tile, without quotes, when that is known before it is made.

        Only for tiles that are the same for everybody. None: the content is hashed.
        """
        ...


@dataclass(frozen=True, slots=True)
class PostgisTiles:
    """Tiles of a function `(z, x, y, query json) returns bytea` in the database, as Martin serves them too.

    The function runs with the rights of the session, so row-level security holds inside it.
    """

    function: str

    async def tile(self, session: AsyncSession, z: int, x: int, y: int, filters: Filters) -> bytes:
        query = orjson.dumps({name: ",".join(values) for name, values in filters.items()}).decode()
        call = getattr(func, self.function)(z, x, y, cast(literal(query), JSON), type_=LargeBinary)
        made = await session.scalar(select(call))
        return bytes(made or b"")

    def etag(self, z: int, x: int, y: int, filters: Filters) -> str | None:  # noqa: ARG002 - every person sees another
        return None


def check_address(z: int, x: int, y: int) -> None:
    """Raise `BadQuery` unless there is such a tile: 0 ≤ z ≤ 22, and x and y from 0 to 2^z - 1 (y grows southwards)."""
    if not 0 <= z <= MAX_ZOOM:
        raise BadQuery(f"z: a zoom from 0 to {MAX_ZOOM}, not {z}")
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        raise BadQuery(f"x, y: from 0 to {(1 << z) - 1} at zoom {z}")


def content_etag(tile: bytes) -> str:
    """Return a name for these bytes, without quotes."""
    return hashlib.blake2b(tile, digest_size=16).hexdigest()


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Tell whether an If-None-Match header names `etag` (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    names = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return "*" in names or f'"{etag}"' in names
