"""Networks for the tests of the roads, and networkx as the judge of their answers."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.judge import Judge, random_places
from routing.importing import import_roads
from routing.network import PreparedNetwork, RoadStore
from routing.snapping import LonLat

ROOT = Path(__file__).resolve().parents[3]
SHARED_ROADS = Path(os.environ.get("ONEMAP_SHARED", ROOT.parent / "shared")) / "data" / "roads"


@pytest.fixture(scope="session")
def town_file() -> Path:
    return ROOT / "tests" / "samples" / "roads" / "town.osm"


@pytest.fixture(scope="session")
def town(town_file: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedNetwork:
    store = RoadStore(tmp_path_factory.mktemp("town"))
    import_roads(town_file, store)
    return store.current()


@pytest.fixture(scope="session")
def shared_roads() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        if not (SHARED_ROADS / name).is_file():
            pytest.skip(f"{name}: the shared road files are not on this machine")
        return SHARED_ROADS / name

    return find


@pytest.fixture(scope="session")
def shared_network(
    shared_roads: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], PreparedNetwork]:
    opened: dict[str, PreparedNetwork] = {}

    def open_network(name: str) -> PreparedNetwork:
        if name not in opened:
            store = RoadStore(tmp_path_factory.mktemp(name.replace(".", "-")))
            import_roads(shared_roads(name), store)
            opened[name] = store.current()
        return opened[name]

    return open_network


@pytest.fixture(scope="session")
def judge() -> type[Judge]:
    return Judge


@pytest.fixture(scope="session")
def places_on_roads() -> Callable[[PreparedNetwork, int, int], list[LonLat]]:
    return random_places
