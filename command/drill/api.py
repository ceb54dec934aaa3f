"""HTTP doors of drills: set one up, take it down."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from command.drill import cast
from gis.http import DatabaseDep, Forbidden, NotFound, ScopeDep, require

router = APIRouter(prefix="/api/drills", tags=["drill"])


class NewDrill(BaseModel):
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    officers: int = Field(default=4, ge=1, le=20)


class PlayerOut(BaseModel):
    officer_id: int
    name: str
    device_token: str
    session_token: str


class DrillOut(BaseModel):
    id: str
    region: str
    point_id: int
    mn: str
    password: str
    players: list[PlayerOut]


@router.post("", status_code=201)
async def set_up(new: NewDrill, request: Request, scope: ScopeDep, database: DatabaseDep) -> DrillOut:
    """An outlet, a logger and officers for one drill at a place of one's own area."""
    require(scope, "duty", "dispatcher")
    region = request.app.state.places.county_or(new.lon, new.lat, area=scope.region)
    if not region.startswith(scope.region):
        raise Forbidden(f"the place lies in {region}, outside your area")
    async with database.for_system() as session, session.begin():
        drill = await cast.set_up(session, lon=new.lon, lat=new.lat, region=region, officers=new.officers)
    return DrillOut.model_validate(drill, from_attributes=True)


@router.delete("/{drill_id}", status_code=204)
async def tear_down(
    drill_id: Annotated[str, Path(pattern=r"^[0-9a-f]{8}$")], scope: ScopeDep, database: DatabaseDep
) -> None:
    """Take the drill's things away; only its alert stays, closed and marked as drill."""
    require(scope, "duty", "dispatcher")
    async with database.for_system() as session, session.begin():
        region = await cast.region_of(session, drill_id)
        if region is None or not region.startswith(scope.region):
            raise NotFound(f"there is no drill {drill_id} in your area")
        await cast.tear_down(session, drill_id, actor=scope.actor)
