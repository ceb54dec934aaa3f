"""The processes of a running OneMap: `python -m command.serve NAME`, started and watched by `./onemap serve`.

Each loads only its own part: all of them together would load everything five times, at every start.
"""

import asyncio
import logging
import sys

from command.memory import keep_for_good
from command.settings import (
    CoverageSettings,
    DispatchSettings,
    IntakeSettings,
    MediaSettings,
    RecordingSettings,
    ServerSettings,
)
from gis.database import Database


def _database(settings: ServerSettings) -> Database:
    if settings.database_url is None:
        raise SystemExit("ONEMAP_DATABASE_URL is not set; start this process with ./onemap serve")
    return Database(settings.database_url)


def _web() -> None:
    from command.web import run_web

    keep_for_good()
    settings = ServerSettings()
    run_web(_database(settings), settings)


def _intake() -> None:
    from command.gateway import run_intake

    keep_for_good()
    asyncio.run(run_intake(_database(ServerSettings()), IntakeSettings()))


def _media() -> None:
    from command.media import run_media

    keep_for_good()
    asyncio.run(run_media(_database(ServerSettings()), MediaSettings()))


def _planner() -> None:
    from command.coverage.planner import run_planner
    from command.roads import road_store

    keep_for_good()
    settings = ServerSettings()
    roads = road_store(settings.home)
    asyncio.run(run_planner(_database(settings), roads, DispatchSettings(), CoverageSettings()))


def _recorder() -> None:
    from command.recorder import run_recorder
    from video.client import HubClient

    keep_for_good()
    settings, recording = ServerSettings(), RecordingSettings()
    asyncio.run(run_recorder(_database(settings), recording.folder_in(settings.home), recording, HubClient))


_PROCESSES = {"web": _web, "intake": _intake, "media": _media, "planner": _planner, "recorder": _recorder}


def main(name: str) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if name not in _PROCESSES:
        raise SystemExit(f"there is no process called {name!r}; there are {', '.join(_PROCESSES)}")
    _PROCESSES[name]()


if __name__ == "__main__":
    main(sys.argv[1])
