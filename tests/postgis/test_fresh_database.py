"""The databases the tests get: migrated, empty and each test's own."""

from sqlalchemy import text

from gis.database import Database


async def test_a_fresh_database_is_migrated(database: Database) -> None:
    async with database.for_system() as session:
        assert await session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        assert await session.scalar(text("SELECT count(*) FROM officer")) == 0


async def test_two_databases_of_one_test_session_are_apart(database: Database, module_postgis_url: str) -> None:
    assert database.url != module_postgis_url
