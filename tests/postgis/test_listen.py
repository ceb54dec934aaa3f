"""Following what the database announces."""

import asyncio

import pytest

from gis.database import Database
from gis.listen import listening


async def test_a_reader_that_stumbles_over_an_announcement_gets_away(database: Database) -> None:
    async def read() -> None:
        async with listening(database.url, ["test_news"]) as announcements, database.for_system() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("NOTIFY test_news, 'first'")
            await session.commit()
            async for announcement in announcements:
                raise LookupError(announcement.payload)

    async with asyncio.timeout(10):
        with pytest.raises(LookupError, match="first"):
            await read()
