"""The officer's phone in Chromium, 390 × 844: duty, the call, the way, the report, and all of it offline."""

from collections.abc import Iterator
from typing import Any

import pytest
from browsing import Device
from playwright.sync_api import Browser, Locator, Page, expect
from product import Person, Product
from scene import Place, called, phone_of, place_on, take_back_all, take_step

NOTE = "现场已核查，排口已关停"
_SPOKEN_FOR = "navigator.serviceWorker.controller !== null"  # some time after the first opening: it must install first


@pytest.fixture
def place(product: Product, desk: Person) -> Iterator[Place]:
    with place_on(product, desk) as made:
        yield made
        take_back_all(made)


def only_assignment(place: Place, alert: dict[str, Any]) -> dict[str, Any]:
    [assignment] = place.desk.get(f"/api/alerts/{alert['id']}")["assignments"]
    return dict(assignment)


def steps_of(place: Place, alert: dict[str, Any]) -> list[str]:
    events = place.desk.get(f"/api/alerts/{alert['id']}/timeline")["items"]
    return [one["kind"] for one in events if one["kind"].startswith("assignment.")]


def away(phone: Device) -> None:
    """No network from now on, and the page has noticed."""
    phone.context.set_offline(True)
    phone.page.locator('[data-testid="link-state"][data-state="reconnecting"]').wait_for()


def back(phone: Device, heard: list[str]) -> None:
    """The network is there again; what failed meanwhile is no complaint."""
    phone.context.set_offline(False)
    phone.current()
    phone.complaints.heard[:] = heard


def write(phone: Device, note: str) -> None:
    page = phone.page
    page.get_by_test_id("report").tap()
    page.get_by_test_id("report-note").fill(note)
    picture = {"name": "scene.png", "mimeType": "image/png", "buffer": page.screenshot()}
    page.get_by_test_id("add-photo").set_input_files(picture)
    expect(page.get_by_test_id("report-form").locator("figure img")).to_have_count(1)


def waiting_report(page: Page) -> Locator:
    """How far a report with pictures has come; while only steps wait there is no such bar."""
    return page.get_by_test_id("outbox").get_by_role("progressbar")


def submit(phone: Device) -> None:
    """Until the phone says that it has the report: what is closed before that is still a draft."""
    phone.page.get_by_test_id("submit-report").tap()
    expect(waiting_report(phone.page)).to_be_visible()
    expect(phone.page.get_by_test_id("report-form")).to_have_count(0)


def test_duty_begins_and_ends_with_a_shift_and_a_refused_position_can_be_mended(browser: Browser, place: Place) -> None:
    with phone_of(browser, place, permissions=[]) as phone:
        page = phone.page
        refused = page.locator('[data-testid="sharing"][data-state="denied"]')  # a headless browser asks nobody
        expect(refused).to_contain_text("位置权限被拒绝")
        phone.context.grant_permissions(["geolocation"])
        refused.get_by_role("button").tap()
        expect(page.locator('[data-testid="sharing"][data-state="sharing"]')).to_be_visible()
        page.get_by_test_id("go-off-duty").tap()
        expect(page.get_by_test_id("off-duty")).to_be_visible()
        [row] = [one for one in place.desk.every("/api/officers") if one["id"] == place.officers[0]["id"]]
        assert (row["on_duty"], row["lon"]) == (False, None)
        page.get_by_test_id("hours-4").tap()
        page.get_by_test_id("go-on-duty").tap()
        expect(page.get_by_test_id("shift")).to_contain_text("剩余 4 小时")
        page.get_by_test_id("help").tap()
        expect(page.get_by_test_id("next-step")).to_have_attribute("data-stage", "waiting")


def test_day_night_large_letters_and_language_stay_on_the_phone(browser: Browser, place: Place) -> None:
    with phone_of(browser, place) as phone:
        page, root = phone.page, phone.page.locator("html")
        page.get_by_test_id("settings").tap()
        for choice, theme in (("theme-dark", "dark"), ("theme-light", "light"), ("theme-dark", "dark")):
            page.get_by_test_id(choice).tap()
            expect(root).to_have_attribute("data-theme", theme)
        page.get_by_test_id("size-large").tap()
        page.get_by_test_id("language-en").tap()
        page.reload()
        phone.current()
        expect(root).to_have_attribute("data-theme", "dark")
        expect(root).to_have_attribute("data-text", "large")
        expect(page.get_by_test_id("on-duty")).to_contain_text("Waiting for a call")
        small = page.locator("button:visible, a:visible").evaluate_all(
            "(all) => all.map((one) => [one.textContent, one.getBoundingClientRect()])"
            ".filter(([, { width, height }]) => width < 48 || height < 48).map(([words]) => words)"
        )
        assert small == [], "a gloved thumb misses what is smaller than 48 pixels"


