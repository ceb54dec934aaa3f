"""One box finds things by any part of their names, however short, for a person's session too."""

from alembic import op

revision = "0006"
down_revision = "0008"
branch_labels = None
depends_on = None

# Chinese words are mostly two characters, of which no trigram can be made: neighbouring pairs serve all lengths from
# two on. In lower case, so that what ILIKE finds is among what the index finds. Cut once: `substr` counts a long text
# anew for every pair.
_BIGRAMS = """
CREATE FUNCTION bigrams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT pair), '{}') FROM (
        SELECT letter || lead(letter) OVER (ORDER BY place) AS pair
        FROM unnest(string_to_array(lower(words), NULL)) WITH ORDINALITY AS letters (letter, place)
    ) pairs WHERE pair IS NOT NULL
$$
"""

# As in 0004: under row-level security an index serves a condition only if its function is known to give nothing away.
# These compare two values and name neither in an error. Only a superuser may say so; without it, finding takes longer.
_TRUSTED = ("bigrams(text)", "pg_catalog.arraycontains(anyarray, anyarray)", "pg_catalog.texticlike(text, text)")

_TRUST_TEXTS = f"""
CREATE FUNCTION trust_text_comparison() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    {" ".join(f"ALTER FUNCTION {function} LEAKPROOF;" for function in _TRUSTED)}
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'not a superuser: searches of persons will not use the indexes of names';
    RETURN false;
END $$
"""

_DISTRUST_TEXTS = f"""
DO $$ BEGIN
    {" ".join(f"ALTER FUNCTION {function} NOT LEAKPROOF;" for function in _TRUSTED)}
EXCEPTION WHEN insufficient_privilege THEN NULL; -- then they were never declared
END $$
"""

# table -> index -> what it holds
_INDEXES = {
    "enterprise": {
        "ix_enterprise_name_bigrams": "USING gin (bigrams(name))",
        "ix_enterprise_name_order": "(name text_pattern_ops)",
        "ix_enterprise_uscc_order": "(uscc varchar_pattern_ops)",
    },
    "monitoring_point": {
        "ix_monitoring_point_name_bigrams": "USING gin (bigrams(name))",
        "ix_monitoring_point_code_bigrams": "USING gin (bigrams(code))",
    },
    "data_logger": {"ix_data_logger_mn_bigrams": "USING gin (bigrams(mn))"},
    "alert": {"ix_alert_title_bigrams": "USING gin (bigrams(title))"},
}


def upgrade() -> None:
    op.execute(_BIGRAMS)
    op.execute("REVOKE EXECUTE ON FUNCTION bigrams(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION bigrams(text) TO onemap_web")
    for table, indexes in _INDEXES.items():
        for name, what in indexes.items():
            op.execute(f"CREATE INDEX {name} ON {table} {what}")
        op.execute(f"ANALYZE {table}")  # how often a pair of characters occurs is known of the index
    op.execute(_TRUST_TEXTS)
    op.execute("REVOKE EXECUTE ON FUNCTION trust_text_comparison() FROM PUBLIC")
    op.execute("SELECT trust_text_comparison()")


def downgrade() -> None:
    op.execute(_DISTRUST_TEXTS)
    op.execute("DROP FUNCTION trust_text_comparison()")
    for indexes in _INDEXES.values():
        for name in indexes:
            op.execute(f"DROP INDEX {name}")
    op.execute("DROP FUNCTION bigrams(text)")
