"""Signing in and out. Sessions live in the database, so every web worker knows them and none survives its end."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ARRAY, Text, any_, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from command.access.passwords import new_token, password_matches, token_hash
from command.access.tables import UserAccount, UserSession
from command.together import Together
from gis.database import Database, Scope
from gis.http import NotSignedIn
from gis.tables import RegionRow

LIFETIME = timedelta(hours=12)
LONGEST = timedelta(days=32)  # in use: a wall runs unattended for a month, then somebody signs in again


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with an open session."""

    username: str
    display_name: str
    role: str
    region: str
    region_name: str
    officer_id: int | None
    demo: bool

    @property
    def scope(self) -> Scope:
        return Scope(actor=self.username, role=self.role, region=self.region, officer_id=self.officer_id)


async def sign_in(database: Database, username: str, password: str) -> tuple[str, SignedIn]:
    """Return a new token and who it is for; raise `NotSignedIn` without saying which of the two was wrong."""
    async with database.for_system() as session:
        user = await session.scalar(select(UserAccount).where(UserAccount.username == username))
        right = await asyncio.to_thread(password_matches, user.password_hash if user else None, password)
        if user is None or not right or not user.active:
            raise NotSignedIn("user name or password is wrong")
        token = await open_session(session, user.id)
        await session.commit()
    person = (await _people(database, [token_hash(token)])).get(token_hash(token))
    if person is None:
        raise NotSignedIn("the account was closed just now")
    return token, person


async def open_session(session: AsyncSession, user_id: int, lifetime: timedelta = LIFETIME) -> str:
    """Open a session for a user and return its token; the caller commits."""
    token = new_token()
    await session.execute(delete(UserSession).where(UserSession.expires_at < func.now()))
    expires_at = await session.scalar(select(func.now() + lifetime))
    session.add(UserSession(token_hash=token_hash(token), user_id=user_id, expires_at=expires_at))
    return token


class People:
    """Who is behind a token, by the database every time; one query for all tokens that come at the same moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: set[str] = set()
        self._together = Together[None, dict[str, SignedIn]]()

    async def behind(self, token: str) -> SignedIn | None:
        """The person behind a token, or None when it is unknown, expired or signed out."""
        hashed = token_hash(token)
        self._asked.add(hashed)
        found = await self._together.ask(None, self._look_up)
        return found.get(hashed)

    async def _look_up(self) -> dict[str, SignedIn]:
        asked, self._asked = self._asked, set()
        return await _people(self._database, asked)


async def prolong(database: Database, token: str) -> bool:
    """Let an open session run for its lifetime from now on, at most `LONGEST` in all; False when it is not open."""
    async with database.for_system() as session:
        prolonged = await session.scalar(
            update(UserSession)
            .where(UserSession.token_hash == token_hash(token), UserSession.expires_at > func.now())
            .values(expires_at=func.least(func.now() + LIFETIME, UserSession.created_at + LONGEST))
            .returning(UserSession.token_hash)
        )
        await session.commit()
    return prolonged is not None


async def sign_out(database: Database, token: str) -> None:
    async with database.for_system() as session:
        await session.execute(delete(UserSession).where(UserSession.token_hash == token_hash(token)))
        await session.commit()


async def _people(database: Database, hashes: Collection[str]) -> dict[str, SignedIn]:
    """The people behind those tokens, by hash, that are good."""
    rows = await database.look_up(_BEHIND, {"hashes": list(hashes)})
    return {
        hashed: SignedIn(username, display_name, role, region, region_name or region, officer_id, demo)
        for hashed, username, display_name, role, region, region_name, officer_id, demo in rows
    }


# Put together once, with all tokens as one array: every request asks this.
_BEHIND = (
    select(
        UserSession.token_hash,
        UserAccount.username,
        UserAccount.display_name,
        UserAccount.role,
        UserAccount.region,
        RegionRow.name,
        UserAccount.officer_id,
        UserAccount.demo,
    )
    .join(UserSession, UserSession.user_id == UserAccount.id)
    .outerjoin(RegionRow, RegionRow.adcode == func.rpad(UserAccount.region, 6, "0"))
    .where(
        UserSession.token_hash == any_(bindparam("hashes", type_=ARRAY(Text))),
        UserSession.expires_at > func.now(),
        UserAccount.active,
    )
)
