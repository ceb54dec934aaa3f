"""Where most journeys play: an outfall that can exceed its limit, officers around it, and one of them with a phone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from browsing import PHONE, Device, device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product, exceedance, until

from data.demo.users import GATEWAY_TOKEN, LOGGER_PASSWORD

# Hears the phone vibrate: a headless browser has no motor.
_LISTEN = "window.__vibrated = []; navigator.vibrate = (pattern) => { window.__vibrated.push(pattern); return true }"


@dataclass
class Place:
    """An outfall of the demonstration with its logger, and three officers on duty around it; the first has a phone."""

    product: Product
    desk: Person
    point: dict[str, Any]
    mn: str
    officers: list[dict[str, Any]]

    def at(self, number: int) -> tuple[float, float]:
        """Where an officer stands: a few hundred metres from the outfall, the second nearest to it."""
        east, north = ((0.012, 0.0), (0.002, 0.001), (-0.006, -0.009))[number]
        return self.point["lon"] + east, self.point["lat"] + north

    def report_positions(self, *, numbers: Sequence[int] = (1, 2), north: float = 0.0) -> None:
        """The gateway speaks for those without a phone of ours; `north` (degrees) is how far they have moved."""
        now = datetime.now(UTC).isoformat()
        fixes = [
            {"officer_id": self.officers[n]["id"], "lon": self.at(n)[0], "lat": self.at(n)[1] + north, "at": now}
            for n in numbers
        ]
        answer = httpx.post(
            f"{self.product.url}/api/positions",
            json=fixes,
            headers={"Authorization": f"Bearer {GATEWAY_TOKEN}"},
            trust_env=False,
        )
        assert answer.json() == {"accepted": len(fixes), "refused": []}, answer.text

    def exceed(self) -> dict[str, Any]:
        """The logger reports COD over the limit; the alert that this raised."""
        with self.desk.live() as feed:
            at = datetime.now(UTC) - timedelta(seconds=1)
            answer = self.product.send(exceedance({"mn": self.mn, "password": LOGGER_PASSWORD}, at))
            assert answer.cn == "9014"
            raised = feed.wait_for("alert.raised", lambda data: data["point_id"] == self.point["id"])
        alert: dict[str, Any] = raised["data"]
        return alert


@contextmanager
def place_on(product: Product, desk: Person) -> Iterator[Place]:
    [device, *_] = [one for one in desk.every("/api/intake/devices") if "污水处理厂" in (one["point_name"] or "")]
    [point] = [one for one in desk.every("/api/points", kind="outfall") if one["id"] == device["point_id"]]
    officers = [one for one in desk.every("/api/officers") if one["code"] in {f"370705-000{n}" for n in (1, 2, 3)}]
    for one in officers:
        desk.post(f"/api/officers/{one['id']}/duty", {"on": True})
    try:
        yield Place(product, desk, point, device["mn"], officers)
    finally:
        for alert in desk.every("/api/alerts", status="open"):
            for sent in alert["assignments"]:
                if sent["desk_steps"]:
                    desk.post(f"/api/assignments/{sent['id']}/cancel", {"version": sent["version"], "reason": "over"})
            desk.post(f"/api/alerts/{alert['id']}/close", {"version": alert["version"], "note": "over"})
        for one in officers:
            desk.post(f"/api/officers/{one['id']}/duty", {"on": False})


def take_back_all(place: Place) -> None:
    """Withdraw what is under way, so that the alerts can be closed."""
    for one in place.desk.every("/api/assignments", state="open"):
        place.desk.post(f"/api/assignments/{one['id']}/cancel", {"version": one["version"], "reason": "over"})


@contextmanager
def phone_of(browser: Browser, place: Place, *, locale: str = "zh-CN", **options: Any) -> Iterator[Device]:
    """officer1's phone, signed in and on duty, standing near the outfall."""
    lon, lat = place.at(0)
    options = PHONE | {"permissions": ["geolocation"]} | options
    options["geolocation"] = {"longitude": lon, "latitude": lat, "accuracy": 8}
    with device(browser, place.product, locale=locale, **options) as phone:
        phone.context.add_init_script(_LISTEN)
        phone.sign_in("officer1", PASSWORD, "/field")
        phone.current()
        yield phone


def called(phone: Device, place: Place) -> dict[str, Any]:
    """The desk calls officer1 to an alert raised by hand; the alert as it is then."""
    desk = place.desk
    expect(phone.page.locator('[data-testid="sharing"][data-state="sharing"]')).to_be_visible()
    officer_id = place.officers[0]["id"]
    until(
        lambda: any(one["id"] == officer_id and one["lon"] is not None for one in desk.every("/api/officers")),
        "the desk knows where officer1 is",
    )
    where = {"lon": place.point["lon"], "lat": place.point["lat"]}
    alert = desk.post("/api/alerts", {**where, "title": "居民反映河水发黑", "kind": "manual", "level": 2}, 201)
    offer = {"officer_ids": [officer_id], "note": "带采样瓶", "version": alert["version"], "override_reason": "演练"}
    answer: dict[str, Any] = desk.post(f"/api/alerts/{alert['id']}/assignments", offer, 201)
    expect(phone.page.get_by_test_id("call")).to_be_visible()
    return dict(answer["alert"])


def take_step(phone: Device, button: str, state: str) -> None:
    phone.page.get_by_test_id(button).tap()
    expect(phone.page.locator(f'[data-testid="task"][data-state="{state}"]')).to_be_visible()
