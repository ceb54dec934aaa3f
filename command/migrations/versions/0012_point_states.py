"""Points say how they are, and closed roads are a layer.

A point without a row is silent: what older readings said is not judged again, the next frame says it anew.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_cells = import_module("command.migrations.versions.0006a_cells")
_tiles = import_module("command.migrations.versions.0004_tiles")

_AREA = "(SELECT nullif(current_setting('onemap.region', true), ''))"
_IN_AREA = f"region >= {_AREA} AND region < (SELECT current_setting('onemap.region', true) || 'z')"

# Silence is nobody's commit: it is found when it is asked for.
_STATE = "CASE WHEN s.due > now() THEN s.state ELSE 'silent' END"

_POINTS = _cells._layer(
    layer="points",
    table=f"(SELECT p.*, {_STATE} AS state FROM monitoring_point p LEFT JOIN point_state s ON s.point_id = p.id)",
    columns="t.name, t.kind, t.enterprise_id, t.state",
    alone="{name} AS name, p.kind, p.enterprise_id, p.state",
    sums={kind: f"t.kind = '{kind}'" for kind in ("outfall", "stack", "ambient_air", "surface_water")}
    | {state: f"t.state = '{state}'" for state in ("normal", "over", "not_measuring", "silent")},
    filters={"kind": "t.kind = ANY (kind_in)", "state": "t.state = ANY (state_in)"},
    zoom=10,
    named=13,
)

# Drawn to half a pixel of a 512-pixel tile, as regions are; reasons are sent from zoom 9 on.
_CLOSURES = f"""{_tiles._HEAD.format(name="layer_closures")}
DECLARE
    area text := region_prefix(query->>'region');
    finest_deg float8 := 360.0 / (1 << z) / 1024;
    tile bytea;
BEGIN
    SELECT ST_AsMVT(f, 'closures', 4096, 'geom', 'id') INTO tile FROM (
        SELECT c.id, CASE WHEN z >= 9 THEN left(c.reason, 40) END AS reason, c.drill,
               extract(epoch FROM c.until)::bigint AS until,
               ST_AsMVTGeom(ST_Transform(CASE WHEN ST_Dimension(c.geom) = 0 THEN c.geom
                                              ELSE ST_Simplify(c.geom, finest_deg, true) END, 3857),
                            ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM road_closure c
        WHERE c.geom && tile_box(z, x, y) AND c.reopened_at IS NULL AND c.since <= now()
          AND (c.until IS NULL OR c.until > now())
          AND (area IS NULL OR (c.region >= area AND c.region < area || 'z'))
        ORDER BY c.id DESC LIMIT 3000
    ) f WHERE f.geom IS NOT NULL;
    RETURN tile;
END $$
"""

_SIGNATURE = "(int, int, int, json)"
_ANNOUNCE = "EXECUTE FUNCTION announce_layer_change"


def upgrade() -> None:
    op.create_table(
        "point_state",
        sa.Column("point_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("point_id", name=op.f("pk_point_state")),
        sa.ForeignKeyConstraint(
            ["point_id"], ["monitoring_point.id"], op.f("fk_point_state_point_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("state IN ('normal', 'over', 'not_measuring')", name=op.f("ck_point_state_state")),
        sa.CheckConstraint("period IN ('realtime', 'minute', 'hour', 'day')", name=op.f("ck_point_state_period")),
    )
    op.execute("ALTER TABLE point_state ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY select_own ON point_state FOR SELECT TO onemap_web USING ({_IN_AREA})")
    op.execute("GRANT SELECT ON point_state TO onemap_web")
    # Values come by the second and are in no tile: maps are told when a point looks different.
    op.execute(f"CREATE TRIGGER announce_point_state AFTER INSERT ON point_state FOR EACH ROW {_ANNOUNCE}('points')")
    op.execute(
        "CREATE TRIGGER announce_other_point_state AFTER UPDATE ON point_state FOR EACH ROW"
        f" WHEN (OLD.state <> NEW.state OR OLD.due <= now()) {_ANNOUNCE}('points')"
    )
    op.execute(
        "CREATE TRIGGER announce_layer_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON road_closure"
        f" FOR EACH STATEMENT {_ANNOUNCE}('closures')"
    )
    _replace("layer_points", _POINTS)
    _make("layer_closures", _CLOSURES)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION layer_closures{_SIGNATURE}")
    _replace("layer_points", _cells._POINTS)
    op.execute("DROP TRIGGER announce_layer_change ON road_closure")
    op.drop_table("point_state")


def _replace(name: str, statement: str) -> None:
    op.execute(f"DROP FUNCTION {name}{_SIGNATURE}")
    _make(name, statement)


def _make(name: str, statement: str) -> None:
    op.execute(statement)
    op.execute(f"REVOKE EXECUTE ON FUNCTION {name}{_SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name}{_SIGNATURE} TO onemap_web")
