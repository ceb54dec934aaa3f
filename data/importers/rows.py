"""From the text of a file to values that the database takes: parsed, in WGS84, with the county they lie in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from numpy.typing import ArrayLike

from data.bulk import ewkb_points
from data.importers.columns import Column, Source
from data.importers.errors import BadValue
from data.importers.kinds import Kind
from data.importers.reading import Row
from data.importers.report import ImportReport
from gis.datum import convert_arrays
from gis.position import Datum
from gis.regions import Placement

_CHUNK = 5_000


class Counties(Protocol):
    """Finds the county of many places at once; `gis.regions.RegionIndex` does."""

    def locate_many(self, lons: ArrayLike, lats: ArrayLike) -> Sequence[Placement | None]: ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A row ready for the database; `geom` and `region` are None for what stands nowhere."""

    number: int
    values: dict[str, Any]
    geom: str | None = None
    region: str | None = None


def ready_rows(
    rows: Iterator[Row],
    kind: Kind,
    sources: Mapping[str, Source],
    datum: Datum,
    counties: Counties,
    report: ImportReport,
) -> Iterator[Ready]:
    """Yield the good rows; what is wrong with the others goes to the report."""
    while chunk := list(islice(rows, _CHUNK)):
        report.rows += len(chunk)
        parsed = [ready for row in chunk if (ready := _parse(row, kind, sources, report)) is not None]
        placed = _place(parsed, datum, counties, report) if kind.placed else parsed
        report.refused += len(chunk) - len(placed)
        yield from placed


def _parse(row: Row, kind: Kind, sources: Mapping[str, Source], report: ImportReport) -> Ready | None:
    if row.flaw is not None:
        report.add(row.number, "", "", row.flaw)
        return None
    values: dict[str, Any] = {}
    good = True
    for name, source in sources.items():
        field = kind.field(name)
        if field is None:
            continue
        text = row.values.get(source.name, "") if isinstance(source, Column) else source.value
        if not text:
            if field.required:
                report.add(row.number, name, text, "empty, but required")
                good = False
            continue
        try:
            values[name] = field.parse(text)
        except BadValue as error:
            report.add(row.number, name, text, str(error))
            good = False
    if good and kind.placed and values["lon"] == values["lat"] == 0.0:
        report.add(row.number, "lon", "0, 0", "zero degrees of both: the place was never filled in")
        good = False
    return Ready(row.number, values) if good else None


def _place(rows: list[Ready], datum: Datum, counties: Counties, report: ImportReport) -> list[Ready]:
    if not rows:
        return []
    lons, lats = convert_arrays(
        [row.values["lon"] for row in rows], [row.values["lat"] for row in rows], datum, Datum.WGS84
    )
    found = counties.locate_many(lons, lats)
    placed = []
    for row, county, geom in zip(rows, found, ewkb_points(lons, lats), strict=True):
        where = f"{row.values['lon']}, {row.values['lat']}"
        if county is None:
            swapped = row.values["lon"] < 60 < row.values["lat"]
            hint = "longitude and latitude look swapped" if swapped else "check the datum and the order of the columns"
            report.add(row.number, "lon", where, f"far from every county of the installation; {hint}")
            continue
        if county.offshore_m > 0:
            away = f"{county.offshore_m:.0f} m outside every county; put into the nearest, {county.adcode}"
            report.note(row.number, "region", where, away)
        placed.append(Ready(row.number, row.values, geom, county.adcode))
    return placed
