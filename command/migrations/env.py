"""How Alembic reaches the database: the URL comes from `command.migrate`, the tables from all rooms."""

from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import NullPool, create_engine
from sqlalchemy.schema import SchemaItem

from command.tables import metadata


def _include(item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: SchemaItem | None) -> bool:
    # PostGIS keeps its own table here, and partitions belong to their parents.
    if kind == "table" and name is not None and reflected and compare_to is None:
        return name not in {"spatial_ref_sys"} and not name.startswith(("reading_", "track_"))
    return bool(alembic_helpers.include_object(item, name, kind, reflected, compare_to))  # type: ignore[no-untyped-call]


def _options() -> dict[str, Any]:
    return {
        "target_metadata": metadata,
        "include_object": _include,
        "process_revision_directives": alembic_helpers.writer,
        "render_item": alembic_helpers.render_item,
    }


engine = create_engine(context.config.attributes["url"], poolclass=NullPool)  # a failed migration leaves no connection
with engine.connect() as connection:
    context.configure(connection=connection, **_options())
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
