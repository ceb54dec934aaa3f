"""The wall left alone: its round, its stage, numbers that are the same by every path, and what has stopped."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from browsing import WALL, Device, device
from playwright.sync_api import Browser, Page, expect
from product import PASSWORD, Person, Product


@pytest.fixture
def province(product: Product) -> Iterator[Person]:
    with product.signed_in("province") as person:
        yield person


@pytest.fixture
def wall(browser: Browser, product: Product) -> Iterator[Device]:
    with device(browser, product, **WALL) as screen:
        screen.sign_in("province", PASSWORD, "/wall")
        screen.current()
        yield screen


def running(page: Page, yes: bool) -> None:
    expect(page.get_by_test_id("tour")).to_have_attribute("data-running", "true" if yes else "false")


def test_an_alert_takes_the_stage_and_the_round_goes_on_after_somebody_has_taken_it(
    wall: Device, province: Person
) -> None:
    page = wall.page
    running(page, True)
    raised = {"lon": 119.14, "lat": 36.71, "title": "河面有油污", "kind": "manual", "level": 1}
    alert = province.post("/api/alerts", raised, 201)
    try:
        stage = page.get_by_test_id("wall-stage")
        expect(stage).to_contain_text("河面有油污")
        expect(stage).to_have_attribute("data-alert", str(alert["id"]))
        running(page, False)
        wall.drawn()
        assert len(wall.on_map("reach")) == 1
        assert wall.untranslated() == []
        alert = province.post(f"/api/alerts/{alert['id']}/acknowledge", {"version": alert["version"]})
        expect(stage).to_have_attribute("data-status", "acknowledged")
        expect(stage).to_have_count(0)
        running(page, True)
        expect(page.get_by_test_id(f"wall-alert-{alert['id']}")).to_contain_text("河面有油污")
    finally:
        province.post(f"/api/alerts/{alert['id']}/close", {"version": alert["version"], "note": "over"})
    expect(page.get_by_test_id(f"wall-alert-{alert['id']}")).to_have_count(0)


def number(page: Page, testid: str) -> int:
    """A number on the wall, once it is there."""
    shown = page.locator(f'[data-testid="{testid}"][data-value]')
    expect(shown).to_be_visible()
    return int(shown.get_attribute("data-value") or "")


def behind(page: Page, testid: str) -> int:
    """What the list says that opens behind a number."""
    page.get_by_test_id(testid).click()
    shown = page.get_by_test_id("records-value")
    expect(page.get_by_test_id("record").first.or_(page.get_by_test_id("records").locator(".note"))).to_be_visible()
    value = int(shown.get_attribute("data-value") or "")
    page.get_by_test_id("records-close").click()
    expect(page.get_by_test_id("records")).to_have_count(0)
    return value


def counted(person: Person, figure: dict[str, Any]) -> int:
    """What the list behind a figure says of itself."""
    parts = urlsplit(figure["href"])
    answer = person.get(parts.path, **dict(parse_qsl(parts.query)), limit=1)
    for step in figure["counts"].split("."):
        answer = answer[step]
    return int(answer)


def test_totals_agree_over_every_path(wall: Device, province: Person) -> None:
    """Province, city and county; the figure, its parts, the list behind it; the API and the screen."""
    names = ("inspections", "person_times", "penalty_cases", "findings", "fines_yuan")
    page = wall.page
    page.keyboard.press("Space")  # the round waits
    page.get_by_test_id("period-year").click()
    for region, down in (("37", "area-3707"), ("3707", "area-370705"), ("370705", None)):
        expect(page.get_by_test_id(f"trail-{region}")).to_have_attribute("aria-current", "location")
        overview = province.get("/api/overview", region=region, period="year")
        for name in names:
            figure = overview["figures"][name]
            assert counted(province, figure) == figure["value"], name
            assert number(page, f"figure-{name}") == figure["value"], name
            if down:
                assert sum(part[name] for part in overview["by_region"]) == figure["value"], name
        assert behind(page, "figure-inspections") == overview["figures"]["inspections"]["value"]
        assert behind(page, "figure-person_times") == overview["figures"]["person_times"]["value"]
        risks = province.get("/api/layers/enterprises/stats", region=region, by="risk")
        assert sum(one["count"] for one in risks["items"]) == risks["total"]
        for one in risks["items"]:
            assert number(page, f"risk-{one['key']}") == one["count"]
        if down:
            parts = {part["region"]: part["inspections"] for part in overview["by_region"]}
            assert number(page, down) == parts[down.removeprefix("area-").ljust(6, "0")]
            page.get_by_test_id(down).click()
    assert "region=370705" in page.url
    assert "period=year" in page.url
    page.reload()
    wall.current()
    expect(page.get_by_test_id("trail-370705")).to_have_attribute("aria-current", "location")
    assert wall.untranslated() == []


def test_what_has_stopped_is_said_within_ten_seconds_and_never_turns_zero(wall: Device) -> None:
    page = wall.page
    page.keyboard.press("Space")
    enterprises = number(page, "risk-high") + number(page, "risk-medium") + number(page, "risk-low")
    assert enterprises > 0
    with wall.network_away():
        for panel in ("figures", "alerts", "officers", "objects", "trend", "credit"):
            expect(page.get_by_test_id(f"panel-{panel}")).to_have_attribute("data-stopped", "true", timeout=10_000)
        expect(page.get_by_test_id("wall-lost")).to_be_visible()
        still = number(page, "risk-high") + number(page, "risk-medium") + number(page, "risk-low")
        assert still == enterprises
    expect(page.get_by_test_id("panel-objects")).to_have_attribute("data-stopped", "false")


def test_the_day_theme_reaches_pages_and_map_and_lasts(wall: Device) -> None:
    page = wall.page
    ground = "() => window.__onemap.map.getPaintProperty('ground', 'background-color')"
    dark = page.evaluate(ground)
    page.keyboard.press("t")
    expect(page.locator(":root")).to_have_attribute("data-theme", "light")
    assert page.evaluate(ground) != dark
    wall.drawn()
    page.reload()
    wall.current()
    expect(page.locator(":root")).to_have_attribute("data-theme", "light")
