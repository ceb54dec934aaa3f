"""`import`, `roads`, `hj212`: what is brought in, and looking at it."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer
from rich.table import Table

from command.cli.console import DEFAULT_HOME, Home, clear_errors, err, installation, out
from command.roads import road_store
from data.hj212.decode import decode_lines
from data.importers.columns import parse_mapping
from data.importers.importing import import_file
from data.importers.report import ImportReport
from gis.position import Datum
from routing.export import export_graphml
from routing.importing import import_roads

import_app = typer.Typer(no_args_is_help=True, help="Bring in enterprises, points, officers, stations or roads.")
roads_app = typer.Typer(no_args_is_help=True, help="The road network in use.")
hj212_app = typer.Typer(no_args_is_help=True, help="HJ 212 frames.")

_SHOWN_PROBLEMS = 20


@import_app.command("roads")
def roads_in(
    file: Annotated[Path | None, typer.Argument(help=".osm, .osm.gz, .osm.bz2, .osm.pbf or .graphml")] = None,
    place: Annotated[str | None, typer.Option(help="a place name, fetched online through osmnx")] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Import roads and make them the network in use; the old ones serve until the new ones are ready."""
    with clear_errors():
        if (file is None) == (place is None):
            raise ValueError("give either a file or --place")
        source = file if file is not None else str(place)
        with err.status("reading roads") as status:
            store = road_store(home.expanduser().resolve())
            report = import_roads(source, store, lambda what, done: status.update(f"{what}: {done:,}"))
    table = Table("roads", report.source)
    for label, value in (
        ("version", report.version),
        ("junctions", f"{report.junctions:,}"),
        ("directed edges", f"{report.edges:,}"),
        ("length", f"{report.km:,.0f} km"),
        ("separate parts", f"{report.islands:,}"),
        *((what, f"{count:,}") for what, count in report.notes.items()),
        ("seconds", f"{report.seconds:.1f}"),
    ):
        table.add_row(label, value)
    out.print(table)


def _rows_in(kind: str) -> None:
    """One command for each kind of row; they differ in nothing but the kind."""

    @import_app.command(kind, help=f"Import {kind} from a CSV or GeoJSON file: all good rows, or none.")
    def rows_in(
        file: Path,
        datum: Annotated[Datum, typer.Option(help="what the file's coordinates are in")] = Datum.WGS84,
        mapping: Annotated[
            list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="or FIELD:=VALUE for a constant")
        ] = None,
        dry_run: Annotated[bool, typer.Option(help="say what would happen, and keep nothing")] = False,
        keep_good: Annotated[bool, typer.Option(help="take the good rows although others are refused")] = False,
        report: Annotated[Path | None, typer.Option(help="write the whole report here (.json or .csv)")] = None,
        home: Home = DEFAULT_HOME,
    ) -> None:
        with clear_errors():
            found = import_file(
                kind,
                file,
                database=installation(home).url,
                datum=datum.value,
                mapping=parse_mapping(mapping or []),
                dry_run=dry_run,
                keep_good=keep_good,
            )
            if report is not None:
                found.write(report)
            _show(found)
            if not (found.committed or dry_run) or (dry_run and found.refused):
                raise typer.Exit(1)


for _kind in ("enterprises", "points", "officers", "stations"):
    _rows_in(_kind)


@roads_app.command("export")
def roads_out(file: Path, home: Home = DEFAULT_HOME) -> None:
    """Write the network in use as GraphML that osmnx reads: length (m), speed_kph, travel_time (s) on every edge."""
    with clear_errors():
        network = road_store(home.expanduser().resolve()).current()
        export_graphml(network, file)
        out.print(f"{network.nodes:,} nodes and {network.edges:,} edges written to {file}")


@hj212_app.command("decode")
def decode(file: Annotated[Path, typer.Argument(help="frames, or - for standard input")] = Path("-")) -> None:
    """One JSON line a frame: what it says, or why it cannot be read."""
    with clear_errors():
        if file == Path("-"):
            _print_lines(sys.stdin.buffer)
        else:
            with file.open("rb") as stream:
                _print_lines(stream)


@hj212_app.callback()
def _hj212() -> None:
    """HJ 212 frames."""


@roads_app.callback()
def _roads() -> None:
    """The road network in use."""


def _print_lines(stream: BinaryIO) -> None:
    for line in decode_lines(stream):
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


def _show(report: ImportReport) -> None:
    table = Table("import", report.file)
    for label, value in (
        ("kind", report.kind),
        ("datum", report.datum),
        ("encoding", report.encoding),
        ("rows", f"{report.rows:,}"),
        ("new", f"{report.inserted:,}"),
        ("changed", f"{report.updated:,}"),
        ("as before", f"{report.unchanged:,}"),
        ("refused", f"{report.refused:,}"),
        ("kept", "yes" if report.committed else "no: dry run" if report.dry_run else "no: some rows were refused"),
    ):
        table.add_row(label, value)
    out.print(table)
    for warning in report.warnings:
        out.print(f"[yellow]note:[/] {warning}")
    for one in [*report.problems[:_SHOWN_PROBLEMS], *report.notes[:_SHOWN_PROBLEMS]]:
        out.print(f"row {one.row}, {one.field}: {one.problem} ({one.value})", markup=False, highlight=False)
    hidden = report.problem_count + report.note_count - min(len(report.problems), _SHOWN_PROBLEMS)
    hidden -= min(len(report.notes), _SHOWN_PROBLEMS)
    if hidden > 0:
        out.print(f"… and {hidden:,} more; --report FILE writes them all")
