"""What this installation signs with, the same for all its processes."""

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from command.rooms.tables import HouseSecret
from gis.database import Database

_BYTES = 32


async def house_secret(database: Database, name: str) -> bytes:
    """The secret of that name, made now if it never was; of two processes that make it at once one wins."""
    async with database.for_system() as session, session.begin():
        await session.execute(
            insert(HouseSecret).values(name=name, value=secrets.token_bytes(_BYTES)).on_conflict_do_nothing()
        )
        return (await session.execute(select(HouseSecret.value).where(HouseSecret.name == name))).scalar_one()
