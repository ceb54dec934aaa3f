"""The PostGIS connection: one metadata, one engine, and sessions that see only their own area.

Row-level security decides what a session may see (`command/migrations`). A session for a person runs as the
database role `onemap_web`, which owns nothing, with the person's region, role and identity as transaction settings;
a session of the system itself (intake, timers, importers) runs as the owner of the tables.
"""

import select as waiting
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVarTuple

import orjson
from sqlalchemy import ARRAY, DateTime, MetaData, Row, Select, Text, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

WEB_ROLE = "onemap_web"

Columns = TypeVarTuple("Columns")

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables of all rooms hang here, so that migrations see them together."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        str: Text,
    }


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks: identity, role, and the area they see.

    `region` is a GB/T 2260 prefix: `37` the province, `3707` a city, `370705` a county.
    `officer_id` is set when the person is an enforcement officer.
    """

    actor: str
    role: str
    region: str
    officer_id: int | None = None


class Database:
    """Opens sessions: `for_person` under row-level security, `for_system` as the owner of the tables."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        self._alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        event.listen(self.engine.sync_engine, "checkout", _refuse_lost)

    @asynccontextmanager
    async def for_person(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session that sees and changes only what this person may; commit is the caller's."""
        async with self._sessions(info={"scope": scope}) as session:
            yield session

    @asynccontextmanager
    async def for_system(self) -> AsyncIterator[AsyncSession]:
        """A session of the system itself: no row is hidden; commit is the caller's."""
        async with self._sessions() as session:
            yield session

    async def look_up(self, query: Select[*Columns], said: dict[str, Any]) -> Sequence[Row[*Columns]]:
        """The rows of one question of the system itself. No transaction stands around it: a third of the time."""
        async with self._alone.connect() as connection:
            return (await connection.execute(query, said)).all()

    async def close(self) -> None:
        await self.engine.dispose()


def _refuse_lost(connection: Any, *_: object) -> None:
    """Have the pool connect anew when the server has gone since: a closed connection has something to read, an idle one
    has not. Asking the system costs a hundredth of asking the server.
    """
    poll = waiting.poll()
    poll.register(connection.driver_connection.fileno(), waiting.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError("the server has closed its connections")


@event.listens_for(Session, "after_begin")
def _enter_scope(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Every transaction of a person's session starts by giving up the owner's rights."""
    scope: Scope | None = session.info.get("scope")
    if scope is None:
        return
    connection.execute(
        text(  # one way to the database and back for all; setting `role` is SET LOCAL ROLE
            f"SELECT set_config('role', '{WEB_ROLE}', true),"
            " set_config('onemap.region', :region, true), set_config('onemap.role', :role, true),"
            " set_config('onemap.actor', :actor, true), set_config('onemap.officer', :officer, true)"
        ),
        {
            "region": scope.region,
            "role": scope.role,
            "actor": scope.actor,
            "officer": "" if scope.officer_id is None else str(scope.officer_id),
        },
    )
