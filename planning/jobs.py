"""The life of a job: asked for, worked on by one process at a time, cancelled, taken up again after a crash.

Whoever works on a job holds an advisory lock of the database for it. The lock goes with the connection, so a job that
says it is running while nobody holds its lock has lost its process, and is queued again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gis.database import Scope
from gis.http import Forbidden, NotFound
from planning.errors import JobOver, UnusableScenario
from planning.shapes import Job
from planning.tables import KINDS, CoverageJob, CoverageProduct

MOST_UNFINISHED = 10
MOST_ATTEMPTS = 3
LOCK_CLASS = 0x0C0BE4
"""First key of the advisory locks of jobs; the second is the job's id."""
HOLD = text("SELECT pg_advisory_lock(CAST(:lock AS int), CAST(:job AS int))")
LET_GO = text("SELECT pg_advisory_unlock(CAST(:lock AS int), CAST(:job AS int))")

_UNFINISHED = CoverageJob.state.in_(("queued", "running"))
_QUEUES = text("SELECT pg_advisory_xact_lock(CAST(:lock AS int), hashtext(:actor))")


async def ask(
    session: AsyncSession,
    scope: Scope,
    kind: str,
    region: str,
    request: BaseModel,
    *,
    parent_id: int | None = None,
    **more: Any,
) -> int:
    """Queue a job; `more` is kept with its request. Commit is the caller's.

    Raises `UnusableScenario` when its owner has too many unfinished ones.
    """
    await session.execute(_QUEUES, {"lock": LOCK_CLASS + 1, "actor": scope.actor})
    waiting = await session.scalar(select(func.count()).where(_UNFINISHED, CoverageJob.actor == scope.actor))
    if (waiting or 0) >= MOST_UNFINISHED:
        raise UnusableScenario(f"you have {waiting} unfinished jobs; wait for one or cancel one")
    body = request.model_dump(mode="json", by_alias=True)
    asked = insert(CoverageJob).values(
        kind=kind,
        parent_id=parent_id,
        name=body.pop("name"),
        request=body | more,
        actor=scope.actor,
        role=scope.role,
        area=scope.region,
        region=region.ljust(6, "0"),
    )
    job_id: int = (await session.execute(asked.returning(CoverageJob.id))).scalar_one()
    return job_id


async def find(session: AsyncSession, job_id: int) -> CoverageJob:
    """A job that the session's person may see; raises `NotFound`."""
    job = await session.scalar(select(CoverageJob).where(CoverageJob.id == job_id, CoverageJob.removed_at.is_(None)))
    if job is None:
        raise NotFound(f"there is no job {job_id} in your area")
    return job


async def done(session: AsyncSession, job_id: int) -> CoverageJob:
    """A finished scenario; raises `NotFound`, or `JobOver` while it has nothing to show."""
    job = await find(session, job_id)
    if job.kind != "coverage":
        raise NotFound(f"job {job_id} is a {job.kind}; ask its scenario {job.parent_id}")
    if job.state != "done":
        raise JobOver(f"job {job_id} is {job.state}; it has nothing to show yet")
    return job


async def product(session: AsyncSession, job_id: int, name: str) -> bytes:
    """A product of a finished scenario; raises `NotFound`, or `JobOver` while there is none yet."""
    await done(session, job_id)
    content = await session.scalar(
        select(CoverageProduct.content).where(CoverageProduct.job_id == job_id, CoverageProduct.name == name)
    )
    if content is None:
        raise NotFound(f"job {job_id} has left no {name}")
    return content


async def cancel(session: AsyncSession, scope: Scope, job_id: int) -> None:
    """End an unfinished job; one that ended a moment before stays as it is, with what it found."""
    own(await find(session, job_id), scope)
    for state, values in (("queued", _ended("cancelled")), ("running", {"cancel_asked": True})):
        if await _change(session, job_id, CoverageJob.state == state, **values):
            return


async def remove(session: AsyncSession, scope: Scope, job_id: int) -> None:
    """Take a job that is over off the list; raises `JobOver` while it is not."""
    job = await find(session, job_id)
    own(job, scope)
    if not await _change(session, job_id, ~_UNFINISHED, removed_at=datetime.now(UTC)):
        raise JobOver(f"job {job_id} is {job.state}; cancel it first")


async def rename(session: AsyncSession, scope: Scope, job_id: int, name: str) -> None:
    own(await find(session, job_id), scope)
    await _change(session, job_id, name=name)


