"""Others' WHIP publisher and WHEP player, from npm and unchanged, in a page that has nothing of ours."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import DEVICES, chromium, device
from calling import MEDIA
from playwright.sync_api import Browser
from product import ROOT, Person, Product, until

WEB = ROOT / "web"
_FRAMES = "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*DEVICES) as running:
        yield running


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their libraries as one script."""
    npx = shutil.which("npx")
    if npx is None or not (WEB / "node_modules" / "@eyevinn").is_dir():
        pytest.skip("the libraries are not there: cd web && npm ci")
    folder = tmp_path_factory.mktemp("interop")
    words = [npx, "vite", "build", "--config", "tests/interop/vite.config.ts", "--outDir", str(folder)]
    subprocess.run(words, cwd=WEB, check=True, capture_output=True, timeout=300)
    return folder / "page.js"


@pytest.fixture
def room(product: Product) -> Iterator[tuple[Person, dict[str, Any]]]:
    with product.signed_in("kuiwen") as desk:
        opened = desk.post("/api/rooms", {"kind": "conference", "title": "设备接入"}, 201)
        yield desk, desk.post(f"/api/rooms/{opened['id']}/join", {})
        now = desk.get(f"/api/rooms/{opened['id']}")
        desk.post(f"/api/rooms/{opened['id']}/close", {"version": now["version"]})


def test_a_publisher_and_a_player_of_others_work_unchanged(
    browser: Browser, product: Product, script: Path, room: tuple[Person, dict[str, Any]]
) -> None:
    desk, joined = room
    rooms = f"/api/rooms/{joined['id']}"
    camera = desk.post(f"{rooms}/tokens", {"purpose": "publish", "device": True, "name": "布控球"}, 201)
    with (
        device(browser, product, permissions=MEDIA) as filming,
        device(browser, product, permissions=MEDIA) as watching,
    ):
        for one in (filming, watching):
            one.open("/api/health")  # an address of the product, and nothing of its pages
            one.page.add_script_tag(path=script)
        filming.page.evaluate(
            "([endpoint, token]) => window.publish(endpoint, token)", [f"{product.url}{rooms}/whip", camera["token"]]
        )

        def sends() -> bool:
            seats = desk.get(rooms)["seats"]
            return any(one["id"] == camera["seat_id"] and one["publication"] for one in seats)

        until(sends, "the device is seen to send", within_s=60)
        look = desk.post(f"{rooms}/tokens", {"purpose": "view", "of": camera["seat_id"]}, 201)
        watching.page.evaluate(
            "([endpoint, token]) => window.play(endpoint, token)",
            [f"{product.url}{rooms}/whep?participant={camera['seat_id']}", look["token"]],
        )
        first = until(lambda: watching.page.evaluate(_FRAMES) or None, "the player shows a picture", within_s=60)
        until(lambda: watching.page.evaluate(_FRAMES) > first, "the picture moves")
        filming.page.evaluate("window.stop()")
        until(lambda: not sends(), "the device has ended its connection", within_s=60)
