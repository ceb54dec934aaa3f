"""What we know and what arrives, as rows.

`region` is always the adcode of the county (or, for people, of the organisation: county, city or province) that the row
belongs to; row-level security looks at nothing else. It is written in the C collation, so that a prefix is a range.
`demo` marks rows of the demonstration world, `drill` rows that exist for one drill only.
"""

from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base

_POINT = Geometry("POINT", srid=4326, spatial_index=False)
_REGION = String(6, collation="C")

PERIODS = ("realtime", "minute", "hour", "day")
POINT_KINDS = ("outfall", "stack", "ambient_air", "surface_water")


def _one_of(column: str, values: tuple[str, ...], name: str | None = None) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def _bigrams(table: str, column: str) -> Index:
    """Finds any part of a text of two characters or more, for a person's session too (migration 0006)."""
    return Index(f"ix_{table}_{column}_bigrams", text(f"bigrams({column})"), postgresql_using="gin")


def _without_cell(table: str) -> Index:
    """Finds the few rows whose H3 cell is not known yet."""
    return Index(f"ix_{table}_without_cell", "geom", postgresql_using="gist", postgresql_where=text("cell IS NULL"))


def _on_earth(column: str = "geom") -> CheckConstraint:
    return CheckConstraint(
        f"ST_X({column}) BETWEEN -180 AND 180 AND ST_Y({column}) BETWEEN -90 AND 90 AND NOT ST_IsEmpty({column})",
        name=f"{column}_on_earth",
    )


class Enterprise(Base):
    """A discharging unit (排污单位)."""

    __tablename__ = "enterprise"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uscc: Mapped[str] = mapped_column(String(18), unique=True)  # GB 32100-2015
    name: Mapped[str]
    address: Mapped[str | None]
    industry: Mapped[str]  # GB/T 4754 class, four digits
    tags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    risk: Mapped[str] = mapped_column(server_default="low")
    credit: Mapped[str] = mapped_column(server_default="green")
    permit_number: Mapped[str | None]
    permit_class: Mapped[str | None]
    permit_valid_to: Mapped[date | None]
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    cell: Mapped[int | None] = mapped_column(BigInteger)  # H3, see gis.cells; None until it is found
    source_datum: Mapped[str] = mapped_column(server_default="wgs84")
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _one_of("risk", ("low", "medium", "high")),
        _one_of("credit", ("green", "blue", "yellow", "black")),
        _on_earth(),
        Index(None, "geom", postgresql_using="gist"),
        _without_cell("enterprise"),
        Index(None, "region"),
        Index(None, "tags", postgresql_using="gin"),
        Index("ix_enterprise_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        _bigrams("enterprise", "name"),
        Index("ix_enterprise_name_order", "name", postgresql_ops={"name": "text_pattern_ops"}),
        Index("ix_enterprise_uscc_order", "uscc", postgresql_ops={"uscc": "varchar_pattern_ops"}),
    )


class EnterpriseCell(Base):
    """How many enterprises are in an H3 cell, by county, risk and credit; kept by triggers (migration 0006a)."""

    __tablename__ = "enterprise_cell"

    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    region: Mapped[str] = mapped_column(_REGION, primary_key=True)
    risk: Mapped[str] = mapped_column(primary_key=True)
    credit: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    newest: Mapped[datetime]


class EnterpriseTagCell(Base):
    """The same by tag, for a map of a city or more; kept by triggers (migration 0015)."""

    __tablename__ = "enterprise_tag_cell"

    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(_REGION, primary_key=True)
    risk: Mapped[str] = mapped_column(primary_key=True)
    credit: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class MonitoringPoint(Base):
    """An outlet or a station that reports values: outfall, stack, ambient air, surface water."""

    __tablename__ = "monitoring_point"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    standard: Mapped[str | None]  # e.g. 'GB 18918-2002'
    grade: Mapped[str | None]  # e.g. '1A', or the target class of a river section
    reference_oxygen: Mapped[float | None]  # %, stacks only
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    cell: Mapped[int | None] = mapped_column(BigInteger)  # H3, see gis.cells; None until it is found
    source_datum: Mapped[str] = mapped_column(server_default="wgs84")
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _one_of("kind", POINT_KINDS),
        _on_earth(),
        Index(None, "geom", postgresql_using="gist"),
        _without_cell("monitoring_point"),
        Index(None, "region"),
        _bigrams("monitoring_point", "name"),
        _bigrams("monitoring_point", "code"),
    )


