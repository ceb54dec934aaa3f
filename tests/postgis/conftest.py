"""The running application for tests on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from routing.importing import import_roads
from routing.network import RoadStore
from tests.house import House, house

_TOWN = Path(__file__).resolve().parents[1] / "samples" / "roads" / "town.osm"


@pytest.fixture(scope="session")
def town_roads(tmp_path_factory: pytest.TempPathFactory) -> RoadStore:
    """The prepared roads of the sample town, which lies in Kuiwen."""
    store = RoadStore(tmp_path_factory.mktemp("town-roads"))
    import_roads(_TOWN, store)
    return store


@pytest_asyncio.fixture
async def app(house_url: str, town_roads: RoadStore) -> AsyncIterator[House]:
    """The application of one test on its own database."""
    async with house(house_url, town_roads) as running:
        yield running
