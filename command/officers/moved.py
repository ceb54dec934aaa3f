"""What moved, for the live feed: asked once for each kind of listener, under its rights."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from command.officers.status import status
from data.tables import Officer, OfficerPosition
from gis.database import Database, Scope


async def moved_since(database: Database, scope: Scope, batch: int, *, stale_after: timedelta) -> list[dict[str, Any]]:
    """Officers of the listener's area whose position changed after a batch number, as `officers.moved` tells it."""
    async with database.for_person(scope) as session:
        rows = await session.execute(
            select(
                Officer.id,
                func.ST_X(OfficerPosition.geom).label("lon"),
                func.ST_Y(OfficerPosition.geom).label("lat"),
                OfficerPosition.at,
                OfficerPosition.speed_mps,
                OfficerPosition.heading,
                OfficerPosition.accuracy_m,
                status(stale_after),
            )
            .join(OfficerPosition, OfficerPosition.officer_id == Officer.id)
            .where(OfficerPosition.moved > batch, ~Officer.drill)
            .order_by(Officer.id)
        )
        return [dict(row) for row in rows.mappings()]
