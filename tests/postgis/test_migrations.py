"""Migrations up, down and up again, and equal to the tables in code."""

import pytest
from alembic.util import CommandError
from sqlalchemy import create_engine, text

from command import migrate

_OURS = """
    SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')
    AND relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT policyname FROM pg_policies
"""


def _ours(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return set(connection.scalars(text(_OURS)))
    finally:
        engine.dispose()


def test_the_tables_in_code_and_in_the_migrations_are_the_same(empty_postgis_url: str) -> None:
    migrate.upgrade(empty_postgis_url)
    migrate.check(empty_postgis_url)


def test_the_way_down_leaves_nothing_and_the_way_up_can_be_gone_again(empty_postgis_url: str) -> None:
    migrate.upgrade(empty_postgis_url)
    first = _ours(empty_postgis_url)
    migrate.upgrade(empty_postgis_url)  # already there: nothing to do
    assert _ours(empty_postgis_url) == first
    migrate.downgrade(empty_postgis_url, "base")
    assert _ours(empty_postgis_url) == set()
    migrate.upgrade(empty_postgis_url)
    assert _ours(empty_postgis_url) == first
    migrate.check(empty_postgis_url)


def test_each_step_down_can_be_gone_up_again(empty_postgis_url: str) -> None:
    migrate.upgrade(empty_postgis_url)
    first = _ours(empty_postgis_url)
    for _ in range(3):
        migrate.downgrade(empty_postgis_url, "-1")
    migrate.upgrade(empty_postgis_url)
    assert _ours(empty_postgis_url) == first


def test_a_revision_that_is_not_there_changes_nothing(empty_postgis_url: str) -> None:
    with pytest.raises(CommandError):
        migrate.upgrade(empty_postgis_url, "9999")
    assert _ours(empty_postgis_url) == set()
