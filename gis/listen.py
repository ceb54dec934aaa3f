"""Connections of one's own, and PostgreSQL LISTEN on one: what other processes announce on commit."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url


async def own_connection(url: str) -> psycopg.AsyncConnection:
    """A connection beside the pool, committing at once: for what must not wait behind anybody's requests."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return await psycopg.AsyncConnection.connect(plain, autocommit=True)


@asynccontextmanager
async def listening(url: str, channels: Sequence[str]) -> AsyncIterator[AsyncIterator[psycopg.Notify]]:
    """Yield the notifications of `channels` as they come; raises `psycopg.OperationalError` when the link is lost.

    What was announced before the block was entered is not repeated: catch up from the tables first thing inside it.
    """
    async with await own_connection(url) as connection:
        for channel in channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        # A generator that is left half-way keeps the connection's lock, and leaving the connection would wait for it
        # for ever: close it first, whatever the reader stumbled over.
        async with aclosing(connection.notifies()) as announced:
            yield announced
