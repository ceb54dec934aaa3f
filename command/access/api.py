"""Sign in, see who one is, sign out."""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from command.access.middleware import COOKIE, token_in
from command.access.sessions import LIFETIME, SignedIn, prolong, sign_in, sign_out
from command.problems import TooMany
from gis.http import DatabaseDep, NotSignedIn

router = APIRouter(prefix="/api/session", tags=["session"])

_TRIES, _WINDOW_S = 10, 300.0
_MOST_NAMES = 10_000  # tried by name and address; whoever makes names up must not fill the memory


class Credentials(BaseModel):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=256)


class UserOut(BaseModel):
    username: str
    display_name: str
    role: str
    region: str
    region_name: str
    officer_id: int | None


class SessionOut(BaseModel):
    """Who is signed in (nobody: null), and whether this is a demonstration."""

    user: UserOut | None
    demo: bool


class NewSessionOut(BaseModel):
    token: str
    user: UserOut
    demo: bool


@dataclass
class FailedTries:
    """Counts wrong passwords by user name and address, so that guessing is slow; forgets after five minutes."""

    _at: dict[tuple[str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, key: tuple[str, str]) -> None:
        tries = self._at[key]
        while tries and time.monotonic() - tries[0] > _WINDOW_S:
            tries.popleft()
        if not tries:
            del self._at[key]
        elif len(tries) >= _TRIES:
            raise TooMany("too many wrong passwords; wait five minutes")

    def note(self, key: tuple[str, str]) -> None:
        self._at[key].append(time.monotonic())
        if len(self._at) > _MOST_NAMES:
            oldest = min(self._at, key=lambda one: self._at[one][-1])
            del self._at[oldest]


@router.post("")
async def open_session(who: Credentials, request: Request, response: Response, database: DatabaseDep) -> NewSessionOut:
    """Sign in: sets a cookie for pages and returns a token for programs."""
    failed: FailedTries = request.app.state.failed_tries
    key = (who.username, request.client.host if request.client else "")
    failed.check(key)
    try:
        token, person = await sign_in(database, who.username, who.password)
    except NotSignedIn:
        failed.note(key)
        raise
    _remember(request, response, token)
    return NewSessionOut(token=token, user=_user(person), demo=request.app.state.demo)


@router.get("")
async def show_session(request: Request, response: Response, database: DatabaseDep) -> SessionOut:
    """Who one is; being nobody is an answer, not an error, so that the sign-in page starts without one.

    A session that asks is in use and goes on: for twelve hours from now, at most a month after signing in.
    """
    person: SignedIn | None = getattr(request.state, "person", None)
    token = token_in(request.headers)
    if person and token and await prolong(database, token) and request.cookies.get(COOKIE) == token:
        _remember(request, response, token)
    return SessionOut(user=_user(person) if person else None, demo=request.app.state.demo)


@router.delete("", status_code=204)
async def close_session(request: Request, response: Response, database: DatabaseDep) -> None:
    """Sign out; harmless when already signed out."""
    token = token_in(request.headers)
    if token:
        await sign_out(database, token)
    response.delete_cookie(COOKIE)


def _remember(request: Request, response: Response, token: str) -> None:
    """Have the browser keep the token for as long as the session may be silent."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _user(person: SignedIn) -> UserOut:
    return UserOut(
        username=person.username,
        display_name=person.display_name,
        role=person.role,
        region=person.region,
        region_name=person.region_name,
        officer_id=person.officer_id,
    )
