"""HTTP doors of dispatch: assignments and pictures."""

import asyncio
import hashlib
import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.api import Change, Id
from command.alerts.views import AlertOut, AssignmentOut, alert_view, assignment_view, assignment_views
from command.dispatch import handlers
from command.dispatch.rankings import MOST_RECORDED, Seen, ShownRanking
from command.dispatch.reach import Question, who_can_reach
from command.dispatch.responders import rank_responders
from command.dispatch.responders_api import MOST_MINUTES, RADIUS_M, WIDEST_M, roads_version
from command.dispatch.tables import OPEN_STATES, Assignment, Photo
from command.problems import Refused
from command.settings import DispatchSettings
from gis.http import Listing, NotFound, PageDep, ScopeDep, SessionDep, require

router = APIRouter(tags=["dispatch"])

MAX_PHOTO_BYTES = 8 * 1024 * 1024
_SIGNATURES = {
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}

State = Literal["offered", "accepted", "declined", "departed", "arrived", "finished", "cancelled", "open"]
StepName = Literal["accept", "decline", "depart", "arrive", "finish", "cancel"]


class SeenIn(BaseModel):
    """An officer as the sender's screen showed them."""

    officer_id: Id
    travel_time_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class NewAssignments(Change):
    officer_ids: list[Id] = Field(min_length=1, max_length=20)
    note: str = Field(default="", max_length=2000)
    override_reason: str | None = Field(
        default=None, max_length=500, description="why not the first of the list; needed when it is somebody else"
    )
    radius_m: float | None = Field(
        default=None, gt=0, le=WIDEST_M, allow_inf_nan=False, description="of the list; 3000 unless within_min is given"
    )
    within_min: float | None = Field(
        default=None, gt=0, le=MOST_MINUTES, allow_inf_nan=False, description="of the list: minutes by road"
    )
    seen: list[SeenIn] | None = Field(
        default=None, max_length=MOST_RECORDED, description="the list as the screen showed it, for the replay"
    )


class AssignedOut(BaseModel):
    alert: AlertOut
    assignments: list[AssignmentOut]


class StepIn(Change):
    note: str | None = Field(default=None, max_length=4000)
    reason: str | None = Field(default=None, max_length=500)
    taken_at: AwareDatetime | None = Field(
        default=None, description="when the step was taken, from a phone that could only tell later; now if left out"
    )


class PhotoOut(BaseModel):
    id: UUID
    assignment_id: int
    stored: bool


@router.post("/api/alerts/{alert_id}/assignments", status_code=201)
async def assign(
    alert_id: Id, new: NewAssignments, request: Request, session: SessionDep, scope: ScopeDep
) -> AssignedOut:
    """Call officers to an alert. 409 says who was faster, or which officer is busy; nothing is half done."""
    require(scope, "duty", "dispatcher")
    settings: DispatchSettings = request.app.state.dispatch
    async with session.begin():
        alert = await alert_view(session, alert_id)
        view, offered = await handlers.assign(
            session,
            scope,
            handlers.Call(
                alert_id,
                new.version,
                set(new.officer_ids),
                await _shown(request, session, alert, new),
                (new.override_reason or "").strip() or None,
            ),
            note=new.note,
            offer_timeout=settings.offer_timeout,
        )
    return AssignedOut(alert=view, assignments=offered)


@router.get("/api/assignments")
async def list_assignments(
    session: SessionDep, page: PageDep, officer: Id | None = None, state: State | None = None
) -> Listing[AssignmentOut]:
    """Assignments of one's area (an officer's: one's own), newest first; `state=open` is all that are not ended."""
    query = select(Assignment).order_by(Assignment.id.desc()).limit(page.limit)
    if page.cursor is not None:
        query = query.where(Assignment.id < page.after())
    if officer is not None:
        query = query.where(Assignment.officer_id == officer)
    if state is not None:
        query = query.where(Assignment.state.in_(OPEN_STATES if state == "open" else (state,)))
    views = await assignment_views(session, query)
    return Listing[AssignmentOut](items=views, next=page.cut(views))


