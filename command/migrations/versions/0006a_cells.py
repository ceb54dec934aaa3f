"""Rows know their H3 cell; from afar tiles hold hexagons with counts, of whole cells and quickly.

Below zoom 11 enterprises (10: points) are counted by cell. A cell's count is that of the whole cell and is the same in
every tile that its hexagon reaches into (vector layer `…_cells`, clipped); its point (vector layer `…`) is in the one
tile that holds the cell's centre, so that the points of all tiles add up to the number of rows. Deeper, rows are drawn
alone; a tile with too many counts its own rows by cell, at their mean place.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gis.cells import fill_cells

revision = "0006a"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("enterprise", "monitoring_point")
_before = import_module("command.migrations.versions.0004_tiles")

# An H3 index keeps its resolution in bits 52 to 55, and three bits of digits for each; those not in use are all ones.
_PARENT = """
CREATE FUNCTION cell_parent(cell bigint, resolution int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (cell & ~(15::bigint << 52)) | (resolution::bigint << 52) | ((1::bigint << 3 * (15 - resolution)) - 1)
$$
"""

# A cell is 20 to 60 pixels wide on a map (tiles of 512 pixels).
_RESOLUTION = """
CREATE FUNCTION cell_resolution(z int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN z <= 4 THEN 3 WHEN z <= 6 THEN 4 WHEN z = 7 THEN 5 WHEN z <= 9 THEN 6 WHEN z = 10 THEN 7
                WHEN z <= 12 THEN 8 WHEN z = 13 THEN 9 ELSE 10 END
$$
"""

# Which cells have a hexagon tells where rows of others lie: the table is nobody's to read, and who asks for the cells of
# a tile learns only of those in which he sees a row.
_CELLS_OF_TILE = """
CREATE FUNCTION map_cells(z int, x int, y int) RETURNS SETOF map_cell
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 400 AS $$
    SELECT * FROM map_cell WHERE resolution = cell_resolution(z) AND outline && tile_box(z, x, y)
$$
"""

# One row a cell, county, risk and credit for each resolution that is drawn: a province's tile reads thousands of these
# and not 268,071 enterprises. Written in order, so that two writers cannot wait for each other.
_COUNT = """
CREATE FUNCTION count_enterprise_cells() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {changes}
    INSERT INTO enterprise_cell AS c (cell, region, risk, credit, count, newest)
    SELECT cell_parent(r.cell, resolution), r.region, r.risk, r.credit, sum(r.sign), max(r.at)
    FROM changed r CROSS JOIN generate_series(3, 7) resolution
    WHERE r.cell IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (cell, region, risk, credit)
    DO UPDATE SET count = c.count + excluded.count, newest = greatest(c.newest, excluded.newest);
    RETURN NULL;
END $$
"""
_SIGNED = {
    "insert": ("NEW TABLE AS come", "SELECT cell, region, risk, credit, 1 AS sign, updated_at AS at FROM come"),
    "delete": ("OLD TABLE AS gone", "SELECT cell, region, risk, credit, -1 AS sign, now() AS at FROM gone"),
}
_SIGNED["update"] = (
    "OLD TABLE AS gone NEW TABLE AS come",
    # What was is no older than it says; only what goes for good is news of its own.
    f"{_SIGNED['insert'][1]} UNION ALL SELECT cell, region, risk, credit, -1, updated_at FROM gone",
)


def _counting(operation: str) -> list[str]:
    tables, rows = _SIGNED[operation]
    function = f"count_enterprise_cells_{operation}"
    body = _COUNT.replace("count_enterprise_cells()", f"{function}()").replace("    {changes}\n", "")
    body = body.replace("FROM changed r", f"FROM ({rows}) r")
    trigger = (
        f"CREATE TRIGGER {function} AFTER {operation.upper()} ON enterprise REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
    )
    return [body, trigger]


# Who moves a row and does not say in which cell it lies now has it found again (`gis.cells.fill_cells`).
_FORGET = """
CREATE FUNCTION forget_cell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cell := NULL;
    RETURN NEW;
END $$
"""

_CELLS = """
    SELECT ST_AsMVT(f, '{layer}', 4096, 'geom') INTO tile FROM (
        SELECT p.count, {names}, ST_Point(round((p.u - x) * 4096), round((p.v - y) * 4096)) AS geom
        FROM (
            SELECT m.cell, s.*, mercator_x(m.centre, z) AS u, mercator_y(m.centre, z) AS v
            FROM {cells}
            UNION ALL
            SELECT 0, count(*), {sums}, avg(t.u), avg(t.v) FROM (
                SELECT {columns}, mercator_x(t.geom, z) AS u, mercator_y(t.geom, z) AS v
                FROM {table} t WHERE t.cell IS NULL AND t.geom && tile_box(z, x, y) AND {condition} OFFSET 0
            ) t WHERE t.u >= x AND t.u < x + 1 AND t.v >= y AND t.v < y + 1 HAVING count(*) > 0
        ) p
        WHERE p.u >= x AND p.u < x + 1 AND p.v >= y AND p.v < y + 1 ORDER BY p.cell
    ) f;
    SELECT ST_AsMVT(f, '{layer}_cells', 4096, 'geom') INTO outlines FROM (
        SELECT p.count, {names}, p.geom FROM (
            SELECT m.cell, s.*, ST_AsMVTGeom(ST_Transform(m.outline, 3857), edge, 4096, 64, true) AS geom
            FROM {cells}
        ) p WHERE p.geom IS NOT NULL ORDER BY p.cell
    ) f;
    RETURN tile || outlines;
"""

_KEPT = """map_cells(z, x, y) m CROSS JOIN LATERAL (
                SELECT sum(t.count)::bigint AS count, {kept} FROM enterprise_cell t
                WHERE t.cell = m.cell AND (area IS NULL OR (t.region >= area AND t.region < area || 'z')) AND {known}
            ) s WHERE s.count > 0"""
_COUNTED_NOW = """map_cells(z, x, y) m JOIN (
                SELECT cell_parent(t.cell, cell_resolution(z)) AS of, count(*) AS count, {sums} FROM {table} t
                WHERE t.cell IS NOT NULL AND t.geom && around AND {condition} GROUP BY 1
            ) s ON s.of = m.cell"""
# Descendants of a cell may lie a little outside of its hexagon.
_AROUND = """
    SELECT ST_SetSRID(ST_Expand(ST_Extent(outline)::box2d, 0.5 / power(2.6457513, cell_resolution(z) - 3))::geometry, 4326)
    INTO around FROM map_cells(z, x, y);
"""

_CROWD = """
    SELECT ST_AsMVT(f, '{layer}', 4096, 'geom', 'id') INTO tile FROM (
        SELECT CASE WHEN count(*) = 1 THEN min(t.id) END AS id, count(*) AS count, {sums},
               ST_Point(round((avg(t.u) - x) * 4096), round((avg(t.v) - y) * 4096)) AS geom
        FROM (
            SELECT t.id, cell_parent(t.cell, cell_resolution(z)) AS cell, {columns},
                   mercator_x(t.geom, z) AS u, mercator_y(t.geom, z) AS v
            FROM {table} t WHERE t.geom && tile_box(z, x, y) AND {condition} OFFSET 0
        ) t
        WHERE t.u >= x AND t.u < x + 1 AND t.v >= y AND t.v < y + 1
        GROUP BY t.cell ORDER BY t.cell
    ) f;
    RETURN tile;
"""


def _layer(
    *, layer: str, table: str, columns: str, alone: str, sums: dict[str, str], filters: dict[str, str], zoom: int,
    named: int, kept: tuple[str, ...] = (),
) -> str:  # fmt: skip
    """A layer of very many points. `kept` are the filters that the kept counts know; others are counted now."""
    declared = "\n".join(f"    {name}_in text[] := string_to_array(query->>'{name}', ',');" for name in filters)
    condition = " AND ".join(
        [
            "(area IS NULL OR (t.region >= area AND t.region < area || 'z'))",
            *(f"({name}_in IS NULL OR {expression})" for name, expression in filters.items()),
        ]
    )
    listed = ", ".join(f"count(*) FILTER (WHERE {what}) AS {name}" for name, what in sums.items())
    parts = {
        "layer": layer,
        "table": table,
        "columns": columns,
        "names": ", ".join(f"p.{name}" for name in sums),
        "sums": listed,
        "condition": condition,
        "alone": alone.format(name=f"CASE WHEN z >= {named} THEN left(p.name, 40) END"),
    }
    now = _COUNTED_NOW.format(**parts).replace("SELECT m.cell, s.*", "")
    counted = _AROUND + _CELLS.format(cells=now, **parts).replace(
        "s.*", "s.count, " + ", ".join(f"s.{name}" for name in sums)
    )
    if kept:
        sum_of = ", ".join(
            f"coalesce(sum(t.count) FILTER (WHERE {what}), 0)::bigint AS {name}" for name, what in sums.items()
        )
        known = " AND ".join(f"({name}_in IS NULL OR {filters[name]})" for name in kept)
        unknown = " AND ".join(f"{name}_in IS NULL" for name in filters if name not in kept)
        quick = _CELLS.format(cells=_KEPT.format(kept=sum_of, known=known), **parts)
        counted = f"IF {unknown} THEN {quick} END IF; {counted}"
    return f"""{_before._HEAD.format(name=f"layer_{layer}")}
DECLARE
    area text := region_prefix(query->>'region');
{declared}
    room int := CASE WHEN z >= {named} THEN 2500 ELSE 6000 END;
    edge geometry := ST_TileEnvelope(z, x, y);
    around geometry;
    found bigint;
    tile bytea;
    outlines bytea;
BEGIN
    IF z < {zoom} THEN
        {counted}
    END IF;
    {_before._ALONE.format(**parts)}
    IF found <= room THEN
        RETURN tile;
    END IF;
    {_CROWD.format(**parts)}
END $$
"""


_ENTERPRISES = _layer(
    layer="enterprises",
    table="enterprise",
    columns="t.name, t.risk, t.credit, t.industry",
    alone="{name} AS name, p.risk, p.credit, p.industry",
    sums={"high": "t.risk = 'high'", "medium": "t.risk = 'medium'"},
    filters={
        "tag": "t.tags @> tag_in",
        "risk": "t.risk = ANY (risk_in)",
        "credit": "t.credit = ANY (credit_in)",
        "industry": "EXISTS (SELECT FROM unnest(industry_in) prefix WHERE starts_with(t.industry, prefix))",
    },
    kept=("risk", "credit"),
    zoom=11,
    named=14,
)

_POINTS = _layer(
    layer="points",
    table="monitoring_point",
    columns="t.name, t.kind, t.enterprise_id",
    alone="{name} AS name, p.kind, p.enterprise_id",
    sums={kind: f"t.kind = '{kind}'" for kind in ("outfall", "stack", "ambient_air", "surface_water")},
    filters={"kind": "t.kind = ANY (kind_in)"},
    zoom=10,
    named=13,
)

_FUNCTIONS = ("layer_enterprises", "layer_points")
_IN_AREA = (
    "region >= nullif(current_setting('onemap.region', true), '')"
    " AND region < nullif(current_setting('onemap.region', true), '') || 'z'"
)


def upgrade() -> None:
    op.create_table(
        "map_cell",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("resolution", sa.SmallInteger(), nullable=False),
        sa.Column("centre", Geometry("POINT", srid=4326, spatial_index=False, nullable=False), nullable=False),
        sa.Column("outline", Geometry("POLYGON", srid=4326, spatial_index=False, nullable=False), nullable=False),
        sa.PrimaryKeyConstraint("cell", name=op.f("pk_map_cell")),
    )
    op.create_index(op.f("ix_map_cell_outline"), "map_cell", ["outline"], postgresql_using="gist")
    op.create_table(
        "enterprise_cell",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("newest", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cell", "region", "risk", "credit", name=op.f("pk_enterprise_cell")),
    )
    op.execute("ALTER TABLE map_cell ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE enterprise_cell ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY select_own ON enterprise_cell FOR SELECT TO onemap_web USING ({_IN_AREA})")
    op.execute("GRANT SELECT ON enterprise_cell TO onemap_web")
    for statement in (_PARENT, _RESOLUTION, _CELLS_OF_TILE, _FORGET):
        op.execute(statement)
    for table in _TABLES:
        op.add_column(table, sa.Column("cell", sa.BigInteger(), nullable=True))
        # Small as long as all is well: what has no cell is counted by its place.
        op.execute(f"CREATE INDEX ix_{table}_without_cell ON {table} USING gist (geom) WHERE cell IS NULL")
        op.execute(
            f"CREATE TRIGGER forget_cell BEFORE UPDATE OF geom ON {table} FOR EACH ROW"
            " WHEN (NOT (OLD.geom ~= NEW.geom) AND NEW.cell IS NOT DISTINCT FROM OLD.cell)"
            " EXECUTE FUNCTION forget_cell()"
        )
    for operation in _SIGNED:
        for statement in _counting(operation):
            op.execute(statement)
    if (driver := op.get_bind().connection.driver_connection) is not None:
        fill_cells(driver)
    for table in ("map_cell", "enterprise_cell", *_TABLES):
        op.execute(f"ANALYZE {table}")
    _replace((_ENTERPRISES, _POINTS))
    for function in ("cell_parent(bigint, int)", "cell_resolution(int)", "map_cells(int, int, int)"):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO onemap_web")


def downgrade() -> None:
    _replace((_before._ENTERPRISES, _before._POINTS))
    for operation in _SIGNED:
        op.execute(f"DROP TRIGGER count_enterprise_cells_{operation} ON enterprise")
        op.execute(f"DROP FUNCTION count_enterprise_cells_{operation}()")
    for table in _TABLES:
        op.execute(f"DROP TRIGGER forget_cell ON {table}")
        op.drop_column(table, "cell")
    op.execute("DROP FUNCTION forget_cell()")
    op.execute("DROP FUNCTION map_cells(int, int, int)")
    op.execute("DROP FUNCTION cell_resolution(int)")
    op.execute("DROP FUNCTION cell_parent(bigint, int)")
    op.drop_table("enterprise_cell")
    op.drop_table("map_cell")


def _replace(functions: tuple[str, ...]) -> None:
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}(int, int, int, json)")
    for statement in functions:
        op.execute(statement)
    for name in _FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name}(int, int, int, json) FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}(int, int, int, json) TO onemap_web")
