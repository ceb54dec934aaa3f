"""The HJ 212 gateway."""

import asyncio
import logging
import signal

from command.intake import Intake
from command.processes.starting import begin
from command.settings import IntakeSettings, ServerSettings
from command.sources.heartbeat import Heartbeat
from data.hj212.gateway import serve_gateway
from gis.database import Database

log = logging.getLogger(__name__)


async def run_intake(database: Database, intake: IntakeSettings) -> None:
    """The HJ 212 gateway, until told to stop."""
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


if __name__ == "__main__":
    asyncio.run(run_intake(begin(ServerSettings()), IntakeSettings()))
