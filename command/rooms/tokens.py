"""Signed words that open a room to whoever brings them: a seat for an expert, one leg for a device or a page.

A room token says who (`sub`, a seat), where (`room`), what for (`use`) and until when; signed with HMAC-SHA256.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import jwt

from command.rooms.secrets import house_secret
from gis.database import Database
from gis.http import NotSignedIn

Use = Literal["seat", "publish", "view"]
LEG_TOKEN_FOR = timedelta(minutes=2)
DEVICE_TOKEN_FOR = timedelta(hours=12)  # a shift
_ALGORITHM = "HS256"
_CLAIMS = ["sub", "room", "use", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class RoomToken:
    """What a token says."""

    seat_id: int
    room_id: int
    use: Use
    expires_at: datetime
    id: UUID
    of: int | None = None
    device: bool = False


class RoomTokens:
    """Makes and reads the tokens of this installation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None

    async def make(
        self, seat_id: int, room_id: int, use: Use, lasting: timedelta, *, of: int | None = None, device: bool = False
    ) -> tuple[str, RoomToken]:
        """A new token, and what it says."""
        until = datetime.now(UTC).replace(microsecond=0) + lasting
        made = RoomToken(seat_id, room_id, use, until, uuid4(), of, device)
        claims = {"sub": str(seat_id), "room": room_id, "use": use, "exp": until, "jti": str(made.id)}
        if of is not None:
            claims["of"] = of
        if device:
            claims["device"] = True
        return jwt.encode(claims, await self._secret(), _ALGORITHM), made

    async def read(self, token: str, *, even_if_over: bool = False) -> RoomToken:
        """What a token says; raises `NotSignedIn` with what is wrong with it."""
        options = {"require": _CLAIMS, "verify_exp": not even_if_over}
        try:
            said = jwt.decode(token, await self._secret(), [_ALGORITHM], options=options)  # type: ignore[arg-type]
            return RoomToken(
                int(said["sub"]),
                int(said["room"]),
                said["use"],
                datetime.fromtimestamp(said["exp"], UTC),
                UUID(said["jti"]),
                said.get("of"),
                bool(said.get("device")),
            )
        except jwt.ExpiredSignatureError:
            raise NotSignedIn("the token has expired; ask for a new one") from None
        except (jwt.InvalidTokenError, ValueError, OverflowError):
            raise NotSignedIn("this is no token of a room here") from None

    async def _secret(self) -> bytes:
        if self._key is None:
            self._key = await house_secret(self._database, "room-tokens")
        return self._key
