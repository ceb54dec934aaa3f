"""Inspections, findings, penalty cases and training: tables, rights, and the count of who took part."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("inspection", "inspection_officer", "finding", "penalty_case", "training", "training_participant")

# As in 0003, but read once a statement (a subquery of its own) and not once a row: figures look at many rows.
_AREA = "(SELECT nullif(current_setting('onemap.region', true), ''))"
_ROLE = "(SELECT current_setting('onemap.role', true))"
_OFFICER = "(SELECT nullif(current_setting('onemap.officer', true), '')::bigint)"

_DESK = (
    f"{_ROLE} IN ('duty', 'dispatcher', 'planner', 'expert', 'admin')"
    f" AND region >= {_AREA} AND region < (SELECT current_setting('onemap.region', true) || 'z')"
)
_IS_OFFICER = f"{_ROLE} = 'officer'"

# table -> what an officer reads: what they took part in, whosever county it was in
_OWN = {
    "inspection": "id IN (SELECT my_inspections())",
    "inspection_officer": "inspection_id IN (SELECT my_inspections())",
    "finding": "inspection_id IN (SELECT my_inspections())",
    "penalty_case": "finding_id IN (SELECT f.id FROM finding f WHERE f.inspection_id IN (SELECT my_inspections()))",
    "training": f"id IN (SELECT p.training_id FROM training_participant p WHERE p.officer_id = {_OFFICER})",
    "training_participant": f"officer_id = {_OFFICER}",
}

# Works as the owner of the tables: a policy that asked its own table would ask itself without end.
_MY_INSPECTIONS = """
CREATE FUNCTION my_inspections() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT inspection_id FROM inspection_officer
    WHERE officer_id = nullif(current_setting('onemap.officer', true), '')::bigint
$$
"""

# The inspections are locked before they are counted, so that two who add an officer at once both get counted.
_COUNT = """
CREATE FUNCTION count_person_times() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM inspection WHERE id IN (SELECT inspection_id FROM changed) ORDER BY id FOR NO KEY UPDATE;
    UPDATE inspection i SET person_times = counted.persons
    FROM (
        SELECT c.inspection_id, count(o.officer_id) AS persons
        FROM (SELECT DISTINCT inspection_id FROM changed) c LEFT JOIN inspection_officer o USING (inspection_id)
        GROUP BY c.inspection_id
    ) counted
    WHERE i.id = counted.inspection_id AND i.person_times <> counted.persons;
    RETURN NULL;
END $$
"""
_COUNT_TRIGGER = """
CREATE TRIGGER count_after_{name} AFTER {event} ON inspection_officer REFERENCING {which} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION count_person_times()
"""
# A row keeps its inspection and its officer: who took part wrongly is taken out, and another put in.
_FIXED = """
CREATE FUNCTION refuse_other_inspection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'who took part in an inspection is deleted and inserted, never moved to another one';
END $$
"""
_FIXED_TRIGGER = """
CREATE TRIGGER keeps_inspection BEFORE UPDATE OF inspection_id ON inspection_officer
FOR EACH ROW WHEN (OLD.inspection_id <> NEW.inspection_id) EXECUTE FUNCTION refuse_other_inspection()
"""


# Every change of a record, or of a region's name, gets a number that grows with it: whoever keeps what was counted at the
# newest number keeps what is true. One row, so that two changes at once cannot be taken for one.
_VERSION = (
    """
