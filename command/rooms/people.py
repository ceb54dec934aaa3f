"""Who asks at a room's door: somebody signed in, or the holder of a seat in it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from command.access.middleware import token_in
from command.access.sessions import SignedIn
from command.rooms.tokens import RoomTokens
from gis.database import Scope
from gis.http import DatabaseDep, NotSignedIn

DISPATCH = ("duty", "dispatcher")
DESKS = (*DISPATCH, "admin")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. A guest has no account: the scope's actor is `seat:…`, its area empty, and the database shows it
    nothing but the room in which that seat is.
    """

    scope: Scope
    name: str
    organisation: str = ""

    @property
    def seat_id(self) -> int | None:
        """The one seat of a guest."""
        return int(self.scope.actor.removeprefix("seat:")) if self.scope.role == "guest" else None

    def decides_in(self, region: str) -> bool:
        """Whether this is a duty officer or dispatcher of the area."""
        return self.scope.role in DISPATCH and region.startswith(self.scope.region)

    def sees(self, region: str) -> bool:
        """Whether this is a desk of the area, which may go into any room there that is not locked."""
        return self.scope.role in DESKS and region.startswith(self.scope.region)


def guest(seat_id: int) -> Caller:
    """The holder of a seat's link."""
    return Caller(Scope(f"seat:{seat_id}", "guest", ""), "")


async def caller_behind(connection: HTTPConnection, token: str | None) -> Caller:
    """Who asks: by session, or by the token of a seat. Raises `NotSignedIn`."""
    person: SignedIn | None = getattr(connection.state, "person", None)
    if person is not None:
        return Caller(person.scope, person.display_name, person.region_name)
    if token is None:
        raise NotSignedIn("sign in, or send the token of your seat")
    tokens: RoomTokens = connection.app.state.room_tokens
    said = await tokens.read(token)
    if said.use != "seat":
        raise NotSignedIn("this token is for one connection of pictures and sound only")
    return guest(said.seat_id)


async def _caller(request: Request) -> Caller:
    return await caller_behind(request, token_in(request.headers))


CallerDep = Annotated[Caller, Depends(_caller)]


async def _session(database: DatabaseDep, caller: CallerDep) -> AsyncIterator[AsyncSession]:
    async with database.for_person(caller.scope) as session:
        yield session


RoomSession = Annotated[AsyncSession, Depends(_session)]
