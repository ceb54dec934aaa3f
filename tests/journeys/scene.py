"""Where most journeys play: an outfall of the demonstration that can exceed its limit, and officers around it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from product import Person, Product, exceedance

from data.demo.users import GATEWAY_TOKEN, LOGGER_PASSWORD


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
