"""The drill's call: the desk rings the officer at the scene, who films; the desk sees, hears, and it is recorded.

Everything goes through the real doors: the feed rings, WHIP and WHEP carry, presence sockets keep both seats. The
officer's camera is a moving picture that bears a stamp, so the desk knows whose picture it decodes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import websockets

from command.drill.report import Report
from video.peer import Peer
from video.synthetic import MovingPicture, Tone

PICTURES, LOUD_ENOUGH = 15, 0.02  # a second of pictures; the tone has 0.2
WITHIN_S = 30.0
_PING_S = 1.5
_STAMP_OF_OFFICER = 77
_AGAIN_S = 0.25


class CallFailed(Exception):
    """The call did not come about; the message says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One of the two who speak: asks the doors in their name, and hears what the feed tells them."""

    client: httpx.AsyncClient
    token: str
    wait_for: Callable[[str, Callable[[dict[str, Any]], bool]], Awaitable[tuple[float, dict[str, Any]]]]

    async def ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | asked.pop("headers", {})
        answer = await self.client.request(method, path, headers=headers, **asked)
        if not answer.is_success:
            raise CallFailed(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    async def offer(self, path: str, offer: str) -> str:
        """Give an offer to a WHIP or WHEP door; a hub that is busy, or has nothing to show yet, is asked again."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                answer = await self.client.post(
                    path,
                    content=offer,
                    headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/sdp"},
                )
                if answer.status_code == httpx.codes.CREATED:
                    return answer.text
                if "retry-after" not in answer.headers:
                    raise CallFailed(f"POST {path}: {answer.status_code} {answer.text[:200]}")
                await asyncio.sleep(_AGAIN_S)

    @asynccontextmanager
    async def present(self, room_id: int) -> AsyncIterator[None]:
        """Keep the seat, as a page does with its socket."""
        url = str(self.client.base_url).replace("http", "ws", 1).rstrip("/") + f"/api/rooms/{room_id}/presence"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
            tasks = [asyncio.create_task(_ping(socket)), asyncio.create_task(_hear(socket))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _ping(socket: Any) -> None:
    while True:
        await socket.send(json.dumps({"kind": "ping", "quality": None}))
        await asyncio.sleep(_PING_S)


async def _hear(socket: Any) -> None:
    async for _ in socket:
        pass


async def hold_call(desk: Phone, officer: Phone, alert_id: int, officer_id: int, report: Report) -> None:
    """Ring, answer, film, see and hear, find the recording, hang up. Raises `CallFailed`."""
    began = report.clock()
    room = (await desk.ask("POST", "/api/rooms", json={"kind": "drill", "alert_id": alert_id})).json()
    door = f"/api/rooms/{room['id']}"
    seat = next((one["id"] for one in room["seats"] if one["officer_id"] == officer_id), None)
    if seat is None:
        raise CallFailed("the officer under way is not called")
    report.step("call opened", report.clock(), room=room["id"])
    at, _ = await officer.wait_for("room.rang", lambda data: data["id"] == room["id"])
    report.step("phone rang", at, after_s=round(at - began, 3))
    try:
        async with AsyncExitStack() as stack:
            for one in (desk, officer):
                await one.ask("POST", f"{door}/join")
                await stack.enter_async_context(one.present(room["id"]))
            camera = await Peer.publishing(
                [MovingPicture(_STAMP_OF_OFFICER), Tone()], lambda offer: officer.offer(f"{door}/whip", offer)
            )
            stack.push_async_callback(camera.close)
            await desk.wait_for("room.published", lambda data: data["id"] == room["id"] and data["seat_id"] == seat)
            screen = await Peer.viewing(lambda offer: desk.offer(f"{door}/whep?participant={seat}", offer))
            stack.push_async_callback(screen.close)
            await _see_and_hear(screen, report, began)
            await _find_recording(desk, door, report)
    finally:
        with suppress(CallFailed, httpx.HTTPError):
            now = (await desk.ask("GET", door)).json()
            await desk.ask("POST", f"{door}/close", json={"version": now["version"]})
    at, _ = await desk.wait_for("room.closed", lambda data: data["id"] == room["id"])
    report.step("call ended", at)


async def _see_and_hear(screen: Peer, report: Report, began: float) -> None:
    try:
        await screen.until(lambda: screen.pictures > 0, within_s=WITHIN_S)
        first = report.clock() - began
        await screen.until(
            lambda: screen.seen[_STAMP_OF_OFFICER] >= PICTURES and screen.loudest >= LOUD_ENOUGH, within_s=WITHIN_S
        )
    except TimeoutError:
        raise CallFailed(
            f"the desk decoded {screen.pictures} pictures, {screen.seen[_STAMP_OF_OFFICER]} of them the officer's, and"
            f" sound of {screen.loudest:.3f}, within {WITHIN_S:.0f} s"
        ) from None
    width, height = screen.size or (0, 0)
    report.step(
        "scene seen and heard",
        report.clock(),
        first_picture_s=round(first, 3),
        pictures=screen.pictures,
        size=f"{width}x{height}",
        picture_age_ms=sorted(screen.ages_ms)[len(screen.ages_ms) // 2],
    )


async def _find_recording(desk: Phone, door: str, report: Report) -> None:
    """The recorder comes by itself, as the rule for calls of this kind says, and writes as long as they last."""
    written = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            while not written:
                items = (await desk.ask("GET", f"{door}/recordings")).json()["items"]
                segments = [segment for one in items for segment in one["segments"]]
                written = sum(segment["bytes"] or 0 for segment in segments)
                if not written:
                    await asyncio.sleep(_AGAIN_S)
    if not written:
        raise CallFailed(f"nothing was recorded of the call within {WITHIN_S:.0f} s")
    report.step("call recorded", report.clock(), segments=len(segments), bytes=written)
