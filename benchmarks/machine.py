"""What a figure was measured on: without it, a figure is an opinion."""

import os
import platform
import resource
from importlib.metadata import version
from pathlib import Path


def machine(*packages: str) -> str:
    """Return one line: processor, cores, memory, system, Python and the versions of `packages`."""
    parts = [_processor(), f"{os.cpu_count()} cores", f"{_memory_gib():.0f} GiB", platform.platform()]
    parts.append(f"Python {platform.python_version()}")
    return ", ".join(parts + [f"{package} {version(package)}" for package in packages])


def peak_mb() -> float:
    """Return the most memory that this process has had so far, in MB (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def proportional_mb() -> tuple[float, float]:
    """Return this process's memory in MB: all of it, and its fair share, where what n processes map counts 1/n."""
    found = {}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]:
        name, kilobytes, *_ = line.split()
        found[name] = int(kilobytes) * 1024 / 1e6
    return found["Rss:"], found["Pss:"]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
