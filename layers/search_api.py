"""The door of the search box."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from gis.http import BadQuery, SessionDep
from gis.parameters import parse_text
from layers.search import MAX_FOUND, search

router = APIRouter(tags=["search"])


class FoundItem(BaseModel):
    """One thing that was found; `id` is null for a coordinate, a region's is its code as a number."""

    model_config = ConfigDict(from_attributes=True)

    type: Literal["enterprise", "point", "officer", "station", "region", "alert", "coordinate"]
    id: int | None
    name: str
    detail: str | None
    lon: float | None
    lat: float | None
    region: str | None


class FoundListing(BaseModel):
    items: list[FoundItem]


@router.get("/api/search")
async def find(
    session: SessionDep,
    q: Annotated[str, Query(description="part of a name, a code, an MN, `#` and an alert's number, or coordinates")],
    limit: Annotated[int, Query(ge=1, le=MAX_FOUND)] = 20,
) -> FoundListing:
    """What these words may mean, best first: enterprises, points, people, bases, regions, alerts, a place."""
    words = parse_text(q, "q")
    if words is None:
        raise BadQuery("q: what to look for")
    return FoundListing(items=[FoundItem.model_validate(found) for found in await search(session, words, limit=limit)])
