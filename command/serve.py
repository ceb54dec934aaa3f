"""The processes of a running OneMap: `python -m command.serve NAME`, started and watched by `./onemap serve`.

Each imports what it runs where it begins to run it: when a media process was killed, everybody in a call waits for its
successor, and importing all that the pages need takes longer than the rest of a hub's start.
"""

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from command.settings import (
    CoverageSettings,
    DispatchSettings,
    IntakeSettings,
    LiveKitSettings,
    MediaSettings,
    RecordingSettings,
    ServerSettings,
)
from gis.database import Database

if TYPE_CHECKING:
    from routing.network import RoadStore

log = logging.getLogger(__name__)

_LONGEST_WORD_BYTES = 16 * 1024  # what a client of the live feed says is a view of the map


def road_store(home: Path) -> "RoadStore":
    """Where the prepared roads of an installation lie."""
    from routing.network import RoadStore

    return RoadStore(home / "roads")


def run_web(settings: ServerSettings) -> None:
    """API, live feed and pages, until told to stop."""
    import uvicorn

    from command.app import create_app
    from command.media import ice_for
    from video.client import HubClient
    from video.livekit import LiveKit

    media = MediaSettings()
    livekit = LiveKitSettings()
    app = create_app(
        Database(_url(settings)),
        road_store(settings.home),
        connect=HubClient,
        ice=lambda actor: ice_for(media, actor),
        livekit=LiveKit(livekit.url, livekit.key, livekit.secret) if livekit.url else None,
        home=settings.home,
    )
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        ws_max_size=_LONGEST_WORD_BYTES,
        ws_per_message_deflate=False,  # each screen would be compressed for alone: docs/decisions/movement.md
        ws_ping_interval=20,
        ws_ping_timeout=20,
        timeout_graceful_shutdown=5,
    )


async def run_intake(settings: ServerSettings, intake: IntakeSettings) -> None:
    """The HJ 212 gateway, until told to stop."""
    from command.intake import Intake
    from command.sources.heartbeat import Heartbeat
    from data.hj212.gateway import serve_gateway

    database = Database(_url(settings))
    gateway = await serve_gateway(intake.host, intake.port, take=Intake(database, intake.fresh_within).take)
    log.info("HJ 212 on %s:%d", intake.host, gateway.port)
    beating = asyncio.create_task(Heartbeat(database.url, "hj212").run())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await gateway.close()
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await database.close()


def run_media_hub(settings: ServerSettings) -> None:
    """The media hub, until told to stop."""
    from command.media import run_media

    asyncio.run(run_media(Database(_url(settings)), MediaSettings()))


def run_coverage_planner(settings: ServerSettings) -> None:
    """The long computations of the coverage pages, until told to stop."""
    from command.coverage.planner import run_planner

    roads = road_store(settings.home)
    asyncio.run(run_planner(Database(_url(settings)), roads, DispatchSettings(), CoverageSettings()))


def run_call_recorder(settings: ServerSettings, recording: RecordingSettings) -> None:
    """The recorder of calls, until told to stop."""
    from command.recorder import run_recorder
    from video.client import HubClient

    folder = recording.folder_in(settings.home)
    asyncio.run(run_recorder(Database(_url(settings)), folder, recording, HubClient))


def _url(settings: ServerSettings) -> str:
    if settings.database_url is None:
        raise SystemExit("ONEMAP_DATABASE_URL is not set; start this process with ./onemap serve")
    return settings.database_url


def main(name: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    match name:
        case "web":
            run_web(ServerSettings())
        case "intake":
            asyncio.run(run_intake(ServerSettings(), IntakeSettings()))
        case "media":
            run_media_hub(ServerSettings())
        case "planner":
            run_coverage_planner(ServerSettings())
        case "recorder":
            run_call_recorder(ServerSettings(), RecordingSettings())
        case _:
            raise SystemExit(f"there is no process called {name!r}; there are web, intake, media, planner and recorder")


if __name__ == "__main__":
    main(sys.argv[1])
