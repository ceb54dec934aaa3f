"""Imports roads: from a file or, through osmnx and the internet, a place name; into a `RoadStore`, whole or not at
all.
"""

import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from routing.errors import RoadsFileError
from routing.graph import RoadGraph
from routing.network import RoadStore
from routing.osm import read_osm
from routing.preparing import prepare
from routing.restrictions import split_restricted
from routing.simplification import simplify

OSM_SUFFIXES = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
SUFFIXES = (*OSM_SUFFIXES, ".graphml")

Progress = Callable[[str, int], None]
"""What is being done, and how many ways, junctions or edges it has come to."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import found and installed; `notes` counts refused ways and restrictions by reason."""

    version: str
    source: str
    junctions: int
    edges: int
    km: float
    islands: int
    notes: dict[str, int]
    seconds: float


def import_roads(source: Path | str, store: RoadStore, progress: Progress = lambda _what, _done: None) -> ImportReport:
    """Import a file (`Path`) or the roads of a place (`str`, online) and make them the network in use.

    Raises `RoadsFileError` in words; the network that was in use then stays in use.
    """
    began = time.monotonic()
    graph = read_file(source, progress) if isinstance(source, Path) else read_place(source, progress)
    progress("preparing junctions", len(graph.node_id))
    name = source.name if isinstance(source, Path) else source
    arrays, about = prepare(graph, source=name, progress=progress)
    progress("writing edges", len(arrays.head))
    version = store.install(arrays, about)
    counts = about["counts"]
    return ImportReport(
        version=version,
        source=name,
        junctions=counts["junctions"],
        edges=counts["edges"],
        km=counts["km"],
        islands=counts["islands"],
        notes=about["notes"],
        seconds=time.monotonic() - began,
    )


def read_file(path: Path, progress: Progress = lambda _what, _done: None) -> RoadGraph:
    """Return the road graph of a file, turn restrictions applied."""
    if not path.is_file():
        raise RoadsFileError(f"there is no file {path}")
    if not path.name.lower().endswith(SUFFIXES):
        raise RoadsFileError(f"{path.name}: roads are read from {', '.join(SUFFIXES)} files")
    _look_inside(path)
    if path.name.lower().endswith(".graphml"):
        from routing.osmnx_graphs import read_graphml  # osmnx takes seconds to import

        return read_graphml(path)
    roads = read_osm(path, progress)
    progress("finding junctions", len(roads.node))
    graph, begins, ends = simplify(roads)
    split_restricted(graph, begins, ends, roads.restrictions)
    return graph


def read_place(place: str, progress: Progress = lambda _what, _done: None) -> RoadGraph:
    """Return the drivable roads inside a place's boundary, asked from OpenStreetMap's servers by osmnx."""
    from routing.osmnx_graphs import download_place

    progress("asking OpenStreetMap for the roads of a place", 1)
    return download_place(place)


def _look_inside(path: Path) -> None:
    """Refuse by the first bytes what is certainly not what the name says, before a gigabyte of it is read."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise RoadsFileError(f"{path.name} is empty")
    name = path.name.lower()
    if name.endswith(".gz"):
        if not head.startswith(b"\x1f\x8b"):
            raise RoadsFileError(f"{path.name} is not a gzip file, whatever its name says")
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error as error:
            raise RoadsFileError(f"{path.name} is a damaged gzip file: {error}") from error
    elif name.endswith(".bz2"):
        if not head.startswith(b"BZh"):
            raise RoadsFileError(f"{path.name} is not a bzip2 file, whatever its name says")
        return
    if name.endswith(".pbf"):
        if b"OSMHeader" not in head[:64]:
            raise RoadsFileError(f"{path.name} is not an OpenStreetMap .pbf file{_looks_like(head)}")
        return
    wanted = b"graphml" if name.endswith(".graphml") else b"osm"
    if not re.match(rb"\s*(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<" + wanted + rb"\b", head, re.DOTALL):
        raise RoadsFileError(f"{path.name} is not {wanted.decode()} XML{_looks_like(head)}")


def _looks_like(head: bytes) -> str:
    text = head[:512].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "; it is a web page (a failed download?)"
    if text.startswith(b"<osm") or b"<osm" in text:
        return "; it is OpenStreetMap XML: name it .osm"
    if text.startswith(b"<?xml"):
        return "; it is some other XML"
    if text.startswith((b"{", b"[")):
        return "; it is JSON"
    if b"osmheader" in text:
        return "; it is a .pbf file: name it .osm.pbf"
    return ""