class PointState(Base):
    """How a point is by its newest values; silent once `due` is over. Without a row it never reported.

    `factor` is the one that says so: the worst. Tiles, counts and rows all read it in the same way (migration 0012).
    """

    __tablename__ = "point_state"

    point_id: Mapped[int] = mapped_column(ForeignKey("monitoring_point.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    factor: Mapped[str]
    period: Mapped[str]
    value: Mapped[float | None]  # as it was judged: at reference oxygen where the device sends it
    at: Mapped[datetime]  # start of the period, or the instant
    due: Mapped[datetime]
    region: Mapped[str] = mapped_column(_REGION)

    __table_args__ = (_one_of("state", ("normal", "over", "not_measuring")), _one_of("period", PERIODS))


class DischargeLimit(Base):
    """A dated limit: of a standard and grade, or (with `point_id`) of one outlet's permit. A permit's row wins."""

    __tablename__ = "discharge_limit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    standard: Mapped[str]
    grade: Mapped[str | None]
    point_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_point.id", ondelete="CASCADE"), index=True)
    factor: Mapped[str]  # HJ 212-2017 Annex B code, e.g. 'w01018'
    period: Mapped[str]  # the averaging period that the limit is for
    low: Mapped[float | None]
    high: Mapped[float | None]
    unit: Mapped[str]
    condition: Mapped[str | None]  # e.g. 'water_temperature<=12'
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # first day on which it no longer holds
    source: Mapped[str]

    __table_args__ = (
        _one_of("period", PERIODS),
        CheckConstraint("low IS NOT NULL OR high IS NOT NULL", name="some_bound"),
        CheckConstraint("low IS NULL OR high IS NULL OR low <= high", name="low_below_high"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="valid"),
        UniqueConstraint(
            "standard",
            "grade",
            "point_id",
            "factor",
            "period",
            "condition",
            "valid_from",
            postgresql_nulls_not_distinct=True,
        ),
    )


class DataLogger(Base):
    """A data logger (数采仪) that speaks HJ 212. One that we do not know is kept here too, quarantined."""

    __tablename__ = "data_logger"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mn: Mapped[str] = mapped_column(unique=True)  # case kept; no meaning is read out of it
    password: Mapped[str | None] = mapped_column(deferred=True)  # PW of the frame; no person's session may read it
    point_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_point.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(server_default="active")
    quarantine_reason: Mapped[str | None]
    dialect: Mapped[str | None]
    region: Mapped[str] = mapped_column(_REGION)
    first_seen_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        _one_of("state", ("active", "quarantined")),
        CheckConstraint("state = 'quarantined' OR point_id IS NOT NULL", name="active_has_point"),
        CheckConstraint("state = 'active' OR quarantine_reason IS NOT NULL", name="quarantined_has_reason"),
        CheckConstraint("length(mn) BETWEEN 1 AND 64", name="mn"),
        Index(None, "region"),
        _bigrams("data_logger", "mn"),
    )


class QuarantinedFrame(Base):
    """A frame that we could not take as a reading: unknown MN, wrong PW, damaged. Shown, never dropped in silence."""

    __tablename__ = "quarantined_frame"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    mn: Mapped[str | None] = mapped_column(index=True)
    peer: Mapped[str]
    reason: Mapped[str]
    raw: Mapped[bytes]
    region: Mapped[str] = mapped_column(_REGION)


class Reading(Base):
    """One value of one factor at one point. Upsert by (point, factor, period, at): the later packet wins."""

    __tablename__ = "reading"

    point_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    factor: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)  # start of the period, or the instant
    value: Mapped[float | None]  # Rtd, or Avg of a period
    converted: Mapped[float | None]  # value at reference oxygen (折算)
    flag: Mapped[str | None]
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # as sent, e.g. {"Min": "1.2"}
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    region: Mapped[str] = mapped_column(_REGION)

    __table_args__ = (_one_of("period", PERIODS), {"postgresql_partition_by": "RANGE (at)"})