def test_a_call_rings_until_it_is_declined_in_one_tap_and_a_withdrawn_one_says_so(
    browser: Browser, place: Place
) -> None:
    with phone_of(browser, place) as phone:
        page = phone.page
        alert = called(phone, place)
        page.wait_for_function("window.__vibrated.length > 1")
        page.get_by_test_id("decline").tap()
        page.get_by_test_id("declineVehicle").tap()
        expect(page.get_by_test_id("on-duty")).to_be_visible()
        assert page.evaluate("window.__vibrated.at(-1)") == 0, "it goes on vibrating"
        assert only_assignment(place, alert)["decline_reason"] == "车辆或装备故障"

        alert = called(phone, place)
        page.get_by_test_id("accept").tap()
        expect(page.get_by_test_id("way")).to_be_visible()
        expect(page.get_by_test_id("navigation-app")).to_have_attribute(
            "href",
            f"geo:{alert['lat']},{alert['lon']}?q="
            f"{alert['lat']},{alert['lon']}(%E5%B1%85%E6%B0%91%E5%8F%8D%E6%98%A0%E6%B2%B3%E6%B0%B4%E5%8F%91%E9%BB%91)",
        )
        one = only_assignment(place, alert)
        place.desk.post(f"/api/assignments/{one['id']}/cancel", {"version": one["version"], "reason": "误报"})
        expect(page.get_by_test_id("ended")).to_contain_text("误报")
        page.get_by_test_id("ended-seen").tap()
        expect(page.get_by_test_id("on-duty")).to_be_visible()


def test_the_page_opens_without_a_network_and_says_of_when_it_is(browser: Browser, place: Place) -> None:
    with phone_of(browser, place) as phone:
        page = phone.page
        called(phone, place)
        take_step(phone, "accept", "accepted")
        expect(page.get_by_test_id("way")).to_be_visible()
        phone.drawn()
        page.wait_for_function(_SPOKEN_FOR)
        heard = list(phone.complaints.heard)
        away(phone)
        page.reload()
        expect(page.locator('[data-testid="task"][data-state="accepted"]')).to_contain_text("居民反映河水发黑")
        expect(page.get_by_test_id("way")).to_be_visible()
        expect(page.get_by_test_id("as-of")).to_be_visible()
        phone.drawn()
        assert phone.on_map("my-way"), "the last way is still on the map"
        assert page.evaluate("document.fonts.check('16px \"Noto Sans SC Variable\"', '居民反映')")
        back(phone, heard)
        expect(page.get_by_test_id("as-of")).to_have_count(0)


def test_a_report_written_without_a_network_is_delivered_once(browser: Browser, place: Place) -> None:
    """The network goes in the middle, the page is closed and opened again, a second tab is open: one report."""
    with phone_of(browser, place) as phone:
        alert = called(phone, place)
        take_step(phone, "accept", "accepted")
        phone.page.wait_for_function(_SPOKEN_FOR)
        heard = list(phone.complaints.heard)
        away(phone)
        take_step(phone, "depart", "departed")
        take_step(phone, "arrive", "arrived")
        write(phone, NOTE)
        expect(phone.page.get_by_test_id("draft-kept")).to_contain_text("照片 1 张")
        url = phone.page.url
        phone.page.close()

        phone.page = phone.context.new_page()
        phone.page.goto(url)
        phone.page.get_by_test_id("report").tap()
        expect(phone.page.get_by_test_id("report-note")).to_have_value(NOTE)
        expect(phone.page.get_by_test_id("report-form").locator("figure img")).to_have_count(1)
        submit(phone)
        assert only_assignment(place, alert)["state"] == "accepted", "the desk cannot know yet"
        phone.page.reload()
        expect(waiting_report(phone.page)).to_be_visible()
        second = phone.context.new_page()
        second.goto(url)
        expect(waiting_report(second)).to_be_visible()

        back(phone, heard)
        expect(phone.page.get_by_test_id("outbox")).to_have_count(0)
        expect(second.get_by_test_id("outbox")).to_have_count(0)
        for page in (phone.page, second):
            expect(page.get_by_test_id("on-duty")).to_be_visible()
        phone.complaints.heard[:] = heard
        one = only_assignment(place, alert)
        assert (one["state"], one["report"]) == ("finished", NOTE)
        assert one["accepted_at"] < one["departed_at"] < one["arrived_at"] < one["finished_at"]
        assert len(place.desk.get(f"/api/assignments/{one['id']}/photos")["items"]) == 1
        assert steps_of(place, alert) == [
            f"assignment.{step}" for step in ("offered", "accepted", "departed", "arrived", "finished")
        ]


def test_a_report_that_the_server_does_not_want_is_kept_until_the_person_decides(
    browser: Browser, place: Place
) -> None:
    with phone_of(browser, place, expected=(409,)) as phone:
        page = phone.page
        alert = called(phone, place)
        for button, state in (("accept", "accepted"), ("depart", "departed"), ("arrive", "arrived")):
            take_step(phone, button, state)
        heard = list(phone.complaints.heard)
        away(phone)
        write(phone, NOTE)
        submit(phone)
        one = only_assignment(place, alert)
        place.desk.post(f"/api/assignments/{one['id']}/cancel", {"version": one["version"], "reason": "误报"})
        back(phone, heard)
        errand = page.get_by_test_id(f"errand-{one['id']}")
        expect(errand).to_have_attribute("data-refused", "true")
        expect(errand).to_contain_text("指挥席已撤销此次派遣")
        expect(errand).to_contain_text(NOTE)
        page.get_by_test_id("discard").tap()
        page.get_by_test_id("confirm-discard").tap()
        expect(page.get_by_test_id("outbox")).to_have_count(0)
        assert only_assignment(place, alert)["report"] is None
