"""Who can reach a place: within a radius, within some minutes by road, or both."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from command.dispatch.circle import Circle
from command.dispatch.responders import Responder, rank_responders
from command.settings import DispatchSettings
from gis.live_index import LiveIndex
from routing.roads import Roads


@dataclass(frozen=True, slots=True)
class Question:
    """`origin` is (lon, lat); without `radius_m` only the time by road counts. One of the two is given."""

    origin: tuple[float, float]
    radius_m: float | None
    within_s: float | None
    drill: bool = False
    declined: Collection[int] = ()


async def who_can_reach(
    session: AsyncSession,
    roads: Roads,
    index: LiveIndex,
    settings: DispatchSettings,
    question: Question,
    *,
    distances: int | None = None,
) -> list[Responder]:
    """Rank everybody who is asked about and whom the session's person may see; lengths of ways for the first only.

    The index is asked once, with the radius widened by what an officer may have moved on unseen; the circle then
    judges every position by itself. A time alone bounds the search too: nobody drives faster than the fastest road.
    """
    lon, lat = question.origin
    if question.radius_m is not None:
        found = await asyncio.to_thread(index.within, lon, lat, question.radius_m + settings.drift.most_m)
        inside = frozenset(officer_id for officer_id, metres in found if metres <= question.radius_m)
        circle = Circle(question.radius_m, inside, settings.drift)
    elif question.within_s is not None and roads.ready:
        found = await asyncio.to_thread(index.within, lon, lat, roads.farthest_m(question.within_s))
        circle = None
    else:
        return []  # without roads nobody can come in time
    return await rank_responders(
        session,
        roads,
        origin=question.origin,
        officer_ids=[officer_id for officer_id, _ in found],
        drill=question.drill,
        stale_after=settings.stale_after,
        circle=circle,
        within_s=question.within_s,
        declined=question.declined,
        distances=distances,
    )
