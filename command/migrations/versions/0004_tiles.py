"""Vector tiles as functions of the database, `layer_…(z, x, y, query)`, as Martin serves them too.

They run with the rights of the caller: row-level security decides what a tile holds. Rows are in a fixed order, so
that an unchanged tile has unchanged bytes. A crowded layer loses no row, each is drawn alone or counted in a cell; a tile
stays below 500 kB because of the limits below.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FUNCTIONS = ("layer_enterprises", "layer_points", "layer_stations", "layer_officers", "layer_alerts", "layer_regions")

# Web Mercator by arithmetic: for points nearly three times as quick as ST_Transform, and the same to the micrometre.
# The unit is one tile at zoom z; the latitude is held where the Mercator square ends.
_MERCATOR = (
    """
CREATE FUNCTION mercator_x(place geometry, z int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ST_X(place) + 180) / 360 * (1 << z)
$$
""",
    """
CREATE FUNCTION mercator_y(place geometry, z int) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (0.5 - ln(tan(pi() / 4 + radians(least(greatest(ST_Y(place), -85.06), 85.06)) / 2)) / (2 * pi())) * (1 << z)
$$
""",
    # Move the tile to the column's CRS, not the column to the tile's: the GiST index stays usable.
    # 64 of 4096 units of margin, so that a symbol on the edge is drawn whole in both tiles.
    """
CREATE FUNCTION tile_box(z int, x int, y int) RETURNS geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ST_Transform(ST_TileEnvelope(z, x, y, margin => 64.0 / 4096), 4326)
$$
""",
    # 370700 and 3707 → 3707: the prefix that a whole area shares.
    """
