"""Sources that stop are known as stopped: what is known of each in each area, and who takes them in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

_AREA = "nullif(current_setting('onemap.region', true), '')"
_ROLE = "current_setting('onemap.role', true)"
_OFFICER = "nullif(current_setting('onemap.officer', true), '')::bigint"
_IN_AREA = f"(region >= {_AREA} AND region < {_AREA} || 'z')"
# What has stopped in the whole city or province has stopped in the county too.
_ABOVE = f"IN (rpad(left({_AREA}, 2), 6, '0'), rpad(left({_AREA}, 4), 6, '0'))"
_DESKS = f"{_ROLE} IN ('duty', 'dispatcher', 'admin')"
_MY_ALERT = f"IN (SELECT a.alert_id FROM assignment a WHERE a.officer_id = {_OFFICER})"

# As in 0003.
_EVENTS = (
    f"({_IN_AREA} AND {_DESKS})"
    f" OR ({_IN_AREA} AND {_ROLE} IN ('planner', 'expert') AND kind ~ '^(alert|road|source)[.]')"
    f" OR ({_ROLE} = 'officer' AND (officer_id = {_OFFICER} OR alert_id {_MY_ALERT}"
    f" OR (kind ~ '^road[.]' AND {_IN_AREA})))"
)
_LOSSES_ABOVE = (
    f" OR (kind ~ '^source[.]' AND region {_ABOVE} AND {_ROLE} IN ('duty', 'dispatcher', 'planner', 'expert', 'admin'))"
)


def upgrade() -> None:
    op.create_table(
        "source_state",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("area", sa.String(6, collation="C"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'idle'"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("last_at", sa.DateTime(timezone=True)),
        sa.Column("stopped_since", sa.DateTime(timezone=True)),
        sa.Column("gap_s", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("gaps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crowd", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_since", sa.DateTime(timezone=True)),
        sa.Column("told", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("source", "area", name=op.f("pk_source_state")),
        sa.CheckConstraint("state IN ('live', 'idle', 'stopped')", name=op.f("ck_source_state_state")),
        sa.CheckConstraint(
            "(state = 'stopped') = (stopped_since IS NOT NULL)", name=op.f("ck_source_state_stopped_since")
        ),
    )
    # Every row is written again each second: room on its own page spares the index.
    op.execute("ALTER TABLE source_state SET (fillfactor = 40)")
    op.create_table(
        "source_heartbeat",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("backend", sa.Integer(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance", name=op.f("pk_source_heartbeat")),
    )
    op.execute("ALTER TABLE source_state ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE source_heartbeat ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY select_own ON source_state FOR SELECT TO onemap_web "
        f" USING ((area >= {_AREA} AND area < {_AREA} || 'z') OR area {_ABOVE})"
    )
    op.execute("GRANT SELECT ON source_state TO onemap_web")
    op.execute(f"ALTER POLICY select_own ON event USING ({_EVENTS}{_LOSSES_ABOVE})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY select_own ON event USING ({_EVENTS})")
    op.drop_table("source_heartbeat")
    op.drop_table("source_state")
