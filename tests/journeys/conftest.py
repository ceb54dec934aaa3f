"""Running products and a browser for the journeys. One product is shared and never broken; one may be killed and is
mended for each test.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

pytest.register_assert_rewrite("product", "browsing", "scene", "calling")

# Their assertions explain themselves only if they were registered before.
from browsing import Device, chromium, device  # noqa: E402
from calling import AWAY, MEDIA, close_rooms  # noqa: E402
from product import PASSWORD, ROOT, Person, Product  # noqa: E402
from scene import Place, phone_of, place_on, take_back_all  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives Chromium, so that `-m browser` and `-m "not browser"` take the journeys apart."""
    for item in items:
        if isinstance(item, pytest.Function) and "browser" in item.fixturenames:
            item.add_marker("browser")


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as it comes; a module that needs another one has its own."""
    with chromium() as running:
        yield running


@pytest.fixture
def desk(product: Product) -> Iterator[Person]:
    """The duty desk of Kuiwen, where the scenes play."""
    with product.signed_in("kuiwen") as person:
        yield person


@pytest.fixture
def place(product: Product, desk: Person) -> Iterator[Place]:
    """Where a call plays; its rooms are closed afterwards."""
    with place_on(product, desk) as made:
        yield made
        close_rooms(desk)
        take_back_all(made)


@pytest.fixture
def screen(browser: Browser, product: Product) -> Iterator[Device]:
    """The duty desk with a camera, for calls."""
    with device(browser, product, expected=AWAY, permissions=MEDIA) as made:
        made.sign_in("kuiwen", PASSWORD, "/desk")
        made.current()
        yield made


@pytest.fixture
def phone(browser: Browser, place: Place) -> Iterator[Device]:
    """The phone of the place's first officer with a camera, for calls."""
    with phone_of(browser, place, permissions=MEDIA, expected=AWAY) as made:
        yield made


@pytest.fixture(scope="session")
def _breakable(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("breakable") / "home")
    # Made once by the shared product: they are the same every time, and take longer to make than all the rest.
    shutil.copytree(product.home / "roads", made.home / "roads")
    yield made
    made.clean_up()


@pytest.fixture
def breakable(_breakable: Product) -> Product:
    """A small demonstration of its own kind, running and healthy, whatever earlier tests did to it."""
    if not _breakable.running:
        _breakable.start()
    _breakable.wait_until_healthy()
    return _breakable


@pytest.fixture(scope="session")
def _bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("bureau")
    made = Product(folder / "home", "serve")
    try:
        officers = folder / "officers.csv"
        lines = [f"B-{n:02d},执法员{n},环境执法支队,city,370705" for n in range(1, 31)]
        officers.write_text("\n".join(["code,name,organisation,level,region", *lines]), encoding="utf-8")
        for words in (
            ("import", "officers", str(officers)),
            ("user", "add", "desk", "--role", "dispatcher", "--region", "37", "--password", PASSWORD),
            ("import", "roads", str(ROOT / "tests" / "samples" / "roads" / "town.osm")),
        ):
            said = made.command(*words)
            assert said.code == 0, said
        made.start()
        yield made
        assert made.stop() == 0, made.words()
        assert made.processes() == set()
    finally:
        made.clean_up()


@pytest.fixture
def bureau(_bureau: Product) -> Product:
    """A bureau of its own, without any demonstration: imported officers and roads, and one dispatcher, `desk`.

    Its roads are whatever a test imports; each test that needs some imports them first.
    """
    return _bureau


@pytest.fixture
def dispatcher(product: Product) -> Iterator[Person]:
    """Weifang's dispatcher on the shared product."""
    with product.signed_in("dispatcher") as person:
        yield person