def own(job: CoverageJob, scope: Scope) -> None:
    """Raise `Forbidden` for somebody else's job: seen by all of the area, changed by its owner and admins."""
    if job.actor != scope.actor and scope.role != "admin":
        raise Forbidden(f"job {job.id} is {job.actor}'s; only its owner or an admin may change it")


def view(job: CoverageJob, scope: Scope) -> Job:
    plain = {name: getattr(job, name) for name in Job.model_fields if name not in ("owner", "mine")}
    return Job(**plain, owner=job.actor, mine=job.actor == scope.actor)


# What the process that works on jobs does, as the system.


async def requeue_lost(session: AsyncSession) -> int:
    """Queue jobs again whose process has gone; those that have taken down three processes fail. Commits nothing."""
    running = (await session.scalars(select(CoverageJob.id).where(CoverageJob.state == "running"))).all()
    lost = [job_id for job_id in running if await _lock(session, job_id)]
    if not lost:
        return 0
    for job_id in lost:
        running_still = CoverageJob.state == "running"
        tired = f"its process ended {MOST_ATTEMPTS} times while working on it"
        if not (
            await _change(session, job_id, running_still, CoverageJob.cancel_asked.is_(True), **_ended("cancelled"))
            or await _change(
                session, job_id, running_still, CoverageJob.attempts >= MOST_ATTEMPTS, **_ended("failed"), error=tired
            )
        ):
            await _change(session, job_id, running_still, state="queued", step="queued", progress=0)
    return len(lost)


async def claim(session: AsyncSession, kinds: Sequence[str] = KINDS) -> CoverageJob | None:
    """Take the oldest queued job of these kinds that nobody else takes.

    The caller must have its lock (`HOLD`) before it commits.
    """
    job = await session.scalar(
        select(CoverageJob)
        .where(CoverageJob.state == "queued", CoverageJob.kind.in_(kinds))
        .order_by(CoverageJob.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is not None:
        job.state, job.step, job.progress = "running", "started", 0.0
        job.started_at, job.attempts, job.version = datetime.now(UTC), job.attempts + 1, job.version + 1
    return job


async def progressed(session: AsyncSession, job_id: int, progress: float, step: str) -> bool:
    """Write down how far a job is; returns whether it shall go on."""
    row = await session.execute(
        update(CoverageJob)
        .where(CoverageJob.id == job_id, CoverageJob.state == "running")
        .values(progress=progress, step=step, version=CoverageJob.version + 1)
        .returning(CoverageJob.cancel_asked)
    )
    return row.scalar() is False


async def finish(session: AsyncSession, job_id: int, result: Mapping[str, Any], products: Mapping[str, bytes]) -> None:
    """Keep what a job found, all or nothing; a job that was cancelled meanwhile keeps nothing."""
    wanted = CoverageJob.cancel_asked.is_(False)
    values = _ended("done") | {"progress": 1, "result": dict(result)}
    if not await _change(session, job_id, CoverageJob.state == "running", wanted, **values):
        await end(session, job_id, "cancelled", None)
        return
    session.add_all(CoverageProduct(job_id=job_id, name=name, content=content) for name, content in products.items())


async def end(session: AsyncSession, job_id: int, state: str, error: str | None) -> None:
    """End a running job without a result."""
    await _change(session, job_id, CoverageJob.state == "running", **_ended(state), error=error)


async def hand_back(session: AsyncSession, job_id: int) -> None:
    """Queue a job again because its process ends in order; this was no attempt."""
    again = {"state": "queued", "step": "queued", "progress": 0, "attempts": CoverageJob.attempts - 1}
    await _change(session, job_id, CoverageJob.state == "running", **again)


def _ended(state: str) -> dict[str, Any]:
    return {"state": state, "step": state, "ended_at": datetime.now(UTC)}


async def _change(session: AsyncSession, job_id: int, *conditions: ColumnElement[bool], **values: Any) -> bool:
    """Change a job if it meets the conditions at this moment; returns whether it did."""
    changed = await session.execute(
        update(CoverageJob)
        .where(CoverageJob.id == job_id, *conditions)
        .values(**values, version=CoverageJob.version + 1)
        .returning(CoverageJob.id)
        .execution_options(synchronize_session=False)
    )
    return changed.scalar() is not None


async def _lock(session: AsyncSession, job_id: int) -> bool:
    """Take a job's lock for this transaction if nobody holds it."""
    return bool(
        await session.scalar(
            text("SELECT pg_try_advisory_xact_lock(CAST(:lock AS int), CAST(:job AS int))"),
            {"lock": LOCK_CLASS, "job": job_id},
        )
    )
