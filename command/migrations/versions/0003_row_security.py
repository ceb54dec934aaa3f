"""Each person's session sees and changes only what its role may, in its own area."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Settings of the transaction, made by gis.database. Unset or empty means nobody: such a session sees no row.
_AREA = "nullif(current_setting('onemap.region', true), '')"
_ROLE = "current_setting('onemap.role', true)"
_OFFICER = "nullif(current_setting('onemap.officer', true), '')::bigint"

# A prefix as a range, so that the index on `region` (C collation) serves it.
_IN_AREA = f"(region >= {_AREA} AND region < {_AREA} || 'z')"
_DESKS = f"{_ROLE} IN ('duty', 'dispatcher', 'admin')"
_DISPATCH = f"{_ROLE} IN ('duty', 'dispatcher')"
_NOT_OFFICER = f"{_ROLE} <> 'officer'"
_SEES_PEOPLE = f"{_ROLE} IN ('duty', 'dispatcher', 'planner', 'admin')"
_MY_ALERT = f"IN (SELECT a.alert_id FROM assignment a WHERE a.officer_id = {_OFFICER})"

_ANCESTOR = f"adcode IN (rpad(left({_AREA}, 2), 6, '0'), rpad(left({_AREA}, 4), 6, '0'))"
_REGION = f"((adcode >= {_AREA} AND adcode < {_AREA} || 'z') OR {_ANCESTOR})"

# table -> command -> condition on the row
_POLICIES: dict[str, dict[str, str]] = {
    "region": {"SELECT": _REGION},
    "enterprise": {"SELECT": _IN_AREA},
    "monitoring_point": {"SELECT": _IN_AREA},
    "station": {"SELECT": _IN_AREA},
    "reading": {"SELECT": _IN_AREA},
    "reading_revision": {"SELECT": _IN_AREA},
    "discharge_limit": {
        "SELECT": "point_id IS NULL OR EXISTS (SELECT FROM monitoring_point p WHERE p.id = point_id)",
    },
    "data_logger": {"SELECT": f"{_IN_AREA} AND {_DESKS}"},
    "quarantined_frame": {"SELECT": f"{_IN_AREA} AND {_DESKS}"},
    "officer": {
        "SELECT": f"id = {_OFFICER} OR ({_IN_AREA} AND {_SEES_PEOPLE})",
        "UPDATE": f"id = {_OFFICER} OR ({_IN_AREA} AND {_DESKS})",
    },
    "officer_position": {"SELECT": f"officer_id = {_OFFICER} OR ({_IN_AREA} AND {_SEES_PEOPLE})"},
    "track": {"SELECT": f"officer_id = {_OFFICER} OR ({_IN_AREA} AND {_SEES_PEOPLE})"},
    "alert": {
        "SELECT": f"({_NOT_OFFICER} AND {_IN_AREA}) OR ({_ROLE} = 'officer' AND id {_MY_ALERT})",
        "INSERT": f"{_IN_AREA} AND {_DISPATCH}",
        "UPDATE": f"{_IN_AREA} AND {_DISPATCH}",
    },
    "assignment": {
        "SELECT": f"officer_id = {_OFFICER} OR ({_NOT_OFFICER} AND {_IN_AREA})",
        "INSERT": f"{_IN_AREA} AND {_DISPATCH}",
        "UPDATE": f"officer_id = {_OFFICER} OR ({_IN_AREA} AND {_DISPATCH})",
    },
    "photo": {
        "SELECT": f"({_NOT_OFFICER} AND {_IN_AREA}) OR assignment_id IN"
        f" (SELECT a.id FROM assignment a WHERE a.officer_id = {_OFFICER})",
        "INSERT": f"assignment_id IN (SELECT a.id FROM assignment a WHERE a.officer_id = {_OFFICER})",
    },
    "road_closure": {
        "SELECT": _IN_AREA,
        "INSERT": f"{_IN_AREA} AND {_DISPATCH}",
        "UPDATE": f"{_IN_AREA} AND {_DISPATCH}",
    },
    "event": {
        "SELECT": f"({_IN_AREA} AND {_DESKS})"
        f" OR ({_IN_AREA} AND {_ROLE} IN ('planner', 'expert') AND kind ~ '^(alert|road|source)[.]')"
        f" OR ({_ROLE} = 'officer' AND (officer_id = {_OFFICER} OR alert_id {_MY_ALERT}"
        f" OR (kind ~ '^road[.]' AND {_IN_AREA})))",
        "INSERT": "actor = current_setting('onemap.actor', true)",
    },
}

# What a session may read when it may not read every column, and what it may write at all.
_COLUMNS = {
    "data_logger": {
        "SELECT": "id, mn, point_id, state, quarantine_reason, dialect, region, first_seen_at, last_seen_at, demo"
    },
    "officer": {"UPDATE": "on_duty, duty_since, duty_until, version, updated_at"},
}

_TABLES_WITHOUT_A_PERSON = ("user_account", "user_session", "position_device")

_MAKE_ROLE = """
DO $$ BEGIN
    CREATE ROLE onemap_web NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- made by another database of this cluster
END $$
"""


def upgrade() -> None:
    op.execute(_MAKE_ROLE)
    # The one who migrates must be able to become onemap_web for a transaction.
    op.execute("DO $$ BEGIN EXECUTE format('GRANT onemap_web TO %I', current_user); END $$")
    op.execute("GRANT USAGE ON SCHEMA public TO onemap_web")
    for table, policies in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, condition in policies.items():
            clause = f"WITH CHECK ({condition})" if command == "INSERT" else f"USING ({condition})"
            op.execute(f"CREATE POLICY {command.lower()}_own ON {table} FOR {command} TO onemap_web {clause}")
            columns = _COLUMNS.get(table, {}).get(command)
            op.execute(f"GRANT {command}{f' ({columns})' if columns else ''} ON {table} TO onemap_web")
    for table in _TABLES_WITHOUT_A_PERSON:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def downgrade() -> None:
    for table, policies in _POLICIES.items():
        for command in policies:
            op.execute(f"DROP POLICY {command.lower()}_own ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM onemap_web")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in _TABLES_WITHOUT_A_PERSON:
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE USAGE ON SCHEMA public FROM onemap_web")
    # The role itself stays: it belongs to the whole cluster, and another database may use it.
