"""Plays the article's scene against a running OneMap, from outside: as a logger, as officers, as a dispatcher."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from command.drill.report import Report
from data.hj212.errors import FrameError
from data.hj212.frame import Frame
from data.hj212.readings import CHINA_STANDARD_TIME

RADIUS_M = 3_000.0
COD = "w01018"
LIMIT_MG_L, SENT_MG_L = 50.0, 86.4  # GB 18918-2002 grade 1A, and what the outfall reports
_STEP_WITHIN_S = 15.0
# Where the drill's officers stand: metres away, and bearing.
_STANDS = ((1_400.0, 80.0), (2_300.0, 200.0), (700.0, 320.0), (2_700.0, 140.0))
# What a call leaves in the timeline, besides what comes and goes with the network.
_CALL = ("room.opened", "room.rang", "room.joined", "room.joined", "room.published", "room.closed")
# One pixel, but a whole PNG.
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763a8afaf07000"
    "27f0180d52b9c0e0000000049454e44ae426082"
)


class StepFailed(Exception):
    """A step of the drill did not hold; the message says what was seen instead."""


async def run_drill(url: str, *, hj212: str | None, user: str, password: str, at: str | None, as_json: bool) -> int:
    """Play the scene, print what happened when, and return the exit code: 0 only if every step held."""
    report = Report(url)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
            await _play(client, report, _gateway(url, hj212), user, password, at)
    except StepFailed as error:
        report.failed(str(error))
    except (httpx.HTTPError, OSError, websockets.WebSocketException, TimeoutError) as error:
        report.failed(f"the connection did not hold: {error or type(error).__name__}")
    report.print(as_json=as_json)
    return report.exit_code


def _gateway(url: str, hj212: str | None) -> tuple[str, int]:
    if hj212 is None:
        return urlsplit(url).hostname or "127.0.0.1", 9212
    host, _, port = hj212.rpartition(":")
    if not host or not port.isdigit():
        raise StepFailed(f"--hj212 is HOST:PORT, not {hj212}")
    return host, int(port)


async def _play(
    client: httpx.AsyncClient, report: Report, gateway: tuple[str, int], user: str, password: str, at: str | None
) -> None:
    async with await _sign_in(client, user, password) as desk:
        lon, lat = _lonlat(at) if at else await _choose_scene(desk)
        cast = await _ok(desk.post("/api/drills", json={"lon": lon, "lat": lat, "officers": len(_STANDS)}))
        report.say(drill=cast["id"], region=cast["region"], lon=lon, lat=lat)
        try:
            async with AsyncExitStack() as stack:
                scene = _Scene(client, desk, cast, lon, lat, gateway, report)
                scene.desk_feed = await stack.enter_async_context(_feed(client, desk.headers["Authorization"], report))
                await scene.play(stack)
        finally:
            await desk.delete(f"/api/drills/{cast['id']}")


@dataclass
class _Feed:
    """One open live feed with everything it has said, so that no step misses what came early."""

    socket: ClientConnection
    clock: Callable[[], float]
    seen: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        async for message in self.socket:
            async with self.news:
                self.seen.append((self.clock(), json.loads(message)))
                self.news.notify_all()

    async def wait_for(self, kind: str, fits: Callable[[dict[str, Any]], bool]) -> tuple[float, dict[str, Any]]:
        """The first frame of this kind that fits, and when it came (seconds on the report's clock)."""

        def found() -> tuple[float, dict[str, Any]] | None:
            return next(((at, one["data"]) for at, one in self.seen if one["kind"] == kind and fits(one["data"])), None)

        try:
            async with asyncio.timeout(_STEP_WITHIN_S), self.news:
                await self.news.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise StepFailed(f"no {kind} came over the live feed within {_STEP_WITHIN_S:.0f} s") from None
        at_and_data = found()
        assert at_and_data is not None  # noqa: S101 - the condition above
        return at_and_data


@asynccontextmanager
async def _feed(client: httpx.AsyncClient, authorization: str, report: Report) -> AsyncIterator[_Feed]:
    address = str(client.base_url).replace("http", "ws", 1).rstrip("/") + "/api/live?topics=alerts,assignments,rooms"
    headers = {"Authorization": authorization}
    async with websockets.connect(address, additional_headers=headers, proxy=None) as socket:
        feed = _Feed(socket, report.clock)
        await socket.recv()  # hello: from here on nothing is missed
        listener = asyncio.create_task(feed.listen())
        try:
            yield feed
        finally:
            listener.cancel()


@dataclass
class _Scene:
    """The players and their props."""

    client: httpx.AsyncClient
    desk: httpx.AsyncClient
    cast: dict[str, Any]
    lon: float
    lat: float
    gateway: tuple[str, int]
    report: Report
    desk_feed: _Feed = field(init=False)

    async def play(self, stack: AsyncExitStack) -> None:
        await self._take_positions()
        phones = {
            player["officer_id"]: await stack.enter_async_context(
                _feed(self.client, f"Bearer {player['session_token']}", self.report)
            )
            for player in self.cast["players"]
        }
        alert = await self._alarm()
        best = await self._responders(alert)
        assignment = await self._assign(alert, best)
        at, _ = await phones[best].wait_for("assignment.offered", lambda data: data["id"] == assignment["id"])
        self.report.step("phone notified", at, officer=assignment["officer_name"])
        assignment = await self._officer_steps(best, assignment, phones[best])
        await self._close(alert)

    async def _take_positions(self) -> None:
        for player, (distance_m, bearing) in zip(self.cast["players"], _STANDS, strict=True):
            await self._report_position(player, *_away(self.lon, self.lat, distance_m, bearing))
        self.report.step("officers on duty, positions sent", self.report.clock(), officers=len(_STANDS))

    async def _report_position(self, player: dict[str, Any], lon: float, lat: float) -> None:
        """As OsmAnd and Traccar Client do: a GET with everything in the query."""
        answer = await self.client.get(
            "/api/positions/osmand",
            params={
                "id": player["device_token"],
                "lat": f"{lat:.7f}",
                "lon": f"{lon:.7f}",
                "timestamp": f"{datetime.now(UTC).timestamp():.0f}",
                "speed": "0",
                "accuracy": "5",
            },
        )
        if answer.status_code != httpx.codes.OK or answer.json()["accepted"] != 1:
            raise StepFailed(f"the position of {player['name']} was not taken: {_words(answer)}")

    async def _alarm(self) -> dict[str, Any]:
        frame = self._frame()
        self.report.start()
        self.report.step("frame sent", self.report.clock(), cod_mg_l=SENT_MG_L, limit_mg_l=LIMIT_MG_L)
        answer = await self._send(frame)
        self.report.step("frame acknowledged", self.report.clock(), cn=answer.cn)
        if (answer.cn, answer.qn) != ("9014", frame.qn):
            raise StepFailed(f"the gateway answered CN={answer.cn} QN={answer.qn}, not 9014 to {frame.qn}")
        at, alert = await self.desk_feed.wait_for(
            "alert.raised", lambda data: data["point_id"] == self.cast["point_id"]
        )
        self.report.step("alert on the feed", at, alert=alert["id"], title=alert["title"])
        self._check(alert["drill"], "the alert is not marked as drill")
        self._check(alert["factor"] == COD and alert["value"] == SENT_MG_L, f"the alert says {alert['value']}")
        self._check(self.report.since_start(at) < 1.0, "the alert took a second or more from the frame")
        return alert

    def _frame(self) -> Frame:
        now = datetime.now(CHINA_STANDARD_TIME)
        return Frame(
            qn=now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03d}",
            st="32",
            cn="2011",
            pw=self.cast["password"],
            mn=self.cast["mn"],
            flag=5,
            cp=f"DataTime={now:%Y%m%d%H%M%S};{COD}-Rtd={SENT_MG_L},{COD}-Flag=N;w00000-Rtd=231.0,w00000-Flag=N",
        )

    async def _send(self, frame: Frame) -> Frame:
        reader, writer = await asyncio.open_connection(*self.gateway)
        try:
            writer.write(bytes(frame))
            await writer.drain()
            async with asyncio.timeout(_STEP_WITHIN_S):
                return Frame.parse(await reader.readuntil(b"\r\n"))
        except (TimeoutError, asyncio.IncompleteReadError):
            raise StepFailed("the gateway did not acknowledge the frame") from None
        except FrameError as error:
            raise StepFailed(f"the gateway's answer is no frame: {error}") from None
        finally:
            writer.close()

    async def _responders(self, alert: dict[str, Any]) -> int:
        answer = await _ok(self.desk.get(f"/api/alerts/{alert['id']}/responders", params={"radius_m": RADIUS_M}))
        at = self.report.clock()
        # Another drill may play at the same place: its officers are listed too, and are none of ours to send.
        ours = {player["officer_id"] for player in self.cast["players"]}
        listed = [one for one in answer["responders"] if one["officer_id"] in ours]
        self.report.step(
            "responders listed", at, officers=len(listed), computed_ms=answer["computed_ms"], best=_best(listed)
        )
        self._check(len(listed) == len(ours), f"{len(listed)} of our officers are listed, not {len(ours)}")
        times = [one["travel_time_s"] for one in listed]
        reachable = [time for time in times if time is not None]
        self._check(bool(reachable), "no road leads from any officer to the scene")
        self._check(times == sorted(reachable) + [None] * (len(times) - len(reachable)), f"not in order: {times}")
        self._check(all(one["distance_m"] <= RADIUS_M for one in listed), "somebody is farther than the radius")
        self._check(self.report.since_start(at) < 2.0, "the ranked list took two seconds or more from the frame")
        best: int = listed[0]["officer_id"]
        return best

    async def _assign(self, alert: dict[str, Any], officer_id: int) -> dict[str, Any]:
        body = {"officer_ids": [officer_id], "note": "演练：请到现场核查排口", "version": alert["version"]}
        answer = await _ok(self.desk.post(f"/api/alerts/{alert['id']}/assignments", json=body))
        assignment: dict[str, Any] = answer["assignments"][0]
        self.report.step("assignment offered", self.report.clock(), officer=assignment["officer_name"])
        second = await self.desk.post(f"/api/alerts/{alert['id']}/assignments", json=body)
        self._check(second.status_code == httpx.codes.CONFLICT, f"a second, late assignment got {second.status_code}")
        return assignment

    async def _officer_steps(self, officer_id: int, assignment: dict[str, Any], ringing: _Feed) -> dict[str, Any]:
        player = next(one for one in self.cast["players"] if one["officer_id"] == officer_id)
        phone, first = {"Authorization": f"Bearer {player['session_token']}"}, assignment
        for step, state in (
            ("accept", "accepted"),
            ("depart", "departed"),
            ("arrive", "arrived"),
            ("finish", "finished"),
        ):
            if step == "arrive":
                await self._report_position(player, self.lon, self.lat)
            if step == "finish":
                await self._send_picture(phone, assignment)
                await self._call(assignment, player, ringing)
            body = {"version": assignment["version"], "note": "演练：现场已核查" if step == "finish" else None}
            assignment = await _ok(
                self.client.post(f"/api/assignments/{assignment['id']}/{step}", json=body, headers=phone)
            )
            self._check(assignment["state"] == state, f"after {step} the assignment is {assignment['state']}")
            at, _ = await self.desk_feed.wait_for(f"assignment.{state}", lambda data: data["id"] == first["id"])
            self.report.step(state, at)
        return assignment

    async def _send_picture(self, phone: dict[str, str], assignment: dict[str, Any]) -> None:
        path, picture_id = f"/api/assignments/{assignment['id']}/photos", str(uuid4())
        for expected in (httpx.codes.CREATED, httpx.codes.OK):  # the second time as after a lost answer
            answer = await self.client.post(
                path, headers=phone, data={"id": picture_id}, files={"file": ("scene.png", _PICTURE, "image/png")}
            )
            self._check(answer.status_code == expected, f"the picture was answered {_words(answer)}")
        self.report.step("picture sent, twice, kept once", self.report.clock())

    async def _call(self, assignment: dict[str, Any], player: dict[str, Any], ringing: _Feed) -> None:
        """Call the officer at the scene, who films."""
        # Only here: nobody who asks for another command waits until WebRTC is loaded.
        from command.drill.call import CallFailed, Phone, hold_call

        token = self.desk.headers["Authorization"].removeprefix("Bearer ")
        try:
            await hold_call(
                Phone(self.client, token, self.desk_feed.wait_for),
                Phone(self.client, player["session_token"], ringing.wait_for),
                assignment["alert_id"],
                player["officer_id"],
                self.report,
            )
        except CallFailed as error:
            raise StepFailed(f"the call: {error}") from None

    async def _close(self, alert: dict[str, Any]) -> None:
        now = await _ok(self.desk.get(f"/api/alerts/{alert['id']}"))
        body = {"version": now["version"], "note": "演练结束"}
        await _ok(self.desk.post(f"/api/alerts/{alert['id']}/close", json=body))
        at, _ = await self.desk_feed.wait_for("alert.closed", lambda data: data["id"] == alert["id"])
        self.report.step("closed", at)
        timeline = await _ok(self.desk.get(f"/api/alerts/{alert['id']}/timeline"))
        kinds = [one["kind"] for one in timeline["items"]]
        called = [kind for kind in kinds if kind in _CALL]
        self._check(called == list(_CALL), f"of the call the timeline reads {', '.join(called)}")
        kinds = [kind for kind in kinds if kind.startswith(("alert.", "assignment."))]
        expected = ["alert.raised", "alert.acknowledged", "assignment.offered", "assignment.accepted"]
        expected += ["assignment.departed", "assignment.arrived", "assignment.finished", "alert.closed"]
        self._check(kinds == expected, f"the timeline reads {', '.join(kinds)}")
        self.report.step("timeline complete", self.report.clock(), events=len(timeline["items"]))

    def _check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise StepFailed(otherwise)


