"""The process that works on jobs of planning: roads of its own, no doors."""

import asyncio
import logging
import signal
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from command.coverage.network import PlannedRoads
from command.coverage.watching import CoverageWatch
from command.coverage.world import Bureau
from command.housekeeping import obey_closures, obey_speeds
from command.settings import CoverageSettings, DispatchSettings
from gis.database import Database
from planning.tables import KINDS
from planning.worker import Planner
from routing.errors import NetworkUnusable
from routing.network import RoadStore
from routing.roads import Roads

log = logging.getLogger(__name__)

_ROADS_EVERY_S = 1.0


async def run_planner(
    database: Database, store: RoadStore, dispatch: DispatchSettings, coverage: CoverageSettings
) -> None:
    """Work until told to stop; a job that is not through by then is handed back."""
    roads = Roads(store)
    with suppress(NetworkUnusable):  # a job then says so; roads that come later are taken up
        await asyncio.to_thread(roads.open)
    planned = PlannedRoads(roads)
    bureau = Bureau(dispatch.stale_after)
    # Side by side: a scenario takes seconds, and shall not wait for a siting, which takes minutes.
    planners = [Planner(database, planned, bureau, kinds=(kind,)) for kind in KINDS]
    watch = CoverageWatch(database, planned, dispatch.stale_after, coverage.minutes, coverage.least_share)
    works = (*(planner.run() for planner in planners), watch.run(), _follow_roads(database, planned))
    tasks = [asyncio.create_task(work) for work in works]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _cancel, tasks)
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await database.close()


async def _follow_roads(database: Database, planned: PlannedRoads) -> None:
    """Take up new networks, closures and speeds; planning can wait a second for them."""
    while True:
        try:
            await asyncio.to_thread(planned.roads.reload_network)
            await obey_closures(database, planned.roads)
            await obey_speeds(database, planned.roads)
            async with database.for_system() as session:
                await planned.refresh(session)
        except (SQLAlchemyError, OSError) as error:
            log.warning("closures cannot be read now: %s", error)
        await asyncio.sleep(_ROADS_EVERY_S)


def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
