"""Counts of enterprises by tag are kept too: a province filtered by one tag is drawn from some thousand counts.

Most enterprises have several tags, so these counts are a table of their own, and only as coarse as a map of a whole city
or province asks for (below zoom 10). A filter by several tags at once counts rows, as before.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_before = import_module("command.migrations.versions.0006a_cells")

_COARSEST, _FINEST, _BELOW_ZOOM = 3, 6, 10

# A tag that stands twice in a row is one tag. The finest cells are counted first: their parents are then few sums.
# Written in order, so that two writers cannot wait for each other.
_COUNT = f"""
CREATE FUNCTION {{function}}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO enterprise_tag_cell AS c (cell, tag, region, risk, credit, count)
    SELECT cell_parent(f.cell, resolution), f.tag, f.region, f.risk, f.credit, sum(f.count) FROM (
        SELECT cell_parent(r.cell, {_FINEST}) AS cell, t.tag, r.region, r.risk, r.credit, sum(r.sign) AS count
        FROM ({{rows}}) r CROSS JOIN LATERAL (SELECT DISTINCT tag FROM unnest(r.tags) tag) t
        WHERE r.cell IS NOT NULL GROUP BY 1, 2, 3, 4, 5
    ) f CROSS JOIN generate_series({_COARSEST}, {_FINEST}) resolution
    WHERE f.count <> 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (cell, tag, region, risk, credit) DO UPDATE SET count = c.count + excluded.count;
    RETURN NULL;
END $$
"""
_COME = "SELECT cell, region, risk, credit, tags, 1 AS sign FROM come"
_GONE = "SELECT cell, region, risk, credit, tags, -1 AS sign FROM gone"
_CHANGES = {
    "insert": ("NEW TABLE AS come", _COME),
    "delete": ("OLD TABLE AS gone", _GONE),
    "update": ("OLD TABLE AS gone NEW TABLE AS come", f"{_COME} UNION ALL {_GONE}"),
}

_KEPT = """map_cells(z, x, y) m CROSS JOIN LATERAL (
                SELECT sum(t.count)::bigint AS count,
                       coalesce(sum(t.count) FILTER (WHERE t.risk = 'high'), 0)::bigint AS high,
                       coalesce(sum(t.count) FILTER (WHERE t.risk = 'medium'), 0)::bigint AS medium
                FROM enterprise_tag_cell t
                WHERE t.cell = m.cell AND t.tag = tag_in[1]
                  AND (area IS NULL OR (t.region >= area AND t.region < area || 'z'))
                  AND (risk_in IS NULL OR t.risk = ANY (risk_in)) AND (credit_in IS NULL OR t.credit = ANY (credit_in))
            ) s WHERE s.count > 0"""


def _layer_enterprises() -> str:
    """The layer as it was, with these counts where they answer."""
    head, begin, rest = _before._ENTERPRISES.partition("BEGIN\n")
    names = "p.high, p.medium"
    sums = "count(*) FILTER (WHERE t.risk = 'high') AS high, count(*) FILTER (WHERE t.risk = 'medium') AS medium"
    condition = (
        "(area IS NULL OR (t.region >= area AND t.region < area || 'z')) AND t.tags @> tag_in"
        " AND (risk_in IS NULL OR t.risk = ANY (risk_in)) AND (credit_in IS NULL OR t.credit = ANY (credit_in))"
    )
    kept = _before._CELLS.format(
        layer="enterprises",
        table="enterprise",
        names=names,
        sums=sums,
        columns="t.name, t.risk, t.credit, t.industry",
        condition=condition,
        cells=_KEPT,
    )
    asked = f"z < {_BELOW_ZOOM} AND cardinality(tag_in) = 1 AND industry_in IS NULL"
    return f"{head}{begin}    IF {asked} THEN {kept} END IF;\n{rest}"


def upgrade() -> None:
    op.create_table(
        "enterprise_tag_cell",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cell", "tag", "region", "risk", "credit", name=op.f("pk_enterprise_tag_cell")),
    )
    op.execute("ALTER TABLE enterprise_tag_cell ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY select_own ON enterprise_tag_cell FOR SELECT TO onemap_web USING ({_before._IN_AREA})")
    op.execute("GRANT SELECT ON enterprise_tag_cell TO onemap_web")
    for operation, (tables, rows) in _CHANGES.items():
        function = f"count_enterprise_tags_{operation}"
        op.execute(_COUNT.format(function=function, rows=rows))
        op.execute(
            f"CREATE TRIGGER {function} AFTER {operation.upper()} ON enterprise REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(
        f"""
        INSERT INTO enterprise_tag_cell (cell, tag, region, risk, credit, count)
        SELECT cell_parent(e.cell, resolution), t.tag, e.region, e.risk, e.credit, count(*)
        FROM enterprise e CROSS JOIN LATERAL (SELECT DISTINCT tag FROM unnest(e.tags) tag) t
        CROSS JOIN generate_series({_COARSEST}, {_FINEST}) resolution
        WHERE e.cell IS NOT NULL GROUP BY 1, 2, 3, 4, 5
        """
    )
    op.execute("ANALYZE enterprise_tag_cell")
    _replace(_layer_enterprises())


def downgrade() -> None:
    _replace(_before._ENTERPRISES)
    for operation in _CHANGES:
        op.execute(f"DROP TRIGGER count_enterprise_tags_{operation} ON enterprise")
        op.execute(f"DROP FUNCTION count_enterprise_tags_{operation}()")
    op.drop_table("enterprise_tag_cell")


def _replace(function: str) -> None:
    op.execute("DROP FUNCTION layer_enterprises(int, int, int, json)")
    op.execute(function)
    op.execute("REVOKE EXECUTE ON FUNCTION layer_enterprises(int, int, int, json) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION layer_enterprises(int, int, int, json) TO onemap_web")
