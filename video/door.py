"""The hub's own HTTP door, for the other processes of the house: no page and no device ever comes here.

Whoever knocks shows the hub's secret (`Authorization: Bearer`). Offers and answers are SDP inside JSON. Errors are
`{"error": NAME, "detail": words}`, NAME being a class of `video.errors`.
"""

import hmac
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from video.engine import Kind
from video.errors import BadOffer, HubBusy, MediaError, NoSuchLeg, NoSuchPublication
from video.hub import Hub
from video.offers import LONGEST_OFFER

STATUS_OF: Final = {
    BadOffer: HTTPStatus.BAD_REQUEST,
    NoSuchPublication: HTTPStatus.NOT_FOUND,
    NoSuchLeg: HTTPStatus.NOT_FOUND,
    HubBusy: HTTPStatus.SERVICE_UNAVAILABLE,
}

Name = Annotated[str, Field(min_length=1, max_length=200)]
Sdp = Annotated[str, Field(max_length=LONGEST_OFFER)]


class PublishIn(BaseModel):
    room: Name
    participant: Name
    offer: Sdp


class ViewIn(BaseModel):
    room: Name
    of: Name
    viewer: Name
    offer: Sdp


class LegOut(BaseModel):
    id: str
    answer: str


class SeatIn(BaseModel):
    room: Name
    participant: Name


class MuteIn(SeatIn):
    kinds: set[Kind]
    number: int


class RoomIn(BaseModel):
    room: Name


class LoadOut(BaseModel):
    """What the hub carries and how hard it works."""

    rooms: int
    publications: int
    viewings: int
    cpu: float
    lag_s: float


def create_hub_app(hub: Hub, secret: str) -> FastAPI:
    """The door of one hub."""

    def check(request: Request) -> None:
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {secret}".encode()):
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "the hub's secret is missing or wrong")

    app = FastAPI(title="media hub", dependencies=[Depends(check)], docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(MediaError)
    async def refused(_request: Request, problem: MediaError) -> JSONResponse:
        words: dict[str, str | float] = {"error": type(problem).__name__, "detail": str(problem)}
        if isinstance(problem, HubBusy):
            words["retry_after_s"] = problem.retry_after_s
        return JSONResponse(words, STATUS_OF[type(problem)])

    @app.post("/publish", status_code=HTTPStatus.CREATED)
    async def publish(asked: PublishIn) -> LegOut:
        leg = await hub.publish(asked.room, asked.participant, asked.offer)
        return LegOut(id=leg.id, answer=leg.answer)

    @app.post("/view", status_code=HTTPStatus.CREATED)
    async def view(asked: ViewIn) -> LegOut:
        leg = await hub.view(asked.room, asked.of, asked.viewer, asked.offer)
        return LegOut(id=leg.id, answer=leg.answer)

    @app.delete("/legs/{leg}", status_code=HTTPStatus.NO_CONTENT)
    async def close(leg: str) -> None:
        await hub.close(leg)

    @app.post("/remove", status_code=HTTPStatus.NO_CONTENT)
    async def remove(seat: SeatIn) -> None:
        await hub.remove(seat.room, seat.participant)

    @app.post("/mute", status_code=HTTPStatus.NO_CONTENT)
    async def mute(asked: MuteIn) -> None:
        await hub.mute(asked.room, asked.participant, asked.kinds, number=asked.number)

    @app.post("/close-room", status_code=HTTPStatus.NO_CONTENT)
    async def close_room(asked: RoomIn) -> None:
        await hub.close_room(asked.room)

    @app.get("/stats")
    async def room_stats(room: str) -> dict[str, dict[str, float]]:
        return {leg: dict(figures) for leg, figures in (await hub.stats(room)).items()}

    @app.get("/load")
    async def load() -> LoadOut:
        return LoadOut.model_validate(hub.load())

    return app
