"""Who leads a call, in Chromium: everything that the desk may do to its floor, and what the pages look like meanwhile.

Starting a call is what takes long, so each of the two journeys does a great deal with one.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from browsing import DEVICES, WALL, Device, chromium, device
from calling import AWAY, MEDIA, Seen, room_of, seat_of, seen
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product, until
from scene import Place, called, take_step
from test_accessibility import AXE, OWED, findings

CAMERAS = [
    one.replace("fake-device-for-media-stream", "fake-device-for-media-stream=device-count=3") for one in DEVICES
]
# Of the cameras that Chromium makes up the second gives 16 bits of grey, which no connection takes.
_WITHOUT_THE_GREY_ONE = """() => {
  const all = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices)
  navigator.mediaDevices.enumerateDevices = async () => (await all()).filter(({ label }) => label !== 'fake_device_1')
}"""
_FROM_THE_THIRD = """() =>
  document.querySelector('[data-testid=tile-own] video')?.srcObject?.getVideoTracks()[0]?.label === 'fake_device_2'"""
_ON_SCREEN = "([lon, lat]) => { const { x, y } = window.__onemap.map.project([lon, lat]); return [x, y] }"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: cd web && npm ci")
    with chromium(*CAMERAS) as running:
        yield running


def test_the_desk_leads_the_call(
    browser: Browser, product: Product, desk: Person, screen: Device, phone: Device, place: Place
) -> None:
    said: dict[str, list[str]] = {}
    alert = called(phone, place)
    take_step(phone, "accept", "accepted")
    screen.page.get_by_test_id(f"alert-row-{alert['id']}").click()
    screen.page.keyboard.press("v")
    expect(phone.page.get_by_test_id("ring")).to_be_visible()
    said["ring"] = findings(phone)
    phone.page.get_by_test_id("answer").tap()
    room = room_of(desk, alert)
    officer = seat_of(room, role="officer")
    scene = seen(screen, officer["id"])
    scene.goes_on()
    screen.page.get_by_test_id("call-people-toggle").click()
    said["phone"] = findings(phone)
    said["desk"] = findings(screen, owed=OWED)

    _another_camera(phone, scene)
    _muted_until_given_the_word(screen, phone, officer)
    _a_picture_for_the_file(screen, desk, room, alert, officer)
    _back_after_its_page_was_closed(phone, seat_of(room, role="host"))
    until(scene.is_heard, "the desk hears the officer again")

    page = screen.page
    page.get_by_test_id("call-size").click()
    said["the whole desk"] = findings(screen, owed=OWED)
    page.get_by_test_id("call-lock").click()
    expect(page.get_by_test_id("call-lock")).to_have_attribute("aria-pressed", "true")
    with device(browser, product, expected=AWAY, permissions=MEDIA) as other:
        who = {"username": "weifang", "password": PASSWORD}
        assert other.context.request.post(f"{product.url}/api/session", data=who).ok
        other.open(f"/room/{room['id']}")
        expect(other.page.get_by_test_id("join")).to_be_enabled()
        said["before joining"] = findings(other)
        other.page.get_by_test_id("join").click()
        expect(other.page.get_by_text("房间已锁定，请联系主持人")).to_be_visible()
        expect(other.page.get_by_test_id("room-call")).to_have_count(0)
        page.get_by_test_id("call-lock").click()
        expect(page.get_by_test_id("call-lock")).to_have_attribute("aria-pressed", "false")
        other.page.get_by_test_id("join").click()
        seen(other, officer["id"]).goes_on()
        other.page.get_by_test_id("call-people-toggle").click()
        said["room"] = findings(other)
        newcomer = next(one for one in room_of(desk, alert)["seats"] if one["role"] == "dispatcher")
        page.get_by_test_id(f"remove-{newcomer['id']}").click()
        expect(other.page.get_by_test_id("room-page")).to_contain_text("您已被移出通话")
        expect(page.get_by_test_id(f"tile-{newcomer['id']}")).to_have_count(0)

    with device(browser, product, expected=AWAY, **WALL) as wall:
        wall.sign_in("province", PASSWORD, "/wall")
        wall.page.get_by_test_id(f"wall-alert-{alert['id']}").click()
        until(seen(wall, officer["id"]).shows, "the wall shows the scene")
        _apart(wall, "wall-call", "wall-stage")
        said["wall"] = findings(wall, owed=OWED)
    assert {state: found for state, found in said.items() if found} == {}


def _another_camera(phone: Device, scene: Seen) -> None:
    phone.page.evaluate(_WITHOUT_THE_GREY_ONE)
    phone.page.get_by_test_id("call-turn").tap()
    phone.page.wait_for_function(_FROM_THE_THIRD)
    before = scene.frames()
    until(lambda: scene.frames() >= before + 15, "the desk sees what the other camera sees")


def _muted_until_given_the_word(screen: Device, phone: Device, officer: dict[str, Any]) -> None:
    page, told = screen.page, phone.page.get_by_test_id("phone-call")
    page.get_by_test_id(f"mute-{officer['id']}").click()
    expect(told).to_contain_text("指挥席已将您静音")
    phone.page.get_by_test_id("call-hand").tap()
    expect(page.get_by_test_id("call-hands")).to_contain_text(officer["name"])
    expect(phone.page.get_by_test_id("call-hand")).to_have_attribute("aria-pressed", "true")
    page.get_by_test_id("call-give-word").click()
    expect(page.get_by_test_id("call-hands")).to_have_count(0)
    expect(told).not_to_contain_text("指挥席已将您静音")
    expect(phone.page.get_by_test_id("call-hand")).to_have_attribute("aria-pressed", "false")
    until(seen(screen, officer["id"]).is_heard, "the officer is heard again")


def _a_picture_for_the_file(
    screen: Device, desk: Person, room: dict[str, Any], alert: dict[str, Any], officer: dict[str, Any]
) -> None:
    """What is kept is the officer's picture, byte by byte what its line in the event's file says."""
    screen.page.get_by_test_id("call-snapshot").click()
    expect(screen.page.get_by_text("截图已存入事件档案")).to_be_visible()
    [kept] = desk.get(f"/api/rooms/{room['id']}/snapshots")["items"]
    address = f"{screen.product.url}/api/snapshots/{kept['id']}"
    picture = httpx.get(address, headers={"Authorization": f"Bearer {desk.token}"}, trust_env=False)
    assert picture.headers["content-type"] == "image/jpeg"
    lines = desk.get(f"/api/alerts/{alert['id']}/timeline")["items"]
    [line] = [one["data"] for one in lines if one["kind"] == "room.snapshot_taken"]
    assert line["snapshot"]["sha256"] == hashlib.sha256(picture.content).hexdigest()
    assert line["snapshot"]["of"] == officer["id"]


def _back_after_its_page_was_closed(phone: Device, host: dict[str, Any]) -> None:
    phone.page.reload()
    phone.page.get_by_test_id("call-back").tap()
    seen(phone, host["id"]).goes_on()


def _apart(one: Device, *tests: str) -> None:
    """Nothing of one thing lies under the other."""
    upper, lower = (one.page.get_by_test_id(test).bounding_box() for test in tests)
    assert upper
    assert lower
    assert upper["y"] + upper["height"] <= lower["y"], (upper, lower)


def test_a_circle_on_the_map_calls_everybody_in_it(desk: Person, screen: Device, phone: Device, place: Place) -> None:
    """A push-to-talk group: whoever holds the button is the one who is heard, and the others see who it is."""
    page = screen.page
    place.report_positions()
    ids = {one["id"] for one in place.officers}
    until(
        lambda: {one["id"] for one in desk.every("/api/officers") if one["lon"] is not None} >= ids,
        "the desk knows where all three are",
    )
    page.evaluate("([lon, lat]) => window.__onemap.map.jumpTo({ center: [lon, lat], zoom: 13 })", _middle(place))
    page.get_by_test_id("tool-circle").click()
    x, y = page.evaluate(_ON_SCREEN, _middle(place))
    canvas = page.locator(".maplibregl-canvas").bounding_box()
    assert canvas
    page.mouse.move(canvas["x"] + x, canvas["y"] + y)
    page.mouse.down()
    page.mouse.move(canvas["x"] + x + 100, canvas["y"] + y, steps=4)
    page.mouse.up()
    page.get_by_test_id("circle-radius").fill("2500")
    expect(page.get_by_test_id("circle-found")).to_have_text("圈内在岗 3 人")
    page.get_by_test_id("circle-call").click()
    phone.page.get_by_test_id("answer").tap()
    expect(page.get_by_test_id("call-panel")).to_contain_text("对讲组 · 奎文区")
    [room] = desk.get("/api/rooms", state="open")["items"]
    assert {one["officer_id"] for one in room["seats"] if one["role"] == "officer"} == ids
    me = next(one for one in room["seats"] if one["officer_id"] == place.officers[0]["id"])

    button = phone.page.get_by_test_id("call-talk")
    expect(button).to_be_enabled()
    button.focus()
    phone.page.keyboard.down("Space")
    expect(page.get_by_test_id("call-talk")).to_have_text(f"{me['name']} 正在讲话")
    expect(page.get_by_test_id("call-talk")).to_be_disabled()
    until(seen(screen, me["id"]).is_heard, "the speaker is heard")
    phone.page.keyboard.up("Space")
    expect(page.get_by_test_id("call-talk")).to_be_enabled()


def _middle(place: Place) -> tuple[float, float]:
    return place.point["lon"], place.point["lat"]
