"""The API, the live feed and the pages."""

import socket

import uvicorn

from command.app import create_app
from command.media import ice_for
from command.processes.starting import begin, keep_for_good
from command.roads import road_store
from command.settings import LiveKitSettings, MediaSettings, ServerSettings
from gis.database import Database
from video.client import HubClient
from video.livekit import LiveKit

_LONGEST_WORD_BYTES = 16 * 1024  # what a client of the live feed says is a view of the map


def run_web(database: Database, settings: ServerSettings) -> None:
    """API, live feed and pages, until told to stop."""
    media = MediaSettings()
    livekit = LiveKitSettings()
    app = create_app(
        database,
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


if __name__ == "__main__":
    of_this = ServerSettings()
    run_web(begin(of_this), of_this)