async def _sign_in(client: httpx.AsyncClient, user: str, password: str) -> httpx.AsyncClient:
    session = await _ok(client.post("/api/session", json={"username": user, "password": password}))
    client.cookies.clear()  # the desk goes by its token, so that the phones' doors see no stranger's cookie
    return httpx.AsyncClient(
        base_url=client.base_url,
        timeout=30,
        trust_env=False,
        headers={"Authorization": f"Bearer {session['token']}"},
    )


async def _choose_scene(desk: httpx.AsyncClient) -> tuple[float, float]:
    """An outfall of the person's own area that two drives lead to; a sewage plant when there is one."""
    points = (await _ok(desk.get("/api/points", params={"kind": "outfall", "limit": 500})))["items"]
    if not points:
        raise StepFailed("there is no outfall in your area; say where the scene is: --at LON,LAT")
    points.sort(key=lambda one: "污水处理厂" not in one["name"])
    for point in points[:40]:
        place = point["lon"], point["lat"]
        starts = [_away(*place, distance_m, bearing) for distance_m, bearing in _STANDS[:2]]
        drives = [await desk.get("/api/route", params={"from": _text(start), "to": _text(place)}) for start in starts]
        if all(drive.status_code == httpx.codes.OK for drive in drives):
            return place
    raise StepFailed("no road leads to any of the first outfalls of your area; say where the scene is: --at LON,LAT")


async def _ok(request: Any) -> Any:
    answer: httpx.Response = await request
    if not answer.is_success:
        raise StepFailed(f"{answer.request.method} {answer.request.url.path}: {_words(answer)}")
    return answer.json()


def _words(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {answer.json().get('detail', answer.text)}"
    except (ValueError, AttributeError):
        return f"{answer.status_code} {answer.text[:200]}"


def _best(listed: list[dict[str, Any]]) -> str | None:
    first = listed[0] if listed else None
    if first is None or first["travel_time_s"] is None:
        return None
    return f"{first['name']} {first['travel_time_s'] / 60:.1f} min"


def _lonlat(text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise StepFailed(f"--at is LON,LAT in degrees, not {text}") from None
    return lon, lat


def _text(place: tuple[float, float]) -> str:
    return f"{place[0]:.6f},{place[1]:.6f}"


def _away(lon: float, lat: float, distance_m: float, bearing: float) -> tuple[float, float]:
    """A place so far away in that direction (degrees from north); flat is good enough at this distance."""
    north, east = math.cos(math.radians(bearing)) * distance_m, math.sin(math.radians(bearing)) * distance_m
    return lon + east / (111_320 * math.cos(math.radians(lat))), lat + north / 110_900
