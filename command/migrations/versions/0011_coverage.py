"""Jobs of planning and what they leave behind: tables and rights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0006b"
branch_labels = None
depends_on = None

# As in 0005, read once a statement.
_AREA = "(SELECT nullif(current_setting('onemap.region', true), ''))"
_ROLE = "(SELECT current_setting('onemap.role', true))"
_ACTOR = "(SELECT nullif(current_setting('onemap.actor', true), ''))"

_IN_AREA = (
    f"{_ROLE} IN ('planner', 'duty', 'dispatcher', 'admin')"
    f" AND region >= {_AREA} AND region < (SELECT current_setting('onemap.region', true) || 'z')"
)
_OWN = f"{_IN_AREA} AND (actor = {_ACTOR} OR {_ROLE} = 'admin')"
# Nobody queues work that would be done with other rights than their own.
_AS_ONESELF = f"{_IN_AREA} AND actor = {_ACTOR} AND role = {_ROLE} AND area = {_AREA}"

_ASKED = "kind, parent_id, name, request, actor, role, area, region"
_CHANGED = "name, state, step, cancel_asked, ended_at, removed_at, version"


def upgrade() -> None:
    op.create_table(
        "coverage_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("request", postgresql.JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("area", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("progress", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Text(), server_default="queued", nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_job")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["coverage_job.id"], op.f("fk_coverage_job_parent_id_coverage_job"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('coverage', 'siting')", name=op.f("ck_coverage_job_kind")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_coverage_job_state")
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_coverage_job_progress")),
        sa.CheckConstraint(
            "(kind = 'siting') = (parent_id IS NOT NULL)", name=op.f("ck_coverage_job_siting_has_parent")
        ),
        sa.CheckConstraint("state <> 'done' OR result IS NOT NULL", name=op.f("ck_coverage_job_done_has_result")),
        sa.CheckConstraint("state <> 'failed' OR error IS NOT NULL", name=op.f("ck_coverage_job_failed_has_reason")),
    )
    op.create_index(op.f("ix_coverage_job_parent_id"), "coverage_job", ["parent_id"])
    op.create_index(op.f("ix_coverage_job_region_id"), "coverage_job", ["region", "id"])
    op.create_index(
        "ix_coverage_job_unfinished",
        "coverage_job",
        ["id"],
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "coverage_product",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_coverage_product")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["coverage_job.id"], op.f("fk_coverage_product_job_id_coverage_job"), ondelete="CASCADE"
        ),
    )
    # Compressed already: PostgreSQL need not try again.
    op.execute("ALTER TABLE coverage_product ALTER COLUMN content SET STORAGE EXTERNAL")
    for table in ("coverage_job", "coverage_product"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT ON {table} TO onemap_web")
    op.execute(f"CREATE POLICY select_own ON coverage_job FOR SELECT TO onemap_web USING ({_IN_AREA})")
    op.execute(f"CREATE POLICY insert_own ON coverage_job FOR INSERT TO onemap_web WITH CHECK ({_AS_ONESELF})")
    op.execute(f"CREATE POLICY update_own ON coverage_job FOR UPDATE TO onemap_web USING ({_OWN})")
    op.execute(f"GRANT INSERT ({_ASKED}), UPDATE ({_CHANGED}) ON coverage_job TO onemap_web")
    # Desks read every event of their area; planners those of coverage besides what they read already.
    op.execute(
        f"CREATE POLICY select_coverage ON event FOR SELECT TO onemap_web USING ({_IN_AREA} AND kind ~ '^coverage[.]')"
    )
    op.execute(
        "CREATE POLICY select_own ON coverage_product FOR SELECT TO onemap_web"
        " USING (job_id IN (SELECT j.id FROM coverage_job j))"
    )


def downgrade() -> None:
    op.execute("DROP POLICY select_coverage ON event")
    op.drop_table("coverage_product")
    op.drop_table("coverage_job")
