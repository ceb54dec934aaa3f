"""`evidence`: checking recordings that were handed out, on any machine, without a database."""

from pathlib import Path
from typing import Annotated

import typer

from command.cli.console import clear_errors, out
from video.recording.checking import Report, check

evidence_app = typer.Typer(no_args_is_help=True, help="Recordings as evidence.")


@evidence_app.callback()
def _several() -> None:
    """Recordings as evidence."""


@evidence_app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="an unpacked evidence.zip, or a recording's own folder")],
) -> None:
    """Check every file of a folder of evidence; exit 0 only if not one byte differs from what was sealed."""
    with clear_errors():
        if not folder.is_dir():
            raise ValueError(f"there is no folder {folder}; unpack evidence.zip first and name where it lies")
        report = check(folder)
        _tell(report)
        if report.faults:
            raise typer.Exit(1)


def _tell(report: Report) -> None:
    for note in report.notes:
        out.print(f"note   {note.file}: {note.what}", markup=False, highlight=False, soft_wrap=True)
    for fault in report.faults:
        out.print(f"FAULT  {fault.file}: {fault.what}", markup=False, highlight=False, soft_wrap=True)
    size = f"{report.segments} segments, {report.bytes:,} bytes"
    if report.faults:
        out.print(f"this is not what was recorded: {len(report.faults)} faults ({size})", highlight=False)
    else:
        out.print(f"as recorded: {size}", highlight=False)
