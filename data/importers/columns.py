"""Which column of the file holds which field."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data.importers.errors import BadValue, ImportRefused
from data.importers.kinds import Field, Kind

_AIR_STATION_COLUMNS = {"stationcode", "positionname"}  # as the national air-quality publication names them


@dataclass(frozen=True, slots=True)
class Column:
    """The field stands in this column."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """The field has this value in every row."""

    value: str


Source = Column | Constant


def parse_mapping(parts: Iterable[str]) -> dict[str, Source]:
    """Read `FIELD=COLUMN` and `FIELD:=constant`; raise `ImportRefused` for anything else."""
    found: dict[str, Source] = {}
    for part in parts:
        field, equals, rest = part.partition("=")
        if not equals or not field.strip(": ") or not rest:
            raise ImportRefused(f"a mapping is FIELD=COLUMN or FIELD:=constant, not {part!r}")
        name = field.removesuffix(":").strip()
        if name in found:
            raise ImportRefused(f"the field {name} is mapped twice")
        found[name] = Constant(rest.strip()) if field.endswith(":") else Column(rest.strip())
    return found


def choose_columns(
    kind: Kind, columns: Sequence[str], mapping: Mapping[str, Source]
) -> tuple[dict[str, Source], list[str]]:
    """Return where each field comes from: as mapped, else by the usual names; and remarks on what was assumed.

    Raises `ImportRefused` for a field or column that is not there, a required field without a source, and a guess that
    could mean two columns.
    """
    unknown = sorted(mapping.keys() - {field.name for field in kind.fields})
    if unknown:
        names = ", ".join(field.name for field in kind.fields)
        raise ImportRefused(f"{kind.name} have no field {', '.join(unknown)}; their fields are: {names}")
    chosen: dict[str, Source] = {}
    for field in kind.fields:
        source = _mapped(field, mapping[field.name], columns) if field.name in mapping else _guess(field, columns)
        if source is not None:
            chosen[field.name] = source
    remarks = _assume_air_station(kind, columns, chosen)
    missing = [field.name for field in kind.fields if field.required and field.name not in chosen]
    if missing:
        example = missing[0]
        raise ImportRefused(
            f"no column for {', '.join(missing)}; the file has: {', '.join(columns)}."
            f" Say which with --map {example}=COLUMN, or --map {example}:=VALUE for the same value in every row"
        )
    return chosen, remarks


def _mapped(field: Field, source: Source, columns: Sequence[str]) -> Source:
    if isinstance(source, Constant):
        try:
            field.parse(source.value)
        except BadValue as error:
            raise ImportRefused(f"{field.name}:={source.value}: {error}") from error
        return source
    found = _named(source.name, columns)
    if found is None:
        raise ImportRefused(f"the file has no column {source.name!r}; it has: {', '.join(columns)}")
    return Column(found)


def _guess(field: Field, columns: Sequence[str]) -> Source | None:
    found = list(dict.fromkeys(column for name in field.names if (column := _named(name, columns)) is not None))
    if not found:
        return None
    # a column of exactly the field's name is meant, whatever else there is
    if len(found) > 1 and found[0].casefold() != field.name.casefold():
        raise ImportRefused(
            f"{field.name} could be any of the columns {', '.join(found)}; say which with --map {field.name}=COLUMN"
        )
    return Column(found[0])


def _named(name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    return next((column for column in columns if column.casefold() == name.casefold()), None)


def _assume_air_station(kind: Kind, columns: Sequence[str], chosen: dict[str, Source]) -> list[str]:
    names = {column.casefold() for column in columns}
    if kind.name != "points":
        return []
    remarks = []
    if "kind" not in chosen and names >= _AIR_STATION_COLUMNS:
        chosen["kind"] = Constant("ambient_air")
        remarks.append("kind: taken for ambient_air stations, by the names of the columns")
    if chosen.get("kind") == Constant("ambient_air") and "standard" not in chosen:
        chosen["standard"], chosen["grade"] = Constant("GB 3095"), chosen.get("grade", Constant("II"))
        remarks.append("standard: GB 3095 class II assumed for ambient air")
    return remarks
