"""Find what was offered for an alert, and who was where at a time, without reading whole days."""

from alembic import op

revision = "0008"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_event_ranking ON event (subject) WHERE kind = 'ranking.recorded'")
    # Fixes come in nearly in the order of their times: a few kilobytes lead to the minutes of a whole day.
    op.execute("CREATE INDEX ix_track_at ON track USING brin (at)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_track_at")
    op.execute("DROP INDEX ix_event_ranking")