CREATE FUNCTION region_prefix(code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN code LIKE '__0000' THEN left(code, 2) WHEN code LIKE '____00' THEN left(code, 4)
                ELSE nullif(code, '') END
$$
""",
)

_HEAD = """
CREATE FUNCTION {name}(z int, x int, y int, query json DEFAULT '{{}}') RETURNS bytea
LANGUAGE plpgsql STABLE SECURITY INVOKER SET plan_cache_mode = force_custom_plan AS $$
"""

# What is drawn alone: `limit` + 1 rows are asked for, to learn whether they fit.
_ALONE = """
    SELECT ST_AsMVT(f, '{layer}', 4096, 'geom', 'id'), count(*) INTO tile, found FROM (
        SELECT p.id, {alone}, ST_Point(round((p.u - x) * 4096), round((p.v - y) * 4096)) AS geom
        FROM (
            SELECT t.id, {columns}, mercator_x(t.geom, z) AS u, mercator_y(t.geom, z) AS v
            FROM {table} t WHERE t.geom && tile_box(z, x, y) AND {condition}
            ORDER BY t.id LIMIT room + 1 OFFSET 0
        ) p
    ) f;
"""

# What is counted: cells of the tile; a row is in one tile only, so that the counts of all tiles add up.
_COUNTED = """
    SELECT ST_AsMVT(f, '{layer}', 4096, 'geom', 'id') INTO tile FROM (
        SELECT CASE WHEN count(*) = 1 THEN min(p.id) END AS id, count(*) AS count, {counts},
               ST_Point(round(avg(p.u - x) * 4096), round(avg(p.v - y) * 4096)) AS geom
        FROM (
            SELECT t.id, {columns}, mercator_x(t.geom, z) AS u, mercator_y(t.geom, z) AS v
            FROM {table} t WHERE t.geom && tile_box(z, x, y) AND {condition} OFFSET 0
        ) p
        WHERE p.u >= x AND p.u < x + 1 AND p.v >= y AND p.v < y + 1
        GROUP BY floor((p.u - x) * cells), floor((p.v - y) * cells)
        ORDER BY floor((p.u - x) * cells), floor((p.v - y) * cells)
    ) f;
"""


def _crowded(
    *, layer: str, table: str, columns: str, alone: str, counts: str, filters: dict[str, str], zoom: int, named: int
) -> str:
    """A layer of very many points: cells of 32 × 32 below `zoom`, single points from there on.

    A tile with too many single points is counted in cells of 64 × 64 instead. Names are sent from `named` on.
    """
    declared = "\n".join(f"    {name}_in text[] := string_to_array(query->>'{name}', ',');" for name in filters)
    condition = " AND ".join(
        [
            "(area IS NULL OR (t.region >= area AND t.region < area || 'z'))",
            *(f"({name}_in IS NULL OR {expression})" for name, expression in filters.items()),
        ]
    )
    parts = {
        "layer": layer,
        "table": table,
        "columns": columns,
        "alone": alone.format(name=f"CASE WHEN z >= {named} THEN left(p.name, 40) END"),
        "counts": counts,
        "condition": condition,
    }
    return f"""{_HEAD.format(name=f"layer_{layer}")}
DECLARE
    area text := region_prefix(query->>'region');
{declared}
    room int := CASE WHEN z >= {named} THEN 2500 ELSE 6000 END;
    cells int := CASE WHEN z >= {zoom} THEN 64 ELSE 32 END;
    found bigint;
    tile bytea;
BEGIN
    IF z >= {zoom} THEN
        {_ALONE.format(**parts)}
        IF found <= room THEN
            RETURN tile;
        END IF;
    END IF;
    {_COUNTED.format(**parts)}
    RETURN tile;
END $$
"""


_ENTERPRISES = _crowded(
    layer="enterprises",
    table="enterprise",
    columns="t.name, t.risk, t.credit, t.industry",
    alone="{name} AS name, p.risk, p.credit, p.industry",
    counts="count(*) FILTER (WHERE p.risk = 'high') AS high, count(*) FILTER (WHERE p.risk = 'medium') AS medium",
    filters={
        "tag": "t.tags @> tag_in",
        "risk": "t.risk = ANY (risk_in)",
        "credit": "t.credit = ANY (credit_in)",
        "industry": "EXISTS (SELECT FROM unnest(industry_in) prefix WHERE starts_with(t.industry, prefix))",
    },
    zoom=11,
    named=14,
)

_POINTS = _crowded(
    layer="points",
    table="monitoring_point",
    columns="t.name, t.kind, t.enterprise_id",
    alone="{name} AS name, p.kind, p.enterprise_id",
    counts=", ".join(
        f"count(*) FILTER (WHERE p.kind = '{kind}') AS {kind}"
        for kind in ("outfall", "stack", "ambient_air", "surface_water")
    ),
    filters={"kind": "t.kind = ANY (kind_in)"},
    zoom=10,
    named=13,
)


def _sparse(
    *, layer: str, columns: str, source: str, geom: str, region: str, filters: dict[str, str], order: str
) -> str:
    """A layer of some thousand points at most: each is drawn alone at every zoom.

    Names are sent from zoom 9 on. A tile takes the first 12,000 of `order` without names, or 3,000 with them.
    """
    declared = "\n".join(f"    {name}_in text[] := string_to_array(query->>'{name}', ',');" for name in filters)
    condition = "".join(f" AND ({name}_in IS NULL OR {expression})" for name, expression in filters.items())
    return f"""{_HEAD.format(name=f"layer_{layer}")}
DECLARE
    area text := region_prefix(query->>'region');
{declared}
    tile bytea;
BEGIN
    SELECT ST_AsMVT(f, '{layer}', 4096, 'geom', 'id') INTO tile FROM (
        SELECT {columns},
               ST_Point(round((mercator_x({geom}, z) - x) * 4096), round((mercator_y({geom}, z) - y) * 4096)) AS geom
        FROM {source}
        WHERE {geom} && tile_box(z, x, y)
          AND (area IS NULL OR ({region} >= area AND {region} < area || 'z')){condition}
        ORDER BY {order} LIMIT CASE WHEN z >= 9 THEN 3000 ELSE 12000 END
    ) f;
    RETURN tile;
END $$
"""


_STATIONS = _sparse(
    layer="stations",
    columns="s.id, CASE WHEN z >= 9 THEN left(s.name, 40) END AS name, s.level, s.region",
    source="station s",
    geom="s.geom",
    region="s.region",
    filters={"level": "s.level = ANY (level_in)"},
    order="s.id",
)

# Whether a position is too old to send somebody by is judged by those who rank; the tile says when it was taken.
_OFFICERS = _sparse(
    layer="officers",
    columns="o.id, CASE WHEN z >= 9 THEN left(o.name, 20) END AS name, o.level, b.status,"
    " extract(epoch FROM p.at)::bigint AS at",
    source="officer_position p JOIN officer o ON o.id = p.officer_id AND o.on_duty CROSS JOIN LATERAL (SELECT CASE"
    " WHEN EXISTS (SELECT FROM assignment a WHERE a.officer_id = o.id"
    " AND a.state IN ('offered', 'accepted', 'departed', 'arrived')) THEN 'busy' ELSE 'free' END AS status) b",
    geom="p.geom",
    region="o.region",
    filters={"status": "b.status = ANY (status_in)", "level": "o.level = ANY (level_in)"},
    order="o.id",
)

# Most urgent first, so that what a crowded tile leaves out matters least.
_ALERTS = _sparse(
    layer="alerts",
    columns="a.id, CASE WHEN z >= 9 THEN left(a.title, 20) END AS title, a.kind, a.level, a.status, a.drill",
    source="alert a",
    geom="a.geom",
    region="a.region",
    filters={
        "status": "a.status = ANY (status_in)",
        "kind": "a.kind = ANY (kind_in)",
        "level": "a.level::text = ANY (level_in)",
    },
    order="a.status = 'closed', a.level, a.id DESC",
)

# Outlines lose what is finer than half a pixel of a 512-pixel tile. A name is sent once, in the tile that holds its
# place; both layers are messages of their own in one tile, so the bytes are put one behind the other.
_REGIONS = f"""{_HEAD.format(name="layer_regions")}
DECLARE
    area text := region_prefix(query->>'region');
    levels text[] := coalesce(string_to_array(query->>'level', ','),
        CASE WHEN z < 5 THEN ARRAY['province'] WHEN z < 8 THEN ARRAY['province', 'city']
             ELSE ARRAY['province', 'city', 'county'] END);
    box geometry := tile_box(z, x, y);
    edge geometry := ST_TileEnvelope(z, x, y);
    finest_deg float8 := 360.0 / (1 << z) / 1024;
    shapes bytea;
    names bytea;
BEGIN
    SELECT ST_AsMVT(f, 'regions', 4096, 'geom', 'id') INTO shapes FROM (
        SELECT r.adcode::int AS id, r.adcode, r.name, r.level, r.parent,
               ST_AsMVTGeom(ST_Transform(ST_Simplify(r.geom, finest_deg, true), 3857), edge, 4096, 64, true) AS geom
        FROM region r
        WHERE r.geom && box AND r.level = ANY (levels)
          AND (area IS NULL OR (r.adcode >= area AND r.adcode < area || 'z'))
        ORDER BY r.adcode
    ) f WHERE f.geom IS NOT NULL;
    SELECT ST_AsMVT(f, 'regions_label', 4096, 'geom', 'id') INTO names FROM (
        SELECT p.id, p.adcode, p.name, p.level,
               ST_Point(round((p.u - x) * 4096), round((p.v - y) * 4096)) AS geom
        FROM (
            SELECT r.adcode::int AS id, r.adcode, r.name, r.level,
                   mercator_x(inner_place.geom, z) AS u, mercator_y(inner_place.geom, z) AS v
            FROM region r
            CROSS JOIN LATERAL (SELECT ST_PointOnSurface(ST_Simplify(r.geom, 0.002, true)) AS geom OFFSET 0) inner_place
            WHERE r.geom && box AND r.level = ANY (levels)
              AND (area IS NULL OR (r.adcode >= area AND r.adcode < area || 'z'))
            OFFSET 0
        ) p
        WHERE p.u >= x AND p.u < x + 1 AND p.v >= y AND p.v < y + 1
        ORDER BY p.adcode
    ) f;
    RETURN shapes || names;
END $$
"""

# Under row-level security the planner keeps a condition away from hidden rows, and with it every index but that on
# `region`, unless the condition's function is known to give nothing away. `&&` of two geometries compares boxes and
# says nothing else, in no error either. Only a superuser may declare that; without it tiles are right, and slower.
# A dump does not carry the declaration (the function is the extension's), so a restore calls this again.
_TRUST_BOXES = """
CREATE FUNCTION trust_box_comparison() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'not a superuser: tiles of persons will not use the spatial index';
    RETURN false;
END $$
"""

_DISTRUST_BOXES = """
DO $$ BEGIN
    ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN NULL; -- then it was never declared
END $$
"""

_SIGNATURE = "(int, int, int, json)"
_HELPERS = ("mercator_x(geometry, int)", "mercator_y(geometry, int)", "tile_box(int, int, int)", "region_prefix(text)")


def upgrade() -> None:
    for statement in (*_MERCATOR, _ENTERPRISES, _POINTS, _STATIONS, _OFFICERS, _ALERTS, _REGIONS):
        op.execute(statement)
    for function in (*_HELPERS, *(f"{name}{_SIGNATURE}" for name in _FUNCTIONS)):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO onemap_web")
    op.execute(_TRUST_BOXES)
    op.execute("REVOKE EXECUTE ON FUNCTION trust_box_comparison() FROM PUBLIC")
    op.execute("SELECT trust_box_comparison()")


def downgrade() -> None:
    op.execute(_DISTRUST_BOXES)
    op.execute("DROP FUNCTION trust_box_comparison()")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}{_SIGNATURE}")
    for function in _HELPERS:
        op.execute(f"DROP FUNCTION {function}")
