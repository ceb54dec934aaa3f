"""Chromium as people use it: pages that may not complain, fail a request or ask another host for anything."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from product import ROOT, Product

# How long a page may take for what it must do: on a machine with other work, three browsers that draw maps without a
# graphics card take their time. Whoever must be quick says so where it is tested.
PATIENCE_MS = 45_000
expect.set_options(timeout=PATIENCE_MS)

ARGUMENTS = [
    "--no-sandbox",  # tests run as root in containers; the pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A camera that shows a moving picture and a microphone that beeps; nobody is there to be asked for them.
DEVICES = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What an untranslated text looks like: the key itself, such as desk.queueEmpty.
_KEY = re.compile(
    r"\b(?:app|call|link|error|login|role|level|kind|status|officer|state|unit|desk|event|wall|field|sources"
    r"|queue|compare|next|keys|sent|brief|place|view|replay|search|tools|sheet"
    r"|figure|inspectionKind|joint|layers|measure|plan|record|roads|speeds|theme|violation)\.[a-zA-Z_]\w*\b"
)


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Debian's Chromium; the test is skipped where there is none or the pages are not built.

    `more`: arguments beside the usual ones.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        pytest.skip("the pages are not built: cd web && npm ci && npm run build")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


@dataclass
class Complaints:
    """What a browser said that nobody should see. `expected` are statuses that the test provokes."""

    host: str
    expected: set[int] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.heard.append(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # Chromium itself reports every refused request; those are judged by their status below.
        if message.text.startswith("Failed to load resource: the server responded"):
            return
        if "GPU stall due to ReadPixels" in message.text or "GL Driver Message" in message.text:
            return  # of the software renderer, on machines without a graphics card
        self.heard.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.heard.append(f"request to another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page itself gave it up: a tile out of view, a newer list
            self.heard.append(f"request failed: {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status == 401 and urlsplit(response.url).path == "/api/session":
            return  # a page asks who is signed in, and a stranger is not
        if response.status >= 400 and response.status not in self.expected:
            self.heard.append(f"{response.status} {response.request.method} {response.url}")


@dataclass
class Device:
    """One person's browser: a desk's screen, a wall or a phone."""

    product: Product
    context: BrowserContext
    complaints: Complaints
    page: Page

    def open(self, path: str) -> None:
        self.page.goto(f"{self.product.url}{path}")

    def sign_in(self, username: str, password: str, path: str) -> None:
        """Through the sign-in page, as somebody who wanted to see `path`."""
        self.open(path)
        self.page.get_by_test_id("username").fill(username)
        self.page.get_by_test_id("password").fill(password)
        self.page.get_by_test_id("sign-in").click()
        self.page.wait_for_url(f"{self.product.url}{path}**")

    def current(self) -> None:
        """Wait until the page says that it shows the present."""
        self.page.locator('[data-testid="link-state"][data-state="current"]').wait_for()

    def drawn(self) -> None:
        """Wait until the map is drawn and nothing moves."""
        self.page.wait_for_function("window.__onemap !== undefined")
        self.page.evaluate("window.__onemap.idle")

    @contextmanager
    def network_away(self) -> Iterator[None]:
        """Take the browser off the network for a while; what fails meanwhile is no complaint."""
        before = list(self.complaints.heard)
        self.context.set_offline(True)
        yield
        self.context.set_offline(False)
        self.current()
        self.complaints.heard[:] = before

    def on_map(self, source: str) -> list[dict[str, Any]]:
        """What a GeoJSON source of the map holds, or a layer that draws by itself, as features."""
        script = """async (id) => window.__onemap.drawn.get(id)?.()
            ?? (await window.__onemap.map.getSource(id).getData()).features"""
        features: list[dict[str, Any]] = self.page.evaluate(script, source)
        return features

    def untranslated(self) -> list[str]:
        """Keys of texts that stand on the page instead of the text."""
        return _KEY.findall(self.page.locator("body").inner_text())


@contextmanager
def device(
    browser: Browser, product: Product, *, locale: str = "zh-CN", expected: tuple[int, ...] = (), **options: Any
) -> Iterator[Device]:
    """A browser of its own; at the end it must have nothing to complain of."""
    options.setdefault("viewport", {"width": 1440, "height": 900})
    context = browser.new_context(locale=locale, timezone_id="Asia/Shanghai", **options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(f"if (location.protocol === 'http:') localStorage['onemap.locale'] ??= '{locale}'")
    complaints = Complaints(urlsplit(product.url).netloc, set(expected))
    complaints.listen(context)
    made = Device(product, context, complaints, context.new_page())
    yield made
    assert made.untranslated() == []
    context.close()
    assert complaints.heard == []


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
WALL: dict[str, Any] = {"viewport": {"width": 1920, "height": 1080}}
