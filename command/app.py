"""Puts the house together: every room's doors, the live feed, the pages. The only module that knows all the parts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import exists, select, text
from sqlalchemy.exc import SQLAlchemyError

import command.access.api
import command.alerts.api
import command.coverage.api
import command.dispatch.api
import command.dispatch.joint_api
import command.dispatch.responders_api
import command.dispatch.under_way_api
import command.drill.api
import command.events.api
import command.officers.api
import command.officers.doors
import command.recordings.api
import command.replay.api
import command.rooms.api
import command.rooms.floor_api
import command.rooms.media_api
import command.rooms.presence_api
import command.sources.api
import data.api
import enforcement.api
import layers.api
import layers.export_api
import layers.ogc_api
import layers.search_api
import planning.api
import planning.export_api
import planning.trial_api
import routing.api
from command import problems
from command.access.api import FailedTries
from command.access.middleware import Identify
from command.access.passwords import hash_of_nobody
from command.access.sessions import People
from command.access.tables import UserAccount
from command.bodies import BoundedBodies
from command.coverage.network import PlannedRoads
from command.coverage.world import Bureau
from command.dispatch.responders_api import Rankings
from command.events.feed import LiveFeed
from command.events.log import record_for_rooms
from command.follow import Follower
from command.housekeeping import Housekeeping, make_partitions
from command.officers.live import LiveOfficers
from command.officers.positions import PositionWriter
from command.places import Places
from command.rooms.carrying import Carrier, Connect, IceFor, no_hub, no_ice
from command.rooms.other_origins import OtherOrigins
from command.rooms.presence import Patience, PresenceKeeper, RoomWatch
from command.rooms.shapes import RoomFacts
from command.rooms.tokens import RoomTokens
from command.settings import DispatchSettings, RecordingSettings
from command.sources.watching import SourceWatcher
from command.together import Together
from data.positions.errors import FixError
from data.positions.fix import CHINA
from enforcement.remembering import RememberedOverviews
from gis.database import Database
from gis.errors import GisError
from gis.regions import load_regions
from layers.errors import LayerError
from layers.standard import standard_layers
from planning.errors import JobOver, UnusableScenario
from planning.trial import Warm
from routing.errors import NetworkUnusable, NoRoute, OutsideRoads, SpeedsChanged, UnusableClosure, UnusableSpeeds
from routing.network import RoadStore
from routing.roads import Roads
from routing.tiles import RoadTiles
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, NoSuchPublication, ViewedElsewhere
from video.livekit import LiveKit

log = logging.getLogger(__name__)

PAGES = ("login", "desk", "field", "wall", "plan")
# The phone's page as an app: its service worker (scope /field) and its manifest.
_OF_THE_PHONE = {"sw.js": "text/javascript", "manifest.webmanifest": "application/manifest+json"}
_PART_AGAIN_AFTER_S = 1.0
_WEB = Path(__file__).parent.parent / "web" / "dist"

# The errors of the rooms below, which know no HTTP.
_STATUS_OF: dict[type[Exception], int] = {
    FixError: 422,
    GisError: 422,
    LayerError: 422,
    UnusableScenario: 422,
    JobOver: 409,
    UnusableClosure: 422,
    OutsideRoads: 422,
    UnusableSpeeds: 422,
    NoRoute: 404,
    SpeedsChanged: 409,
    NetworkUnusable: 503,
    BadOffer: 400,
    NoSuchLeg: 404,
    NoSuchPublication: 409,
    ViewedElsewhere: 501,
    HubBusy: 503,
    HubLost: 503,
}


def create_app(
    database: Database,
    road_store: RoadStore,
    *,
    dispatch: DispatchSettings | None = None,
    connect: Connect = no_hub,
    ice: IceFor = no_ice,
    livekit: LiveKit | None = None,
    patience: Patience | None = None,
    recording: RecordingSettings | None = None,
    home: Path = Path("var"),
    web: Path = _WEB,
) -> FastAPI:
    """The web process: API, live feed and pages over one database and one prepared road network.

    `connect` makes an engine of a media process's address and secret; `ice` says what connections are built with;
    `home` is where the recorder's files lie. With `livekit` all rooms are carried there instead.
    """
    dispatch = dispatch or DispatchSettings()
    roads = Roads(road_store)
    road_tiles = RoadTiles(roads)
    feed = LiveFeed(database)
    officers = LiveOfficers(database, dispatch.stale_after)
    room_watch = RoomWatch()
    carrier = Carrier(database, connect, ice, outside=livekit)
    presence = PresenceKeeper(database, carrier, patience or Patience())
    follower = Follower(database, feed, officers, roads, room_watch)
    positions = PositionWriter(database, officers)
    keeper = Housekeeping(database, roads)
    watcher = SourceWatcher(database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with suppress(NetworkUnusable):  # said by /api/health; the desk works without roads
            await asyncio.to_thread(roads.open)
        async with database.for_system() as session:
            app.state.places = Places(await load_regions(session))
            app.state.demo = bool(await session.scalar(select(exists().where(UserAccount.demo))))
        await make_partitions(database)
        await asyncio.to_thread(hash_of_nobody)  # the first wrong name takes no longer than the others
        await feed.start()
        tell = asyncio.get_running_loop().call_soon_threadsafe
        roads.on_change = lambda version: tell(feed.tell_roads, version)
        tasks = [asyncio.create_task(_keep_running(part)) for part in (follower, positions, keeper, watcher, presence)]
        tasks.append(asyncio.create_task(road_tiles.prepare()))
        try:
            yield
        finally:
            await _stop(tasks)
            await carrier.close()
            await database.close()

    app = FastAPI(
        title="OneMap",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=problems.RESPONSES,
    )
    app.state.database = database
    app.state.overviews = RememberedOverviews()
    app.state.people = People(database)
    app.state.rankings = Rankings()
    app.state.roads = roads
    app.state.layers = standard_layers().with_tiles("roads", road_tiles)
    app.state.feed = feed
    app.state.officers = officers
    app.state.positions = positions
    app.state.follower = follower
    app.state.dispatch = dispatch
    app.state.planning_world = Bureau(dispatch.stale_after)
    app.state.planning_roads = PlannedRoads(roads)
    app.state.planning_warm = Warm()
    app.state.failed_tries = FailedTries()
    app.state.recording = recording or RecordingSettings()
    app.state.recordings_folder = app.state.recording.folder_in(home)
    app.state.room_tokens = RoomTokens(database)
    app.state.carrier = carrier
    app.state.livekit = livekit
    app.state.presence = presence
    app.state.room_watch = room_watch
    app.state.rooms_told = Together[int, RoomFacts]()
    app.state.position_areas = _position_areas(roads)
    app.state.record_event = record_for_rooms
    app.state.locate_region = lambda lon, lat: app.state.places.county(lon, lat)
    problems.install(app, _STATUS_OF)
    app.add_middleware(Identify)
    app.add_middleware(BoundedBodies)
    app.add_middleware(OtherOrigins)
    app.router.routes.extend(_doors().routes)
    app.add_api_route("/api/health", _health, methods=["GET"], tags=["health"])
    _serve_pages(app, web)
    return app


@cache
def _doors() -> APIRouter:
    """All doors of the API, put together once for all applications of a process: it takes a tenth of a second."""
    doors = APIRouter(responses=problems.RESPONSES)
    for door in (
        command.access.api,
        command.alerts.api,
        command.events.api,
        command.dispatch.api,
        command.dispatch.joint_api,
        command.dispatch.responders_api,
        command.dispatch.under_way_api,
        command.recordings.api,
        command.replay.api,
        command.rooms.api,
        command.rooms.floor_api,
        command.rooms.media_api,
        command.rooms.presence_api,
        command.coverage.api,
        command.officers.doors,
        command.officers.api,
        command.drill.api,
        command.sources.api,
        data.api,
        enforcement.api,
        layers.api,
        layers.export_api,
        layers.ogc_api,
        layers.search_api,
        planning.export_api,
        planning.api,
        planning.trial_api,
        routing.api,
    ):
        doors.include_router(door.router)
    doors.include_router(command.rooms.media_api.hooks)
    return doors


class _Part(Protocol):
    """What works behind the doors for as long as the process lives."""

    async def run(self) -> None: ...


async def _keep_running(part: _Part) -> None:
    """Begin again after an error that nobody foresaw: a worker without this part would look well and not be."""
    while True:
        try:
            await part.run()
        except Exception:
            log.exception("%s stopped; it is started again", type(part).__name__)
        await asyncio.sleep(_PART_AGAIN_AFTER_S)


async def _stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """End the parts. A database call may answer its cancellation with an error, which the part takes for a lost link
    and begins again: so ask until all are through.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=1.0)