CREATE FUNCTION count_record_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE record_version SET version = version + 1;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION records_version() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT version FROM record_version $$
""",
    "REVOKE ALL ON FUNCTION records_version() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION records_version() TO onemap_web",
    "ALTER TABLE record_version ENABLE ROW LEVEL SECURITY",
    "INSERT INTO record_version (version) VALUES (0)",
)


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _at() -> sa.Column[Any]:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False)


def _ref(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _key(table: str, column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _county(table: str) -> tuple[sa.Column[Any], sa.CheckConstraint]:
    return (
        sa.Column("region", sa.String(length=6, collation="C"), nullable=False),
        _check(table, "county", "region ~ '^[0-9]{6}$' AND region !~ '00$'"),
    )


def _place_and_mark(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column(
            "geom", Geometry("POINT", srid=4326, dimension=2, spatial_index=False, nullable=False), nullable=False
        ),
        *_county(table),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _index(table: str, *columns: str, include: tuple[str, ...] = ()) -> None:
    name = op.f(f"ix_{table}_{'_'.join(columns)}")
    op.create_index(name, table, list(columns), postgresql_include=list(include) or None)


_VIOLATION = "kind IN ('exceedance', 'no_permit', 'evasion', 'monitoring', 'hazardous_waste', 'dust', 'ledger')"


def upgrade() -> None:
    _inspections()
    _findings_and_cases()
    _trainings()
    op.execute(_MY_INSPECTIONS)
    op.execute("REVOKE ALL ON FUNCTION my_inspections() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION my_inspections() TO onemap_web")
    op.execute(_COUNT)
    op.execute(_COUNT_TRIGGER.format(name="insert", event="INSERT", which="NEW"))
    op.execute(_COUNT_TRIGGER.format(name="delete", event="DELETE", which="OLD"))
    op.execute(_FIXED)
    op.execute(_FIXED_TRIGGER)
    op.create_table(
        "record_version",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_record_version")),
    )
    for statement in _VERSION:
        op.execute(statement)
    for table in (*_TABLES, "region"):
        op.execute(
            f"CREATE TRIGGER numbers_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION count_record_change()"
        )
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY select_own ON {table} FOR SELECT TO onemap_web"
            f" USING (({_DESK}) OR ({_IS_OFFICER} AND {_OWN[table]}))"
        )
        op.execute(f"GRANT SELECT ON {table} TO onemap_web")


def _inspections() -> None:
    op.create_table(
        "inspection",
        _id(),
        _ref("enterprise_id"),
        _text("kind"),
        _at(),
        sa.Column("person_times", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        *_place_and_mark("inspection"),
        _check("inspection", "kind", "kind IN ('routine', 'random', 'special', 'complaint', 'follow_up')"),
        _key("inspection", "enterprise_id", "enterprise"),
    )
    _index("inspection", "at", "id", include=("region", "enterprise_id", "person_times"))
    _index("inspection", "region", "at", "id", include=("enterprise_id", "person_times"))
    _index("inspection", "enterprise_id", "at")
    op.create_table(
        "inspection_officer",
        _ref("inspection_id"),
        _ref("officer_id"),
        _text("name"),
        _text("certificate"),
        *_county("inspection_officer"),
        sa.PrimaryKeyConstraint("inspection_id", "officer_id", name=op.f("pk_inspection_officer")),
        _key("inspection_officer", "inspection_id", "inspection", "CASCADE"),
        _key("inspection_officer", "officer_id", "officer"),
    )
    _index("inspection_officer", "officer_id")


def _findings_and_cases() -> None:
    op.create_table(
        "finding",
        _id(),
        _ref("inspection_id"),
        _ref("enterprise_id"),
        _text("kind"),
        _at(),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rectified_on", sa.Date(), nullable=True),
        *_place_and_mark("finding"),
        _check("finding", "kind", _VIOLATION),
        _key("finding", "inspection_id", "inspection", "CASCADE"),
        _key("finding", "enterprise_id", "enterprise"),
    )
    _index("finding", "at", "id", include=("region",))
    _index("finding", "region", "at", "id")
    _index("finding", "enterprise_id", "at")
    _index("finding", "inspection_id")
    op.create_table(
        "penalty_case",
        _id(),
        _ref("finding_id", nullable=True),
        _ref("enterprise_id"),
        _text("kind"),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("fine_yuan", sa.BigInteger(), nullable=True),
        sa.Column("measures", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        *_place_and_mark("penalty_case"),
        _check("penalty_case", "kind", _VIOLATION),
        _check("penalty_case", "measures", "measures <@ ARRAY['seizure', 'restriction', 'detention', 'crime']"),
        _check("penalty_case", "decided_after_filed", "decided_on >= filed_on"),
        _check("penalty_case", "fine", "(decided_on IS NULL) = (fine_yuan IS NULL) AND fine_yuan >= 0"),
        sa.UniqueConstraint("finding_id", name=op.f("uq_penalty_case_finding_id")),
        _key("penalty_case", "finding_id", "finding"),
        _key("penalty_case", "enterprise_id", "enterprise"),
    )
    _index("penalty_case", "filed_on", "id")
    _index("penalty_case", "decided_on", "id")
    _index("penalty_case", "region")
    _index("penalty_case", "enterprise_id", "filed_on")


def _trainings() -> None:
    op.create_table(
        "training",
        _id(),
        _text("title"),
        _text("kind"),
        _text("organisation"),
        _at(),
        sa.Column("hours", sa.Float(), nullable=False),
        *_place_and_mark("training"),
        _check(
            "training",
            "kind",
            "kind IN ('regulations', 'evidence', 'monitoring', 'file_review', 'competition', 'emergency')",
        ),
        _check("training", "hours", "hours > 0"),
    )
    _index("training", "at", "id")
    _index("training", "region")
    op.create_table(
        "training_participant",
        _ref("training_id"),
        _ref("officer_id"),
        _text("name"),
        _text("certificate"),
        sa.Column("score", sa.Float(), nullable=True),
        *_county("training_participant"),
        sa.PrimaryKeyConstraint("training_id", "officer_id", name=op.f("pk_training_participant")),
        _check("training_participant", "score", "score BETWEEN 0 AND 100"),
        _key("training_participant", "training_id", "training", "CASCADE"),
        _key("training_participant", "officer_id", "officer"),
    )
    _index("training_participant", "officer_id")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP POLICY select_own ON {table}")
    op.execute("DROP FUNCTION my_inspections()")
    op.execute("DROP TRIGGER numbers_change ON region")
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION count_record_change()")
    op.execute("DROP FUNCTION records_version()")
    op.drop_table("record_version")
    op.execute("DROP FUNCTION count_person_times()")
    op.execute("DROP FUNCTION refuse_other_inspection()")
