"""Takes the pictures of docs/planning.md from a running demonstration.

    PYTHONPATH=. .venv/bin/python docs/screenshots_plan.py [URL]

Plans Weifang from its stations, moves one by hand, keeps that as a scenario, compares the two, and asks where two new
stations should stand. The scenarios are taken off the list afterwards. Writes docs/pictures/plan*.png.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page
from screenshots import DESK, PICTURES, at_work, shoot, signed_in

QUESTION = {"region": "3707", "minutes": [15, 30, 45], "from": "stations", "name": "潍坊现状"}
SITING = {"new": 2, "objective": "mclp", "minutes": 15, "time_limit_s": 60}
BY_PX = (90, 60)  # so far the station is dragged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    options = parser.parse_args()
    with at_work(options.url, "planner", options.chromium) as (browser, door):
        take_all(browser, options.url, door)


def take_all(browser: Browser, url: str, door: httpx.Client) -> None:
    scenario = finished(door, "/api/coverage", QUESTION)
    siting = finished(door, f"/api/coverage/{scenario['id']}/siting", SITING)
    made = [siting["id"], scenario["id"]]
    with (
        signed_in(browser, url, "planner", "/plan", "zh-CN", **DESK) as page,
        signed_in(browser, url, "planner", "/plan", "en", theme="light", **DESK) as english,
    ):
        for one in (page, english):
            one.goto(f"{url}/plan?scenario={scenario['id']}")
            drawn(one)
        shoot(page, "plan")
        english.get_by_test_id("plan-tab-siting").click()
        english.get_by_test_id(f"plan-siting-{siting['id']}").get_by_role("button").first.click()
        english.get_by_test_id("plan-siting-found").wait_for()
        shoot(english, "plan-siting")
        page.get_by_test_id("plan-tab-stations").click()
        drag_nearest_to_the_middle(page)
        page.get_by_test_id("plan-trial").wait_for()
        page.get_by_test_id("plan-mode-roads").click()
        shoot(page, "plan-roads")
        page.get_by_test_id("plan-save-name").fill("东移一站")
        page.get_by_test_id("plan-save").click()
        page.get_by_test_id("plan-compare-total").wait_for()
        page.get_by_test_id("plan-mode-cells").click()
        drawn(page)
        shoot(page, "plan-compare")
        made.insert(0, int(page.locator("[data-scenario]").get_attribute("data-scenario") or 0))
    take_files(browser, door, scenario["id"])
    for number in made:
        door.delete(f"/api/coverage/{number}").raise_for_status()


def drawn(page: Page) -> None:
    """Wait for the figures, and until the map no longer says that it is being drawn."""
    page.get_by_test_id("plan-scenario").wait_for()
    page.wait_for_function("document.querySelectorAll('.hint').length === 0")
    page.wait_for_function("window.__onemap?.map.getSource('coverage-cells') !== undefined")


def drag_nearest_to_the_middle(page: Page) -> None:
    page.evaluate("window.__onemap.idle")
    script = """async () => {
      const { map } = window.__onemap
      const box = map.getContainer().getBoundingClientRect()
      const { features } = await map.getSource('origins').getData()
      const places = features.map((one) => map.project(one.geometry.coordinates))
      const away = ({ x, y }) => Math.hypot(x - box.width / 2, y - box.height / 2)
      const { x, y } = places.sort((a, b) => away(a) - away(b))[0]
      return [x + box.x, y + box.y]
    }"""
    x, y = page.evaluate(script)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + BY_PX[0] * step / 10, y + BY_PX[1] * step / 10)
    page.mouse.up()


def take_files(browser: Browser, door: httpx.Client, scenario: int) -> None:
    """The offline map from disk with the network off, and the first page of the report."""
    context = browser.new_context(offline=True, viewport={"width": 1100, "height": 760})
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in (("map.html", "plan-offline"), ("report.html", "plan-report")):
            file = Path(folder) / name
            file.write_bytes(door.get(f"/api/coverage/{scenario}/{name}").raise_for_status().content)
            page = context.new_page()
            page.goto(file.as_uri())
            page.wait_for_load_state()
            path = PICTURES / f"{picture}.png"
            page.screenshot(path=path)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    context.close()


def finished(door: httpx.Client, path: str, question: dict[str, Any]) -> dict[str, Any]:
    number = door.post(path, json=question).raise_for_status().json()["id"]
    while True:
        job: dict[str, Any] = door.get(f"/api/coverage/{number}").raise_for_status().json()
        if job["state"] == "done":
            return job
        if job["state"] not in ("queued", "running"):
            raise RuntimeError(job["error"] or job["state"])
        time.sleep(0.3)


if __name__ == "__main__":
    main()
