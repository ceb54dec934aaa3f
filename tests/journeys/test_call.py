"""A call from the desk to the officer at the scene, with Chromium's own camera and microphone: seen and heard by both.

Nobody clicks to come back: not after the hub was killed, not after the network was away.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import DEVICES, Device, chromium, device
from calling import AWAY, MEDIA, Seen, room_of, seat_of, seen, since
from playwright.sync_api import Browser, expect
from product import Product, until
from scene import Place, called, take_step


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*DEVICES) as running:
        yield running


class Call:
    """The desk and the officer in a call about an alert."""

    def __init__(self, screen: Device, phone: Device, place: Place, alert: dict[str, Any]) -> None:
        self.screen, self.phone, self.place, self.alert = screen, phone, place, alert

    @property
    def room(self) -> dict[str, Any]:
        return room_of(self.place.desk, self.alert)

    @property
    def officer(self) -> dict[str, Any]:
        return seat_of(self.room, role="officer")

    @property
    def host(self) -> dict[str, Any]:
        return seat_of(self.room, role="host")

    def both(self) -> tuple[Seen, Seen]:
        """The officer on the desk's screen, and the desk on the officer's."""
        return seen(self.screen, self.officer["id"]), seen(self.phone, self.host["id"])

    def goes_on(self, *, within_s: float = 30) -> None:
        for one in self.both():
            one.goes_on(within_s=within_s)


def sent(phone: Device, screen: Device, place: Place) -> dict[str, Any]:
    """An alert whose officer is on the way, open on the desk."""
    alert = called(phone, place)
    take_step(phone, "accept", "accepted")
    screen.page.get_by_test_id(f"alert-row-{alert['id']}").click()
    return alert


@pytest.fixture
def call(screen: Device, phone: Device, place: Place) -> Call:
    alert = sent(phone, screen, place)
    screen.page.locator('[data-testid^="video-call-"]').click()
    expect(phone.page.get_by_test_id("ring")).to_be_visible()
    phone.page.get_by_test_id("answer").tap()
    made = Call(screen, phone, place, alert)
    made.goes_on()
    return made


def test_from_the_alert_by_one_key_to_the_scene(screen: Device, phone: Device, place: Place) -> None:
    """The phone rings and vibrates; one touch, and both see and hear each other."""
    alert = sent(phone, screen, place)
    vibrated = phone.page.evaluate("window.__vibrated.length")
    clicked = time.monotonic()
    screen.page.keyboard.press("v")
    phone.page.get_by_test_id("ring").wait_for()
    rang = since(clicked)
    phone.page.get_by_test_id("answer").tap()
    answered = since(clicked)
    call = Call(screen, phone, place, alert)
    for one in call.both():
        until(one.shows, "a picture is shown")
    both_see = since(clicked)
    for one in call.both():
        until(one.is_heard, "there is sound")
    both_hear = since(clicked)
    print(f"\nfrom the key: rings {rang:.2f}, answered {answered:.2f}, both see {both_see:.2f}, hear {both_hear:.2f} s")
    assert phone.page.evaluate("window.__vibrated.length") > vibrated
    call.goes_on()
    assert call.room["recording"] is True
    expect(screen.page.get_by_test_id("recording")).to_be_visible()
    expect(phone.page.get_by_test_id("ring")).to_have_count(0)
    kinds = {one["kind"] for one in place.desk.get(f"/api/alerts/{alert['id']}/timeline")["items"]}
    assert {"room.opened", "room.rang", "room.joined"} <= kinds
    _muted_and_told(call)
    _ended_for_everybody(call)


def _muted_and_told(call: Call) -> None:
    page, officer = call.screen.page, call.officer["id"]
    page.get_by_test_id("call-people-toggle").click()
    page.get_by_test_id(f"mute-{officer}").click()
    expect(call.phone.page.get_by_test_id("phone-call")).to_contain_text("指挥席已将您静音")
    expect(page.get_by_test_id(f"tile-{officer}").get_by_role("img", name="已静音")).to_be_visible()
    page.get_by_test_id(f"mute-{officer}").click()
    expect(call.phone.page.get_by_test_id("phone-call")).not_to_contain_text("指挥席已将您静音")
    call.goes_on()


def _ended_for_everybody(call: Call) -> None:
    page = call.screen.page
    page.get_by_test_id("call-leave").click()
    page.get_by_test_id("call-end").click()
    expect(page.get_by_test_id("call-panel")).to_have_count(0)
    expect(call.phone.page.get_by_test_id("phone-call")).to_have_count(0)
    expect(call.phone.page.get_by_test_id("task")).to_be_visible()


def test_a_call_that_is_declined_says_so_at_the_desk(screen: Device, phone: Device, place: Place) -> None:
    sent(phone, screen, place)
    screen.page.keyboard.press("v")
    phone.page.get_by_test_id("ring-decline").tap()
    expect(phone.page.get_by_test_id("ring")).to_have_count(0)
    expect(screen.page.get_by_test_id("call-panel")).to_contain_text("未接听")
    assert phone.page.evaluate("window.__vibrated.at(-1)") == 0, "it goes on vibrating"


def test_an_expert_joins_by_a_link_that_leaves_no_token_in_the_address(
    browser: Browser, product: Product, call: Call
) -> None:
    page = call.screen.page
    page.get_by_test_id("call-invite").click()
    page.get_by_test_id("invite-name").fill("周教授")
    page.get_by_test_id("invite-send").click()
    link = page.get_by_test_id("invite-link").input_value()
    page.keyboard.press("Escape")
    with device(browser, product, expected=AWAY, permissions=MEDIA) as home:
        home.page.goto(link)
        expect(home.page.get_by_test_id("device-check")).to_have_attribute("data-wish", "all")
        assert "#" not in home.page.url
        until(
            lambda: int(home.page.get_by_test_id("mic-level").get_attribute("aria-valuenow") or 0) > 0,
            "the check shows that the microphone hears",
        )
        home.page.get_by_test_id("join").click()
        expert = seat_of(call.room, name="周教授")
        for one in (
            seen(home, call.officer["id"]),
            seen(home, call.host["id"]),
            seen(call.screen, expert["id"]),
            seen(call.phone, expert["id"]),
        ):
            one.goes_on()
        home.page.reload()
        expect(home.page.get_by_test_id("device-check")).to_be_visible()
        home.page.get_by_test_id("join").click()
        seen(home, call.officer["id"]).goes_on()
        page.get_by_test_id("call-people-toggle").click()
        page.get_by_test_id(f"remove-{expert['id']}").click()
        expect(home.page.get_by_test_id("room-page")).to_contain_text("您已被移出通话")
        expect(page.get_by_test_id(f"tile-{expert['id']}")).to_have_count(0)


def test_a_call_comes_back_by_itself_whatever_was_away(product: Product, call: Call) -> None:
    _without_the_phones_network_its_task_goes_on(call)
    _after_the_hub_was_silent(product, call)
    _after_the_hub_was_killed(product, call)


def _without_the_phones_network_its_task_goes_on(call: Call) -> None:
    """What goes by HTTP is away for a while: the desk sees it at once, the phone says it, the task stays usable."""
    page = call.phone.page
    page.get_by_test_id("call-size").tap()
    expect(page.get_by_test_id("task")).to_be_visible()
    officer = call.officer["id"]
    with call.phone.network_away():
        expect(page.locator('[data-testid="phone-call"][data-presence="lost"]')).to_be_visible()
        expect(call.screen.page.get_by_test_id(f"tile-{officer}")).to_have_attribute("data-notice", "away")
        take_step(call.phone, "depart", "departed")
    expect(page.locator('[data-testid="phone-call"][data-presence="current"]')).to_be_visible()
    expect(call.screen.page.get_by_test_id(f"tile-{officer}")).not_to_have_attribute("data-notice", "away")
    assert call.officer["state"] == "present"
    call.goes_on()


def _after_the_hub_was_silent(product: Product, call: Call) -> None:
    """The hub stands still for a while, as if every cable to it were pulled: nobody hangs up, nobody clicks."""
    with product.standing_still("media"):
        for one in call.both():
            expect(one.tile).to_have_attribute("data-notice", "rebuilding")
    back_at = time.monotonic()
    call.goes_on(within_s=60)
    print(f"\nback {since(back_at):.2f} s after the hub breathed again")


def _after_the_hub_was_killed(product: Product, call: Call) -> None:
    for one in call.both():
        one.note_states()
    killed_at = time.monotonic()
    killed = product.kill("media")
    product.wait_for_successor("media", killed)
    up = since(killed_at)
    for one in call.both():
        until(one.was_rebuilt, "the leg was built anew", within_s=60)
    call.goes_on(within_s=60)
    print(f"\nhub killed: its successor after {up:.2f} s, both see and hear again after {since(killed_at):.2f} s")
