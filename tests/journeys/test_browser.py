"""The scene as people see it: desk, phone and wall in Chromium, on the running product."""

from typing import Any

import pytest
from browsing import PHONE, WALL, Device, device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product
from scene import Place, place_on

LANGUAGES = pytest.mark.parametrize("locale", ["zh-CN", "en"])


@LANGUAGES
def test_a_wrong_password_is_said_in_words_and_the_right_one_opens_the_desk(
    browser: Browser, product: Product, locale: str
) -> None:
    with device(browser, product, locale=locale, expected=(401,)) as at_home:
        page = at_home.page
        at_home.open("/desk")
        expect(page).to_have_url(f"{product.url}/login?next=/desk")
        page.get_by_test_id("sign-in").click()
        expect(page.get_by_test_id("login-error")).not_to_be_empty()
        page.get_by_test_id("username").fill("kuiwen")
        page.get_by_test_id("password").fill("not-this-one")
        page.get_by_test_id("sign-in").click()
        expect(page.get_by_test_id("login-error")).to_contain_text("不正确" if locale == "zh-CN" else "wrong")
        assert at_home.untranslated() == []
        page.get_by_test_id("password").fill(PASSWORD)
        page.get_by_test_id("sign-in").click()
        page.wait_for_url(f"{product.url}/desk")
        at_home.current()
        expect(page.get_by_test_id("demo-banner")).to_be_visible()
        page.get_by_test_id("sign-out").click()
        page.wait_for_url(f"{product.url}/login")


@LANGUAGES
def test_the_whole_scene_on_desk_phone_and_wall(browser: Browser, product: Product, desk: Person, locale: str) -> None:
    with place_on(product, desk) as place:
        lon, lat = place.at(0)
        phone_is = PHONE | {
            "geolocation": {"longitude": lon, "latitude": lat, "accuracy": 8},
            "permissions": ["geolocation"],
        }
        with (
            device(browser, product, locale=locale) as screen,
            device(browser, product, locale=locale, **phone_is) as phone,
            device(browser, product, locale=locale, **WALL) as wall,
        ):
            screen.sign_in("kuiwen", PASSWORD, "/desk")
            phone.sign_in("officer1", PASSWORD, "/field")
            wall.sign_in("province", PASSWORD, "/wall")
            for one in (screen, phone, wall):
                one.current()
            the_phone_shares_its_position(phone)
            place.report_positions()
            alert = place.exceed()
            the_alert_is_on_desk_and_wall(screen, wall, alert)
            officer_id = place.officers[0]["id"]
            the_desk_ranks_and_draws(screen, place, alert)
            the_desk_sends(screen, officer_id)
            the_phone_answers(phone, screen)
            the_phone_reports(phone, screen)
            the_desk_closes(screen, alert)
            expect(wall.page.get_by_test_id(f"wall-alert-{alert['id']}")).to_have_count(0)
        [assignment] = desk.get(f"/api/alerts/{alert['id']}")["assignments"]
        assert (assignment["state"], assignment["report"]) == ("finished", "现场已核查，排口已关停")
        assert len(desk.get(f"/api/assignments/{assignment['id']}/photos")["items"]) == 1


def the_phone_shares_its_position(phone: Device) -> None:
    expect(phone.page.get_by_test_id("on-duty")).to_be_visible()
    expect(phone.page.locator('[data-testid="sharing"][data-state="sharing"]')).to_be_visible()
    assert phone.untranslated() == []


def the_alert_is_on_desk_and_wall(screen: Device, wall: Device, alert: dict[str, Any]) -> None:
    expect(screen.page.get_by_test_id(f"alert-row-{alert['id']}")).to_contain_text(alert["title"])
    expect(wall.page.get_by_test_id(f"wall-alert-{alert['id']}")).to_contain_text(alert["title"])
    expect(wall.page.get_by_test_id("wall-stage")).to_contain_text(alert["title"])
    expect(wall.page.get_by_test_id("wall-open")).to_contain_text("1")
    assert wall.untranslated() == []


def the_desk_ranks_and_draws(screen: Device, place: Place, alert: dict[str, Any]) -> None:
    page = screen.page
    page.get_by_test_id(f"alert-row-{alert['id']}").click()
    expect(page.get_by_test_id("alert-detail")).to_contain_text("86.4")
    rows = page.get_by_test_id("responders").locator("> li")
    expect(rows).to_have_count(3)
    ranked = place.desk.get(f"/api/alerts/{alert['id']}/responders")["responders"]
    for number, one in enumerate(ranked):
        expect(rows.nth(number)).to_contain_text(one["name"])
        language = "zh" if page.evaluate("document.documentElement.lang") == "zh-CN" else "en"
        for reason in one["reasons"]:
            expect(rows.nth(number)).to_contain_text(reason["text"][language])
    screen.drawn()
    [circle] = screen.on_map("reach")
    ring = circle["geometry"]["coordinates"][0]
    assert min(lat for _, lat in ring) < alert["lat"] < max(lat for _, lat in ring)
    assert max(lat for _, lat in ring) - min(lat for _, lat in ring) == pytest.approx(6000 / 111_000, rel=0.01)
    routes = screen.on_map("routes")
    assert {one["properties"]["id"] for one in routes} == {one["officer_id"] for one in ranked if one["route"]}
    assert [one["properties"]["id"] for one in routes if one["properties"]["lit"]] == [ranked[0]["officer_id"]]
    assert {one["id"] for one in screen.on_map("officers")} >= {one["officer_id"] for one in ranked}
    assert screen.untranslated() == []


