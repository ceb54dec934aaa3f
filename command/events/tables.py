"""The event log: one row for each decision and each change of state."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class Event(Base):
    """A fact in the past tense. `seq`, `prev_hash` and `hash` and `at` are set by the database (`chain_event`)."""

    __tablename__ = "event"

    seq: Mapped[int] = mapped_column(BigInteger, FetchedValue(), primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(FetchedValue())
    kind: Mapped[str]
    subject: Mapped[str]  # e.g. 'alert:12'
    alert_id: Mapped[int | None] = mapped_column(BigInteger)  # the timeline that it belongs to
    officer_id: Mapped[int | None] = mapped_column(BigInteger)  # the officer whose phone must hear it
    region: Mapped[str] = mapped_column(String(6, collation="C"))
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary, FetchedValue())
    hash: Mapped[bytes] = mapped_column(LargeBinary, FetchedValue())

    __table_args__ = (
        Index(None, "alert_id", "seq"),
        Index(None, "region", "seq"),
        # What was offered belongs to no timeline (an officer reads those), so it is found by its subject.
        # A call's rows are handed out with its recording.
        Index("ix_event_call", "subject", "seq", postgresql_where=text("kind ~ '^(room|recording)[.]'")),
        Index("ix_event_ranking", "subject", postgresql_where=text("kind = 'ranking.recorded'")),
    )
