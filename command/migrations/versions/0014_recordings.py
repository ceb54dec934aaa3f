"""Recordings of rooms: what was recorded, and the words that an event was hashed from, to hand them out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AREA = "(SELECT nullif(current_setting('onemap.region', true), ''))"
_ROLE = "(SELECT current_setting('onemap.role', true))"
_IN_AREA = f"(region >= {_AREA} AND region < (SELECT current_setting('onemap.region', true) || 'z'))"
_DESKS = f"({_ROLE} IN ('duty', 'dispatcher', 'admin') AND {_IN_AREA})"
_ACTOR = "current_setting('onemap.actor', true)"

# The same bytes as 0002 hashes: who has them can hash them again without a database.
_EVENT_WORDS = r"""
CREATE FUNCTION event_words(e event) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        e.seq, extract(epoch FROM e.at)::numeric, e.kind, e.subject, e.alert_id, e.officer_id, e.region, e.actor, e.data
    )::text
$$
"""
_EVENT_HASH = r"""
CREATE OR REPLACE FUNCTION event_hash(e event) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(e.prev_hash || convert_to({words}, 'UTF8'))
$$
"""
_WORDS_BEFORE = """jsonb_build_array(
        e.seq, extract(epoch FROM e.at)::numeric, e.kind, e.subject, e.alert_id, e.officer_id, e.region, e.actor, e.data
    )::text"""


def upgrade() -> None:
    op.execute(_EVENT_WORDS)
    op.execute(_EVENT_HASH.format(words="event_words(e)"))
    _make_tables()
    for table in ("recording", "recording_segment", "snapshot"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT ON {table} TO onemap_web")
    op.create_index(
        "ix_event_call", "event", ["subject", "seq"], postgresql_where=sa.text("kind ~ '^(room|recording)[.]'")
    )
    op.execute("GRANT UPDATE (legal_hold, hold_reason, hold_by, version) ON recording TO onemap_web")
    op.execute(
        "GRANT INSERT (room_id, of_seat_id, taken_by, media_type, sha256, content, region) ON snapshot TO onemap_web"
    )
    # Who sits in a room takes pictures in it; what was recorded is the desks' to see and to hand out.
    for table, command, condition in (
        ("recording", "SELECT", _DESKS),
        ("recording", "UPDATE", _DESKS),
        ("recording_segment", "SELECT", _DESKS),
        ("snapshot", "SELECT", f"{_DESKS} OR taken_by = {_ACTOR}"),
        ("snapshot", "INSERT", f"taken_by = {_ACTOR} AND room_id IN (SELECT my_rooms())"),
    ):
        clause = f"WITH CHECK ({condition})" if command == "INSERT" else f"USING ({condition})"
        op.execute(f"CREATE POLICY {command.lower()}_own ON {table} FOR {command} TO onemap_web {clause}")
    # An alert's officers read its timeline; of a call that they were not called to they hear nothing.
    op.execute(
        "CREATE POLICY select_recording_by_desks ON event AS RESTRICTIVE FOR SELECT TO onemap_web"
        f" USING (kind !~ '^recording[.]' OR {_ROLE} <> 'officer')"
    )


def downgrade() -> None:
    op.execute("DROP POLICY select_recording_by_desks ON event")
    op.drop_index("ix_event_call", table_name="event")
    for table in ("snapshot", "recording_segment", "recording"):
        op.drop_table(table)
    op.execute(_EVENT_HASH.format(words=_WORDS_BEFORE))
    op.execute("DROP FUNCTION event_words(event)")


def _make_tables() -> None:
    now, no = sa.text("now()"), sa.text("false")
    when, key = sa.DateTime(timezone=True), sa.BigInteger()
    area = sa.String(length=6, collation="C")
    op.create_table(
        "recording",
        sa.Column("id", key, sa.Identity(always=False), nullable=False),
        sa.Column("room_id", key, nullable=False),
        sa.Column("alert_id", key, nullable=True),
        sa.Column("region", area, nullable=False),
        sa.Column("state", sa.Text(), server_default="recording", nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", when, server_default=now, nullable=False),
        sa.Column("ended_at", when, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("legal_hold", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("hold_by", sa.Text(), nullable=True),
        sa.Column("keep_until", when, nullable=False),
        sa.Column("deleted_at", when, nullable=True),
        sa.Column("bytes", key, server_default=sa.text("0"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], op.f("fk_recording_room_id")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], op.f("fk_recording_alert_id")),
        sa.CheckConstraint("state IN ('recording', 'finished')", name=op.f("ck_recording_state")),
        sa.CheckConstraint(
            "(state = 'finished') = (ended_at IS NOT NULL)", name=op.f("ck_recording_finished_has_time")
        ),
        sa.CheckConstraint(
            "why IN ('stopped', 'room_closed', 'disk_full', 'write_error')", name=op.f("ck_recording_why")
        ),
    )
    op.create_index(op.f("ix_recording_room_id"), "recording", ["room_id"])
    op.create_index(op.f("ix_recording_alert_id"), "recording", ["alert_id"])
    op.create_index(
        "uq_recording_one_at_a_time",
        "recording",
        ["room_id"],
        unique=True,
        postgresql_where=sa.text("state = 'recording'"),
    )
    op.create_index(
        "ix_recording_keep_until", "recording", ["keep_until"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_table(
        "recording_segment",
        sa.Column("recording_id", key, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seat_id", key, nullable=True),
        sa.Column("seat_name", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("copy", sa.Text(), nullable=True),
        sa.Column("codecs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("started_at", when, nullable=False),
        sa.Column("clock_offset_ms", sa.Float(), nullable=True),
        sa.Column("ended_at", when, nullable=True),
        sa.Column("bytes", key, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("manifest_hash", sa.String(length=64), nullable=True),
        sa.Column("found", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("region", area, nullable=False),
        sa.PrimaryKeyConstraint("recording_id", "number", name=op.f("pk_recording_segment")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recording.id"], op.f("fk_recording_segment_recording_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["seat_id"], ["room_seat.id"], op.f("fk_recording_segment_seat_id"), ondelete="SET NULL"
        ),
    )
    op.create_index(op.f("ix_recording_segment_seat_id"), "recording_segment", ["seat_id"])
    op.create_table(
        "snapshot",
        sa.Column("id", key, sa.Identity(always=False), nullable=False),
        sa.Column("room_id", key, nullable=False),
        sa.Column("of_seat_id", key, nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_at", when, server_default=now, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("region", area, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], op.f("fk_snapshot_room_id")),
        sa.ForeignKeyConstraint(["of_seat_id"], ["room_seat.id"], op.f("fk_snapshot_of_seat_id"), ondelete="SET NULL"),
        sa.CheckConstraint("media_type IN ('image/jpeg', 'image/png')", name=op.f("ck_snapshot_media_type")),
    )
    op.create_index(op.f("ix_snapshot_room_id"), "snapshot", ["room_id"])
