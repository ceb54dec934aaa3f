"""PostgreSQL LISTEN: what other processes announce on commit."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url


@asynccontextmanager
async def listening(url: str, channels: Sequence[str]) -> AsyncIterator[AsyncIterator[psycopg.Notify]]:
    """Yield the notifications of `channels` as they come; raises `psycopg.OperationalError` when the link is lost.

    What was announced before the block was entered is not repeated: catch up from the tables first thing inside it.
    """
    parts = make_url(url)
    connection = await psycopg.AsyncConnection.connect(
        parts.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
    )
    async with connection:
        for channel in channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        # A generator that is left half-way keeps the connection's lock, and leaving the connection would wait for it
        # for ever: close it first, whatever the reader stumbled over.
        async with aclosing(connection.notifies()) as announced:
            yield announced
