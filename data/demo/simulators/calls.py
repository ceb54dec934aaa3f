"""Simulated officers answer their calls: accept, drive there, look around, report."""

import logging
import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from data.demo.simulators.doors import DoorRefused, Doors
from data.demo.simulators.movement import Place
from data.demo.simulators.officers import Patrol, SimulatedOfficer
from data.demo.users import DEMO_PASSWORD

log = logging.getLogger(__name__)

# The step that an officer takes next in each state, and how long (s) they take to do so.
_NEXT: dict[str, tuple[str, tuple[float, float]]] = {
    "offered": ("accept", (4.0, 12.0)),
    "accepted": ("depart", (5.0, 15.0)),
    "departed": ("arrive", (0.0, 5.0)),  # after the drive
    "arrived": ("finish", (120.0, 300.0)),
}
_REPORT = "现场核查完毕：设施运行正常，已采样留证。（演示）"
_NO_ROAD_S = 300.0  # how long it takes to get there on foot, so to speak
_TRIES = 3


@dataclass(slots=True)
class _Call:
    assignment_id: int
    officer: SimulatedOfficer
    scene: Place
    state: str
    version: int
    due_at: float


@dataclass
class CallAnswering:
    """Watches for calls to the officers of a patrol and answers them as those officers would."""

    patrol: Patrol
    doors: Doors  # without a token: each officer signs in
    chance: random.Random
    _calls: dict[int, _Call] = field(default_factory=dict)
    _signed_in: dict[str, Doors] = field(default_factory=dict)
    _refusals: dict[int, int] = field(default_factory=dict)

    async def round(self, at: datetime) -> None:
        """Take up new calls, drop those that were ended by others, and take the steps that are due."""
        now = at.timestamp()
        await self._look(now)
        for call in [call for call in self._calls.values() if call.due_at <= now]:
            await self._take_step(call, now)

    async def _look(self, now: float) -> None:
        open_ids = set()
        async for row in self.patrol.desk.rows("/api/assignments", {"state": "open"}, limit=1000):
            open_ids.add(row["id"])
            officer = self.patrol.officers.get(row["officer_id"])
            tired = self._refusals.get(row["id"], 0) >= _TRIES
            if officer is not None and row["id"] not in self._calls and not row["alert"]["drill"] and not tired:
                await self._take_up(row, officer, now)
        for assignment_id in self._calls.keys() - open_ids:
            self._drop(self._calls[assignment_id])

    async def _take_up(self, row: dict[str, Any], officer: SimulatedOfficer, now: float) -> None:
        scene = (row["alert"]["lon"], row["alert"]["lat"])
        call = _Call(row["id"], officer, scene, row["state"], row["version"], now)
        officer.called = True
        self._calls[call.assignment_id] = call
        if call.state == "departed":
            await self._drive(call, now)  # we were stopped on the way
        else:
            call.due_at = now + self.chance.uniform(*_NEXT[call.state][1])

    async def _take_step(self, call: _Call, now: float) -> None:
        step, _ = _NEXT[call.state]
        body = {"version": call.version} | ({"note": _REPORT} if step == "finish" else {})
        try:
            officer = await self._as_officer(call.officer.code)
            answer = await officer.post(f"/api/assignments/{call.assignment_id}/{step}", body)
        except DoorRefused as refusal:
            # taken up again with its new version if it is still open
            log.info("call %s: %s", call.assignment_id, refusal)
            self._refusals[call.assignment_id] = self._refusals.get(call.assignment_id, 0) + 1
            self._signed_in.pop(call.officer.code, None)
            self._drop(call)
            return
        call.state, call.version = answer["state"], answer["version"]
        if call.state not in _NEXT:
            self._drop(call)
        elif call.state == "departed":
            await self._drive(call, now)
        else:
            call.due_at = now + self.chance.uniform(*_NEXT[call.state][1])

    async def _drive(self, call: _Call, now: float) -> None:
        officer = call.officer
        officer.place = officer.sighting(now).place
        officer.trip = await self.patrol.route(officer.place, call.scene, now)
        travel_s = officer.trip.arrives_at - now if officer.trip else _NO_ROAD_S
        call.due_at = now + travel_s + self.chance.uniform(*_NEXT["departed"][1])

    def _drop(self, call: _Call) -> None:
        self._calls.pop(call.assignment_id, None)
        call.officer.called = False

    async def _as_officer(self, code: str) -> Doors:
        if code not in self._signed_in:
            self._signed_in[code] = await self.doors.sign_in(code, DEMO_PASSWORD)
        return self._signed_in[code]
