"""Every page, in both languages and both themes: a picture of each, and what no picture may show.

The pictures go where ONEMAP_SCREENSHOTS says, otherwise into the test's own folder: look at them after a change. Where
that is said, each language is taken in each theme; in an ordinary run each of them once.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import WALL, Device, device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product, until
from scene import Place, called, phone_of, place_on, take_back_all

TO_KEEP = os.environ.get("ONEMAP_SCREENSHOTS")
LOOKS = [("zh-CN", "dark"), ("en", "light"), *([("zh-CN", "light"), ("en", "dark")] if TO_KEEP else [])]
A_DRAWN_MAP = 16  # colours at least: ground, water, borders and letters; a blank canvas has one

# What stands beyond the screen's left or right edge and is neither cut off nor scrolled by a box around it.
_OVERFLOWING = """() => {
  const beyond = []
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue
    let { left, right, width, height } = element.getBoundingClientRect()
    if (width === 0 || height === 0) continue
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === 'visible') continue
      const bounds = box.getBoundingClientRect()
      left = Math.max(left, bounds.left)
      right = Math.min(right, bounds.right)
    }
    if (right > left && (left < -1 || right > innerWidth + 1))
      beyond.push(`${element.tagName} ${element.className} "${element.textContent.trim().slice(0, 40)}"`)
  }
  if (document.documentElement.scrollWidth > innerWidth) beyond.push('the page itself scrolls sideways')
  return beyond
}"""
# Headings, buttons and links that say nothing, neither to eyes nor to a screen reader.
_WORDLESS = """() => [...document.querySelectorAll('h1, h2, h3, button, a, label, th')]
  .filter((one) => one.checkVisibility() && !one.textContent.trim() && !one.ariaLabel && !one.title
    && !one.querySelector('input, [aria-label]'))
  .map((one) => one.outerHTML.slice(0, 120))"""
# Tools and links of the page's head that something else is drawn over, whether it takes their clicks or not.
_COVERED = """() => {
  const all = document.head.appendChild(document.createElement('style'))
  all.textContent = '* { pointer-events: auto !important }'
  const covered = [...document.querySelectorAll('[role=toolbar] button, header button, header a')].filter((one) => {
    const { left, top, width, height } = one.getBoundingClientRect()
    return width && [0.1, 0.5, 0.9].some((part) => {
      const above = document.elementFromPoint(left + width * part, top + height / 2)
      return above && !one.contains(above) && !above.contains(one)
    })
  })
  all.remove()
  return covered.map((one) => one.textContent.trim() || one.ariaLabel)
}"""
_COLOURS = """() => new Promise((count) => {
  const { map } = window.__onemap
  map.once('render', () => {  // only in this moment has the canvas something to read
    const small = new OffscreenCanvas(160, 120)
    const pen = small.getContext('2d')
    pen.drawImage(map.getCanvas(), 0, 0, 160, 120)
    count(new Set(new Uint32Array(pen.getImageData(0, 0, 160, 120).data.buffer)).size)
  })
  map.triggerRepaint()
})"""


@pytest.fixture
def place(product: Product) -> Iterator[Place]:
    with product.signed_in("kuiwen") as desk, place_on(product, desk) as made:
        yield made
        take_back_all(made)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = Path(TO_KEEP or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def looks(one: Device) -> Iterator[str]:
    """The page as it is, loaded anew in each language and theme; yields the name of each look."""
    for locale, theme in LOOKS:
        choices = {"onemap.locale": locale, "onemap.theme": theme}
        one.page.evaluate("(choices) => Object.assign(localStorage, choices)", choices)
        one.page.reload()
        root = one.page.locator(":root")
        expect(root).to_have_attribute("lang", locale)
        expect(root).to_have_attribute("data-theme", theme)
        yield f"{locale}-{theme}"


def look_at(one: Device, picture: Path, *, has_map: bool = True, modal: bool = False) -> list[str]:
    """Take the picture; what is wrong with the page, one line a fault. `modal`: something lies over the page."""
    if has_map:
        one.drawn()
    one.page.screenshot(path=picture, animations="disabled")
    faults = [f"untranslated: {key}" for key in one.untranslated()]
    faults += [f"beyond the edge: {element}" for element in one.page.evaluate(_OVERFLOWING)]
    faults += [f"says nothing: {element}" for element in one.page.evaluate(_WORDLESS)]
    if not modal:
        faults += [f"covered: {element}" for element in one.page.evaluate(_COVERED)]
    if not one.page.locator("body").inner_text().strip():
        faults.append("an empty page")
    if has_map and (colours := one.page.evaluate(_COLOURS)) < A_DRAWN_MAP:
        faults.append(f"a blank map: {colours} colours")
    return [f"{picture.stem}: {fault}" for fault in faults]


def test_the_sign_in(browser: Browser, product: Product, pictures: Path) -> None:
    with device(browser, product) as at_home:
        at_home.open("/login")
        faults = []
        for look in looks(at_home):
            expect(at_home.page.get_by_test_id("sign-in")).to_be_visible()
            faults += look_at(at_home, pictures / f"login-{look}.png", has_map=False)
        assert faults == []


def test_wall_and_records(browser: Browser, product: Product, place: Place, pictures: Path) -> None:
    with device(browser, product, **WALL) as wall:
        wall.sign_in("province", PASSWORD, "/wall")
        page, faults = wall.page, []
        alert = place.exceed()
        for look in looks(wall):
            wall.current()
            expect(page.get_by_test_id(f"wall-alert-{alert['id']}")).to_be_visible()
            if page.get_by_test_id("tour").get_attribute("data-running") == "true":
                page.keyboard.press("Space")  # the round waits for the picture
            figure = page.locator('[data-testid="figure-inspections"][data-value]')
            expect(figure).to_be_visible()
            faults += look_at(wall, pictures / f"wall-{look}.png")
            figure.click()
            expect(page.get_by_test_id("records-value")).to_be_visible()
            rows = page.get_by_test_id("records")
            expect(page.get_by_test_id("record").first.or_(rows.locator(".note"))).to_be_visible()
            faults += look_at(wall, pictures / f"records-{look}.png", modal=True)
        assert faults == []


def test_phone_with_a_call_then_the_desk_and_its_replay(
    browser: Browser, product: Product, place: Place, pictures: Path
) -> None:
    faults = []
    with phone_of(browser, place) as phone:
        alert = called(phone, place)
        for look in looks(phone):
            expect(phone.page.get_by_test_id("call")).to_be_visible()
            faults += look_at(phone, pictures / f"field-{look}.png")
    place.report_positions()
    with device(browser, product) as screen:
        page = screen.page
        screen.sign_in("kuiwen", PASSWORD, "/desk")
        page.get_by_test_id(f"alert-row-{alert['id']}").click()
        for look in looks(screen):
            screen.current()
            expect(page.get_by_test_id("alert-detail")).to_contain_text(alert["title"])
            expect(page.locator('[data-state="offered"][data-testid^="assignment-"]')).to_be_visible()
            faults += look_at(screen, pictures / f"desk-{look}.png")
        _done(place.desk, place, alert["id"])
        screen.open(f"/desk?alert={alert['id']}&replay=0")
        for look in looks(screen):
            expect(page.get_by_test_id("replay-view")).to_be_visible()
            happened = page.get_by_test_id("happened")
            expect(happened.locator("> li").first).to_be_visible()
            page.keyboard.press("End")
            expect(happened.locator('[data-kind="alert.closed"]')).to_be_visible()
            faults += look_at(screen, pictures / f"replay-{look}.png")
    assert faults == []


def test_planning(browser: Browser, product: Product, pictures: Path) -> None:
    """The question, then a scenario with each of its panels, and the map coloured by cells, roads and areas."""
    faults = []
    with product.signed_in("planner") as planner, device(browser, product) as screen:
        page = screen.page
        screen.sign_in("planner", PASSWORD, "/plan")
        for look in looks(screen):
            screen.current()
            expect(page.get_by_test_id("question")).to_be_visible()
            faults += look_at(screen, pictures / f"plan-ask-{look}.png")
        asked = {"region": "3707", "minutes": [10, 20, 30], "from": "stations", "name": "潍坊现状"}
        job = planned(planner, asked)
        screen.open(f"/plan?scenario={job}")
        for look in looks(screen):
            screen.current()
            for tab in ("figures", "late", "stations", "siting", "compare"):
                page.get_by_test_id(f"plan-tab-{tab}").click()
                expect(page.get_by_test_id(f"plan-{tab}")).to_be_visible()
                faults += look_at(screen, pictures / f"plan-{tab}-{look}.png")
            for mode in ("roads", "areas", "cells"):
                page.get_by_test_id(f"plan-mode-{mode}").click()
                faults += look_at(screen, pictures / f"plan-{mode}-{look}.png")
        assert faults == []


def planned(planner: Person, asked: dict[str, Any]) -> int:
    """Have a scenario worked out; its number."""
    number: int = planner.post("/api/coverage", asked, 202)["id"]

    def state() -> bool:
        job = planner.get(f"/api/coverage/{number}")
        assert job["state"] not in ("failed", "cancelled"), job
        return bool(job["state"] == "done")

    until(state, f"scenario {number} is done", within_s=120)
    return number


def _done(desk: Person, place: Place, alert_id: int) -> None:
    """The call is taken back and the alert closed: a past one, which the desk can replay."""
    take_back_all(place)
    now = desk.get(f"/api/alerts/{alert_id}")
    desk.post(f"/api/alerts/{alert_id}/close", {"version": now["version"], "note": "已处置"})
