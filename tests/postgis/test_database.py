"""The connections of a process, when their server ends them."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, literal, select, text

from gis.database import Database

PID = select(func.pg_backend_pid().label("pid"))


@pytest.fixture
async def database(postgis_url: str) -> AsyncIterator[Database]:
    database = Database(postgis_url, pool_size=3)
    yield database
    await database.close()


async def test_connections_that_the_server_ended_while_idle_are_made_anew_unnoticed(database: Database) -> None:
    async with database.for_system() as one, database.for_system() as other:
        lost = {await one.scalar(PID), await other.scalar(PID)}
    (waiting,) = await database.look_up(PID, {})
    assert waiting.pid in lost
    async with database.for_system() as session:
        await session.execute(text("SELECT 1"))
        lost.discard(await session.scalar(PID))
        for pid in lost:
            assert await session.scalar(select(func.pg_terminate_backend(pid, 5000)))
    async with database.for_system() as one, database.for_system() as other, database.for_system() as third:
        assert not lost & {await each.scalar(PID) for each in (one, other, third)}


async def test_a_lookup_leaves_no_transaction_and_no_rights_behind(database: Database) -> None:
    (row,) = await database.look_up(select(literal(1).label("one"), func.current_user().label("who")), {})
    assert row.one == 1
    async with database.for_system() as session:
        assert await session.scalar(select(func.current_user())) == row.who
        await session.execute(text("CREATE TEMPORARY TABLE of_this_session (id int)"))
        await session.rollback()
        assert await session.scalar(select(func.to_regclass("of_this_session"))) is None
