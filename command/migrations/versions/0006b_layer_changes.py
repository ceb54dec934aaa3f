"""Every commit that changes what a layer shows is announced, so that screens ask for its tiles again."""

from alembic import op

revision = "0006b"
down_revision = "0006a"
branch_labels = None
depends_on = None

# table -> the layer that shows it. Positions are announced by those who write them (`onemap_moved`).
_SHOWN = {
    "enterprise": "enterprises",
    "monitoring_point": "points",
    "station": "stations",
    "officer": "officers",
    "alert": "alerts",
    "region": "regions",
}

# The number of the transaction makes each announcement new; within one transaction equal ones are sent once.
_ANNOUNCE = """
CREATE FUNCTION announce_layer_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('onemap_layer', TG_ARGV[0] || ' ' || pg_current_xact_id());
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_ANNOUNCE)
    for table, layer in _SHOWN.items():
        op.execute(
            f"CREATE TRIGGER announce_layer_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION announce_layer_change('{layer}')"
        )


def downgrade() -> None:
    for table in _SHOWN:
        op.execute(f"DROP TRIGGER announce_layer_change ON {table}")
    op.execute("DROP FUNCTION announce_layer_change()")
