"""A planner's day: plan a county, move a station, keep it and compare, site the next ones, take it home as a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Device, device
from playwright.sync_api import Browser, Locator, Page, expect
from product import PASSWORD, Person, Product
from test_every_page import planned

KUIWEN = "370705"
BANDS = [5, 10, 15]


@pytest.fixture
def planner(product: Product) -> Iterator[Person]:
    with product.signed_in("planner") as person:
        yield person


@pytest.fixture
def screen(browser: Browser, product: Product) -> Iterator[Device]:
    with device(browser, product) as made:
        made.sign_in("planner", PASSWORD, "/plan")
        made.current()
        yield made


def opened(page: Page) -> int:
    """The number of the scenario that is open, as the address says."""
    return int(parse_qs(urlsplit(page.url).query)["scenario"][0])


def share(page: Page, band: int = 0) -> str:
    return page.get_by_test_id(f"plan-share-{band}").inner_text()


def percent(value: float) -> str:
    return f"{value * 100:.1f}%"


def where(screen: Device, origin: int) -> tuple[float, float]:
    """Where an origin is drawn, in pixels of the page."""
    script = """async (id) => {
      const { map } = window.__onemap
      const { features } = await map.getSource('origins').getData()
      const at = map.project(features.find((one) => one.properties.row === id).geometry.coordinates)
      const box = map.getContainer().getBoundingClientRect()
      return [at.x + box.x, at.y + box.y]
    }"""
    x, y = screen.page.evaluate(script, origin)
    return x, y


def drag(screen: Device, origin: int, right: int, down: int) -> None:
    screen.drawn()
    x, y = where(screen, origin)
    mouse = screen.page.mouse
    mouse.move(x, y)
    mouse.down()
    for step in range(1, 6):
        mouse.move(x + right * step / 5, y + down * step / 5)
    mouse.up()


def plan_kuiwen(screen: Device) -> dict[str, Any]:
    """Down the map to Kuiwen by the picker, ask, and wait for the answer; the job as the API tells it."""
    page = screen.page
    page.get_by_test_id("plan-part").select_option("3707")
    page.get_by_test_id("plan-part").select_option(KUIWEN)
    expect(page.get_by_test_id(f"plan-trail-{KUIWEN}")).to_have_attribute("aria-current", "location")
    page.get_by_test_id("plan-bands").fill("5, 10, 15")
    page.get_by_test_id("plan-name").fill("奎文现状")
    page.get_by_test_id("plan-run").click()
    expect(page.get_by_test_id("plan-figures")).to_be_visible()
    with screen.product.signed_in("planner") as person:
        job: dict[str, Any] = person.get(f"/api/coverage/{opened(page)}")
    return job


def test_a_county_is_planned_a_station_moved_the_two_compared_and_the_map_taken_along(
    browser: Browser, screen: Device, planner: Person, tmp_path: Path
) -> None:
    page = screen.page
    job = plan_kuiwen(screen)
    result = job["result"]
    assert (job["name"], result["region"], result["minutes"]) == ("奎文现状", KUIWEN, BANDS)
    for number, band in enumerate(result["total"]["reached"]):
        assert share(page, number) == percent(band["share"])

    # The table is that of the figures, whichever way it is sorted.
    page.get_by_test_id("plan-by_tag").click()
    page.get_by_test_id("plan-sort-demands").click()
    first = page.locator('[data-testid^="plan-part-"]').first
    expect(first).to_have_attribute("data-testid", f"plan-part-{result['by_tag'][0]['key']}")

    # A station inside is moved by hand: figures at once, the same as the trial's own door tells.
    west, south, east, north = (119.05, 36.6, 119.3, 36.8)
    mine = [one for one in result["origins"] if west < one["lon"] < east and south < one["lat"] < north]
    origin = mine[0]["id"]
    page.get_by_test_id("plan-tab-stations").click()
    drag(screen, origin, 60, 45)
    expect(page.get_by_test_id("plan-trial")).to_be_visible()
    page.get_by_test_id("plan-tab-figures").click()
    expect(page.get_by_test_id("plan-figures")).to_have_attribute("data-tried", "true")
    page.get_by_test_id("plan-tab-stations").click()
    assert screen.on_map("origins") != []
    page.get_by_test_id("plan-save-name").fill("东移一站")
    page.get_by_test_id("plan-save").click()
    expect(page.get_by_test_id("plan-compare-total")).to_be_visible()
    moved = planner.get(f"/api/coverage/{opened(page)}")
    assert moved["name"] == "东移一站"
    assert [one["id"] for one in moved["request"]["changes"]["moved"]] == [origin]
    assert moved["result"]["total"] != result["total"]

    # Side by side: what the comparison says is the difference of the two.
    answer = planner.get(f"/api/coverage/{job['id']}/compare", **{"with": moved["id"]})
    row = page.get_by_test_id("plan-compare-total").locator("tbody tr").first
    expect(row).to_contain_text(percent(moved["result"]["total"]["reached"][0]["share"]))
    expect(row).to_contain_text(percent(result["total"]["reached"][0]["share"]))
    assert answer["total"]["bands"][0]["demands"] == (
        moved["result"]["total"]["reached"][0]["demands"] - result["total"]["reached"][0]["demands"]
    )

    # Everything is in the address: the same page again, and the page before.
    address = page.url
    page.reload()
    expect(page.get_by_test_id("plan-compare-total")).to_be_visible()
    assert page.url.split("&at=")[0] == address.split("&at=")[0]

    files = saved(page, tmp_path)
    assert files["map.csv"].read_text(encoding="utf-8-sig").count("\n") == moved["result"]["total"]["demands"] + 1
    assert files["map.gpkg"].read_bytes().startswith(b"SQLite format 3")
    assert files["map.parquet"].read_bytes().startswith(b"PAR1")
    opens_without_a_network(browser, files["map.html"], "东移一站")
    report = planner_page(screen, f"/api/coverage/{moved['id']}/report.html")
    assert "假设移动 1 处" in report
    assert "七、方法与数据" in report


def saved(page: Page, folder: Path) -> dict[str, Path]:
    """Click every file to keep; where each was put."""
    files = {}
    for name in ("map.html", "map.gpkg", "map.csv", "map.parquet"):
        with page.expect_download() as download:
            page.get_by_test_id(f"plan-file-{name}").click()
        files[name] = folder / name
        download.value.save_as(files[name])
    return files


def planner_page(screen: Device, path: str) -> str:
    """The text of a page that opens in a tab of its own."""
    with screen.context.expect_page() as opening:
        screen.page.get_by_test_id("plan-file-report.html").click()
    tab = opening.value
    tab.wait_for_load_state()
    assert urlsplit(tab.url).path == path
    text: str = tab.locator("body").inner_text()
    tab.close()
    return text


def opens_without_a_network(browser: Browser, file: Path, title: str) -> None:
    """From disk, with the network off: it is drawn, it says nothing bad, and nothing leaves."""
    context = browser.new_context(offline=True)
    left: list[str] = []
    own = ("file:", "data:", "blob:")
    context.on("request", lambda one: None if one.url.startswith(own) else left.append(one.url))
    context.on("weberror", lambda error: left.append(str(error.error)))
    context.on("console", lambda said: left.append(said.text) if said.type == "error" else None)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator(".legend")).to_contain_text(title)
    expect(page.locator(".leaflet-control-layers-list label").first).to_be_visible()
    shape = page.locator(".leaflet-overlay-pane canvas, .leaflet-overlay-pane path")
    expect(shape.first).to_be_attached()
    assert coloured(shape.first), "the map is blank"
    context.close()
    assert left == []


def coloured(shape: Locator) -> bool:
    """Whether anything is drawn: a path of an area, or a canvas with more than one colour."""
    script = """(one) => one.tagName === 'path' || new Set(new Uint32Array(
      one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer)).size > 2"""
    return bool(shape.evaluate(script))


def looks_at(url: str, place: dict[str, float]) -> bool:
    """Whether an address has the map in the middle of a place, to about a kilometre."""
    found = re.search(r"at=([\d.]+),([\d.]+)", url)
    return found is not None and all(
        abs(float(told) - place[name]) < 0.01 for told, name in zip(found.groups(), ("lon", "lat"), strict=True)
    )


def test_whom_nobody_reaches_is_a_list_that_leads_to_the_place(screen: Device, planner: Person) -> None:
    page = screen.page
    number = planned(planner, {"region": "3707", "minutes": [5, 10], "from": "stations"})
    screen.open(f"/plan?scenario={number}&tab=late")
    screen.current()
    total = page.get_by_test_id("plan-late-total")
    told = planner.get(f"/api/coverage/{number}/uncovered", minutes=5, limit=100)
    expect(total).to_have_attribute("data-total", str(told["total"]))
    page.get_by_test_id("plan-late-next").click()
    expect(page.get_by_test_id(f"plan-late-{told['items'][50]['id']}")).to_be_visible()
    place = told["items"][52]
    page.get_by_test_id(f"plan-late-{place['id']}").click()
    page.wait_for_url(lambda url: looks_at(url, place))
    screen.drawn()
    assert [one["properties"]["chosen"] for one in screen.on_map("late")].count(True) == 1
    page.get_by_test_id("plan-late-minutes").select_option("10")
    fewer = planner.get(f"/api/coverage/{number}/uncovered", minutes=10)
    expect(total).to_have_attribute("data-total", str(fewer["total"]))
    assert fewer["total"] < told["total"]


def test_new_stations_are_proposed_with_their_proof_and_adopted(screen: Device, planner: Person) -> None:
    page = screen.page
    number = planned(planner, {"region": KUIWEN, "minutes": [5, 10], "from": "stations", "name": "选址前"})
    screen.open(f"/plan?scenario={number}&tab=siting")
    screen.current()
    page.get_by_test_id("plan-siting-new").fill("2")
    page.get_by_test_id("plan-siting-minutes").fill("5")
    page.get_by_test_id("plan-siting-limit").fill("20")
    page.get_by_test_id("plan-siting-run").click()
    found = page.get_by_test_id("plan-siting-found")
    expect(found).to_be_visible(timeout=120_000)
    (siting,) = planner.get("/api/coverage", kind="siting", parent=number)["items"]
    result = planner.get(f"/api/coverage/{siting['id']}")["result"]
    expect(found).to_have_attribute("data-status", result["status"])
    expect(found).to_contain_text(percent(result["share_full"]))
    screen.drawn()
    assert len(screen.on_map("sites")) == len(result["sites"]) == 2
    page.get_by_test_id("plan-adopt").click()
    expect(page.get_by_test_id("plan-compare-total")).to_be_visible(timeout=60_000)
    adopted = planner.get(f"/api/coverage/{opened(page)}")["result"]
    assert adopted["total"]["reached"][0]["share"] == pytest.approx(result["share_full"])


def test_a_drawn_area_and_points_are_planned_by_keyboard_alone(screen: Device, planner: Person) -> None:
    page = screen.page
    screen.drawn()
    page.get_by_test_id("plan-part").select_option("3707")
    page.get_by_test_id("plan-part").select_option(KUIWEN)
    screen.drawn()
    page.get_by_test_id("plan-source").select_option("points")
    page.get_by_test_id("plan-add-points").focus()
    page.keyboard.press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("plan-points")).to_contain_text("2")
    page.get_by_test_id("plan-draw").focus()
    page.keyboard.press("Enter")
    page.evaluate("document.activeElement.blur()")
    for side in (None, "ArrowRight", "ArrowDown", "ArrowLeft"):
        for _ in range(3 if side else 0):
            page.keyboard.press(str(side))
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("plan-undraw")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_test_id("plan-figures")).to_be_visible()
    asked = planner.get(f"/api/coverage/{opened(page)}")
    assert len(asked["request"]["from"]) == 2
    assert len(asked["request"]["inside"]) == 4
    assert asked["result"]["total"]["demands"] < asked_without_drawing(planner)
    # A chosen station goes where the arrows push it.
    page.keyboard.press("s")
    page.get_by_test_id("plan-origin-1").click()
    screen.drawn()
    before = where(screen, 1)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("plan-trial")).to_be_visible()
    assert where(screen, 1)[0] > before[0]
    page.keyboard.press("u")
    expect(page.get_by_test_id("plan-trial")).to_have_count(0)


def asked_without_drawing(planner: Person) -> int:
    number = planned(planner, {"region": KUIWEN, "minutes": [5], "from": "stations"})
    count: int = planner.get(f"/api/coverage/{number}")["result"]["total"]["demands"]
    return count


def test_a_job_is_cancelled_renamed_and_taken_off_the_list(product: Product, screen: Device, planner: Person) -> None:
    page = screen.page
    number = planned(planner, {"region": KUIWEN, "minutes": [5], "from": "stations", "name": "旧名"})
    screen.open("/plan")
    row = page.get_by_test_id(f"plan-job-{number}")
    page.get_by_test_id(f"plan-rename-{number}").click()
    page.get_by_test_id("plan-rename-text").fill("新名")
    page.get_by_test_id("plan-rename-save").click()
    expect(row).to_contain_text("新名")
    assert planner.get(f"/api/coverage/{number}")["name"] == "新名"
    page.get_by_test_id(f"plan-remove-{number}").click()
    expect(row).to_have_count(0)
    planner.get(f"/api/coverage/{number}", 404)
    # One that waits ends where it is; that it still waits when we click is seen to by stopping the one who works.
    asked = planned(planner, {"region": KUIWEN, "minutes": [10], "from": "stations"})
    with product.standing_still("planner"):
        siting = planner.post(f"/api/coverage/{asked}/siting", {"new": 1, "minutes": 10}, 202)["id"]
        screen.open(f"/plan?scenario={asked}&tab=siting")
        shown = page.get_by_test_id(f"plan-siting-{siting}")
        expect(shown).to_have_attribute("data-state", "queued")
        page.get_by_test_id(f"plan-cancel-{siting}").click()
        expect(shown).to_have_attribute("data-state", "cancelled")
