"""The processes of a running OneMap: `python -m command.serve NAME`, started and watched by `./onemap serve`."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from command.app import create_app
from command.coverage.planner import run_planner
from command.intake import Intake
from command.media import ice_for, run_media
from command.recorder import run_recorder
from command.settings import (
    CoverageSettings,
    DispatchSettings,
    IntakeSettings,
    LiveKitSettings,
    MediaSettings,
    RecordingSettings,
    ServerSettings,
)
from command.sources.heartbeat import Heartbeat
from data.hj212.gateway import serve_gateway
from gis.database import Database
from routing.network import RoadStore
from video.client import HubClient
from video.livekit import LiveKit

log = logging.getLogger(__name__)

_LONGEST_WORD_BYTES = 16 * 1024  # what a client of the live feed says is a view of the map


def road_store(home: Path) -> RoadStore:
    """Where the prepared roads of an installation lie."""
    return RoadStore(home / "roads")


def run_web(settings: ServerSettings) -> None:
    """API, live feed and pages, until told to stop."""
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
    config = uvicorn.Config(
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
    server = _Web(config)
    server.run()
    if not server.started:
        raise SystemExit("the web process could not start; its log says why")


class _Web(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        keep_for_good()


def keep_for_good() -> None:
    """Take all that the start has made out of the garbage collector's sight: it lives as long as the process.

    Going through its millions of objects now and then stops everything, requests and calls alike, for half a second.
    """
    gc.collect()
    gc.freeze()


async def run_intake(settings: ServerSettings, intake: IntakeSettings) -> None:
    """The HJ 212 gateway, until told to stop."""
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


def _url(settings: ServerSettings) -> str:
    if settings.database_url is None:
        raise SystemExit("ONEMAP_DATABASE_URL is not set; start this process with ./onemap serve")
    return settings.database_url


def main(name: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    keep_for_good()
    match name:
        case "web":
            run_web(ServerSettings())
        case "intake":
            asyncio.run(run_intake(ServerSettings(), IntakeSettings()))
        case "media":
            asyncio.run(run_media(Database(_url(ServerSettings())), MediaSettings()))
        case "planner":
            settings = ServerSettings()
            database = Database(_url(settings))
            asyncio.run(run_planner(database, road_store(settings.home), DispatchSettings(), CoverageSettings()))
        case "recorder":
            settings, recording = ServerSettings(), RecordingSettings()
            folder = recording.folder_in(settings.home)
            asyncio.run(run_recorder(Database(_url(settings)), folder, recording, HubClient))
        case _:
            raise SystemExit(f"there is no process called {name!r}; there are web, intake, media, planner and recorder")


if __name__ == "__main__":
    main(sys.argv[1])
