"""Rows of CSV and GeoJSON files, one at a time: a file of any size needs the same memory."""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from data.importers.errors import ImportRefused

LON, LAT = "geometry.lon", "geometry.lat"  # what a GeoJSON point is called as columns

_CHUNK = 1 << 20
_HEAD = 1 << 16
_LARGEST_FEATURE = 1 << 24
_ENCODINGS = ("utf-8-sig", "gb18030")  # GB 18030 holds all of GBK and GB 2312
_DELIMITERS = ",;\t|"
_KNOWN_CRS = re.compile(r"CRS84|EPSG:+(4326|4490)\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line or feature number, the values by column, and what is wrong with its shape, if anything."""

    number: int
    values: dict[str, str]
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An open file. `columns` in the order of the file; of a GeoJSON file those of its first feature."""

    columns: tuple[str, ...]
    encoding: str
    rows: Iterator[Row]


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open a CSV or GeoJSON file; raise `ImportRefused` with what is wrong with it, also while rows are read."""
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        yield _geojson(file, encoding) if _is_json(path, encoding) else _csv(file, encoding)


def _encoding(path: Path) -> str:
    """Find out how the text is written, by reading all of it: the first Chinese may stand in the last line."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read ({error.strerror})") from error
    if not head.strip():
        raise ImportRefused(f"{path.name} is empty")
    if head.startswith(b"PK\x03\x04"):
        raise ImportRefused(f"{path.name} is a spreadsheet or an archive; save it as CSV first")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ImportRefused(f"{path.name} is written in UTF-16; save it as CSV UTF-8")
    if b"\0" in head:
        raise ImportRefused(f"{path.name} is no text file")
    for encoding in _ENCODINGS:
        if _decodes(path, encoding):
            return encoding
    raise ImportRefused(f"{path.name} is neither UTF-8 nor GBK; save it as CSV UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_json(path: Path, encoding: str) -> bool:
    with path.open(encoding=encoding) as file:
        return file.read(_HEAD).lstrip().startswith("{")


def _csv(file: TextIO, encoding: str) -> Table:
    first = file.readline(_HEAD)
    delimiter = max(_DELIMITERS, key=first.count)
    file.seek(0)
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    try:
        header = tuple(name.strip() for name in next(reader))
    except csv.Error as error:
        raise ImportRefused(f"the header line cannot be read: {error}") from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ImportRefused(f"the header names a column twice: {', '.join(twice)}")
    return Table(header, encoding, _csv_rows(reader, header))


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(_CHUNK):
        number += 1
        if len(line) == _CHUNK:
            raise ImportRefused(f"line {number} has more than a million characters; this is no CSV file")
        yield line


def _csv_rows(reader: Any, header: tuple[str, ...]) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportRefused(f"line {reader.line_num}: {error}; is a quotation mark left open?") from error
        if not any(cell.strip() for cell in cells):
            continue
        flaw = None if len(cells) == len(header) else f"{len(cells)} values for {len(header)} columns"
        yield Row(reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}, flaw)


def _geojson(file: TextIO, encoding: str) -> Table:
    features = _features(file)
    first = next(features, None)
    if first is None:
        raise ImportRefused("the FeatureCollection holds no feature")
    columns = tuple(first.values)

    def rows() -> Iterator[Row]:
        yield first
        yield from features

    return Table(columns, encoding, rows())


def _features(file: TextIO) -> Iterator[Row]:
    text = _after_the_opening(file)
    decoder = json.JSONDecoder()
    position, number, more = 0, 0, True
    while True:
        position = _skip(text, position, " \t\r\n,")
        if text.startswith("]", position):
            return
        try:
            feature, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            if not more or len(text) - position > _LARGEST_FEATURE:
                raise ImportRefused(f"feature {number + 1} is no valid JSON: {error.msg}") from error
            # as much again as is waiting, so that a large feature is not parsed over and over
            chunk = file.read(max(_CHUNK, len(text) - position))
            text, position, more = text[position:] + chunk, 0, bool(chunk)
            continue
        except RecursionError as error:
            raise ImportRefused(f"feature {number + 1} is nested too deeply") from error
        number += 1
        yield _row_of(number, feature)


def _after_the_opening(file: TextIO) -> str:
    head = file.read(_CHUNK)
    found = re.search(r'"features"\s*:\s*\[', head)
    if found is None:
        raise ImportRefused("a JSON file must be a GeoJSON FeatureCollection")
    before = head[: found.start()]
    if '"crs"' in before and not _KNOWN_CRS.search(before):
        raise ImportRefused("the file is in another coordinate system; save it in EPSG:4326 or EPSG:4490 first")
    return head[found.end() :]


def _skip(text: str, position: int, characters: str) -> int:
    while position < len(text) and text[position] in characters:
        position += 1
    return position


def _row_of(number: int, feature: Any) -> Row:
    if not isinstance(feature, dict):
        return Row(number, {}, "not a GeoJSON feature")
    properties = feature.get("properties")
    values = {str(name): _text(value) for name, value in properties.items()} if isinstance(properties, dict) else {}
    match feature.get("geometry"):
        case {"type": "Point", "coordinates": [lon, lat, *_]}:
            return Row(number, {**values, LON: _text(lon), LAT: _text(lat)})
        case None:
            return Row(number, values)
        case _:
            return Row(number, values, "its geometry is no point")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(map(_text, value))
    return str(value).strip().replace("\0", "")
