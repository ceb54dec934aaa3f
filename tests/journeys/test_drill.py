"""`./onemap drill` against a running product: the article's scene through the real doors, and why it fails."""

import json
import subprocess
from typing import Any

import pytest
from product import Person, Product, free_port

STEPS = [
    "officers on duty, positions sent",
    "frame sent",
    "frame acknowledged",
    "alert on the feed",
    "responders listed",
    "assignment offered",
    "phone notified",
    "accepted",
    "departed",
    "arrived",
    "picture sent, twice, kept once",
    "call opened",
    "phone rang",
    "scene seen and heard",
    "call recorded",
    "call ended",
    "finished",
    "closed",
    "timeline complete",
]


def end(drill: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    out, err = drill.communicate(timeout=120)
    assert out, err
    return drill.returncode, json.loads(out)


def drilled(product: Product, *more: str) -> tuple[int, dict[str, Any]]:
    said = product.command(*product.drill(*more), home=False)
    return said.code, json.loads(said.out)


def traces(person: Person) -> dict[str, list[Any]]:
    """Everything that a drill sets up and must take away."""
    return {
        "officers": [one["id"] for one in person.every("/api/officers")],
        "points": [one["id"] for one in person.every("/api/points")],
        "devices": [one["mn"] for one in person.every("/api/intake/devices")],
        "open assignments": [one["id"] for one in person.every("/api/assignments", state="open")],
        "open alerts": [one["id"] for one in person.every("/api/alerts", status="open")],
    }


def test_every_step_holds_and_nothing_is_left_but_a_closed_alert_marked_as_drill(
    product: Product, dispatcher: Person
) -> None:
    before = traces(dispatcher)
    code, report = end(product.process(*product.drill()))
    assert (code, report["failure"]) == (0, None), report
    assert report["ok"]
    assert [step["step"] for step in report["steps"]] == STEPS
    assert traces(dispatcher) == before
    alert_id = next(step["alert"] for step in report["steps"] if step["step"] == "alert on the feed")
    alert = dispatcher.get(f"/api/alerts/{alert_id}")
    assert (alert["status"], alert["drill"]) == ("closed", True)


def test_two_drills_at_once_both_hold(product: Product, dispatcher: Person) -> None:
    before = traces(dispatcher)
    # Both play at the same outfall, the first that has roads: each lists the other's officers and sends its own.
    drills = [product.process(*product.drill()), product.process(*product.drill("--user", "weifang"))]
    results = [end(drill) for drill in drills]
    assert [(code, report["failure"]) for code, report in results] == [(0, None), (0, None)]
    assert traces(dispatcher) == before


def test_a_wrong_password_is_the_reason_and_the_exit_code_is_1(product: Product) -> None:
    code, report = drilled(product, "--password", "not-this-one")
    assert code == 1
    assert not report["ok"]
    assert "401" in report["failure"]
    assert "password" in report["failure"]


def test_a_person_who_may_not_dispatch_cannot_run_a_drill(product: Product) -> None:
    code, report = drilled(product, "--user", "planner")
    assert code == 1
    assert "403" in report["failure"], report


def test_a_port_where_nobody_listens_is_the_reason(product: Product) -> None:
    code, report = drilled(product, "--url", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "connection" in report["failure"], report


def test_a_wrong_gateway_port_is_the_reason_and_leaves_nothing(product: Product, dispatcher: Person) -> None:
    before = traces(dispatcher)
    code, report = drilled(product, "--hj212", f"127.0.0.1:{free_port()}")
    assert code == 1
    assert "connection" in report["failure"], report
    assert traces(dispatcher) == before


@pytest.mark.parametrize("gateway", ["nonsense", "host:port", ":9212"])
def test_a_gateway_that_is_no_address_is_said_in_words(product: Product, gateway: str) -> None:
    code, report = drilled(product, "--hj212", gateway)
    assert code == 1
    assert "HOST:PORT" in report["failure"], report
