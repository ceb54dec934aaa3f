"""Closures that begin later or name ways, and the speed factors of the roads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

_AREA = "nullif(current_setting('onemap.region', true), '')"
_ROLE = "current_setting('onemap.role', true)"


def upgrade() -> None:
    now = sa.text("now()")
    op.add_column("road_closure", sa.Column("ways", sa.ARRAY(sa.BigInteger()), nullable=True))
    op.add_column("road_closure", sa.Column("since", sa.DateTime(timezone=True), server_default=now, nullable=False))
    op.add_column("road_closure", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE road_closure SET since = closed_at, began_at = closed_at")
    op.drop_constraint(op.f("ck_road_closure_until"), "road_closure")
    op.create_check_constraint(op.f("ck_road_closure_until"), "road_closure", "until IS NULL OR until > since")
    op.create_table(
        "road_speeds",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("by_class", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("by_hour", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_by", sa.Text(), server_default=sa.text("'system'"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_road_speeds_only")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_speeds")),
    )
    op.execute("INSERT INTO road_speeds DEFAULT VALUES")
    # The roads are everybody's; a province's administrator sets how fast they are driven.
    op.execute("ALTER TABLE road_speeds ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY select_own ON road_speeds FOR SELECT TO onemap_web USING ({_AREA} IS NOT NULL)")
    op.execute(
        "CREATE POLICY update_own ON road_speeds FOR UPDATE TO onemap_web"
        f" USING ({_ROLE} = 'admin' AND length({_AREA}) <= 2)"
    )
    op.execute("GRANT SELECT, UPDATE (by_class, by_hour, version, changed_by, changed_at) ON road_speeds TO onemap_web")


def downgrade() -> None:
    op.drop_table("road_speeds")
    # What has not begun would be in force at once, and could end before it was decided.
    op.execute("DELETE FROM road_closure WHERE began_at IS NULL OR until <= closed_at")
    op.drop_constraint(op.f("ck_road_closure_until"), "road_closure")
    op.create_check_constraint(op.f("ck_road_closure_until"), "road_closure", "until IS NULL OR until > closed_at")
    op.drop_column("road_closure", "began_at")
    op.drop_column("road_closure", "since")
    op.drop_column("road_closure", "ways")