def _position_areas(roads: Roads) -> Callable[[], list[tuple[float, float, float, float]]]:
    def areas() -> list[tuple[float, float, float, float]]:
        return [CHINA, *([roads.network.bounds] if roads.ready else [])]

    return areas


async def _health(request: Request) -> JSONResponse:
    """Whether this process can do its work, part by part."""
    state = request.app.state
    checks: dict[str, Any] = {}
    try:
        async with state.database.for_system() as session:
            await session.execute(text("SELECT 1"))
        checks["database"] = {"ok": True}
    except (SQLAlchemyError, OSError):
        checks["database"] = {"ok": False, "why": "the database does not answer"}
    roads: Roads = state.roads
    checks["roads"] = (
        {"ok": True, "version": roads.version} if roads.ready else {"ok": False, "why": roads.unusable or "no roads"}
    )
    feed: LiveFeed = state.feed
    checks["feed"] = {"ok": state.follower.connected, "seq": feed.last_seq, "listeners": feed.listening}
    checks["officers"] = {"ok": True, "with_position": len(state.officers.index)}
    healthy = all(check["ok"] for check in checks.values())
    return JSONResponse({"status": "ok" if healthy else "failing", "checks": checks}, 200 if healthy else 503)


def _serve_pages(app: FastAPI, web: Path) -> None:
    index = web / "index.html"

    async def page() -> Response:
        if not index.is_file():
            return problems.problem(503, "the pages have not been built; run: cd web && npm ci && npm run build")
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    for name in ("", *PAGES):
        app.add_api_route(f"/{name}", page, methods=["GET"], include_in_schema=False)
    # A call by its link; who may be there is decided at the room's own doors.
    app.add_api_route("/room/{room_id:int}", page, methods=["GET"], include_in_schema=False)
    for folder in ("assets", "icons"):
        if (web / folder).is_dir():
            app.mount(f"/{folder}", StaticFiles(directory=web / folder), name=folder)
    # Asked for anew each time: a phone must learn of a new version although everything else on it is kept.
    for name, media_type in _OF_THE_PHONE.items():
        app.add_api_route(f"/{name}", _file(web / name, media_type), methods=["GET"], include_in_schema=False)


def _file(path: Path, media_type: str) -> Callable[[], Response]:
    def answer() -> Response:
        if not path.is_file():
            return problems.problem(404, "the pages have not been built")
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return answer
