"""Ten thousand officers on the move on one screen: frames a second, and from the commit to the screen.

    python -m benchmarks.movement [--seconds 10] [--officers 10000]

The product's own desk in headless Chromium, without a graphics card, on the real feed (see `benchmarks.feed`). The peer
in the same page is what MapLibre offers by itself: a GeoJSON source that is told of every new place (`updateData`).
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.feed import EVERY_S, committed, fill, note_commit_times, send_fixes, serve, wait_for
from benchmarks.machine import machine
from benchmarks.tables import number, table
from command import migrate
from gis.cluster import PrivateCluster

SCENES = {"the whole province": ([118.8, 36.3], 6.6), "a city": ([119.1, 36.7], 9.2), "a district": ([119.1, 36.7], 12)}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# Counts what the officers' canvas really draws, and notes when what a frame of the feed said was on the screen: in the
# first picture after the card was given new places.
_WATCH = """
(() => {
  const seen = window.__seen = { draws: 0, pictures: 0, shown: [], bytes: 0, uploads: 0 }
  const many = 1000
  const gl = WebGL2RenderingContext.prototype
  const { drawArraysInstanced, bufferData } = gl
  let waiting = []
  gl.drawArraysInstanced = function (mode, first, corners, instances) {
    if (instances >= many) seen.draws += 1
    return drawArraysInstanced.apply(this, arguments)
  }
  gl.bufferData = function (target, data) {
    if (data instanceof Float32Array && data.length % 10 === 0 && data.length >= many * 10) {
      seen.uploads += 1
      const drawn = waiting
      waiting = []
      requestAnimationFrame(() => drawn.forEach((at) => seen.shown.push([at, Date.now() / 1000])))
    }
    return bufferData.apply(this, arguments)
  }
  const Plain = window.WebSocket
  window.WebSocket = class extends Plain {
    constructor(...words) {
      super(...words)
      this.addEventListener('message', ({ data }) => {
        seen.bytes += data.length
        // Whoever turns to a place is told of old fixes there, too: the newest is the one that was under way.
        const times = data.includes('"officers.moved"') ? data.match(/(?<="at":")[^"+]+Z/g) : null
        if (times) waiting.push(times.sort().at(-1))
      })
    }
  }
  const count = () => { seen.pictures += 1; requestAnimationFrame(count) }
  requestAnimationFrame(count)
})()
"""

_START_PEER = """
async (count) => {
  const { map } = window.__onemap
  const place = () => [114.8 + Math.random() * 7, 34.5 + Math.random() * 3.5]
  const feature = (id) => ({ type: 'Feature', id, properties: {}, geometry: { type: 'Point', coordinates: place() } })
  const features = Array.from({ length: count }, (_, id) => feature(id))
  map.addSource('peer', { type: 'geojson', data: { type: 'FeatureCollection', features } })
  map.addLayer({ id: 'peer', type: 'circle', source: 'peer', paint: { 'circle-radius': 2, 'circle-color': '#2fd6a3' } })
  await new Promise((done) => map.once('idle', done))
}
"""
_RUN_PEER = """
async ([count, seconds]) => {
  const { map } = window.__onemap
  const source = map.getSource('peer')
  let updates = 0
  const began = performance.now()
  while (performance.now() - began < seconds * 1000) {
    const update = Array.from({ length: count }, (_, id) => ({
      id, newGeometry: { type: 'Point', coordinates: [114.8 + Math.random() * 7, 34.5 + Math.random() * 3.5] },
    }))
    await source.updateData({ update })
    await new Promise((done) => map.once('render', done))
    updates += 1
  }
  return updates / ((performance.now() - began) / 1000)
}
"""


def scene(page: Page, seconds: float, *, panning: bool) -> dict[str, Any]:
    """What was drawn in so many seconds."""
    page.evaluate("Object.assign(window.__seen, { draws: 0, pictures: 0, shown: [], bytes: 0, uploads: 0 })")
    if panning:
        page.evaluate("(s) => window.__onemap.map.panBy([400, 0], { duration: s * 1000, easing: (t) => t })", seconds)
    time.sleep(seconds)
    seen: dict[str, Any] = page.evaluate("window.__seen")
    return seen


def look(page: Page, arguments: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, (centre, zoom) in SCENES.items():
        page.evaluate(f"window.__onemap.map.jumpTo({{ center: {json.dumps(centre)}, zoom: {zoom} }})")
        time.sleep(4)
        found.append((name, scene(page, arguments.seconds, panning=False)))
        found.append((f"{name}, map moving", scene(page, arguments.seconds / 2, panning=True)))
    return found


def measure(url: str, home: Path, arguments: argparse.Namespace) -> None:
    """Run everything once and print the figures."""
    ids, [client, *_] = asyncio.run(fill(url, arguments.officers, 1))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = serve(url, home, port, Path(__file__).resolve().parent.parent)
    base = f"http://127.0.0.1:{port}"
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    length_s = len(SCENES) * (arguments.seconds * 1.5 + 6) + 25
    gateway = context.Process(target=send_fixes, args=(base, ids, length_s, theirs))
    try:
        wait_for(f"{base}/api/session")
        gateway.start()
        time.sleep(EVERY_S + 1)  # everybody has been heard of once
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=arguments.chromium, args=ARGUMENTS)
            screen = browser.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Asia/Shanghai")
            screen.add_cookies([{"name": "onemap_session", "value": client.token, "url": base}])
            page = screen.new_page()
            page.add_init_script(_WATCH)
            page.goto(f"{base}/desk")
            page.locator('[data-testid="link-state"][data-state="current"]').wait_for(timeout=60_000)
            page.wait_for_function("window.__onemap !== undefined")
            found = look(page, arguments)
            page.evaluate("window.__onemap.map.jumpTo({ center: [118.8, 36.3], zoom: 6.6 })")
            page.evaluate(_START_PEER, arguments.officers)
            peer = page.evaluate(_RUN_PEER, [arguments.officers, arguments.seconds / 2])
            browser.close()
        ours.recv()
        gateway.join()
    finally:
        web.terminate()
        web.wait()
    report(found, peer, asyncio.run(committed(url)), arguments.seconds)


def report(
    found: list[tuple[str, dict[str, Any]]], peer: float, commits: dict[str, tuple[float, float]], seconds: float
) -> None:
    rows = []
    for name, seen in found:
        length = seconds / 2 if name.endswith("moving") else seconds
        delays = [(now - commits[at[:21]][1]) * 1000 for at, now in seen["shown"] if at[:21] in commits]
        middle, worst = (number(float(np.percentile(delays, p))) if delays else "–" for p in (50, 99))
        rates = (seen["draws"] / length, seen["pictures"] / length, seen["bytes"] / length / 1000)
        rows.append([name, *map(number, rates), middle, worst])
    head = ["in sight", "officers drawn /s", "page frames /s", "kB/s", "commit to screen p50 ms", "p99 ms"]
    print(table(head, rows))
    print(f"\npeer: all told to a GeoJSON source, drawn {number(peer)} times a second (whole province)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--officers", type=int, default=10_000)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    arguments = parser.parse_args()
    print(machine("playwright", "uvicorn"))
    print(f"{arguments.officers:,} officers, a fix every {EVERY_S:g} s; one screen of 1440 × 900, no graphics card\n")
    with tempfile.TemporaryDirectory(prefix="onemap-movement-") as folder:
        cluster = PrivateCluster(Path(folder) / "database", durable=True)
        cluster.ensure()
        try:
            cluster.create_database("movement")
            asyncio.run(note_commit_times(cluster.url("movement")))
            cluster.stop()
            cluster.ensure()
            migrate.upgrade(cluster.url("movement"))
            home = Path(folder) / "home"
            home.mkdir()
            measure(cluster.url("movement"), home, arguments)
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