def the_desk_sends(screen: Device, officer_id: int) -> None:
    """Two clicks; and why not the fastest, when it is not the fastest."""
    page = screen.page
    page.get_by_test_id(f"send-{officer_id}").click()
    if page.get_by_test_id("override-reason").count():
        page.get_by_test_id("override-reason").fill("熟悉现场")
    page.get_by_test_id(f"confirm-send-{officer_id}").click()
    expect(page.locator('[data-state="offered"][data-testid^="assignment-"]')).to_be_visible()
    expect(page.get_by_test_id("alert-detail")).to_have_attribute("data-status", "acknowledged")
    assert screen.untranslated() == []


def the_phone_answers(phone: Device, screen: Device) -> None:
    expect(phone.page.get_by_test_id("call")).to_be_visible()
    phone.drawn()
    assert phone.untranslated() == []
    for button, state in (("accept", "accepted"), ("depart", "departed"), ("arrive", "arrived")):
        phone.page.get_by_test_id(button).tap()
        expect(phone.page.locator(f'[data-testid="task"][data-state="{state}"]')).to_be_visible()
        expect(screen.page.locator(f'[data-state="{state}"][data-testid^="assignment-"]')).to_be_visible()
        assert phone.untranslated() == []


def the_phone_reports(phone: Device, screen: Device) -> None:
    page = phone.page
    page.get_by_test_id("report").tap()
    page.get_by_test_id("report-note").fill("现场已核查，排口已关停")
    picture = {"name": "scene.png", "mimeType": "image/png", "buffer": page.screenshot()}
    page.get_by_test_id("add-photo").set_input_files(picture)
    expect(page.get_by_test_id("report-form").locator("img")).to_be_visible()
    assert phone.untranslated() == []
    page.get_by_test_id("submit-report").tap()
    expect(page.get_by_test_id("on-duty")).to_be_visible()
    finished = screen.page.locator('[data-state="finished"][data-testid^="assignment-"]')
    expect(finished).to_contain_text("现场已核查，排口已关停")


def the_desk_closes(screen: Device, alert: dict[str, Any]) -> None:
    page = screen.page
    page.get_by_test_id("close-alert").click()
    page.get_by_test_id("close-note").fill("已处置")
    page.get_by_test_id("confirm-close").click()
    expect(page.get_by_test_id("alert-detail")).to_have_attribute("data-status", "closed")
    page.get_by_test_id("tab-timeline").click()
    events = page.get_by_test_id("timeline").locator("> li")
    steps = ["alert.raised", "alert.acknowledged", "assignment.offered", "assignment.accepted"]
    steps += ["assignment.departed", "assignment.arrived", "assignment.finished", "alert.closed"]
    expect(events).to_have_count(len(steps))
    assert [one.get_attribute("data-kind") for one in events.all()] == steps
    page.get_by_test_id("queue-closed").click()
    expect(page.get_by_test_id(f"alert-row-{alert['id']}")).to_have_attribute("data-status", "closed")


def test_an_alert_is_raised_by_hand_on_the_map(browser: Browser, product: Product, desk: Person) -> None:
    with place_on(product, desk), device(browser, product) as screen:
        screen.sign_in("kuiwen", PASSWORD, "/desk")
        screen.current()
        screen.drawn()
        page = screen.page
        page.get_by_test_id("map").click(button="right")
        page.get_by_test_id("new-alert-here").click()
        page.get_by_test_id("new-alert-title").fill("居民反映河边有异味")
        page.get_by_test_id("raise-alert").click()
        expect(page.get_by_test_id("alert-detail")).to_contain_text("居民反映河边有异味")
        expect(page.get_by_test_id("alert-queue")).to_contain_text("居民反映河边有异味")


def test_the_desk_goes_on_by_itself_after_the_network_was_away(
    browser: Browser, product: Product, desk: Person
) -> None:
    """What happened meanwhile is there when it is back, without a click."""
    with place_on(product, desk) as place, device(browser, product) as screen:
        screen.sign_in("kuiwen", PASSWORD, "/desk")
        screen.current()
        with screen.network_away():
            screen.page.locator('[data-testid="link-state"][data-state="reconnecting"]').wait_for()
            alert = place.exceed()
        expect(screen.page.get_by_test_id(f"alert-row-{alert['id']}")).to_be_visible()
        screen.current()
