"""Chromium in a namespace, with the pages' own call on an empty page: it sends, and views the officer.

Playwright speaks to it through a pipe and answers for its site: only sound and pictures need the network.
"""

import asyncio
import shlex
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from shutil import which
from typing import Any

import httpx
from playwright.async_api import Page, Route, async_playwright

from tests.networks.conftest import ROOT, TURN_SECRET
from tests.networks.ends import NAME, SECRET
from tests.networks.lands import Lands
from tests.unit.video.calls import ROOM
from video.client import HubClient
from video.turn import TurnServers

_SITE = "https://call.test/"  # nobody's: cameras are given to secure pages only
_ARGUMENTS = (
    *(
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
    "--autoplay-policy=no-user-gesture-required",
)
_SENDS = {"generation": 1, "stalled": False, "video_paused": False}


def missing() -> str | None:
    """Why no Chromium can be started with the page; None if it can."""
    if which("chromium") is None:
        return "there is no Chromium (apt install chromium)"
    if not (ROOT / "web" / "node_modules" / ".bin" / "rolldown").exists():
        return "the pages' tools are not installed (cd web && npm ci)"
    return None


class CallPage:
    """The page, and the door it asks. `away`: its requests fail, as all do while the network is cut."""

    def __init__(self, page: Page, door: HubClient) -> None:
        self._page, self._door = page, door
        self.away = False

    async def begin(self, turn: Sequence[str] = (), *, relay_only: bool = False) -> None:
        """Enter the room, with these TURN servers."""
        await self._page.expose_function("askDoor", self._ask)
        servers = [asdict(one) for one in TurnServers(tuple(turn), TURN_SECRET).for_page("page")]
        seats = [
            {"id": 1, "state": "present", "publication": None},
            {"id": 2, "state": "present", "publication": _SENDS},
        ]
        room = {
            "seats": seats,
            "me": {"seat_id": 1},
            "limit": {"width": 320, "height": 240, "fps": 15, "bitrate": 300_000},
            "ice": {"servers": servers, "relay_only": relay_only},
        }
        await self._page.evaluate("(room) => callPage.begin(room)", room)

    async def now(self) -> dict[str, Any]:
        """Pictures decoded and connections built so far; of the leg that views: state, losses, our end of its way."""
        now: dict[str, Any] = await self._page.evaluate("callPage.now()")
        return now

    async def until(self, condition: Callable[[dict[str, Any]], object], within_s: float = 60) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while not condition(now := await self.now()):
                await asyncio.sleep(0.1)
        return now

    async def sees_more(self, pictures: int = 10) -> tuple[dict[str, Any], float]:
        """Wait for so many more decoded pictures and a way they come by; how it is then, and how long that took."""
        began, before = time.monotonic(), (await self.now())["decoded"]
        now = await self.until(lambda now: now["decoded"] >= before + pictures and now["way"])
        return now, time.monotonic() - began

    async def _ask(self, purpose: str, offer: str) -> dict[str, str]:
        if self.away:
            raise ConnectionError("the network is cut")
        if purpose == "view":
            leg = await self._door.view(ROOM, NAME, "page", offer)
        else:
            leg = await self._door.publish(ROOM, "page", offer)
        return {"answer": leg.answer, "location": leg.id}


@asynccontextmanager
async def call_page(net: Lands, where: str, folder: Path) -> AsyncIterator[CallPage]:
    """Start it in a namespace; the hub's door is the socket `door` in `folder`."""
    script = _bundle(folder)
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(net.into(where, "chromium"))} "$@"\n', encoding="utf-8")
    program.chmod(0o700)

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body="<!doctype html><title>call</title>")

    async with (
        HubClient("http://hub", SECRET, transport=httpx.AsyncHTTPTransport(uds=str(folder / "door"))) as door,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            page = await browser.new_page()
            await page.route("**/*", answer)
            await page.goto(_SITE)
            await page.add_script_tag(content=script)
            yield CallPage(page, door)
        finally:
            await browser.close()


def _bundle(folder: Path) -> str:
    made = folder / "page.js"
    if not made.exists():
        words = ("tests/networkPage.ts", "--format", "iife", "--tsconfig", "tsconfig.json", "--file", str(made))
        subprocess.run(("node_modules/.bin/rolldown", *words), cwd=ROOT / "web", check=True, capture_output=True)
    return made.read_text(encoding="utf-8")
