"""What the OpenAPI promises, held against generated requests: no server errors, answers as described."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from routing.network import RoadStore
from tests.house import CENTRE, House, house, listening

EXAMPLES = 8
# A generated request would sign us out, and everything after it would be a 401.
NOT_CALLED = {("delete", "/api/session")}


@schemathesis.serializer("application/sdp")
def offer(_: object, value: Any) -> bytes:
    """An SDP is sent as it is; what is generated is no SDP, and must be refused as such."""
    return str(value).encode()


class Running:
    """The application in a thread of its own, for callers that know no asyncio."""

    def __init__(self, url: str, roads: RoadStore) -> None:
        self._url, self._roads = url, roads
        self._ready, self._thread = threading.Event(), threading.Thread(target=self._run)
        self.house: House
        self.address = ""

    def __enter__(self) -> "Running":
        self._thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with house(self._url, self._roads) as self.house, listening(self.house.app) as address:
            await _some_rows(self.house)
            self.address = f"http://{address}"
            self._ready.set()
            await self._stop.wait()


async def _some_rows(made: House) -> None:
    """So that small ids lead to something."""
    await made.outfall()
    officer = await made.officer("officer1", CENTRE)
    await made.assign(await made.raise_alert(), officer)
    await made.raise_alert()


@pytest.fixture(scope="module")
def running(module_house_url: str, town_roads: RoadStore) -> Iterator[Running]:
    with Running(module_house_url, town_roads) as app:
        yield app


def test_generated_requests_get_the_answers_that_the_openapi_describes(running: Running) -> None:
    schema = schemathesis.openapi.from_dict(running.house.app.openapi())
    headers = {"Authorization": "Bearer " + running.house.tokens["duty"]}
    failures: dict[str, str] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method, operation.path) in NOT_CALLED:
            continue

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def hold(case: schemathesis.Case) -> None:
            response = case.call(base_url=running.address, headers=headers, timeout=20)
            case.validate_response(
                response, checks=[not_a_server_error, content_type_conformance, response_schema_conformance]
            )
            if response.status_code >= 400:
                assert response.headers["content-type"] == ["application/problem+json"]
                assert response.json()["detail"]

        try:
            hold()
        except Exception as error:  # noqa: BLE001 - gathered, so that one run shows all
            failures[f"{operation.method} {operation.path}"] = str(error)[:1500]
    assert not failures, "\n\n".join(f"{name}: {words}" for name, words in failures.items())


_NUL, _HUGE = "a\0b", str(2**63)


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/api/session", {"json": {"username": _NUL, "password": _NUL}}),
        ("POST", "/api/session", {"content": b'{"username": "\\ud800", "password": "x"}'}),
        ("POST", "/api/alerts", {"json": {"lon": CENTRE[0], "lat": CENTRE[1], "title": _NUL}}),
        ("POST", "/api/alerts", {"content": b'{"lon": 1e999, "lat": NaN, "title": "x"}'}),
        ("POST", "/api/alerts", {"content": b'{"lon": 119, "lat": 36, "title": "\\ud83d"}'}),
        ("POST", "/api/alerts", {"content": "标题".encode("gbk")}),
        ("POST", "/api/alerts/1/close", {"json": {"version": 1, "note": _NUL}}),
        ("POST", "/api/alerts/1/acknowledge", {"json": {"version": 2**63}}),
        ("POST", "/api/alerts/2/assignments", {"json": {"version": 1, "officer_ids": [2**63]}}),
        ("POST", "/api/assignments/1/cancel", {"json": {"version": 1, "reason": _NUL}}),
        ("POST", "/api/roads/closures", {"json": {"geometry": {"type": "Point", "coordinates": []}, "reason": "x"}}),
        (
            "POST",
            "/api/roads/closures",
            {"json": {"geometry": {"type": "Point", "coordinates": list(CENTRE)}, "reason": _NUL}},
        ),
        ("GET", f"/api/alerts/{_HUGE}", {}),
        ("GET", f"/api/officers/{_HUGE}", {}),
        ("GET", f"/api/enterprises/{_HUGE}", {}),
        ("GET", f"/api/points/{_HUGE}", {}),
        ("DELETE", f"/api/roads/closures/{_HUGE}", {}),
        ("GET", "/api/enterprises", {"params": {"q": _NUL}}),
        ("GET", "/api/enterprises", {"params": {"tags": _NUL}}),
        ("GET", "/api/intake/quarantine", {"params": {"mn": _NUL}}),
        ("GET", "/api/points/1/readings", {"params": {"factor": _NUL}}),
        ("GET", "/api/points/1/readings", {"params": {"factor": "w", "from": "0001-01-01T00:00:00Z"}}),
        ("GET", "/api/layers/alerts/features", {"params": {"kind": _NUL}}),
        ("GET", f"/tiles/alerts/{_HUGE}/0/0.mvt", {}),
        ("GET", "/tiles/%00/1/0/0.mvt", {}),
        ("GET", "/api/route", {"params": {"from": "nan,nan", "to": "1,2"}}),
        ("GET", "/api/isochrone", {"params": {"at": "119.1,36.7", "minutes": "1e999"}}),
        ("GET", "/api/alerts", {"params": {"cursor": "9" * 19}}),
        ("GET", "/api/alerts", {"params": {"cursor": "١٢"}}),
        ("GET", "/api/positions/osmand", {"params": {"id": _NUL, "lat": "1", "lon": "1"}}),
        ("POST", "/api/positions/osmand", {"content": b'{"device_id": "\\u0000"}'}),
    ],
)
def test_values_that_nobody_can_store_are_the_senders_to_mend(
    running: Running, method: str, path: str, sent: dict[str, object]
) -> None:
    headers = {"Authorization": "Bearer " + running.house.tokens["duty"], "Content-Type": "application/json"}
    answer = httpx.request(method, running.address + path, headers=headers, trust_env=False, **sent)  # type: ignore[arg-type]
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
