"""Rooms: who sits in them, what carries them, and who may see them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# As in 0005, read once a statement.
_AREA = "(SELECT nullif(current_setting('onemap.region', true), ''))"
_ROLE = "(SELECT current_setting('onemap.role', true))"
_OFFICER = "(SELECT nullif(current_setting('onemap.officer', true), '')::bigint)"

_IN_AREA = f"(region >= {_AREA} AND region < (SELECT current_setting('onemap.region', true) || 'z'))"
_DESKS = f"({_ROLE} IN ('duty', 'dispatcher', 'admin') AND {_IN_AREA})"
_DISPATCH = f"({_ROLE} IN ('duty', 'dispatcher') AND {_IN_AREA})"
_MINE = "IN (SELECT my_rooms())"
_MY_SUBJECT = "subject IN (SELECT 'room:' || mine FROM my_rooms() AS mine)"

# Not under row security itself: the policies of both tables ask it, and neither may ask the other.
# A guest is nobody but the holder of one seat; no account has that role.
_MY_SEATS = """
CREATE FUNCTION my_seats() RETURNS TABLE (id bigint, room_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.room_id FROM room_seat s
    WHERE s.state <> 'removed' AND CASE current_setting('onemap.role', true)
        WHEN 'guest' THEN s.id::text = substr(current_setting('onemap.actor', true), 6)
        WHEN 'officer' THEN s.officer_id = nullif(current_setting('onemap.officer', true), '')::bigint
        ELSE s.user_name = nullif(current_setting('onemap.actor', true), '') END
$$
"""
_MY_ROOMS = """
CREATE FUNCTION my_rooms() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT room_id FROM my_seats() $$
"""
_FUNCTIONS = {"my_seats()": _MY_SEATS, "my_rooms()": _MY_ROOMS}

# Heard by every worker that has a socket of the room open; the same room twice in a transaction is said once.
_ANNOUNCE = """
CREATE FUNCTION announce_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('onemap_room', (CASE WHEN TG_TABLE_NAME = 'room' THEN to_jsonb(NEW)->>'id'
                                           ELSE to_jsonb(NEW)->>'room_id' END));
    RETURN NULL;
END $$
"""
# What a seat's own heartbeat writes is nobody's news.
_TOLD = (
    "state, role, name, organisation, field, hand_raised_at, muted, publishing, generation, stalled, video_paused, sound_only,"
    " poor"
)

_ROOM_COLUMNS = "state, locked, recording, speaker_id, spoke_at, closed_at, closed_by, version"
_SEAT_COLUMNS = (
    "role, state, hand_raised_at, muted, publishing, rang_at, joined_at, seen_at, left_at, presence, poor, stalled,"
    " video_paused, sound_only"
)

_WITHOUT_A_PERSON = ("media_hub", "room_leg", "room_token_use", "house_secret")


def upgrade() -> None:
    _make_tables()
    for statement in _FUNCTIONS.values():
        op.execute(statement)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO onemap_web")
    op.execute(_ANNOUNCE)
    for table, columns in (("room", None), ("room_seat", _TOLD)):
        on_update = f"UPDATE OF {columns}" if columns else "UPDATE"
        op.execute(
            f"CREATE TRIGGER announce_room AFTER INSERT OR {on_update} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION announce_room()"
        )
    _grant()


def _grant() -> None:
    for table in ("room", "room_seat", "expert", *_WITHOUT_A_PERSON):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT ON room, room_seat, expert TO onemap_web")
    op.execute(f"GRANT INSERT, UPDATE ({_ROOM_COLUMNS}) ON room TO onemap_web")
    op.execute(f"GRANT INSERT, UPDATE ({_SEAT_COLUMNS}) ON room_seat TO onemap_web")
    op.execute("GRANT INSERT, UPDATE (active) ON expert TO onemap_web")
    mine = f"id IN (SELECT s.id FROM my_seats() s) OR {_DISPATCH}"
    for table, command, condition in (
        ("room", "SELECT", f"{_DESKS} OR id {_MINE}"),
        ("room", "INSERT", f"{_DISPATCH} AND opened_by = current_setting('onemap.actor', true)"),
        ("room", "UPDATE", f"{_DISPATCH} OR id {_MINE}"),
        ("room_seat", "SELECT", f"{_DESKS} OR room_id {_MINE}"),
        # An officer's own device, or a desk's: whoever sits in a room may bring it.
        ("room_seat", "INSERT", f"{_DESKS} OR (room_id {_MINE} AND role = 'device')"),
        ("room_seat", "UPDATE", mine),
        ("expert", "INSERT", f"{_ROLE} = 'admin' AND {_IN_AREA}"),
        ("expert", "UPDATE", f"{_ROLE} = 'admin' AND {_IN_AREA}"),
        # Counties call on the experts of their city and province.
        (
            "expert",
            "SELECT",
            f"{_ROLE} IN ('duty', 'dispatcher', 'admin') AND ({_IN_AREA} OR rtrim_region(region) = left({_AREA},"
            " length(rtrim_region(region))))",
        ),
    ):
        clause = f"WITH CHECK ({condition})" if command == "INSERT" else f"USING ({condition})"
        op.execute(f"CREATE POLICY {command.lower()}_own ON {table} FOR {command} TO onemap_web {clause}")
    # Whoever sits in a room reads its events, wherever it is; officers of the alert who do not, read none of them.
    op.execute(
        f"CREATE POLICY select_room ON event FOR SELECT TO onemap_web USING (kind ~ '^room[.]' AND {_MY_SUBJECT})"
    )
    op.execute(
        "CREATE POLICY select_room_only_seated ON event AS RESTRICTIVE FOR SELECT TO onemap_web"
        f" USING (kind !~ '^room[.]' OR {_ROLE} <> 'officer' OR officer_id = {_OFFICER} OR {_MY_SUBJECT})"
    )


def _make_tables() -> None:
    now = sa.text("now()")
    no = sa.text("false")
    when = sa.DateTime(timezone=True)
    area = sa.String(length=6, collation="C")
    key = sa.BigInteger()
    op.execute(
        "CREATE FUNCTION rtrim_region(region text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
        " $$ SELECT regexp_replace(region, '(00){1,2}$', '') $$"
    )
    op.create_table(
        "media_hub",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("started_at", when, server_default=now, nullable=False),
        sa.Column("seen_at", when, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_hub")),
    )
    op.create_table(
        "room",
        sa.Column("id", key, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alert_id", key, nullable=True),
        sa.Column("assignment_id", key, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("region", area, nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("locked", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("recording", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("audio_group", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("speaker_id", key, nullable=True),
        sa.Column("spoke_at", when, nullable=True),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", when, server_default=now, nullable=False),
        sa.Column("closed_at", when, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("hub_id", sa.Uuid(), nullable=True),
        sa.Column("drill", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], op.f("fk_room_alert_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], op.f("fk_room_assignment_id")),
        sa.CheckConstraint("kind IN ('dispatch', 'consultation', 'conference', 'drill')", name=op.f("ck_room_kind")),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_room_state")),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_room_closed_has_time")),
    )
    op.create_index(op.f("ix_room_alert_id"), "room", ["alert_id"])
    op.create_index(op.f("ix_room_assignment_id"), "room", ["assignment_id"])
    op.create_index(op.f("ix_room_region_state"), "room", ["region", "state"])
    op.create_index(
        "uq_room_one_open_dispatch",
        "room",
        ["alert_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open' AND kind IN ('dispatch', 'drill') AND alert_id IS NOT NULL"),
    )
    op.create_table(
        "room_seat",
        sa.Column("id", key, sa.Identity(always=False), nullable=False),
        sa.Column("room_id", key, nullable=False),
        sa.Column("user_name", sa.Text(), nullable=True),
        sa.Column("officer_id", key, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="invited", nullable=False),
        sa.Column("hand_raised_at", when, nullable=True),
        sa.Column("muted", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("publishing", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("stalled", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("video_paused", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("sound_only", sa.Boolean(), server_default=no, nullable=False),
        sa.Column("poor", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("clock_offset_ms", sa.Float(), nullable=True),
        sa.Column("rang_at", when, nullable=True),
        sa.Column("joined_at", when, nullable=True),
        sa.Column("seen_at", when, nullable=True),
        sa.Column("left_at", when, nullable=True),
        sa.Column("presence", sa.Uuid(), nullable=True),
        sa.Column("region", area, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_seat")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], op.f("fk_room_seat_room_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], op.f("fk_room_seat_officer_id"), ondelete="SET NULL"),
        sa.CheckConstraint(
            "role IN ('host', 'dispatcher', 'officer', 'expert', 'guest', 'device')", name=op.f("ck_room_seat_role")
        ),
        sa.CheckConstraint(
            "state IN ('invited', 'ringing', 'present', 'away', 'left', 'declined', 'missed', 'removed')",
            name=op.f("ck_room_seat_state"),
        ),
        sa.CheckConstraint("muted <@ ARRAY['audio', 'video']", name=op.f("ck_room_seat_muted")),
        sa.CheckConstraint("poor BETWEEN 0 AND 2", name=op.f("ck_room_seat_poor")),
    )
    for name, column in (("uq_room_seat_user", "user_name"), ("uq_room_seat_officer", "officer_id")):
        op.create_index(
            name, "room_seat", ["room_id", column], unique=True, postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    for column in ("room_id", "user_name", "officer_id"):
        op.create_index(op.f(f"ix_room_seat_{column}"), "room_seat", [column])
    op.create_index(
        "ix_room_seat_live",
        "room_seat",
        ["seen_at"],
        postgresql_where=sa.text("state IN ('ringing', 'present', 'away')"),
    )
    op.create_table(
        "room_leg",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room_id", key, nullable=False),
        sa.Column("seat_id", key, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("of_id", key, nullable=True),
        sa.Column("hub_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", when, server_default=now, nullable=False),
        sa.Column("ended_at", when, nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_leg")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], op.f("fk_room_leg_room_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["seat_id"], ["room_seat.id"], op.f("fk_room_leg_seat_id"), ondelete="CASCADE"),
        sa.CheckConstraint("purpose IN ('publish', 'view')", name=op.f("ck_room_leg_purpose")),
        sa.CheckConstraint("(purpose = 'view') = (of_id IS NOT NULL)", name=op.f("ck_room_leg_view_has_publisher")),
    )
    for column in ("room_id", "seat_id"):
        op.create_index(op.f(f"ix_room_leg_{column}"), "room_leg", [column])
    op.create_table(
        "room_token_use",
        sa.Column("jti", sa.Uuid(), nullable=False),
        sa.Column("leg_id", sa.Text(), nullable=True),
        sa.Column("used_at", when, server_default=now, nullable=False),
        sa.Column("expires_at", when, nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_room_token_use")),
    )
    op.create_index(op.f("ix_room_token_use_expires_at"), "room_token_use", ["expires_at"])
    op.create_table(
        "expert",
        sa.Column("id", key, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("region", area, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=no, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert")),
    )
    op.create_index(op.f("ix_expert_region_field"), "expert", ["region", "field"])
    op.create_table(
        "house_secret",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", when, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_house_secret")),
    )


def downgrade() -> None:
    op.execute("DROP POLICY select_room_only_seated ON event")
    op.execute("DROP POLICY select_room ON event")
    for table in ("house_secret", "expert", "room_token_use", "room_leg", "room_seat", "room", "media_hub"):
        op.drop_table(table)
    for function in ("announce_room()", "my_rooms()", "my_seats()", "rtrim_region(text)"):
        op.execute(f"DROP FUNCTION {function}")