@router.get("/api/assignments/{assignment_id}")
async def show_assignment(assignment_id: Id, session: SessionDep) -> AssignmentOut:
    return await assignment_view(session, assignment_id)


@router.post("/api/assignments/{assignment_id}/photos", status_code=201)
async def send_photo(
    assignment_id: Id,
    response: Response,
    session: SessionDep,
    scope: ScopeDep,
    file: UploadFile,
    id: Annotated[UUID, Form()],
    taken_at: Annotated[datetime | None, Form()] = None,
) -> PhotoOut:
    """Send a picture from the scene; sending it again with the same id stores nothing and answers 200."""
    content = await file.read(MAX_PHOTO_BYTES + 1)
    if len(content) > MAX_PHOTO_BYTES:
        raise Refused(f"the picture is larger than {MAX_PHOTO_BYTES // 1024 // 1024} MB; send a smaller one")
    media_type = next((kind for kind, start in _SIGNATURES.items() if start.match(content)), None)
    if media_type is None:
        raise Refused("this is no JPEG, PNG or WebP picture")
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    photo = Photo(
        id=id,
        assignment_id=assignment_id,
        media_type=media_type,
        sha256=digest,
        taken_at=taken_at if taken_at and taken_at.tzinfo else None,
        content=content,
    )
    async with session.begin():
        stored = await handlers.keep_photo(session, scope, photo)
    response.status_code = 201 if stored else 200
    return PhotoOut(id=id, assignment_id=assignment_id, stored=stored)


@router.get("/api/assignments/{assignment_id}/photos")
async def list_photos(assignment_id: Id, session: SessionDep) -> Listing[PhotoOut]:
    ids = await session.scalars(
        select(Photo.id).where(Photo.assignment_id == assignment_id).order_by(Photo.received_at, Photo.id)
    )
    return Listing[PhotoOut](items=[PhotoOut(id=one, assignment_id=assignment_id, stored=True) for one in ids])


@router.get("/api/photos/{photo_id}", response_class=Response)
async def show_photo(photo_id: UUID, session: SessionDep) -> Response:
    photo = await session.get(Photo, photo_id)
    if photo is None:
        raise NotFound("there is no such picture in your area")
    return Response(photo.content, media_type=photo.media_type, headers={"X-Content-Type-Options": "nosniff"})


# Declared last: `photos` above must not be taken for a step.
@router.post("/api/assignments/{assignment_id}/{step}")
async def take_step(
    assignment_id: Id, step: StepName, taken: StepIn, session: SessionDep, scope: ScopeDep
) -> AssignmentOut:
    """Accept, decline, depart, arrive, finish (the officer) or cancel (the desk)."""
    async with session.begin():
        return await handlers.take_step(
            session,
            scope,
            assignment_id=assignment_id,
            step_name=step,
            version=taken.version,
            words=taken.reason or taken.note,
            taken_at=taken.taken_at,
        )


async def _shown(request: Request, session: AsyncSession, alert: AlertOut, new: NewAssignments) -> ShownRanking:
    """The list at this moment, and as the screen showed it; who is on the screen is in it even if they have left."""
    state, origin = request.app.state, (alert.lon, alert.lat)
    settings: DispatchSettings = state.dispatch
    seen = None if new.seen is None else [Seen(one.officer_id, one.travel_time_s) for one in new.seen]
    declined = {one.officer_id for one in alert.assignments if one.state == "declined" and one.officer_id}
    radius_m = RADIUS_M if new.radius_m is None and new.within_min is None else new.radius_m
    within_s = None if new.within_min is None else new.within_min * 60
    question = Question(origin, radius_m, within_s, drill=alert.drill, declined=declined)
    ranked = await who_can_reach(session, state.roads, state.officers.index, settings, question)
    also = {*new.officer_ids, *(one.officer_id for one in seen or ())} - {one.officer_id for one in ranked}
    ranked += await rank_responders(
        session,
        state.roads,
        origin=origin,
        officer_ids=also,
        drill=alert.drill,
        stale_after=settings.stale_after,
        declined=declined,
        routes=0,
    )
    return ShownRanking(ranked, radius_m, roads_version(request), "list", seen)
