"""What every HTTP door of every room needs: who asks, a session that sees what they may, boxes and pages.

`command.access` puts the `Scope` on the request; the rooms below only read it, so none of them imports `command`.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Generic, Protocol, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field
from shapely import Polygon, box
from sqlalchemy.ext.asyncio import AsyncSession

from gis.database import Database, Scope

MAX_LIMIT = 10_000

Row = TypeVar("Row", bound=BaseModel)


class NotSignedIn(Exception):
    """Sign in first: the request carries no valid session or token."""


class Forbidden(Exception):
    """This role may not do that."""


class NotFound(Exception):
    """There is no such row, or it lies outside the area of the person who asks."""


class BadQuery(ValueError):
    """A query parameter cannot be read; the message says which and what it should look like."""


# What FastAPI calls for every request is `async`, although nothing waits: anything else it hands to a thread.
async def _scope(request: Request) -> Scope:
    """Return who asks, or raise `NotSignedIn`."""
    scope: Scope | None = getattr(request.state, "scope", None)
    if scope is None:
        raise NotSignedIn("sign in first")
    return scope


ScopeDep = Annotated[Scope, Depends(_scope)]


def require(scope: Scope, *roles: str) -> None:
    """Raise `Forbidden` unless the person has one of the roles."""
    if scope.role not in roles:
        raise Forbidden(f"your role ({scope.role}) may not do this; it takes one of: {', '.join(roles)}")


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(_database)]


async def _session(database: DatabaseDep, scope: ScopeDep) -> AsyncIterator[AsyncSession]:
    async with database.for_person(scope) as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(_session)]


class _HasId(Protocol):
    id: int


class Listing(BaseModel, Generic[Row]):
    """One page of a list; `next` is the cursor of the following page, or null at the end."""

    items: list[Row]
    next: str | None = None


class PageParams(BaseModel):
    """`limit` rows after `cursor`, in the order of the rows' ids."""

    limit: int = Field(default=100, ge=1, le=MAX_LIMIT)
    cursor: str | None = None

    def after(self) -> int:
        """The id after which the page starts."""
        if self.cursor is None:
            return 0
        if not (self.cursor.isascii() and self.cursor.isdigit() and len(self.cursor) <= 18):
            raise BadQuery("cursor: send back the `next` of the page before, unchanged")
        return int(self.cursor)

    def cut(self, rows: Sequence[_HasId]) -> str | None:
        """The cursor behind `rows`, which were asked for with `limit`."""
        return str(rows[-1].id) if len(rows) == self.limit else None


PageDep = Annotated[PageParams, Query()]


def parse_bbox(bbox: str | None) -> Polygon | None:
    """Read `minlon,minlat,maxlon,maxlat` (degrees, WGS84) into a box; raise `BadQuery` with what is wrong."""
    if bbox is None:
        return None
    try:
        west, south, east, north = (float(part) for part in bbox.split(","))
    except ValueError:
        raise BadQuery(f"bbox: four numbers minlon,minlat,maxlon,maxlat, not {bbox[:80]!r}") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadQuery("bbox: minlon ≤ maxlon in -180…180 and minlat ≤ maxlat in -90…90")
    return box(west, south, east, north)


def parse_lonlat(value: str, name: str) -> tuple[float, float]:
    """Read `lon,lat` (degrees, WGS84); raise `BadQuery` with what is wrong."""
    try:
        lon, lat = (float(part) for part in value.split(","))
    except ValueError:
        raise BadQuery(f"{name}: two numbers lon,lat, not {value[:80]!r}") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadQuery(f"{name}: lon in -180…180 and lat in -90…90")
    return lon, lat
