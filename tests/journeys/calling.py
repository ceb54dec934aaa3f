"""What a call looks and sounds like to a test: pictures that are decoded, sound above zero, and who says so."""

import time
from dataclasses import dataclass
from typing import Any

from browsing import Device
from playwright.sync_api import Locator, expect
from product import Person, until

# While the hub is away its doors say so, and whoever is not there yet sends nothing yet; a locked room refuses.
AWAY = (404, 409, 503)
MEDIA = ["geolocation", "camera", "microphone"]
_FRAMES = "(video) => video.getVideoPlaybackQuality().totalVideoFrames"


@dataclass
class Seen:
    """One person's picture on another's screen."""

    screen: Device
    tile: Locator

    def frames(self) -> int:
        """How many pictures have been shown so far."""
        count: int = self.tile.locator("video").evaluate(_FRAMES)
        return count

    def decoded(self) -> int:
        """How many have been decoded, by the browser's own statistics."""
        return int(self.tile.get_attribute("data-frames") or 0)

    def is_heard(self) -> bool:
        """Whether there is sound at this moment: the camera that Chromium makes up beeps once a second."""
        return float(self.tile.get_attribute("data-level") or 0) > 0

    def shows(self) -> bool:
        return self.frames() > 0

    def note_states(self) -> None:
        """Keep the states of the leg from now on: one that lasts for a moment only is not to be missed."""
        self.screen.page.evaluate(
            """name => {
                const states = window.states = []
                const look = () => {
                    const state = document.querySelector(`[data-testid=${name}]`)?.dataset.state ?? 'away'
                    if (state !== states.at(-1)) states.push(state)
                }
                const all = { subtree: true, childList: true, attributeFilter: ['data-state'] }
                new MutationObserver(look).observe(document.body, all)
                look()
            }""",
            self.tile.get_attribute("data-testid"),
        )

    def was_rebuilt(self) -> bool:
        """Whether the leg was not live at some time since its states are noted, and is live again."""
        states = self.screen.page.evaluate("window.states")
        return len(states) > 1 and states[-1] == "live"

    def goes_on(self, *, within_s: float = 30) -> None:
        """Wait until new pictures are decoded (a leg that is built anew counts from one), and there is sound."""
        before = self.decoded()
        until(lambda: self.decoded() not in (0, before), "pictures are decoded", within_s=within_s)
        until(self.is_heard, "there is sound", within_s=within_s)


def seen(screen: Device, seat: int) -> Seen:
    """What `screen` shows of a seat, once it shows it."""
    tile = screen.page.get_by_test_id(f"tile-{seat}")
    expect(tile).to_be_visible()
    return Seen(screen, tile)


def room_of(desk: Person, alert: dict[str, Any]) -> dict[str, Any]:
    """The open room of an alert, once there is one."""

    def first() -> dict[str, Any] | None:
        items: list[dict[str, Any]] = desk.get("/api/rooms", state="open", alert_id=alert["id"])["items"]
        return items[0] if items else None

    return until(first, "the alert has a room")


def seat_of(room: dict[str, Any], **fits: Any) -> dict[str, Any]:
    """The one seat of a room that fits, e.g. by its role."""
    [found] = [one for one in room["seats"] if all(one[name] == value for name, value in fits.items())]
    return dict(found)


def close_rooms(desk: Person) -> None:
    """End all calls, so that no test hears another's."""
    for room in desk.get("/api/rooms", state="open")["items"]:
        desk.post(f"/api/rooms/{room['id']}/close", {"version": room["version"]})


def since(moment: float) -> float:
    return time.monotonic() - moment