class ReadingRevision(Base):
    """What a reading said before a later packet replaced it."""

    __tablename__ = "reading_revision"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    point_id: Mapped[int] = mapped_column(BigInteger)
    factor: Mapped[str]
    period: Mapped[str]
    at: Mapped[datetime]
    value: Mapped[float | None]
    converted: Mapped[float | None]
    flag: Mapped[str | None]
    fields: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    replaced_at: Mapped[datetime] = mapped_column(server_default=func.now())
    region: Mapped[str] = mapped_column(_REGION)

    __table_args__ = (Index(None, "point_id", "factor", "period", "at"),)


class Station(Base):
    """A base from which officers set out."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    organisation: Mapped[str]
    level: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    region: Mapped[str] = mapped_column(_REGION)
    source_datum: Mapped[str] = mapped_column(server_default="wgs84")
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _one_of("level", ("province", "city", "county")),
        _on_earth(),
        Index(None, "geom", postgresql_using="gist"),
        Index(None, "region"),
    )


class Officer(Base):
    """An enforcement officer (执法人员). `region` is the organisation's: 370705, 370700 or 370000."""

    __tablename__ = "officer"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # number of the enforcement certificate
    name: Mapped[str]
    organisation: Mapped[str]
    level: Mapped[str]
    phone: Mapped[str | None]
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    shift: Mapped[str] = mapped_column(server_default="day")
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"), index=True)
    region: Mapped[str] = mapped_column(_REGION)
    certificate_valid_to: Mapped[date | None]
    on_duty: Mapped[bool] = mapped_column(server_default=text("false"))
    duty_since: Mapped[datetime | None]
    duty_until: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    drill: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _one_of("level", ("province", "city", "county")),
        _one_of("shift", ("day", "night", "rotating")),
        CheckConstraint("NOT on_duty OR duty_since IS NOT NULL", name="duty_since"),
        Index(None, "region"),
    )


class PositionDevice(Base):
    """A tracker or phone that may report positions: of one officer, or (a gateway) of all officers of a region."""

    __tablename__ = "position_device"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256, hex; the token itself is not kept
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]
    datum: Mapped[str] = mapped_column(server_default="wgs84")
    speed_unit: Mapped[str] = mapped_column(server_default="knots")  # of the OsmAnd query form
    region: Mapped[str] = mapped_column(_REGION)
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        _one_of("datum", ("wgs84", "cgcs2000", "gcj02", "bd09")),
        _one_of("speed_unit", ("knots", "mps", "kmh")),
    )


class OfficerPosition(Base):
    """Where an officer is now: the newest fix. `moved` grows with every batch, so that other workers can catch up."""

    __tablename__ = "officer_position"

    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id", ondelete="CASCADE"), primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    accuracy_m: Mapped[float | None]
    speed_mps: Mapped[float | None]
    heading: Mapped[float | None]
    source: Mapped[str]
    region: Mapped[str] = mapped_column(_REGION)  # the officer's, as in `officer`
    moved: Mapped[int] = mapped_column(BigInteger, index=True)

    __table_args__ = (_on_earth(), Index(None, "geom", postgresql_using="gist"))


class TrackPoint(Base):
    """Every fix of every officer on duty, partitioned by day."""

    __tablename__ = "track"

    officer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(_POINT)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    accuracy_m: Mapped[float | None]
    speed_mps: Mapped[float | None]
    heading: Mapped[float | None]
    altitude_m: Mapped[float | None]
    battery_pct: Mapped[float | None]
    suspect: Mapped[str | None]  # why the fix was kept for the track only: 'jump', 'mock', 'late'
    source: Mapped[str]
    region: Mapped[str] = mapped_column(_REGION)

    __table_args__ = (
        _on_earth(),
        Index(None, "at", postgresql_using="brin"),  # everybody at one time, for the replay
        {"postgresql_partition_by": "RANGE (at)"},
    )
