"""Simulated officers: on duty, driving from one enterprise to the next, saying where they are."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from data.demo.simulators.doors import DoorRefused, Doors
from data.demo.simulators.movement import Place, Sighting, Trip, distance_m
from data.demo.users import manned_codes, tracker_codes, tracker_token

log = logging.getLogger(__name__)

BATCH = 500
_KNOTS_PER_MPS = 1.943844
_JITTER_DEG = 0.00003  # a few metres: no receiver stands still

_DUTY = timedelta(hours=10)
_RENEW_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PatrolSettings:
    """How many officers work, and how they move. Times in seconds; a round is one second."""

    # Which part of the officers of an area works; the first that fits counts. The guided tour plays in Kuiwen.
    shares_on_duty: tuple[tuple[str, float], ...] = (("370705", 0.85), ("3707", 0.5), ("37", 0.33))
    moving_every_s: float = 15.0
    parked_every_s: float = 30.0
    stay_s: tuple[float, float] = (600.0, 2400.0)
    longest_trip_m: float = 5_000.0
    routes_a_round: int = 2
    targets_per_area: int = 60
    duty_a_round: int = 30


@dataclass(slots=True)
class SimulatedOfficer:
    """`place` is where the officer stands, or where the last trip began; `called` while answering a call."""

    id: int
    code: str
    region: str
    place: Place
    duty_until: datetime | None
    token: str | None = None
    trip: Trip | None = None
    leaves_at: float = 0.0
    reports_at: float = 0.0
    called: bool = False

    def sighting(self, now: float) -> Sighting:
        return self.trip.at(now) if self.trip else Sighting(self.place)

    def drive(self, trip: Trip) -> None:
        self.trip = trip

    def settle(self, now: float) -> None:
        """End a trip that is over."""
        if self.trip is not None and now >= self.trip.arrives_at:
            self.place, self.trip = self.trip.at(now).place, None


@dataclass
class Patrol:
    """All simulated officers. `desk` is signed in as a desk of the province, `gateway` carries the gateway's token."""

    desk: Doors
    gateway: Doors
    settings: PatrolSettings
    chance: random.Random
    officers: dict[int, SimulatedOfficer] = field(default_factory=dict)
    _targets: dict[str, list[Place]] = field(default_factory=dict)

    async def gather(self) -> None:
        """Choose who works, from the officers that the product knows, and put each somewhere in their area."""
        rows = [row async for row in self.desk.rows("/api/officers") if self._works(row)]
        trackers = set(tracker_codes(row["code"] for row in rows))
        # whoever looks first looks where the tour plays
        areas = [area for area, _ in self.settings.shares_on_duty]
        rows.sort(key=lambda row: [not row["region"].startswith(area) for area in areas])
        for row in rows:
            targets = await self._targets_of(row["region"])
            if not targets:
                continue
            seen = row.get("lon") is not None and row.get("lat") is not None
            self.officers[row["id"]] = SimulatedOfficer(
                id=row["id"],
                code=row["code"],
                region=row["region"],
                place=(row["lon"], row["lat"]) if seen else self.chance.choice(targets),
                duty_until=_time(row["duty_until"]) if row.get("on_duty") else None,
                token=tracker_token(row["code"]) if row["code"] in trackers else None,
            )

    async def round(self, at: datetime) -> None:
        """Do what is due: begin duties, set out, report."""
        now = at.timestamp()
        await self._begin_duties(at)
        working = [one for one in self.officers.values() if one.duty_until is not None and one.duty_until > at]
        for officer in working:
            officer.settle(now)
        await self._set_out(working, now)
        due = [one for one in working if one.reports_at <= now]
        await self._report([one for one in due if one.token is None], at)
        for officer in due:
            if officer.token is not None:
                await self._report_alone(officer, officer.token, at)
            every_s = self.settings.moving_every_s if officer.trip else self.settings.parked_every_s
            first = officer.reports_at == 0.0
            officer.reports_at = now + every_s * (self.chance.random() if first else 1.0)

    async def route(self, origin: Place, target: Place, now: float) -> Trip | None:
        """The drive from one place to another, starting now; None when there is no way by road."""
        query = {"from": f"{origin[0]:.6f},{origin[1]:.6f}", "to": f"{target[0]:.6f},{target[1]:.6f}"}
        try:
            answer = await self.desk.get("/api/route", query)
        except DoorRefused as refusal:
            log.debug("no route: %s", refusal)
            return None
        line = _line_of(answer)
        travel_time_s = answer.get("travel_time_s")
        if not line or travel_time_s is None:
            return None
        return Trip([origin, *line], started_at=now, travel_time_s=float(travel_time_s))

    def _works(self, row: dict[str, Any]) -> bool:
        if row["code"] in manned_codes() or row.get("drill") or not row.get("demo", True):
            return False
        shares = self.settings.shares_on_duty
        share = next((share for area, share in shares if row["region"].startswith(area)), 0.0)
        return random.Random(f"works {row['code']}").random() < share

    async def _targets_of(self, region: str) -> list[Place]:
        prefix = region.removesuffix("00").removesuffix("00")
        if prefix not in self._targets:
            page = await self.desk.get("/api/enterprises", {"region": prefix, "limit": self.settings.targets_per_area})
            self._targets[prefix] = [(row["lon"], row["lat"]) for row in page["items"]]
        return self._targets[prefix]

    async def _begin_duties(self, at: datetime) -> None:
        soon = at + _RENEW_BEFORE
        ending = [one for one in self.officers.values() if one.duty_until is None or one.duty_until < soon]
        for officer in ending[: self.settings.duty_a_round]:
            until = at + _DUTY
            try:
                await self.desk.post(f"/api/officers/{officer.id}/duty", {"on": True, "until": until.isoformat()})
            except DoorRefused as refusal:
                log.warning("officer %s stays off duty: %s", officer.code, refusal)
                del self.officers[officer.id]
                continue
            officer.duty_until = until
            officer.leaves_at = officer.leaves_at or at.timestamp() + self.chance.uniform(5, self.settings.stay_s[1])

    async def _set_out(self, working: Sequence[SimulatedOfficer], now: float) -> None:
        ready = [one for one in working if one.trip is None and not one.called and one.leaves_at <= now]
        for officer in ready[: self.settings.routes_a_round]:
            officer.leaves_at = now + self.chance.uniform(*self.settings.stay_s)
            target = self._next_target(officer)
            trip = await self.route(officer.place, target, now) if target else None
            # a call may have come in while the way was looked up
            if trip is not None and not officer.called:
                officer.drive(trip)
                officer.leaves_at = trip.arrives_at + self.chance.uniform(*self.settings.stay_s)

    def _next_target(self, officer: SimulatedOfficer) -> Place | None:
        targets = self._targets[officer.region.removesuffix("00").removesuffix("00")]
        near = [one for one in targets if 200 < distance_m(officer.place, one) < self.settings.longest_trip_m]
        return self.chance.choice(near) if near else None

    async def _report(self, officers: Sequence[SimulatedOfficer], at: datetime) -> None:
        fixes = [{"officer_id": one.id, **self._fix(one, at)} for one in officers]
        for start in range(0, len(fixes), BATCH):
            await self.gateway.post("/api/positions", fixes[start : start + BATCH])

    async def _report_alone(self, officer: SimulatedOfficer, token: str, at: datetime) -> None:
        """As a phone with the OsmAnd form does: a GET, the speed in knots."""
        fix = self._fix(officer, at)
        query: dict[str, str | int | float] = {
            "id": token,
            "lat": fix["lat"],
            "lon": fix["lon"],
            "timestamp": int(at.timestamp()),
            "accuracy": fix["accuracy_m"],
            "speed": round(fix["speed_mps"] * _KNOTS_PER_MPS, 2),
        }
        if fix["heading"] is not None:
            query["bearing"] = fix["heading"]
        await self.gateway.get("/api/positions/osmand", query)

    def _fix(self, officer: SimulatedOfficer, at: datetime) -> dict[str, Any]:
        seen = officer.sighting(at.timestamp())
        lon, lat = (degrees + self.chance.uniform(-_JITTER_DEG, _JITTER_DEG) for degrees in seen.place)
        return {
            "lon": round(lon, 6),
            "lat": round(lat, 6),
            "at": at.isoformat(),
            "accuracy_m": round(self.chance.uniform(4, 15), 1),
            "speed_mps": round(seen.speed_mps, 2),
            "heading": None if seen.heading is None else round(seen.heading, 1),
        }


def _line_of(answer: dict[str, Any]) -> list[Place]:
    geometry = answer.get("route") or answer.get("geometry") or {}
    return [(float(lon), float(lat)) for lon, lat, *_ in geometry.get("coordinates", ())]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
