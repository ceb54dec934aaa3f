"""What enforcement has done, as rows; a first plain form, their workflow comes later.

`region` is always the adcode of a county: that of the place where it happened. Row-level security looks at it, and
every figure of an area is the sum of the figures of its counties. Who took part is written down with the name and
certificate of that day, as on the paper form: a record does not change when people do. `demo` marks rows of the
demonstration world.
"""

from datetime import date, datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

_POINT = Geometry("POINT", srid=4326, spatial_index=False)
_REGION = String(6, collation="C")

INSPECTION_KINDS = ("routine", "random", "special", "complaint", "follow_up")
VIOLATIONS = ("exceedance", "no_permit", "evasion", "monitoring", "hazardous_waste", "dust", "ledger")
MEASURES = ("seizure", "restriction", "detention", "crime")
TRAINING_KINDS = ("regulations", "evidence", "monitoring", "file_review", "competition", "emergency")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_listed(values)})", name=column)


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _county() -> CheckConstraint:
    return CheckConstraint("region ~ '^[0-9]{6}$' AND region !~ '00$'", name="county")


class Inspection(Base):
    """An on-site inspection (现场检查) of one enterprise, from the moment `at` at which it began."""

    __tablename__ = "inspection"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    # How many took part: the rows of inspection_officer, counted by a trigger of that table.
    person_times: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        _one_of("kind", INSPECTION_KINDS),
        _county(),
        # The figures are counted from this index alone.
        Index(None, "at", "id", postgresql_include=["region", "enterprise_id", "person_times"]),
        Index(None, "region", "at", "id", postgresql_include=["enterprise_id", "person_times"]),
        Index(None, "enterprise_id", "at"),
    )


class InspectionOfficer(Base):
    """An officer who took part in an inspection: one of its person-times (出动人次)."""

    __tablename__ = "inspection_officer"

    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id", ondelete="CASCADE"), primary_key=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"), primary_key=True, index=True)
    name: Mapped[str]
    certificate: Mapped[str]
    region: Mapped[str] = mapped_column(_REGION)  # the inspection's

    __table_args__ = (_county(),)


class Finding(Base):
    """A problem that an inspection found (发现问题), and the day on which it was put right."""

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id", ondelete="CASCADE"), index=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    due_on: Mapped[date]
    rectified_on: Mapped[date | None]
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        _one_of("kind", VIOLATIONS),
        _county(),
        Index(None, "at", "id", postgresql_include=["region"]),
        Index(None, "region", "at", "id"),
        Index(None, "enterprise_id", "at"),
    )


class PenaltyCase(Base):
    """A penalty case (处罚案件): filed (立案), then decided with a fine, and with supporting measures (配套办法)."""

    __tablename__ = "penalty_case"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    finding_id: Mapped[int | None] = mapped_column(ForeignKey("finding.id"), unique=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    kind: Mapped[str]
    filed_on: Mapped[date]
    decided_on: Mapped[date | None]
    fine_yuan: Mapped[int | None] = mapped_column(BigInteger)
    measures: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        _one_of("kind", VIOLATIONS),
        CheckConstraint(f"measures <@ ARRAY[{_listed(MEASURES)}]", name="measures"),
        CheckConstraint("decided_on >= filed_on", name="decided_after_filed"),
        CheckConstraint("(decided_on IS NULL) = (fine_yuan IS NULL) AND fine_yuan >= 0", name="fine"),
        _county(),
        Index(None, "filed_on", "id"),
        Index(None, "decided_on", "id"),
        Index(None, "region"),
        Index(None, "enterprise_id", "filed_on"),
    )


class RecordVersion(Base):
    """One row: the number of the newest change of any record, counted up by triggers; read with `records_version()`."""

    __tablename__ = "record_version"

    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Training(Base):
    """A training session or competition (培训、练兵) at one place."""

    __tablename__ = "training"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str]
    kind: Mapped[str]
    organisation: Mapped[str]
    at: Mapped[datetime]
    hours: Mapped[float]
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        _one_of("kind", TRAINING_KINDS),
        CheckConstraint("hours > 0", name="hours"),
        _county(),
        Index(None, "at", "id"),
        Index(None, "region"),
    )


class TrainingParticipant(Base):
    """An officer who took part in a training session; `score` (0 to 100) where there was something to win."""

    __tablename__ = "training_participant"

    training_id: Mapped[int] = mapped_column(ForeignKey("training.id", ondelete="CASCADE"), primary_key=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"), primary_key=True, index=True)
    name: Mapped[str]
    certificate: Mapped[str]
    score: Mapped[float | None]
    region: Mapped[str] = mapped_column(_REGION)  # the session's

    __table_args__ = (_county(), CheckConstraint("score BETWEEN 0 AND 100", name="score"))
