"""The prepared network: flat arrays in a folder, memory-mapped and shared by all processes; and the store of its
versions.

Layout, format 3. Coordinates are whole numbers of 1e-7 degree (WGS84), costs whole milliseconds, so that sums are
exact and the same on every machine. Nodes are in Hilbert order, edges in the order of their tails (the forward CSR).
A junction split by turn restrictions has copies: ordinary nodes at the same place, whose edges are copies along the
same stretches. The contraction hierarchy (`up_…`, `down_…` and the arrays before them) is stored customised, so that
an opened network answers at once.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from routing.customising import Edges, Metric, Singles
from routing.errors import NetworkUnusable, NoRoads
from routing.hierarchy import Hierarchy
from routing.mapped import ArrayFile
from routing.measure import UNITS_PER_DEGREE, Bytes, Floats, Ints, Longs

FORMAT = 3
MANIFEST = "manifest.json"
IMPORT_AGAIN = "import the roads again (./onemap import roads FILE)"
KEPT_VERSIONS = 3
TO_MAINLAND, FROM_MAINLAND = 1, 2
METRIC_COLUMNS = frozenset(field.name for field in fields(Metric))


@dataclass(frozen=True)
class Arrays:
    """Everything that is stored; see the module text for units.

    `component` numbers the islands. `mainland` has bit `TO_MAINLAND` where the largest strongly connected part can be
    reached from, and `FROM_MAINLAND` where it can be left to: most hopeless questions are answered without a search.
    `r_…` is the reverse CSR: the edges that arrive at a node. `shape_edge` gives the edges along and against a
    stretch, -1 where that direction is closed; `copy_…` and `twin_…` list the copies of edges and of nodes.
    `grid_…` lists, cell by cell, the points that begin a segment touching the cell. From `rank` on, the columns are
    those of `routing.hierarchy.Hierarchy` and, from `up_ms` on, of `routing.customising.Metric` with all roads open.
    """

    node_id: Longs
    node_xy: Ints
    node_origin: Ints
    component: Ints
    mainland: Bytes
    indptr: Longs
    tail: Ints
    head: Ints
    ms: Ints
    edge_shape: Ints
    edge_backward: Bytes
    edge_copied: Bytes
    r_indptr: Longs
    r_tail: Ints
    r_ms: Ints
    r_edge: Ints
    shape_start: Longs
    shape_xy: Ints
    point_shape: Ints
    shape_m: Floats
    shape_ms: Ints
    shape_name: Ints
    shape_class: Bytes
    shape_flags: Bytes
    shape_way: Longs
    shape_edge: Ints
    copy_of_edge: Ints
    copy_edge: Ints
    copy_of_node: Ints
    copy_node: Ints
    grid_start: Longs
    grid_point: Ints
    names_start: Longs
    names_text: Bytes
    rank: Ints
    ranked_node: Ints
    parent: Ints
    arc_start: Longs
    arc_head: Ints
    arc_tail: Ints
    arcs_below_start: Longs
    arcs_below: Ints
    arcs_below_tail: Ints
    up_ms: Ints
    down_ms: Ints
    up_m: Singles
    down_m: Singles
    up_via: Ints
    down_via: Ints


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the grid of `Arrays.grid_start` lies, in units of 1e-7 degree, and how many cells it has each way."""

    x0: int
    y0: int
    cell_x: int
    cell_y: int
    columns: int
    rows: int


