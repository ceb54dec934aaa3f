"""`kill -9` of each process in the middle of the scene: what was acknowledged is there afterwards, all of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from product import Logger, Person, Product, plain, report_position, until

PLACE = (119.14, 36.71)  # in Kuiwen, Weifang; who is near and how they drive does not matter here
NEAR = (119.143, 36.712)


@dataclass
class Scene:
    """A drill's cast played by hand: its logger reports without a pause, and nobody has heard the end of it yet."""

    product: Product
    desk: Person
    phone: Person
    logger: Logger
    cast: dict[str, Any]
    alert: dict[str, Any] = field(default_factory=dict)
    assignment: dict[str, Any] = field(default_factory=dict)
    heard_seq: int = 0

    def play_until_accepted(self) -> None:
        with self.desk.live() as feed:
            self.logger.start()
            point = self.cast["point_id"]
            raised = feed.wait_for("alert.raised", lambda data: data["point_id"] == point)
        self.alert, self.heard_seq = raised["data"], raised["seq"]
        officer = self.cast["players"][0]
        report_position(self.product, officer["device_token"], *NEAR)
        body = {"officer_ids": [officer["officer_id"]], "version": self.alert["version"]}
        [self.assignment] = self.desk.post(f"/api/alerts/{self.alert['id']}/assignments", body, 201)["assignments"]
        self.step("accept")
        self.logger.wait_for_more()

    def step(self, name: str) -> None:
        body = {"version": self.assignment["version"], "note": "looked at it"}
        self.assignment = self.phone.post(f"/api/assignments/{self.assignment['id']}/{name}", body)

    def check_that_nothing_is_missing(self) -> None:
        self.logger.stop()
        acknowledged = self.logger.acknowledged
        assert self.logger.refused == []
        stored = self._stored_readings()
        assert acknowledged.items() <= stored.items()
        alert = self.desk.get(f"/api/alerts/{self.alert['id']}")
        assert (alert["worst_value"], alert["reading_count"]) == (max(stored.values()), len(stored))
        [assignment] = alert["assignments"]
        assert assignment == self.assignment
        timeline = self._timeline()
        told = {event["data"]["worst_value"] for event in timeline if event["kind"].startswith("alert.")}
        assert set(acknowledged.values()) <= told
        steps = [event["kind"] for event in timeline if event["kind"] != "alert.updated"]
        assert steps == ["alert.raised", "alert.acknowledged", "assignment.offered", "assignment.accepted"]

    def check_that_the_phone_hears_what_it_missed(self) -> None:
        """It heard nothing since the alert, and comes back with `since`."""
        mine = self.assignment["id"]
        with self.phone.live(since=self.heard_seq) as feed:
            offered = feed.wait_for("assignment.offered", lambda data: data["id"] == mine)
            accepted = feed.wait_for("assignment.accepted", lambda data: data["id"] == mine)
        assert self.heard_seq < offered["seq"] < accepted["seq"]

    def check_that_it_goes_on(self) -> None:
        """The rest of the scene, through the doors that came back."""
        for name in ("depart", "arrive", "finish"):
            self.step(name)
        alert = self.desk.get(f"/api/alerts/{self.alert['id']}")
        self.desk.post(f"/api/alerts/{self.alert['id']}/close", {"version": alert["version"], "note": "over"})
        steps = [event["kind"] for event in self._timeline()]
        assert steps[-4:] == ["assignment.departed", "assignment.arrived", "assignment.finished", "alert.closed"]

    def check_the_chain(self) -> None:
        said = self.product.command("verify")
        assert (said.code, plain(said.out).strip()) == (0, "the event log is whole"), said

    def _stored_readings(self) -> dict[datetime, float]:
        sent = self.logger.acknowledged
        span = {"from": min(sent).isoformat(), "to": (max(sent) + timedelta(hours=1)).isoformat()}
        rows = self.desk.every(f"/api/points/{self.cast['point_id']}/readings", factor="w01018", **span)
        return {datetime.fromisoformat(one["at"]): one["value"] for one in rows}

    def _timeline(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.desk.get(f"/api/alerts/{self.alert['id']}/timeline")["items"]
        return items


@contextmanager
def scene_on(product: Product) -> Iterator[Scene]:
    with product.signed_in("dispatcher") as desk:
        cast = desk.post("/api/drills", {"lon": PLACE[0], "lat": PLACE[1], "officers": 1}, 201)
        [player] = cast["players"]
        logger = Logger(product, cast)
        try:
            with Person(product, {"token": player["session_token"], "user": {}}) as phone:
                yield Scene(product, desk, phone, logger, cast)
        finally:
            if logger.is_alive():
                logger.stop()
        desk.delete(f"/api/drills/{cast['id']}")


@pytest.mark.parametrize("victims", [["web"], ["intake"], ["database"], ["web", "intake", "database"]], ids="+".join)
def test_what_is_killed_comes_back_by_itself_and_nothing_acknowledged_is_lost(
    breakable: Product, victims: list[str]
) -> None:
    with scene_on(breakable) as scene:
        scene.play_until_accepted()
        killed = {name: breakable.kill(name) for name in victims}
        for name, pid in killed.items():
            breakable.wait_for_successor(name, pid)
        scene.logger.wait_for_more()
        breakable.wait_until_healthy()
        scene.check_that_nothing_is_missing()
        scene.check_that_the_phone_hears_what_it_missed()
        scene.check_that_it_goes_on()
        scene.check_the_chain()


def test_a_killed_supervisor_leaves_nobody_on_the_ports_and_the_next_start_has_everything(breakable: Product) -> None:
    with scene_on(breakable) as scene:
        scene.play_until_accepted()
        breakable.stop(signal.SIGKILL)
        until(lambda: not breakable.listening(), "nobody listens on its ports any more")
        breakable.start()
        scene.logger.wait_for_more()
        scene.check_that_nothing_is_missing()
        scene.check_that_the_phone_hears_what_it_missed()
        scene.check_that_it_goes_on()
        scene.check_the_chain()


def test_ctrl_c_ends_in_order_and_the_second_start_is_quick_and_has_everything(breakable: Product) -> None:
    with scene_on(breakable) as scene:
        scene.play_until_accepted()
        assert breakable.stop(signal.SIGINT) == 0, breakable.words()
        assert breakable.processes() == set()
        breakable.start()
        scene.logger.wait_for_more()
        scene.check_that_nothing_is_missing()
        scene.check_that_the_phone_hears_what_it_missed()
        scene.check_the_chain()
