"""Running products for the journeys. One is shared and never broken; one may be killed and is mended for each test."""

from collections.abc import Iterator

import pytest
from product import Person, Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A small demonstration that runs for the whole session; tests may use it but not break it."""
    running = Product(tmp_path_factory.mktemp("journeys") / "home")
    try:
        running.start()
        yield running
        assert running.stop() == 0, running.words()
        assert running.processes() == set(), "stopping left processes behind"
    finally:
        running.clean_up()


@pytest.fixture(scope="session")
def _breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("breakable") / "home")
    yield made
    made.clean_up()


@pytest.fixture
def breakable(_breakable: Product) -> Product:
    """A small demonstration of its own kind, running and healthy, whatever earlier tests did to it."""
    if not _breakable.running:
        _breakable.start()
    _breakable.wait_until_healthy()
    return _breakable


@pytest.fixture
def dispatcher(product: Product) -> Iterator[Person]:
    """Weifang's dispatcher on the shared product."""
    with product.signed_in("dispatcher") as person:
        yield person
