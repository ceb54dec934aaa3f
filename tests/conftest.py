"""What every test may ask for: a real PostGIS, a fresh migrated database, the shared data, reproducible hypothesis.

The cluster and its migrated template database are made once a session; a fresh database is a copy of the template
(some 50 ms), so that no test sees another's rows.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from command import migrate
from gis.cluster import PrivateCluster
from gis.database import Database

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "onemap_template"
HOUSE_TEMPLATE = "onemap_house_template"

settings.register_profile("onemap", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("onemap")

_database_numbers = count(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public files that lies beside the repository; the test is skipped where it does not."""
    folder = Path(os.environ.get("ONEMAP_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data beside the repository ({folder}/data; ONEMAP_SHARED names another place)")
    return folder


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateCluster]:
    """A private PostgreSQL of this test session, quick and not durable."""
    private = PrivateCluster(tmp_path_factory.mktemp("cluster"), durable=False)
    private.ensure()
    yield private
    private.stop()


@pytest.fixture(scope="session")
def migrated_template(cluster: PrivateCluster) -> str:
    """Name of a database at the newest migration, never connected to again, only copied."""
    cluster.create_database(TEMPLATE)
    migrate.upgrade(cluster.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def postgis_url(cluster: PrivateCluster, migrated_template: str) -> Iterator[str]:
    """Address of a fresh database with all migrations, of this test alone."""
    yield from fresh_database(cluster, migrated_template)


@pytest.fixture(scope="module")
def module_postgis_url(cluster: PrivateCluster, migrated_template: str) -> Iterator[str]:
    """Address of a fresh database with all migrations, for all tests of one module."""
    yield from fresh_database(cluster, migrated_template)


@pytest.fixture(scope="session")
def house_template(cluster: PrivateCluster, migrated_template: str) -> str:
    """Name of a database with the people and regions that every house has, only copied."""
    from tests.house import settle  # the whole application, which only the tests on a house need

    cluster.create_database(HOUSE_TEMPLATE, template=migrated_template)
    asyncio.run(settle(cluster.url(HOUSE_TEMPLATE)))
    return HOUSE_TEMPLATE


@pytest.fixture
def house_url(cluster: PrivateCluster, house_template: str) -> Iterator[str]:
    """Address of a fresh database for the house of this test alone."""
    yield from fresh_database(cluster, house_template)


@pytest.fixture(scope="module")
def module_house_url(cluster: PrivateCluster, house_template: str) -> Iterator[str]:
    """Address of a fresh database for a house of all tests of one module."""
    yield from fresh_database(cluster, house_template)


@pytest.fixture
def empty_postgis_url(cluster: PrivateCluster) -> Iterator[str]:
    """Address of a fresh database without any table, for tests of the migrations themselves."""
    yield from fresh_database(cluster, None)


@pytest_asyncio.fixture
async def database(postgis_url: str) -> AsyncIterator[Database]:
    """Sessions on a fresh database."""
    opened = Database(postgis_url, pool_size=5)
    yield opened
    await opened.close()


def fresh_database(cluster: PrivateCluster, template: str | None) -> Iterator[str]:
    """Make a database, yield its address, drop it."""
    name = f"test_{next(_database_numbers)}"
    cluster.create_database(name, template=template)
    yield cluster.url(name)
    cluster.drop_database(name)
