"""What is known of each source in each area, and which processes that take data in are alive."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class SourceState(Base):
    """One source in one area: a county, a city (`370700`) or a province (`370000`) with all that lies in it."""

    __tablename__ = "source_state"

    source: Mapped[str] = mapped_column(primary_key=True)
    area: Mapped[str] = mapped_column(String(6, collation="C"), primary_key=True)
    state: Mapped[str] = mapped_column(server_default=text("'idle'"))
    since: Mapped[datetime | None]  # when it was seen to be in this state
    last_at: Mapped[datetime | None]  # when the newest of it came
    stopped_since: Mapped[datetime | None]
    gap_s: Mapped[float] = mapped_column(server_default=text("0"))  # the longest silence that is usual
    gaps: Mapped[int] = mapped_column(server_default=text("0"))  # silences that were learned from
    crowd: Mapped[float] = mapped_column(server_default=text("0"))  # how many were expected to report then
    expected: Mapped[int] = mapped_column(server_default=text("0"))  # how many are expected to report now
    expected_since: Mapped[datetime | None]
    told: Mapped[bool] = mapped_column(server_default=text("false"))  # its loss stands in the event log, for this area

    __table_args__ = (
        CheckConstraint("state IN ('live', 'idle', 'stopped')", name="state"),
        CheckConstraint("(state = 'stopped') = (stopped_since IS NOT NULL)", name="stopped_since"),
    )


class SourceHeartbeat(Base):
    """A process that takes a source in. `backend` is its connection's process in the database: gone when it is gone."""

    __tablename__ = "source_heartbeat"

    instance: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    backend: Mapped[int]
    beat_at: Mapped[datetime]
