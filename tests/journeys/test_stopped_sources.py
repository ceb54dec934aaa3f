"""A source that stops is shown as stopped, never as zero; and comes back by itself."""

from typing import Any

from browsing import device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Person, Product, until


def source(person: Person, name: str) -> dict[str, Any]:
    (found,) = [one for one in person.get("/api/sources")["items"] if one["id"] == name]
    return dict(found)


def test_a_killed_intake_is_said_once_and_so_is_its_successor(breakable: Product) -> None:
    with breakable.signed_in("kuiwen") as county, county.live(topics="sources") as feed:
        killed = breakable.kill("intake")
        lost = feed.wait_for("source.lost", lambda data: data["id"] == "hj212")
        assert lost["region"] == "370000", "the county hears what stopped for the whole province"
        assert lost["data"]["stopped_since"] is not None
        breakable.wait_for_successor("intake", killed)
        back = feed.wait_for("source.recovered", lambda data: data["id"] == "hj212")
        assert back["seq"] > lost["seq"]
        assert source(county, "hj212")["state"] != "stopped"


def test_an_intake_that_hangs_is_shown_as_stopped_on_the_desk(breakable: Product, browser: Browser) -> None:
    with device(browser, breakable) as screen, breakable.signed_in("kuiwen") as county:
        screen.sign_in("kuiwen", PASSWORD, "/desk")
        screen.current()
        mark = screen.page.get_by_test_id("source-hj212")
        until(lambda: source(county, "hj212")["state"] != "stopped", "the intake is there")
        with breakable.standing_still("intake"):
            expect(mark).to_have_attribute("data-state", "stopped")
            expect(mark).to_contain_text("数据停于")
        expect(mark).not_to_have_attribute("data-state", "stopped")
