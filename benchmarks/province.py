"""A province at full size: its road file made, imported under a memory limit, opened, and shared between processes.

    python -m benchmarks.province FOLDER [--density 4.1] [--buildings 3000000] [--memory-gb 8]

The file is an ordinary .osm.pbf, laid by the generator of the demonstration roads with more villages and closer streets
on the real Shandong; the same arguments give the same bytes, and a file that is there is used again. `--buildings`
makes a second one with that many houses in it, as real extracts have: what an importer has to read past. Each step runs
in a process of its own, so that its peak of memory is its own. FOLDER keeps files and prepared roads for other
benchmarks (`--keep FOLDER/roads`).
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import ParamSpec, TypeVar

import numpy as np
import osmium
from osmium.osm import Node, Way, mutable

from benchmarks.machine import machine, peak_mb, proportional_mb
from benchmarks.roads import Places, describe
from benchmarks.tables import number, table
from data.demo.roads import shandong_counties, write_demo_roads
from routing.importing import ImportReport, import_roads
from routing.network import RoadStore
from routing.ranking import rank

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

PROCESSES = 4
_HOUSE_M = 1e-4  # degrees: about 10 m


@dataclass(frozen=True, slots=True)
class Opened:
    """What one process says of opening the network and answering on it."""

    checked_s: float
    opened_s: float
    resident_mb: float
    share_mb: float


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--density", type=float, default=4.1, help="4.1 gives 1.46 million junctions at scale 1")
    parser.add_argument("--scale", type=float, default=1.0, help="the share of the province, from Weifang outwards")
    parser.add_argument("--buildings", type=int, default=0, help="houses in a second file")
    parser.add_argument("--memory-gb", type=float, default=8.0, help="address space that the import may take")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    print(machine("numpy", "numba", "osmium", "scipy"))
    rows = []
    plain = asked.folder / "province.osm.pbf"
    if not plain.is_file():
        seconds, mb = alone(lay, plain, asked.density, asked.scale)
        rows.append(["lay the roads", plain.name, number(seconds), number(mb)])
    files = [plain]
    if asked.buildings:
        files.append(asked.folder / f"province-{asked.buildings}-buildings.osm.pbf")
        if not files[-1].is_file():
            seconds, mb = alone(add_buildings, plain, files[-1], asked.buildings)
            rows.append(["add buildings", files[-1].name, number(seconds), number(mb)])
    homes = []
    for file in files:
        homes.append(asked.folder / "roads" / file.name)
        report, mb = alone(import_under, file, homes[-1], asked.memory_gb)
        size = f"{file.name}, {file.stat().st_size / 1e6:.1f} MB"
        rows.append([f"import, at most {asked.memory_gb:g} GB allowed", size, number(report.seconds), number(mb)])
        print(f"{file.name}: {report.junctions:,} junctions, {report.edges:,} edges, {report.km:,.0f} km")
    print("\n" + table(["step", "file", "seconds", "peak MB"], rows) + "\n")
    print_opening(homes[0])
    return 0


def lay(path: Path, density: float, scale: float) -> tuple[float, float]:
    began = time.monotonic()
    write_demo_roads(path, counties=shandong_counties(), density=density, scale=scale)
    return time.monotonic() - began, peak_mb()


def add_buildings(plain: Path, path: Path, count: int) -> tuple[float, float]:
    """Copy a road file with `count` square houses beside its road points."""
    began = time.monotonic()
    nodes, ways = [], 0
    for element in osmium.FileProcessor(str(plain), osmium.osm.NODE | osmium.osm.WAY):
        if isinstance(element, Node):
            nodes.append((element.lon, element.lat))
        elif isinstance(element, Way):
            ways = max(ways, element.id)
    random = np.random.default_rng(2021)
    places = np.array(nodes)[random.integers(0, len(nodes), count)] + random.normal(0, 20 * _HOUSE_M, (count, 2))
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * _HOUSE_M
    header = osmium.io.Header()
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf"), header=header, overwrite=True) as writer:
        for element in osmium.FileProcessor(str(plain), osmium.osm.NODE):
            writer.add(element)
        first = len(nodes) + 1_000_000  # beyond the ids of the rivers' nodes
        for house, place in enumerate(places):
            for corner, location in enumerate((place + corners).tolist()):
                writer.add_node(mutable.Node(id=first + 4 * house + corner, location=tuple(location)))
        for element in osmium.FileProcessor(str(plain), osmium.osm.WAY):
            writer.add(element)
        for house in range(count):
            around = [first + 4 * house + corner for corner in (0, 1, 2, 3, 0)]
            writer.add_way(mutable.Way(id=ways + 1 + house, nodes=around, tags={"building": "yes"}))
    return time.monotonic() - began, peak_mb()


def import_under(file: Path, home: Path, memory_gb: float) -> tuple[ImportReport, float]:
    """Import as `./onemap import roads` does, where asking for more memory than allowed fails."""
    limit = int(memory_gb * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    began, told = time.monotonic(), ""

    def progress(what: str, done: int) -> None:
        nonlocal told
        if what != told:
            told = what
            print(f"  {time.monotonic() - began:6.1f} s  {what} ({done:,}), {peak_mb():,.0f} MB so far", flush=True)

    return import_roads(file, RoadStore(home), progress), peak_mb()


def print_opening(home: Path) -> None:
    """Open the roads in several processes at once and print how much memory each really adds."""
    with multiprocessing.Manager() as manager, _processes(PROCESSES) as pool:
        together = manager.Barrier(PROCESSES)
        running = [pool.submit(open_and_answer, home, place, together) for place in range(PROCESSES)]
        found = [each.result() for each in running]
    bytes_on_disk = sum(path.stat().st_size for path in home.rglob("*.npy"))
    print(describe(RoadStore(home).current(check=False)) + f", {bytes_on_disk / 1e6:,.0f} MB on disk\n")
    head = ["process", "opened, checksums compared (s)", "opened unchecked (s)", "resident (MB)", "fair share (MB)"]
    rows = [
        [
            f"{place} of {PROCESSES}",
            number(each.checked_s),
            f"{each.opened_s:.3f}",
            number(each.resident_mb),
            number(each.share_mb),
        ]
        for place, each in enumerate(found, start=1)
    ]
    print(table(head, rows))


def open_and_answer(home: Path, seed: int, together: Barrier) -> Opened:
    """Open, rank a few alarms anywhere so that the arrays are really used, and weigh the process while all live."""
    store = RoadStore(home)
    together.wait()
    began = time.perf_counter()
    store.current()
    checked = time.perf_counter() - began
    began = time.perf_counter()
    network = store.current(check=False)
    opened = time.perf_counter() - began
    places = Places(network)
    for alarm in range(3):
        question = places.question(1_000, 0.0, 10 * seed + alarm)
        rank(network, question.target_at, [(k, *at) for k, at in enumerate(question.officers_at)], routes=3)
    together.wait()
    resident, share = proportional_mb()
    together.wait()  # nobody ends, and so lets go of what all share, before all have weighed
    return Opened(checked, opened, resident, share)


def alone(work: Callable[Asked, Answer], *arguments: Asked.args, **named: Asked.kwargs) -> Answer:
    """Run in a fresh process and return what it returns."""
    with _processes(1) as pool:
        return pool.submit(work, *arguments, **named).result()


def _processes(count: int) -> ProcessPoolExecutor:
    # A forked process would begin with its parent's memory, and its peak would tell nothing.
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


if __name__ == "__main__":
    raise SystemExit(main())
