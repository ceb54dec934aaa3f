"""A dispatcher at the desk in Chromium: by mouse, by keyboard, with a road closed, and looking back."""

from typing import Any

import pytest
from browsing import Device, device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product
from scene import Place, place_on

ALL = (0, 1, 2)


def _alert(screen: Device, place: Place) -> dict[str, Any]:
    """Everybody is at their place, and the outfall exceeds its limit in front of the desk."""
    screen.sign_in("kuiwen", PASSWORD, "/desk")
    screen.current()
    place.report_positions(numbers=ALL)
    alert = place.exceed()
    expect(screen.page.get_by_test_id(f"alert-row-{alert['id']}")).to_be_visible()
    return alert


def _listed(screen: Device) -> list[int]:
    """The officers of the ranking, in the order of the screen."""
    rows = screen.page.get_by_test_id("responders").locator("> li")
    expect(rows).to_have_count(len(ALL))
    return [int((row.get_attribute("data-testid") or "").removeprefix("responder-")) for row in rows.all()]


def _assignments(desk: Person, alert: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(f"/api/alerts/{alert['id']}")["assignments"]
    return found


def test_a_call_by_mouse_can_be_undone(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk) as place, device(browser, product) as screen:
        alert, page = _alert(screen, place), screen.page
        page.get_by_test_id(f"alert-row-{alert['id']}").click()
        first = _listed(screen)[0]
        page.get_by_test_id(f"send-{first}").click()
        page.get_by_test_id(f"confirm-send-{first}").click()
        expect(page.get_by_test_id("undo")).to_be_visible()
        page.get_by_test_id("undo-send").click()
        expect(page.locator('[data-state="cancelled"][data-testid^="assignment-"]')).to_be_visible()
        expect(page.get_by_test_id("undo")).to_have_count(0)
        [undone] = _assignments(desk, alert)
        assert (undone["state"], undone["cancel_reason"]) == ("cancelled", "undone")


def test_by_keyboard_alone_from_the_queue_to_the_officer_on_the_way(
    browser: Browser, product: Product, desk: Person
) -> None:
    """Down, Enter, A, 1, 1; then the time of arrival follows the officer, and what was accepted cannot be undone."""
    with (
        place_on(product, desk) as place,
        product.signed_in("officer1") as officer,
        device(browser, product, locale="en") as screen,
    ):
        alert, page = _alert(screen, place), screen.page
        waits = page.get_by_test_id(f"alert-row-{alert['id']}").locator("[data-waits]")
        expect(waits).to_have_attribute("data-waits", "acknowledge")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert len(_listed(screen)) == len(ALL)
        page.keyboard.press("a")
        expect(waits).to_have_attribute("data-waits", "send")
        mine = place.officers[0]["id"]
        number = _listed(screen).index(mine) + 1
        page.keyboard.press(str(number))
        if number > 1:
            page.get_by_test_id("override-reason").fill("knows the site")
            page.keyboard.press("Enter")
        else:
            page.keyboard.press("1")
        expect(waits).to_have_attribute("data-waits", "answer")
        [sent] = _assignments(desk, alert)
        assert sent["officer_id"] == mine
        assert (sent["override_reason"] is None) == (number == 1)
        officer.post(f"/api/assignments/{sent['id']}/accept", {"version": sent["version"]})
        expect(waits).to_have_attribute("data-waits", "depart")
        expect(page.get_by_test_id("undo-send")).to_have_count(0)
        expect(page.get_by_test_id("alert-detail").get_by_test_id("eta")).to_have_attribute("data-why", "")
        screen.drawn()
        [line] = screen.on_map("under-way")
        assert line["geometry"]["coordinates"][-1] == pytest.approx([alert["lon"], alert["lat"]], abs=0.005)
        assert screen.untranslated() == []


def test_a_road_that_is_closed_on_the_map_changes_the_ranking(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk) as place, device(browser, product) as screen:
        alert, page = _alert(screen, place), screen.page
        page.get_by_test_id(f"alert-row-{alert['id']}").click()
        first = _listed(screen)[0]
        ranked = desk.get(f"/api/alerts/{alert['id']}/responders")["responders"]
        route = next(one["route"]["coordinates"] for one in ranked if one["officer_id"] == first)
        screen.drawn()
        page.keyboard.press("c")
        expect(page.get_by_test_id("drawing")).to_be_visible()
        for x, y in _across(screen, route[len(route) // 2 - 1], route[len(route) // 2]):
            page.get_by_test_id("map").click(position={"x": x, "y": y})
        page.keyboard.press("Enter")
        page.get_by_test_id("closure-reason").fill("管道破裂")
        page.get_by_test_id("confirm-close-road").click()
        expect(page.get_by_test_id("ranking-changed")).to_be_visible()
        [closure] = [one for one in desk.every("/api/roads/closures") if one["reason"] == "管道破裂"]
        desk.delete(f"/api/roads/closures/{closure['id']}")
        now = desk.get(f"/api/alerts/{alert['id']}/responders")["responders"]
        assert [one["officer_id"] for one in now] == [one["officer_id"] for one in ranked]


def _across(screen: Device, a: list[float], b: list[float]) -> list[tuple[float, float]]:
    """Two places of the screen on either side of a stretch, 12 pixels from its middle."""
    script = "(at) => { const { x, y } = window.__onemap.map.project(at); return [x, y] }"
    (ax, ay), (bx, by) = screen.page.evaluate(script, a), screen.page.evaluate(script, b)
    length = max(1e-9, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
    east, north = -(by - ay) / length * 12, (bx - ax) / length * 12
    x, y = (ax + bx) / 2, (ay + by) / 2
    return [(x + east, y + north), (x - east, y - north)]


def test_the_replay_shows_what_was_on_the_screen_then(browser: Browser, product: Product, desk: Person) -> None:
    """Afterwards everybody has moved: the replay has the list, the choice and the reason of the moment of the click."""
    with place_on(product, desk) as place, device(browser, product) as screen:
        alert, page = _alert(screen, place), screen.page
        page.get_by_test_id(f"alert-row-{alert['id']}").click()
        then = _listed(screen)
        chosen = then[1]
        page.keyboard.press("2")
        page.get_by_test_id("override-reason").fill("持有专项资质")
        page.get_by_test_id(f"confirm-send-{chosen}").click()
        expect(page.locator('[data-state="offered"][data-testid^="assignment-"]')).to_be_visible()
        [sent] = _assignments(desk, alert)
        desk.post(f"/api/assignments/{sent['id']}/cancel", {"version": sent["version"], "reason": "over"})
        place.report_positions(numbers=ALL, north=0.004)
        now = desk.get(f"/api/alerts/{alert['id']}")
        desk.post(f"/api/alerts/{alert['id']}/close", {"version": now["version"], "note": "已处置"})
        screen.open(f"/desk?alert={alert['id']}&replay=0")
        expect(page.get_by_test_id("replay-view")).to_be_visible()
        expect(page.get_by_test_id("replay-status")).to_contain_text("待签收")
        expect(page.get_by_test_id("ranking-then").locator("li")).to_have_count(0)
        page.keyboard.press("End")
        page.get_by_test_id("happened").locator('[data-kind="assignment.offered"] button').click()
        rows = page.get_by_test_id("ranking-then").locator("li")
        expect(rows).to_have_count(len(then))
        assert [row.get_attribute("data-testid") for row in rows.all()] == [f"then-{one}" for one in then]
        expect(page.get_by_test_id(f"then-{chosen}")).to_contain_text("已选")
        expect(page.get_by_test_id("ranking-then")).to_contain_text("持有专项资质")
        expect(page.get_by_test_id("ranking-then")).to_contain_text("kuiwen")
        expect(page.get_by_test_id("happened").locator("> li").first).to_have_attribute(
            "data-kind", "assignment.offered"
        )
        before = int(page.get_by_test_id("replay-clock").get_attribute("data-at") or 0)
        page.get_by_test_id("speed-60").click()
        page.get_by_test_id("replay-play").click()
        page.wait_for_function(
            "(at) => Number(document.querySelector('[data-testid=replay-clock]').dataset.at) > at", arg=before
        )
        page.keyboard.press("End")
        expect(page.get_by_test_id("replay-status")).to_contain_text("已办结")
        assert screen.untranslated() == []
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("alert-detail")).to_have_attribute("data-status", "closed")