class PreparedNetwork:
    """A network ready to search. Read-only; safe to share between threads and, being mapped, between processes."""

    def __init__(
        self, arrays: Arrays, manifest: Mapping[str, Any], metric_files: Mapping[str, ArrayFile], *, speeds: str = ""
    ) -> None:
        """`metric_files` hold the columns of `metric`; `speeds` names other speeds than the stored ones."""
        self.arrays = arrays
        self.speeds = speeds
        self._metric_files = metric_files
        self.manifest = manifest
        self.version: str = manifest["version"]
        self.source: str = manifest["source"]
        self.classes: tuple[str, ...] = tuple(manifest["classes"])
        self.grid = Grid(**manifest["grid"])
        self.nodes = len(arrays.node_id)
        self.edges = len(arrays.head)
        self.shapes = len(arrays.shape_m)

    @classmethod
    def open(cls, folder: Path, *, check: bool = True) -> Self:
        """Map a prepared folder; raise `NetworkUnusable` with what to do if it is not whole.

        `check` reads everything once and compares checksums (about 1 s per GB); without it only names, types and
        sizes are compared.
        """
        manifest = _read_manifest(folder)
        loaded: dict[str, npt.NDArray[Any]] = {}
        changeable: dict[str, ArrayFile] = {}
        for field in fields(Arrays):
            path, said = folder / f"{field.name}.npy", manifest["arrays"].get(field.name)
            if said is None or not path.is_file() or path.stat().st_size != said["bytes"]:
                raise NetworkUnusable(f"roads {folder.name}: {path.name} is missing or cut short; {IMPORT_AGAIN}")
            if check and _digest(path) != said["blake2b"]:
                raise NetworkUnusable(f"roads {folder.name}: {path.name} is damaged; {IMPORT_AGAIN}")
            try:
                if field.name in METRIC_COLUMNS:
                    with path.open("rb") as file:
                        changeable[field.name] = ArrayFile(file)
                    loaded[field.name] = changeable[field.name].view()
                else:
                    loaded[field.name] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
            except (ValueError, OSError) as error:
                raise NetworkUnusable(f"roads {folder.name}: {path.name} cannot be read; {IMPORT_AGAIN}") from error
        return cls(Arrays(**loaded), manifest, changeable)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        a = self.arrays
        return Hierarchy(
            a.rank, a.ranked_node, a.parent, a.arc_start, a.arc_head, a.arc_tail,
            a.arcs_below_start, a.arcs_below, a.arcs_below_tail,
        )  # fmt: skip

    @cached_property
    def costs(self) -> Edges:
        a = self.arrays
        return Edges(a.indptr, a.tail, a.head, a.ms, a.edge_shape, a.shape_m)

    @cached_property
    def metric(self) -> Metric:
        """What the hierarchy's arcs cost with all roads open; never to be changed."""
        return Metric(**{name: getattr(self.arrays, name) for name in METRIC_COLUMNS})

    def own_metric(self) -> Metric:
        """Return the same as a copy that may be changed, and which takes memory only for what is."""
        return Metric(**{name: file.view() for name, file in self._metric_files.items()})

    @cached_property
    def no_edge_blocked(self) -> Bytes:
        return np.zeros(self.edges, np.uint8)

    @cached_property
    def edge_numbers(self) -> Ints:
        numbers = np.arange(self.edges, dtype=np.int32)
        numbers.flags.writeable = False  # like the mapped arrays, so that compiled code meets one type, not two
        return numbers

    @cached_property
    def fastest_mps(self) -> float:
        """The speed on the fastest stretch, in metres a second."""
        return float((self.arrays.shape_m / self.arrays.shape_ms).max()) * 1000

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """The box around all roads: west, south, east, north in degrees."""
        west, south = self.arrays.shape_xy.min(axis=0) / UNITS_PER_DEGREE
        east, north = self.arrays.shape_xy.max(axis=0) / UNITS_PER_DEGREE
        return float(west), float(south), float(east), float(north)

    def name_of(self, shape: int) -> str:
        """Return the street name of a stretch, empty if it has none."""
        return self.name_at(int(self.arrays.shape_name[shape]))

    def name_at(self, name: int) -> str:
        """Return a name by its number in `Arrays.shape_name`."""
        start, end = int(self.arrays.names_start[name]), int(self.arrays.names_start[name + 1])
        return self.arrays.names_text[start:end].tobytes().decode()

    def class_of(self, shape: int) -> str:
        return self.classes[int(self.arrays.shape_class[shape])]

    def line_of(self, shape: int) -> Floats:
        """Return the points of a stretch, longitude and latitude in degrees, in its drawn direction."""
        start, end = int(self.arrays.shape_start[shape]), int(self.arrays.shape_start[shape + 1])
        line: Floats = self.arrays.shape_xy[start:end] / UNITS_PER_DEGREE
        return line

    def points_of(self, shapes: Ints) -> tuple[Ints, Longs]:
        """Return the points of stretches, one stretch after another (1e-7 degree), and how many each has."""
        starts = self.arrays.shape_start[shapes]
        counts = self.arrays.shape_start[shapes + 1] - starts
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.arrays.shape_xy[np.repeat(starts, counts) + within], counts

    def shapes_in_box(self, west: float, south: float, east: float, north: float) -> Ints:
        """Return the stretches with a segment in a grid cell that the box (degrees) touches, in order of their
        numbers: all that lies in the box, and some that comes near it.
        """
        grid, a = self.grid, self.arrays
        left = int((west * UNITS_PER_DEGREE - grid.x0) // grid.cell_x)
        right = int((east * UNITS_PER_DEGREE - grid.x0) // grid.cell_x)
        bottom = int((south * UNITS_PER_DEGREE - grid.y0) // grid.cell_y)
        top = int((north * UNITS_PER_DEGREE - grid.y0) // grid.cell_y)
        left, right = max(left, 0), min(right, grid.columns - 1)
        points = [
            a.grid_point[a.grid_start[row * grid.columns + left] : a.grid_start[row * grid.columns + right + 1]]
            for row in range(max(bottom, 0), min(top, grid.rows - 1) + 1)
            if left <= right
        ]
        if not points:
            return np.empty(0, np.int32)
        return np.unique(a.point_shape[np.concatenate(points)])

    def copies_of_edge(self, edge: int) -> Ints:
        """Return the copies of an edge that leave copies of its tail."""
        return _group(self.arrays.copy_of_edge, self.arrays.copy_edge, edge)

    def copies_of_node(self, node: int) -> Ints:
        return _group(self.arrays.copy_of_node, self.arrays.copy_node, node)


class RoadStore:
    """The versions of the prepared network under one folder, and which of them is in use.

    Installing never touches the version in use: a new folder is written beside it, forced to disk, and then one small
    pointer file is replaced. Processes that have the old version mapped keep it until they open the new one.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def _pointer(self) -> Path:
        return self.home / "current"

    def current_version(self) -> str | None:
        """Return the name of the version in use, cheaply: to notice that another process installed roads."""
        try:
            return self._pointer.read_text().strip() or None
        except FileNotFoundError:
            return None

    def current(self, *, check: bool = True) -> PreparedNetwork:
        """Open the version in use; raise `NoRoads` if there is none, `NetworkUnusable` if it is damaged."""
        version = self.current_version()
        if version is None:
            raise NoRoads(f"no roads are installed; {IMPORT_AGAIN}")
        if Path(version).name != version:
            raise NetworkUnusable(f"{self._pointer} does not name a version; {IMPORT_AGAIN}")
        return PreparedNetwork.open(self.home / version, check=check)

    def install(self, arrays: Arrays, about: Mapping[str, Any]) -> str:
        """Write a version, make it the one in use, and return its name: a checksum of its content."""
        self.home.mkdir(parents=True, exist_ok=True)
        for left_over in self.home.glob(".writing-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.home))
        try:
            version = _write(folder, arrays, about)
            target = self.home / version
            if target.exists():  # the same roads again; what is there may be damaged, this is not
                shutil.rmtree(target)
            folder.chmod(0o755)  # mkdtemp's folder is for its owner only; other processes must read it
            folder.rename(target)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        pointer = self.home / ".current"
        with pointer.open("w") as file:
            file.write(version + "\n")
            file.flush()
            os.fsync(file.fileno())
        pointer.replace(self._pointer)
        _sync_folder(self.home)
        self._forget_old(keep=version)
        return version

    def _forget_old(self, *, keep: str) -> None:
        versions = [path for path in self.home.iterdir() if (path / MANIFEST).is_file() and path.name != keep]
        versions.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in versions[KEPT_VERSIONS - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        raise NetworkUnusable(f"roads {folder.name}: half written or gone; {IMPORT_AGAIN}") from None
    except (ValueError, OSError) as error:
        raise NetworkUnusable(f"roads {folder.name}: {MANIFEST} cannot be read; {IMPORT_AGAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise NetworkUnusable(f"roads {folder.name}: format {found}, this program reads {FORMAT}; {IMPORT_AGAIN}")
    if not {"version", "source", "classes", "grid", "arrays"} <= manifest.keys():
        raise NetworkUnusable(f"roads {folder.name}: {MANIFEST} is incomplete; {IMPORT_AGAIN}")
    return manifest


def _write(folder: Path, arrays: Arrays, about: Mapping[str, Any]) -> str:
    said: dict[str, Any] = {}
    for field in fields(Arrays):
        path = folder / f"{field.name}.npy"
        with path.open("wb") as file:
            np.save(file, getattr(arrays, field.name), allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        said[field.name] = {"bytes": path.stat().st_size, "blake2b": _digest(path)}
    content = json.dumps([said, about["classes"], about["grid"]], sort_keys=True).encode()
    version = hashlib.blake2b(content, digest_size=6).hexdigest()
    manifest = {
        "format": FORMAT,
        "version": version,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        "arrays": said,
    }
    # The manifest comes last: a folder without one is half written.
    with (folder / MANIFEST).open("w") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(folder)
    return version


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _group(keys: Ints, values: Ints, key: int) -> Ints:
    return values[np.searchsorted(keys, key) : np.searchsorted(keys, key, side="right")]
