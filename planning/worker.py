"""Works on jobs, one after the other, in a process of its own: `./onemap serve` keeps it up."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gis.database import Database, Scope
from planning import jobs
from planning.asking import read_scenario
from planning.errors import Cancelled, UnusableScenario
from planning.ports import Roads, World
from planning.scenario import work_out
from planning.shapes import Scenario, Siting
from planning.siting.working import site
from planning.tables import KINDS, CoverageJob

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.2
_TELL_EVERY_S = 0.3
_LOST_EVERY_S = 5.0
_AGAIN_AFTER_S = 1.0

Found = tuple[Mapping[str, Any], Mapping[str, bytes]]
"""The result of a job and its products."""


@dataclass
class Course:
    """How far the work of one job is, between the thread that works and the loop that tells."""

    progress: float = 0.0
    step: str = "started"
    stop: threading.Event = field(default_factory=threading.Event)

    def report(self, progress: float, step: str) -> None:
        """Called by the work; raises `Cancelled` when it shall end."""
        if self.stop.is_set():
            raise Cancelled
        self.progress, self.step = progress, step


@dataclass
class Planner:
    """Any number may run at once, on any machine: every job of its kinds is taken by one."""

    database: Database
    roads: Roads
    world: World
    kinds: Sequence[str] = KINDS

    async def run(self) -> None:
        """Work for ever; what cannot be done while the database is away is done afterwards."""
        looked = -_LOST_EVERY_S
        while True:
            try:
                if time.monotonic() - looked >= _LOST_EVERY_S:
                    looked = time.monotonic()
                    await self.take_up_lost()
                if not await self.work_once():
                    await asyncio.sleep(_LOOK_EVERY_S)
            except (SQLAlchemyError, OSError) as error:
                log.warning("jobs of planning wait: %s", error)
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def take_up_lost(self) -> None:
        """Queue again what another process was working on when it ended."""
        async with self.database.for_system() as session, session.begin():
            lost = await jobs.requeue_lost(session)
        if lost:
            log.warning("%d jobs had lost their process", lost)

    async def work_once(self) -> bool:
        """Take one job and see it through; returns whether there was one."""
        async with self.database.engine.connect() as connection:
            holder = await connection.execution_options(isolation_level="AUTOCOMMIT")
            async with self.database.for_system() as session, session.begin():
                job = await jobs.claim(session, self.kinds)
                if job is None:
                    return False
                key = {"lock": jobs.LOCK_CLASS, "job": job.id}
                await holder.execute(jobs.HOLD, key)
            try:
                await self._see_through(job)
            finally:
                await holder.execute(jobs.LET_GO, key)
        return True

    async def _see_through(self, job: CoverageJob) -> None:
        course = Course()
        try:
            result, products = await self._work(job, course)
        except Cancelled:
            await self._write(lambda session: jobs.end(session, job.id, "cancelled", None))
        except UnusableScenario as why:
            reason = str(why)
            await self._write(lambda session: jobs.end(session, job.id, "failed", reason))
        except (SQLAlchemyError, OSError):
            raise  # the database is away: the job is found lost, and queued again, when it is back
        except asyncio.CancelledError:
            await self._write(lambda session: jobs.hand_back(session, job.id))
            raise
        except Exception:
            log.exception("job %d", job.id)
            reason = "an error that nobody foresaw; the log of the planner has it"
            await self._write(lambda session: jobs.end(session, job.id, "failed", reason))
        else:
            await self._write(lambda session: jobs.finish(session, job.id, result, products))

    async def _work(self, job: CoverageJob, course: Course) -> Found:
        """Read under the owner's rights, then count in a thread, telling how far it is."""
        asked = Scope(job.actor, job.role, job.area)
        scenario = Scenario.model_validate(job.request["scenario"] if job.kind == "siting" else job.request)
        async with self.database.for_person(asked) as session:
            read = await read_scenario(session, self.world, scenario)
        network = await asyncio.to_thread(self.roads.network, scenario.at)

        def count() -> Found:
            if job.kind == "siting":
                return site(read, Siting.model_validate(job.request), network, course.report).model_dump(
                    mode="json"
                ), {}
            outcome = work_out(read, network, course.report)
            return outcome.result.model_dump(mode="json"), outcome.products

        return await self._in_thread(job.id, course, count)

    async def _in_thread(self, job_id: int, course: Course, work: Callable[[], Found]) -> Found:
        working = asyncio.create_task(asyncio.to_thread(work))
        try:
            while not (await asyncio.wait({working}, timeout=_TELL_EVERY_S))[0]:
                async with self.database.for_system() as session, session.begin():
                    if not await jobs.progressed(session, job_id, course.progress, course.step):
                        course.stop.set()
            return working.result()
        finally:
            course.stop.set()  # a thread cannot be left behind: it ends at its next report
            await asyncio.wait({working})

    async def _write(self, change: "Callable[[AsyncSession], Any]") -> None:
        async with self.database.for_system() as session, session.begin():
            await change(session)
