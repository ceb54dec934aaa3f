"""Words to a media hub are numbered while their room is held, so that one which was overtaken on its way is known to be old."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE media_word")
    op.execute("GRANT USAGE ON SEQUENCE media_word TO onemap_web")


def downgrade() -> None:
    op.execute("DROP SEQUENCE media_word")
