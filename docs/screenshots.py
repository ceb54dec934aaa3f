"""Takes the pictures of the README from a running demonstration.

    PYTHONPATH=. .venv/bin/python docs/screenshots.py [URL]

Plays the beginning of the scene at Kuiwen's sewage plant through the real doors: officer1 goes on duty nearby, the
outfall's logger reports COD above its limit, the desk sends officer1 and then sees the scene in a video call, which the
wall shows too; the cameras are drawn (docs/scenes.py). Afterwards the call is ended, officer1 withdrawn and the alert
closed. Needs Chromium and the development requirements; writes docs/pictures/*.png.
"""

import argparse
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import scenes
from playwright.sync_api import Browser, Page, sync_playwright

PASSWORD = "onemap-demo"  # noqa: S105 - public on purpose
PICTURES = Path(__file__).parent / "pictures"
CHINA = timezone(timedelta(hours=8))
AWAY = (0.0035, 0.0015)  # where officer1 stands, in degrees from the outfall
TO_LOGGER_PASSWORD = "123456"  # noqa: S105 - the protocol's own default

DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
WALL: dict[str, Any] = {"viewport": {"width": 1920, "height": 1080}}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MEDIA = ["camera", "microphone"]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "permissions": ["geolocation", *MEDIA],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--hj212-port", type=int, default=9212)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        at_work(options.url, "kuiwen", options.chromium) as (browser, desk),
    ):
        films = [scenes.film(one, Path(folder) / f"{one.__name__}.y4m") for one in (scenes.at_the_desk, scenes.outfall)]
        room, outside = (filming(browser, options.chromium, film) for film in films)
        take_all(room, outside, options.url, desk, options.hj212_port)


@contextmanager
def at_work(url: str, username: str, chromium: str | None) -> Iterator[tuple[Browser, httpx.Client]]:
    """A browser, and the doors of the demonstration for one of its users."""
    PICTURES.mkdir(exist_ok=True)
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as door, sync_playwright() as playwright:
        session = door.post("/api/session", json={"username": username, "password": PASSWORD}).raise_for_status()
        door.headers["Authorization"] = f"Bearer {session.json()['token']}"
        door.cookies.clear()
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser, door
        browser.close()


def filming(browser: Browser, chromium: str | None, film: Path) -> Browser:
    """Another browser, whose camera shows a film."""
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    arguments = [*ARGUMENTS, *camera, f"--use-file-for-fake-video-capture={film}"]
    return browser.browser_type.launch(executable_path=chromium, args=arguments)


def take_all(browser: Browser, outside: Browser, url: str, desk: httpx.Client, gateway_port: int) -> None:
    device = next(one for one in _items(desk, "/api/intake/devices") if "污水处理厂" in (one["point_name"] or ""))
    point = next(one for one in _items(desk, "/api/points", kind="outfall") if one["id"] == device["point_id"])
    place = {"longitude": point["lon"] + AWAY[0], "latitude": point["lat"] + AWAY[1], "accuracy": 6}
    with (
        signed_in(outside, url, "officer1", "/field", "zh-CN", geolocation=place, **PHONE) as phone,
        signed_in(browser, url, "kuiwen", "/desk", "zh-CN", permissions=MEDIA, **DESK) as screen,
        signed_in(browser, url, "province", "/wall", "zh-CN", **WALL) as wall,
    ):
        if phone.get_by_test_id("go-on-duty").is_visible():
            phone.get_by_test_id("go-on-duty").tap()
        phone.locator('[data-testid="sharing"][data-state="sharing"]').wait_for()
        exceed(urlsplit(url).hostname or "127.0.0.1", gateway_port, device["mn"])
        alert = raised(desk, point["id"])
        wall.get_by_test_id("wall-stage").wait_for(timeout=120_000)
        screen.get_by_test_id(f"alert-row-{alert['id']}").click()
        screen.get_by_test_id("responders").locator("li").nth(3).hover()  # its route is drawn bright
        shoot(screen, "desk")
        call = call_officer1(desk, alert)
        phone.get_by_test_id("call").wait_for()
        shoot(phone, "phone")
        phone.get_by_test_id("accept").tap()
        phone.get_by_test_id("depart").wait_for()
        take_the_video_call(screen, phone, wall, alert)
        withdraw(desk, call)


