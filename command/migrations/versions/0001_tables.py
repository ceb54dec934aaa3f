"""The tables of every room; readings and tracks are partitioned by day."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A day gets its own partition while nothing of it lies in the default one: rows of far-off days (a logger resending
# last year, a clock gone wrong) stay in the default partition, so that no stranger can make us create tables.
_ENSURE_PARTITIONS = """
CREATE FUNCTION ensure_partitions(parent text, first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    child text;
    used boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(212, 2);
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        child := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        CONTINUE WHEN to_regclass(child) IS NOT NULL;
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE at >= %L AND at < %L)', parent || '_default',
                       day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC') INTO used;
        CONTINUE WHEN used;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
                       day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "enterprise",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("risk", sa.Text(), server_default="low", nullable=False),
        sa.Column("credit", sa.Text(), server_default="green", nullable=False),
        sa.Column("permit_number", sa.Text(), nullable=True),
        sa.Column("permit_class", sa.Text(), nullable=True),
        sa.Column("permit_valid_to", sa.Date(), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("source_datum", sa.Text(), server_default="wgs84", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("credit IN ('green', 'blue', 'yellow', 'black')", name=op.f("ck_enterprise_credit")),
        sa.CheckConstraint("risk IN ('low', 'medium', 'high')", name=op.f("ck_enterprise_risk")),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90 AND NOT ST_IsEmpty(geom)",
            name=op.f("ck_enterprise_geom_on_earth"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise")),
        sa.UniqueConstraint("uscc", name=op.f("uq_enterprise_uscc")),
    )
    op.create_index(op.f("ix_enterprise_geom"), "enterprise", ["geom"], postgresql_using="gist")
    op.create_index(
        "ix_enterprise_name_trgm",
        "enterprise",
        ["name"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_enterprise_region"), "enterprise", ["region"], unique=False)
    op.create_index(op.f("ix_enterprise_tags"), "enterprise", ["tags"], unique=False, postgresql_using="gin")
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_alert_id_seq"), "event", ["alert_id", "seq"], unique=False)
    op.create_index(op.f("ix_event_region_seq"), "event", ["region", "seq"], unique=False)
    op.create_table(
        "quarantined_frame",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("mn", sa.Text(), nullable=True),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_frame")),
    )
    op.create_index(op.f("ix_quarantined_frame_mn"), "quarantined_frame", ["mn"], unique=False)
    op.create_index(op.f("ix_quarantined_frame_received_at"), "quarantined_frame", ["received_at"], unique=False)
    op.create_table(
        "reading",
        sa.Column("point_id", sa.BigInteger(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("converted", sa.Double(), nullable=True),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.CheckConstraint("period IN ('realtime', 'minute', 'hour', 'day')", name=op.f("ck_reading_period")),
        sa.PrimaryKeyConstraint("point_id", "factor", "period", "at", name=op.f("pk_reading")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "reading_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("point_id", sa.BigInteger(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("converted", sa.Double(), nullable=True),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_revision")),
    )
    op.create_index(
        op.f("ix_reading_revision_point_id_factor_period_at"),
        "reading_revision",
        ["point_id", "factor", "period", "at"],
        unique=False,
    )
    op.create_table(
        "region",
        sa.Column("adcode", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=6, collation="C"), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("adcode ~ '^[0-9]{6}$'", name=op.f("ck_region_adcode")),
        sa.CheckConstraint("level IN ('province', 'city', 'county')", name=op.f("ck_region_level")),
        sa.ForeignKeyConstraint(["parent"], ["region.adcode"], name=op.f("fk_region_parent")),
        sa.PrimaryKeyConstraint("adcode", name=op.f("pk_region")),
    )
    op.create_index("idx_region_geom", "region", ["geom"], postgresql_using="gist")
    op.create_table(
        "road_closure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("geom", Geometry(srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "GeometryType(geom) IN ('POINT', 'LINESTRING', 'POLYGON', 'MULTILINESTRING', 'MULTIPOLYGON')",
            name=op.f("ck_road_closure_geometry"),
        ),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_road_closure_reason")),
        sa.CheckConstraint("until IS NULL OR until > closed_at", name=op.f("ck_road_closure_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_closure")),
    )
    op.create_index(op.f("ix_road_closure_geom"), "road_closure", ["geom"], postgresql_using="gist")
    op.create_table(
        "station",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("source_datum", sa.Text(), server_default="wgs84", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("level IN ('province', 'city', 'county')", name=op.f("ck_station_level")),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90 AND NOT ST_IsEmpty(geom)",
            name=op.f("ck_station_geom_on_earth"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
        sa.UniqueConstraint("code", name=op.f("uq_station_code")),
    )
    op.create_index(op.f("ix_station_geom"), "station", ["geom"], postgresql_using="gist")
    op.create_index(op.f("ix_station_region"), "station", ["region"], unique=False)
    op.create_table(
        "track",
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("speed_mps", sa.Double(), nullable=True),
        sa.Column("heading", sa.Double(), nullable=True),
        sa.Column("altitude_m", sa.Double(), nullable=True),
        sa.Column("battery_pct", sa.Double(), nullable=True),
        sa.Column("suspect", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90 AND NOT ST_IsEmpty(geom)",
            name=op.f("ck_track_geom_on_earth"),
        ),
        sa.PrimaryKeyConstraint("officer_id", "at", name=op.f("pk_track")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "monitoring_point",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=True),
        sa.Column("standard", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("reference_oxygen", sa.Double(), nullable=True),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("source_datum", sa.Text(), server_default="wgs84", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('outfall', 'stack', 'ambient_air', 'surface_water')", name=op.f("ck_monitoring_point_kind")
        ),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90 AND NOT ST_IsEmpty(geom)",
            name=op.f("ck_monitoring_point_geom_on_earth"),
        ),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_monitoring_point_enterprise_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_point")),
        sa.UniqueConstraint("code", name=op.f("uq_monitoring_point_code")),
    )
    op.create_index(op.f("ix_monitoring_point_enterprise_id"), "monitoring_point", ["enterprise_id"], unique=False)
    op.create_index(op.f("ix_monitoring_point_geom"), "monitoring_point", ["geom"], postgresql_using="gist")
    op.create_index(op.f("ix_monitoring_point_region"), "monitoring_point", ["region"], unique=False)
    op.create_table(
        "officer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("skills", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("shift", sa.Text(), server_default="day", nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=True),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("certificate_valid_to", sa.Date(), nullable=True),
        sa.Column("on_duty", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("duty_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duty_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("level IN ('province', 'city', 'county')", name=op.f("ck_officer_level")),
        sa.CheckConstraint("shift IN ('day', 'night', 'rotating')", name=op.f("ck_officer_shift")),
        sa.CheckConstraint("NOT on_duty OR duty_since IS NOT NULL", name=op.f("ck_officer_duty_since")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_officer_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer")),
        sa.UniqueConstraint("code", name=op.f("uq_officer_code")),
    )
    op.create_index(op.f("ix_officer_region"), "officer", ["region"], unique=False)
    op.create_index(op.f("ix_officer_station_id"), "officer", ["station_id"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="raised", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("point_id", sa.BigInteger(), nullable=True),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=True),
        sa.Column("factor", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("worst_value", sa.Double(), nullable=True),
        sa.Column("limit_low", sa.Double(), nullable=True),
        sa.Column("limit_high", sa.Double(), nullable=True),
        sa.Column("limit_source", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("reading_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reading_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("close_note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_alert_closed_has_time")),
        sa.CheckConstraint(
            "kind IN ('pollution_source', 'environment_quality', 'enforcement_task', 'manual')",
            name=op.f("ck_alert_kind"),
        ),
        sa.CheckConstraint(
            "status <> 'acknowledged' OR acknowledged_at IS NOT NULL", name=op.f("ck_alert_acknowledged_has_time")
        ),
        sa.CheckConstraint("status IN ('raised', 'acknowledged', 'closed')", name=op.f("ck_alert_status")),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_alert_level")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_alert_enterprise_id")),
        sa.ForeignKeyConstraint(
            ["point_id"], ["monitoring_point.id"], name=op.f("fk_alert_point_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_geom"), "alert", ["geom"], postgresql_using="gist")
    op.create_index(op.f("ix_alert_point_id"), "alert", ["point_id"], unique=False)
    op.create_index(op.f("ix_alert_raised_at"), "alert", ["raised_at"], unique=False)
    op.create_index(op.f("ix_alert_region_status"), "alert", ["region", "status"], unique=False)
    op.create_index(
        "uq_alert_open_fault",
        "alert",
        ["point_id", "factor"],
        unique=True,
        postgresql_where=sa.text("status <> 'closed' AND point_id IS NOT NULL AND factor IS NOT NULL"),
    )
    op.create_table(
        "data_logger",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mn", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("point_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("quarantine_reason", sa.Text(), nullable=True),
        sa.Column("dialect", sa.Text(), nullable=True),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state = 'active' OR quarantine_reason IS NOT NULL", name=op.f("ck_data_logger_quarantined_has_reason")
        ),
        sa.CheckConstraint(
            "state = 'quarantined' OR point_id IS NOT NULL", name=op.f("ck_data_logger_active_has_point")
        ),
        sa.CheckConstraint("state IN ('active', 'quarantined')", name=op.f("ck_data_logger_state")),
        sa.CheckConstraint("length(mn) BETWEEN 1 AND 64", name=op.f("ck_data_logger_mn")),
        sa.ForeignKeyConstraint(
            ["point_id"], ["monitoring_point.id"], name=op.f("fk_data_logger_point_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_logger")),
        sa.UniqueConstraint("mn", name=op.f("uq_data_logger_mn")),
    )
    op.create_index(op.f("ix_data_logger_point_id"), "data_logger", ["point_id"], unique=False)
    op.create_index(op.f("ix_data_logger_region"), "data_logger", ["region"], unique=False)
    op.create_table(
        "discharge_limit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("point_id", sa.BigInteger(), nullable=True),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("period IN ('realtime', 'minute', 'hour', 'day')", name=op.f("ck_discharge_limit_period")),
        sa.CheckConstraint("low IS NOT NULL OR high IS NOT NULL", name=op.f("ck_discharge_limit_some_bound")),
        sa.CheckConstraint(
            "low IS NULL OR high IS NULL OR low <= high", name=op.f("ck_discharge_limit_low_below_high")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_discharge_limit_valid")),
        sa.ForeignKeyConstraint(
            ["point_id"], ["monitoring_point.id"], name=op.f("fk_discharge_limit_point_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discharge_limit")),
        sa.UniqueConstraint(
            "standard",
            "grade",
            "point_id",
            "factor",
            "period",
            "condition",
            "valid_from",
            name=op.f("uq_discharge_limit_standard_grade_point_id_factor_period_condition_valid_from"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_discharge_limit_point_id"), "discharge_limit", ["point_id"], unique=False)
    op.create_table(
        "officer_position",
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "geom",
            Geometry(geometry_type="POINT", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("speed_mps", sa.Double(), nullable=True),
        sa.Column("heading", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90 AND NOT ST_IsEmpty(geom)",
            name=op.f("ck_officer_position_geom_on_earth"),
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_officer_position_officer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("officer_id", name=op.f("pk_officer_position")),
    )
    op.create_index(op.f("ix_officer_position_geom"), "officer_position", ["geom"], postgresql_using="gist")
    op.create_index(op.f("ix_officer_position_moved"), "officer_position", ["moved"], unique=False)
    op.create_table(
        "position_device",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("datum", sa.Text(), server_default="wgs84", nullable=False),
        sa.Column("speed_unit", sa.Text(), server_default="knots", nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("datum IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09')", name=op.f("ck_position_device_datum")),
        sa.CheckConstraint("speed_unit IN ('knots', 'mps', 'kmh')", name=op.f("ck_position_device_speed_unit")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_position_device_officer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_position_device_token_hash")),
    )
    op.create_index(op.f("ix_position_device_officer_id"), "position_device", ["officer_id"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(role = 'officer') = (officer_id IS NOT NULL)", name=op.f("ck_user_account_officer_has_person")
        ),
        sa.CheckConstraint("region ~ '^([0-9]{2}){1,3}$'", name=op.f("ck_user_account_region")),
        sa.CheckConstraint(
            "role IN ('duty', 'dispatcher', 'officer', 'planner', 'expert', 'admin')", name=op.f("ck_user_account_role")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_user_account_officer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_user_account_officer_id")),
        sa.UniqueConstraint("username", name=op.f("uq_user_account_username")),
    )
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("officer_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="offered", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("travel_time_s", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'departed', 'arrived', 'declined', 'finished', 'cancelled')",
            name=op.f("ck_assignment_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('offered', 'accepted', 'departed', 'arrived') OR officer_id IS NOT NULL",
            name=op.f("ck_assignment_open_has_officer"),
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_assignment_alert_id")),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_assignment_officer_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_alert_id"), "assignment", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_assignment_expires_at"),
        "assignment",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(op.f("ix_assignment_officer_id"), "assignment", ["officer_id"], unique=False)
    op.create_index(
        "uq_assignment_one_open",
        "assignment",
        ["officer_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered', 'accepted', 'departed', 'arrived')"),
    )
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_user_session")),
    )
    op.create_index(op.f("ix_user_session_user_id"), "user_session", ["user_id"], unique=False)
    op.create_table(
        "photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.CheckConstraint("media_type IN ('image/jpeg', 'image/png', 'image/webp')", name=op.f("ck_photo_media_type")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_photo_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
    )
    op.create_index(op.f("ix_photo_assignment_id"), "photo", ["assignment_id"], unique=False)
    op.execute(_ENSURE_PARTITIONS)
    op.execute("CREATE TABLE reading_default PARTITION OF reading DEFAULT")
    op.execute("CREATE TABLE track_default PARTITION OF track DEFAULT")
    op.execute("CREATE SEQUENCE position_batch")


def downgrade() -> None:
    op.execute("DROP FUNCTION ensure_partitions(text, date, date)")
    op.execute("DROP SEQUENCE position_batch")
    op.drop_index(op.f("ix_photo_assignment_id"), table_name="photo")
    op.drop_table("photo")
    op.drop_index(op.f("ix_user_session_user_id"), table_name="user_session")
    op.drop_table("user_session")
    op.drop_index(
        "uq_assignment_one_open",
        table_name="assignment",
        postgresql_where=sa.text("state IN ('offered', 'accepted', 'departed', 'arrived')"),
    )
    op.drop_index(op.f("ix_assignment_officer_id"), table_name="assignment")
    op.drop_index(
        op.f("ix_assignment_expires_at"), table_name="assignment", postgresql_where=sa.text("state = 'offered'")
    )
    op.drop_index(op.f("ix_assignment_alert_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_table("user_account")
    op.drop_index(op.f("ix_position_device_officer_id"), table_name="position_device")
    op.drop_table("position_device")
    op.drop_index(op.f("ix_officer_position_moved"), table_name="officer_position")
    op.drop_index(op.f("ix_officer_position_geom"), table_name="officer_position")
    op.drop_table("officer_position")
    op.drop_index(op.f("ix_discharge_limit_point_id"), table_name="discharge_limit")
    op.drop_table("discharge_limit")
    op.drop_index(op.f("ix_data_logger_region"), table_name="data_logger")
    op.drop_index(op.f("ix_data_logger_point_id"), table_name="data_logger")
    op.drop_table("data_logger")
    op.drop_index(
        "uq_alert_open_fault",
        table_name="alert",
        postgresql_where=sa.text("status <> 'closed' AND point_id IS NOT NULL AND factor IS NOT NULL"),
    )
    op.drop_index(op.f("ix_alert_region_status"), table_name="alert")
    op.drop_index(op.f("ix_alert_raised_at"), table_name="alert")
    op.drop_index(op.f("ix_alert_point_id"), table_name="alert")
    op.drop_index(op.f("ix_alert_geom"), table_name="alert")
    op.drop_table("alert")
    op.drop_index(op.f("ix_officer_station_id"), table_name="officer")
    op.drop_index(op.f("ix_officer_region"), table_name="officer")
    op.drop_table("officer")
    op.drop_index(op.f("ix_monitoring_point_region"), table_name="monitoring_point")
    op.drop_index(op.f("ix_monitoring_point_geom"), table_name="monitoring_point")
    op.drop_index(op.f("ix_monitoring_point_enterprise_id"), table_name="monitoring_point")
    op.drop_table("monitoring_point")
    op.drop_table("track")
    op.drop_index(op.f("ix_station_region"), table_name="station")
    op.drop_index(op.f("ix_station_geom"), table_name="station")
    op.drop_table("station")
    op.drop_index(op.f("ix_road_closure_geom"), table_name="road_closure")
    op.drop_table("road_closure")
    op.drop_index("idx_region_geom", table_name="region")
    op.drop_table("region")
    op.drop_index(op.f("ix_reading_revision_point_id_factor_period_at"), table_name="reading_revision")
    op.drop_table("reading_revision")
    op.drop_table("reading")
    op.drop_index(op.f("ix_quarantined_frame_received_at"), table_name="quarantined_frame")
    op.drop_index(op.f("ix_quarantined_frame_mn"), table_name="quarantined_frame")
    op.drop_table("quarantined_frame")
    op.drop_index(op.f("ix_event_region_seq"), table_name="event")
    op.drop_index(op.f("ix_event_alert_id_seq"), table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_enterprise_tags"), table_name="enterprise", postgresql_using="gin")
    op.drop_index(op.f("ix_enterprise_region"), table_name="enterprise")
    op.drop_index(
        "ix_enterprise_name_trgm",
        table_name="enterprise",
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_enterprise_geom"), table_name="enterprise")
    op.drop_table("enterprise")
