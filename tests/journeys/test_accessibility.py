"""axe on every page and state, each in both themes: nothing serious or critical, contrast included."""

from collections.abc import Iterator
from typing import Any

import pytest
from browsing import PHONE, WALL, Device, chromium, device
from playwright.sync_api import Browser, expect
from product import PASSWORD, ROOT, Person, Product
from scene import called, phone_of, place_on, take_back_all, take_step
from test_every_page import planned

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
BAD = ("serious", "critical")
# What desk and wall still owe: buttons whose spoken name lacks their text, telephone numbers without an underline.
OWED = ("label-content-name-mismatch", "link-in-text-block")
THEMES = ("dark", "light")

# As if another tab of the device had chosen the theme: the page changes, and stays in the state it is in.
_CHOOSE = """(theme) => {
  localStorage['onemap.theme'] = theme
  window.dispatchEvent(new StorageEvent('storage', { key: 'onemap.theme' }))
}"""
# Nothing may be judged half faded in. A bar that shows how long something still takes is no fading.
_FADED_IN = """() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getTiming().iterations !== Infinity && one.effect.getTiming().duration <= 1000)
  .map((one) => one.finished.catch(() => undefined)))"""
# MapLibre's canvas has no text that axe could read; what stands on the map is in the lists beside it.
_RUN = """async () => {
  const { violations } = await axe.run(document, { exclude: [['.maplibregl-canvas-container']] })
  return violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((one) => ({
    target: one.target.join(' '), why: one.any.concat(one.all).map(({ message }) => message).join('; ') })) }))
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: cd web && npm ci")
    with chromium() as running:
        yield running


def findings(one: Device, *, owed: tuple[str, ...] = ()) -> list[str]:
    """What axe calls serious or critical on the page as it is now, in each theme, one line an element."""
    if not one.page.evaluate("typeof axe !== 'undefined'"):
        one.page.add_script_tag(path=AXE)
    said = []
    for theme in THEMES:
        one.page.evaluate(_CHOOSE, theme)
        expect(one.page.locator("html")).to_have_attribute("data-theme", theme)
        said += [f"{theme}: {fault}" for fault in _faults(one, owed)]
    return said


def _faults(one: Device, owed: tuple[str, ...]) -> list[str]:
    one.page.evaluate(_FADED_IN)
    found: list[dict[str, Any]] = one.page.evaluate(_RUN)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']}: {node['why']}"
        for rule in found
        if rule["impact"] in BAD and rule["id"] not in owed
        for node in rule["nodes"]
    ]


def test_the_sign_in(browser: Browser, product: Product) -> None:
    with device(browser, product, **PHONE) as phone:
        phone.open("/login")
        assert findings(phone) == []
        phone.page.get_by_test_id("sign-in").tap()
        expect(phone.page.get_by_test_id("login-error")).to_be_visible()
        assert findings(phone) == []


def test_the_phone_in_every_state(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk) as place, phone_of(browser, place) as phone:
        page = phone.page
        expect(page.get_by_test_id("on-duty")).to_be_visible()
        said = {"on duty": findings(phone)}
        for dialog in ("help", "settings"):
            page.get_by_test_id(dialog).tap()
            said[dialog] = findings(phone)
            page.keyboard.press("Escape")
        called(phone, place)
        said["call"] = findings(phone)
        page.get_by_test_id("decline").tap()
        said["decline"] = findings(phone)
        page.locator(".back").tap()
        for button, state in (("accept", "accepted"), ("depart", "departed"), ("arrive", "arrived")):
            take_step(phone, button, state)
            said[state] = findings(phone)
        page.get_by_test_id("report").tap()
        said["report"] = findings(phone)
        take_back_all(place)
        assert {state: found for state, found in said.items() if found} == {}


def test_the_desk(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk) as place, device(browser, product) as screen:
        screen.sign_in("kuiwen", PASSWORD, "/desk")
        screen.current()
        place.report_positions()
        alert = place.exceed()
        screen.page.get_by_test_id(f"alert-row-{alert['id']}").click()
        expect(screen.page.get_by_test_id("responders").locator("> li").first).to_be_visible()
        assert findings(screen, owed=OWED) == []


def test_the_wall(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk) as place, device(browser, product, **WALL) as wall:
        wall.sign_in("province", PASSWORD, "/wall")
        wall.current()
        assert findings(wall, owed=OWED) == []
        place.exceed()
        expect(wall.page.get_by_test_id("wall-stage")).to_be_visible()
        assert findings(wall, owed=OWED) == []


def test_planning(browser: Browser, product: Product) -> None:
    """Every panel of a scenario, a station that was moved, and the question before."""
    with product.signed_in("planner") as planner, device(browser, product) as screen:
        page = screen.page
        screen.sign_in("planner", PASSWORD, "/plan")
        screen.current()
        expect(page.get_by_test_id("question")).to_be_visible()
        said = {"question": findings(screen)}
        number = planned(planner, {"region": "370705", "minutes": [5, 10], "from": "stations", "name": "奎文"})
        screen.open(f"/plan?scenario={number}")
        screen.current()
        for tab in ("figures", "late", "siting", "compare", "stations"):
            page.get_by_test_id(f"plan-tab-{tab}").click()
            expect(page.get_by_test_id(f"plan-{tab}")).to_be_visible()
            said[tab] = findings(screen)
        page.locator('[data-testid^="plan-origin-"]').first.click()
        page.get_by_test_id("plan-leave-out").click()
        expect(page.get_by_test_id("plan-trial")).to_be_visible()
        said["a trial"] = findings(screen)
        page.get_by_test_id("help").click()
        said["help"] = findings(screen)
        assert {state: found for state, found in said.items() if found} == {}
