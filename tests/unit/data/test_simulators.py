"""Simulated officers and loggers against a product that answers from memory."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from data.demo.enterprises import kuiwen_outlet_code
from data.demo.simulate import run_simulators
from data.demo.simulators.calls import CallAnswering
from data.demo.simulators.doors import DoorClosed, DoorRefused, Doors
from data.demo.simulators.frames import Sender, upload
from data.demo.simulators.loggers import LoggerFleet, LoggerSettings
from data.demo.simulators.movement import Trip, distance_m, heading
from data.demo.simulators.officers import Patrol, PatrolSettings
from data.demo.simulators.values import Instruments
from data.demo.users import GATEWAY_TOKEN, manned_codes, tracker_token
from data.demo.world import WorldSize, make_world
from data.hj212.frame import Frame

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
EVERYBODY = PatrolSettings(shares_on_duty=(("37", 1.0),), stay_s=(10.0, 20.0), duty_a_round=10_000)


@dataclass
class FakeProduct:
    """The product's doors, as far as the simulators use them, over a few officers and places."""

    officers: list[dict[str, Any]]
    points: list[dict[str, Any]] = field(default_factory=list)
    assignments: list[dict[str, Any]] = field(default_factory=list)
    fixes: list[dict[str, Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    tracked: list[httpx.QueryParams] = field(default_factory=list)
    steps: list[tuple[str, str, Any]] = field(default_factory=list)
    down: bool = False

    def doors(self) -> Doors:
        return Doors(httpx.AsyncClient(base_url="http://product", transport=httpx.MockTransport(self.answer)))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            return httpx.Response(503, text="going away")
        who = request.headers.get("authorization", "").removeprefix("Bearer ")
        body = json.loads(request.content) if request.content else None
        match request.method, request.url.path.split("/")[2:]:
            case "POST", ["session"]:
                return httpx.Response(200, json={"token": body["username"]})
            case "GET", ["officers"]:
                return _page(self.officers)
            case "GET", ["enterprises"]:
                return _page([{"lon": 119.15 + n / 200, "lat": 36.70 + n / 300} for n in range(6)])
            case "GET", ["points"]:
                return _page(self.points)
            case "GET", ["intake", "devices"]:
                return _page([{"mn": f"MN{p['id']:022d}", "point_id": p["id"], "state": "active"} for p in self.points])
            case "GET", ["assignments"]:
                return _page([row for row in self.assignments if row["state"] in request.url.params["state"] or True])
            case "POST", ["officers", officer_id, "duty"]:
                row = next(row for row in self.officers if row["id"] == int(officer_id))
                row |= {"on_duty": body["on"], "duty_until": body["until"]}
                return httpx.Response(200, json=row)
            case "GET", ["route"]:
                ends = [[float(x) for x in request.url.params[name].split(",")] for name in ("from", "to")]
                line = {"type": "LineString", "coordinates": ends}
                return httpx.Response(200, json={"route": line, "travel_time_s": 60.0, "distance_m": 900.0})
            case "POST", ["positions"] if who == GATEWAY_TOKEN:
                self.fixes += body
                self.batches.append(len(body))
                return httpx.Response(200, json={})
            case "GET", ["positions", "osmand"]:
                self.tracked.append(request.url.params)
                return httpx.Response(200)
            case "POST", ["assignments", assignment_id, step]:
                return self._step(int(assignment_id), step, who, body)
        return httpx.Response(404, text=f"{request.method} {request.url.path}")

    def _step(self, assignment_id: int, step: str, who: str, body: Any) -> httpx.Response:
        row = next(row for row in self.assignments if row["id"] == assignment_id)
        if body["version"] != row["version"]:
            return httpx.Response(409, text="stale")
        state = {"accept": "accepted", "depart": "departed", "arrive": "arrived", "finish": "finished"}[step]
        row |= {"state": state, "version": row["version"] + 1}
        self.steps.append((step, who, body.get("note")))
        answer = dict(row)
        if state == "finished":
            self.assignments.remove(row)
        return httpx.Response(200, json=answer)


def _page(rows: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"items": rows, "next": None})


def officer(number: int, code: str, **more: Any) -> dict[str, Any]:
    blank = {"lon": None, "lat": None, "on_duty": False, "duty_until": None, "demo": True}
    return {"id": number, "code": code, "region": code[:6], **blank, **more}


def offered(number: int, officer_id: int, *, drill: bool = False) -> dict[str, Any]:
    alert = {"id": 1, "lon": 119.16, "lat": 36.71, "drill": drill}
    return {"id": number, "officer_id": officer_id, "state": "offered", "version": 1, "alert": alert}


def patrol_of(product: FakeProduct, settings: PatrolSettings = EVERYBODY) -> Patrol:
    doors = product.doors()
    return Patrol(doors.with_token("province"), doors.with_token(GATEWAY_TOKEN), settings, random.Random(1))


async def rounds(patrol: Patrol, seconds: int, *, every: int = 5, start: datetime = START) -> datetime:
    at = start
    while at < start + timedelta(seconds=seconds):
        await patrol.round(at)
        at += timedelta(seconds=every)
    return at


async def test_officers_go_on_duty_and_report_at_their_pace() -> None:
    product = FakeProduct([officer(n, f"370705-{n:04d}") for n in range(30, 40)])
    patrol = patrol_of(product)
    await patrol.gather()
    await rounds(patrol, 300)
    assert all(row["on_duty"] for row in product.officers)
    counts = Counter(fix["officer_id"] for fix in product.fixes)
    assert set(counts) == set(range(30, 40))
    assert all(300 / 30 - 1 <= count <= 300 / 15 + 2 for count in counts.values())


async def test_officers_move_along_their_routes() -> None:
    product = FakeProduct([officer(30, "370705-0030")])
    patrol = patrol_of(product)
    await patrol.gather()
    await rounds(patrol, 3600)
    places = [(fix["lon"], fix["lat"]) for fix in product.fixes]
    assert max(distance_m(places[0], place) for place in places) > 200
    assert any(fix["speed_mps"] > 1 and fix["heading"] is not None for fix in product.fixes)
    assert any(fix["speed_mps"] == 0 and fix["heading"] is None for fix in product.fixes)


async def test_officers_with_a_person_behind_are_left_alone() -> None:
    product = FakeProduct([officer(n, code) for n, code in enumerate(sorted(manned_codes()))])
    patrol = patrol_of(product)
    await patrol.gather()
    assert patrol.officers == {}


async def test_drill_officers_and_real_officers_are_left_alone() -> None:
    product = FakeProduct([officer(1, "370705-0030", drill=True), officer(2, "370705-0031", demo=False)])
    patrol = patrol_of(product)
    await patrol.gather()
    assert patrol.officers == {}


async def test_a_batch_never_holds_more_than_five_hundred_fixes() -> None:
    product = FakeProduct([officer(n, f"370102-{n:04d}") for n in range(1, 1101)])
    patrol = patrol_of(product)
    await patrol.gather()
    await patrol.round(START)
    assert product.batches == [500, 500, 100]


async def test_officers_with_a_tracker_send_the_osmand_form_in_knots() -> None:
    product = FakeProduct([officer(22, "370705-0022")])
    patrol = patrol_of(product)
    await patrol.gather()
    await rounds(patrol, 600)
    assert product.fixes == []
    assert {query["id"] for query in product.tracked} == {tracker_token("370705-0022")}
    assert all(query["timestamp"].isdigit() for query in product.tracked)


async def test_who_is_on_duty_is_the_same_each_time() -> None:
    rows = [officer(n, f"370102-{n:04d}") for n in range(1, 301)]
    first, second = (patrol_of(FakeProduct(list(rows)), PatrolSettings()) for _ in range(2))
    await first.gather()
    await second.gather()
    assert first.officers.keys() == second.officers.keys()
    assert 0.25 * 300 < len(first.officers) < 0.42 * 300


async def test_more_officers_work_where_the_tour_plays_and_they_begin_first() -> None:
    rows = [officer(n, f"{area}-{n:04d}") for area in ("370102", "370705") for n in range(100, 200)]
    for number, row in enumerate(rows):
        row["id"] = number
    patrol = patrol_of(FakeProduct(rows), PatrolSettings())
    await patrol.gather()
    regions = [one.region for one in patrol.officers.values()]
    assert regions.count("370705") > 2 * regions.count("370102") > 0
    assert regions == sorted(regions, reverse=True)


async def test_an_officer_who_may_not_go_on_duty_is_forgotten() -> None:
    product = FakeProduct([officer(30, "370705-0030")])
    patrol = patrol_of(product)
    await patrol.gather()
    refuse = httpx.MockTransport(lambda request: httpx.Response(403, text="no"))
    patrol.desk = Doors(httpx.AsyncClient(base_url="http://product", transport=refuse))
    await patrol.round(START)
    assert patrol.officers == {}


async def test_a_call_is_accepted_driven_to_and_reported() -> None:
    product = FakeProduct([officer(30, "370705-0030")], assignments=[offered(5, 30)])
    patrol = patrol_of(product)
    await patrol.gather()
    await patrol.round(START)
    calls = CallAnswering(patrol, product.doors(), random.Random(1))
    at = START
    for _ in range(200):
        await patrol.round(at)
        await calls.round(at)
        at += timedelta(seconds=3)
    assert [step for step, _, _ in product.steps] == ["accept", "depart", "arrive", "finish"]
    assert {who for _, who, _ in product.steps} == {"370705-0030"}
    assert product.steps[-1][2]
    assert distance_m((product.fixes[-1]["lon"], product.fixes[-1]["lat"]), (119.16, 36.71)) < 6_000
    assert not patrol.officers[30].called


async def test_calls_to_people_and_drills_are_not_answered() -> None:
    product = FakeProduct([officer(30, "370705-0030")], assignments=[offered(5, 99), offered(6, 30, drill=True)])
    patrol = patrol_of(product)
    await patrol.gather()
    calls = CallAnswering(patrol, product.doors(), random.Random(1))
    for second in range(0, 60, 3):
        await calls.round(START + timedelta(seconds=second))
    assert product.steps == []


async def test_a_cancelled_call_frees_the_officer() -> None:
    product = FakeProduct([officer(30, "370705-0030")], assignments=[offered(5, 30)])
    patrol = patrol_of(product)
    await patrol.gather()
    calls = CallAnswering(patrol, product.doors(), random.Random(1))
    await calls.round(START)
    assert patrol.officers[30].called
    product.assignments.clear()
    await calls.round(START + timedelta(seconds=3))
    assert not patrol.officers[30].called


async def test_a_call_that_keeps_being_refused_is_given_up() -> None:
    product = FakeProduct([officer(30, "370705-0030")], assignments=[offered(5, 30)])
    patrol = patrol_of(product)
    await patrol.gather()
    tries: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        tries.append(request.url.path)
        return httpx.Response(401, text="no such user")

    closed = Doors(httpx.AsyncClient(base_url="http://product", transport=httpx.MockTransport(refuse)))
    calls = CallAnswering(patrol, closed, random.Random(1))
    for second in range(0, 600, 3):
        await calls.round(START + timedelta(seconds=second))
    assert len(tries) == 3


async def test_an_answer_of_the_product_that_it_cannot_now_is_told_apart_from_a_refusal() -> None:
    product = FakeProduct([], down=True)
    with pytest.raises(DoorClosed, match="503"):
        await product.doors().get("/api/officers")
    product.down = False
    with pytest.raises(DoorRefused, match="404"):
        await product.doors().get("/api/nothing")


async def test_lists_are_read_to_their_end() -> None:
    def two_pages(request: httpx.Request) -> httpx.Response:
        second = request.url.params.get("cursor") == "7"
        return httpx.Response(200, json={"items": [2] if second else [1], "next": None if second else "7"})

    doors = Doors(httpx.AsyncClient(base_url="http://product", transport=httpx.MockTransport(two_pages)))
    assert [row async for row in doors.rows("/api/officers")] == [1, 2]


def test_a_trip_passes_its_places_at_an_even_speed() -> None:
    trip = Trip([(119.0, 36.0), (119.0, 36.1), (119.1, 36.1)], started_at=100.0, travel_time_s=1000.0)
    assert trip.at(50.0).place == (119.0, 36.0)
    early, late = trip.at(200.0), trip.at(1000.0)
    assert early.heading == pytest.approx(0.0)
    assert late.heading == pytest.approx(90.0)
    assert early.speed_mps == pytest.approx(late.speed_mps)
    assert distance_m((119.0, 36.0), early.place) == pytest.approx(100 * early.speed_mps, rel=0.01)
    assert trip.at(1100.0).place == (119.1, 36.1)
    assert trip.at(1100.0).speed_mps == 0.0


def test_a_trip_over_places_that_repeat_does_not_divide_by_nothing() -> None:
    trip = Trip([(119.0, 36.0), (119.0, 36.0), (119.0, 36.0)], started_at=0.0, travel_time_s=10.0)
    assert trip.at(5.0).place == (119.0, 36.0)


def test_headings_are_clockwise_from_north() -> None:
    assert heading((119.0, 36.0), (118.9, 36.0)) == pytest.approx(270.0)


@dataclass
class FakeLink:
    sent: list[bytes]
    broken: bool = False

    async def send(self, data: bytes) -> None:
        if self.broken:
            raise ConnectionResetError("gone")
        self.sent.append(data)

    def close(self) -> None:
        self.broken = True


def world_points(count: int) -> list[dict[str, Any]]:
    points = make_world(WorldSize.weifang()).points[:count]
    return [{"id": p.number, **{name: getattr(p, name) for name in p._fields if name != "number"}} for p in points]


async def fleet_of(product: FakeProduct, settings: LoggerSettings) -> tuple[LoggerFleet, list[FakeLink]]:
    links: list[FakeLink] = []

    async def connect() -> FakeLink:
        links.append(FakeLink([]))
        return links[-1]

    fleet = LoggerFleet(product.doors(), connect, settings, random.Random(1))
    await fleet.gather(START)
    return fleet, links


async def run_fleet(fleet: LoggerFleet, seconds: int) -> None:
    for second in range(seconds):
        await fleet.round(START + timedelta(seconds=second))


async def test_loggers_send_frames_that_the_product_can_read_in_three_dialects() -> None:
    fleet, links = await fleet_of(FakeProduct([], world_points(200)), LoggerSettings(count=100, exceedance_every_s=0))
    await run_fleet(fleet, 700)
    frames = [Frame.parse(raw) for link in links for raw in link.sent]
    assert all(frame.warnings == () for frame in frames if frame.dialect != "2005")
    assert {frame.dialect for frame in frames} == {"2005", "2017", "2025"}
    assert {frame.cn for frame in frames} >= {"2011", "2051"}
    assert {frame.st for frame in frames} >= {"31", "32"}
    assert all(frame.ack_wanted and frame.pw == "123456" for frame in frames)
    assert len({(frame.mn, frame.qn) for frame in frames}) == len(frames)


async def test_each_logger_uploads_once_an_interval() -> None:
    fleet, links = await fleet_of(FakeProduct([], world_points(50)), LoggerSettings(count=50, exceedance_every_s=0))
    await run_fleet(fleet, 600)
    realtime = Counter(Frame.parse(raw).mn for link in links for raw in link.sent if b"CN=2011" in raw)
    assert len(realtime) == 50
    assert all(9 <= count <= 11 for count in realtime.values())


async def test_hour_and_minute_data_name_the_start_of_their_period() -> None:
    fleet, links = await fleet_of(FakeProduct([], world_points(3)), LoggerSettings(count=3, exceedance_every_s=0))
    await run_fleet(fleet, 4000)
    frames = [Frame.parse(raw) for link in links for raw in link.sent]
    hours = {frame.parameters["DataTime"] for frame in frames if frame.cn == "2061"}
    tens = {frame.parameters["DataTime"] for frame in frames if frame.cn == "2051"}
    assert hours == {"20261123090000"}  # 09:00 in China is 01:00 UTC
    assert {"20261123090000", "20261123091000"} <= tens


async def test_a_lost_connection_is_made_again_later() -> None:
    fleet, links = await fleet_of(FakeProduct([], world_points(1)), LoggerSettings(count=1, exceedance_every_s=0))
    await run_fleet(fleet, 5)
    links[0].broken = True
    await run_fleet(fleet, 200)
    assert len(links) == 2
    assert links[1].sent


async def test_now_and_then_something_fails_and_recovers() -> None:
    spare = frozenset({kuiwen_outlet_code()})
    settings = LoggerSettings(count=100, exceedance_every_s=60, spare=spare)
    fleet, links = await fleet_of(FakeProduct([], world_points(200)), settings)
    await run_fleet(fleet, 1200)
    high = Counter()  # type: ignore[var-annotated]
    by_mn = {logger.sender.mn: logger for logger in fleet.loggers}
    for raw in (raw for link in links for raw in link.sent if b"CN=2011" in raw and b"Flag=1;" not in raw):
        frame = Frame.parse(raw)
        logger = by_mn[str(frame.mn)]
        for code, limit in logger.instruments.failing_factors(START.date()).items():
            if float(frame.factors[code]["Rtd"]) > limit:
                high[logger.point_code] += 1
    assert high
    assert kuiwen_outlet_code() not in high
    assert sum(high.values()) < 100


def test_instruments_stay_within_the_limits_by_themselves() -> None:
    for point in make_world(WorldSize.weifang()).points:
        tools = Instruments(point.kind, point.standard, point.grade, random.Random(point.code), point.reference_oxygen)
        limits = tools.failing_factors(START.date())
        for _ in range(50):
            values = tools.measure()
            shown = {**values, **tools.converted(values)}
            assert all(shown[code] <= limit for code, limit in limits.items())


def test_concentrations_are_converted_to_the_reference_oxygen() -> None:
    tools = Instruments("stack", "DB37/664-2019", "ultra-low", random.Random(1), 6.0)
    values = {"a19001": 11.0, "a21026": 20.0, "a21002": 30.0, "a34013": 2.0}
    assert tools.converted(values) == {"a21026": 30.0, "a21002": 45.0, "a34013": 3.0}


def test_amounts_are_in_cubic_metres_and_kilograms() -> None:
    raw = upload(
        Sender("A" * 24, "123456", "outfall", "2017"),
        "2061",
        sent_at=START,
        data_at=START,
        values={"w00000": 100.0, "w01001": 7.0, "w01018": 50.0},
        converted={},
        period_s=3600,
    )
    factors = Frame.parse(raw).factors
    assert float(factors["w00000"]["Cou"]) == 360.0
    assert float(factors["w01018"]["Cou"]) == 18.0
    assert "Cou" not in factors["w01001"]


async def test_the_simulators_end_when_they_are_told_to_even_without_a_product() -> None:
    stop = asyncio.Event()
    tried: list[str] = []

    def nobody(request: httpx.Request) -> httpx.Response:
        tried.append(request.url.path)
        stop.set()
        raise httpx.ConnectError("nobody there")

    transport = httpx.MockTransport(nobody)
    await run_simulators("http://product", "127.0.0.1", 1, stop=stop, transport=transport)
    assert tried
