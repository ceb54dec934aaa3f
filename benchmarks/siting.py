"""Siting on a running demonstration: what each model finds in time, what is proven, and what grouping demands costs.

    python -m benchmarks.siting [URL] [--region 37] [--minutes 30] [--new 10] [--time-limit 120] [--user planner]

Asks the product itself, through its doors: one scenario from all stations, then the three models. Start a demonstration
of its own for it (`./onemap demo --home FOLDER --no-simulate`), and import the roads that are wanted.
`share` and `mean` are counted over every demand; `error` is what the model believed beyond that.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import httpx

from benchmarks.machine import machine
from benchmarks.tables import number, table

PASSWORD = "onemap-demo"  # noqa: S105 - public on purpose
MODELS = ("mclp", "p-median", "lscp")
MOST_NEW = 50


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--region", default="37")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--new", type=int, default=10, help="new stations; set covering may take up to 50")
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--user", default="planner")
    asked = parser.parse_args(arguments)
    print(machine("highspy", "numpy", "numba"))
    with httpx.Client(base_url=asked.url, trust_env=False, timeout=60) as door:
        session = door.post("/api/session", json={"username": asked.user, "password": PASSWORD}).raise_for_status()
        door.headers["Authorization"] = f"Bearer {session.json()['token']}"
        door.cookies.clear()
        bands = sorted({15.0, asked.minutes, 45.0})
        began = time.perf_counter()
        scenario = finished(door, "/api/coverage", {"region": asked.region, "minutes": bands, "from": "stations"})
        print_scenario(scenario["result"], time.perf_counter() - began)
        rows = []
        for model in MODELS:
            question = {
                "objective": model,
                "minutes": asked.minutes,
                "new": MOST_NEW if model == "lscp" else asked.new,
                "time_limit_s": asked.time_limit,
            }
            rows.append(row_of(finished(door, f"/api/coverage/{scenario['id']}/siting", question)["result"]))
    head = ["model", "sites", "status", "gap", "share before", "after", "error", "mean before", "after", "error"]
    print("\n" + table([*head, "groups", "candidates", "out of reach", "seconds"], rows))
    return 0


def finished(door: httpx.Client, path: str, question: dict[str, Any]) -> dict[str, Any]:
    """Ask for a job and wait for it; raises `RuntimeError` with the product's own words when it fails."""
    number_of = door.post(path, json=question).raise_for_status().json()["id"]
    while True:
        job: dict[str, Any] = door.get(f"/api/coverage/{number_of}").raise_for_status().json()
        if job["state"] == "done":
            return job
        if job["state"] not in ("queued", "running"):
            raise RuntimeError(job["error"] or job["state"])
        time.sleep(0.2)


def print_scenario(result: dict[str, Any], waited_s: float) -> None:
    total = result["total"]
    shares = ", ".join(f"{band['minutes']:g} min {band['share']:.1%}" for band in total["reached"])
    print(
        f"{result['region_name']}: {total['demands']:,} enterprises, {len(result['origins'])} stations, {shares};"
        f" mean {total['mean_minutes']:.2f} min; no road {total['no_road']}, no way {total['no_way']};"
        f" worked out in {result['seconds']:.1f} s, answered after {waited_s:.1f} s"
    )


def row_of(found: dict[str, Any]) -> list[str]:
    return [
        *(found["objective"], str(len(found["sites"])), found["status"]),
        "none" if found["gap"] is None else f"{found['gap']:.2%}",
        *(f"{found['share_before']:.2%}", f"{found['share_full']:.2%}", error(found, "share", 100)),
        *(f"{found['mean_before']:.2f}", f"{found['mean_full']:.2f}", error(found, "mean", 1)),
        *(f"{found['aggregated']:,}", str(found["candidates"]), str(found["not_coverable"])),
        number(found["seconds"]),
    ]


def error(found: dict[str, Any], figure: str, times: float) -> str:
    """By how much the model is off because it puts demands together; nothing where it found no choice."""
    if not found["sites"]:
        return "-"
    return f"{times * (found[f'{figure}_aggregated'] - found[f'{figure}_full']):+.2f}"


if __name__ == "__main__":
    raise SystemExit(main())