def take_the_video_call(screen: Page, phone: Page, wall: Page, alert: dict[str, Any]) -> None:
    """From the assignment by one click: the scene on the desk, on the phone that films it, and on the wall."""
    screen.locator('[data-testid^="video-call-"]').click()
    phone.get_by_test_id("answer").tap()
    shown = "document.querySelector('.large video')?.getVideoPlaybackQuality().totalVideoFrames > 20"
    for page in (screen, phone):
        page.wait_for_function(shown)
    shoot(screen, "desk-call")
    phone.screenshot(path=PICTURES / "phone-call.png", animations="disabled")
    wall.get_by_test_id(f"wall-alert-{alert['id']}").click()
    wall.wait_for_function("document.querySelector('[data-testid=wall-call] video')?.videoWidth > 0")
    shoot(wall, "wall-call")
    screen.get_by_test_id("call-leave").click()
    screen.get_by_test_id("call-end").click()
    screen.get_by_test_id("call-panel").wait_for(state="detached")


@contextmanager
def signed_in(
    browser: Browser, url: str, user: str, path: str, locale: str, *, theme: str | None = None, **options: Any
) -> Iterator[Page]:
    """A page of somebody who has signed in and sees the present."""
    context = browser.new_context(locale=locale, timezone_id="Asia/Shanghai", **options)
    context.set_default_timeout(60_000)
    for choice, value in {"locale": locale, **({"theme": theme} if theme else {})}.items():
        script = f"if (location.protocol.startsWith('http')) localStorage['onemap.{choice}'] ??= '{value}'"
        context.add_init_script(script)
    page = context.new_page()
    page.goto(f"{url}{path}")
    page.get_by_test_id("username").fill(user)
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.locator('[data-testid="link-state"][data-state="current"]').wait_for()
    yield page
    context.close()


def shoot(page: Page, name: str) -> None:
    """Wait until the map is drawn and still, then take the picture."""
    page.wait_for_function("window.__onemap !== undefined")
    page.evaluate("window.__onemap.idle")
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def exceed(host: str, port: int, mn: str) -> None:
    """Report COD above the limit, as the outfall's logger does, and wait for the acknowledgement."""
    from data.hj212.frame import Frame

    now = datetime.now(CHINA)
    frame = Frame(
        qn=f"{now:%Y%m%d%H%M%S}000",
        st="32",
        cn="2011",
        pw=TO_LOGGER_PASSWORD,
        mn=mn,
        flag=5,
        cp=f"DataTime={now:%Y%m%d%H%M%S};w01018-Rtd=128.6,w01018-Flag=N;w00000-Rtd=231.0,w00000-Flag=N",
    )
    with socket.create_connection((host, port), timeout=30) as logger, logger.makefile("rb") as answers:
        logger.sendall(bytes(frame))
        answers.readline()


def raised(desk: httpx.Client, point_id: int) -> dict[str, Any]:
    return next(one for one in _items(desk, "/api/alerts", status="open") if one["point_id"] == point_id)


def call_officer1(desk: httpx.Client, alert: dict[str, Any]) -> dict[str, Any]:
    officer = next(one for one in _items(desk, "/api/officers") if one["code"] == "370705-0001")
    now = desk.get(f"/api/alerts/{alert['id']}").json()
    body = {"officer_ids": [officer["id"]], "version": now["version"], "override_reason": "熟悉现场"}
    answer = desk.post(f"/api/alerts/{alert['id']}/assignments", json=body).raise_for_status()
    call: dict[str, Any] = answer.json()["assignments"][0]
    return call


def withdraw(desk: httpx.Client, call: dict[str, Any]) -> None:
    now = desk.get(f"/api/assignments/{call['id']}").json()
    step = {"version": now["version"], "reason": "拍照完毕"}
    desk.post(f"/api/assignments/{call['id']}/cancel", json=step).raise_for_status()
    alert = desk.get(f"/api/alerts/{call['alert_id']}").json()
    closing = {"version": alert["version"], "note": "拍照完毕"}
    desk.post(f"/api/alerts/{alert['id']}/close", json=closing).raise_for_status()


def _items(desk: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = desk.get(path, params={"limit": 1000} | query).raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


if __name__ == "__main__":
    main()
