"""What was recorded of a call, in Chromium: it plays beside the replay's map, and what is handed out can be checked."""

import math
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from browsing import device
from playwright.sync_api import Browser, expect
from product import PASSWORD, Product, until


@pytest.fixture
def recording(product: Product) -> dict[str, Any]:
    """The recording of a drill's call: a real officer filmed, the recorder recorded."""
    drill = product.process(*product.drill())  # a process: the browser's loop runs in this one
    out, err = drill.communicate(timeout=120)
    assert drill.returncode == 0, out + err
    with product.signed_in("weifang") as desk:

        def finished() -> dict[str, Any] | None:
            newest: dict[str, Any] = desk.get("/api/recordings")["items"][0]
            return newest if newest["state"] == "finished" else None

        return until(finished, "the recording of the drill's call is finished")


def test_a_recorded_call_plays_beside_the_map_and_is_handed_out(
    browser: Browser, product: Product, recording: dict[str, Any], tmp_path: Path
) -> None:
    began_s = datetime.fromisoformat(recording["segments"][0]["started_at"]).timestamp()
    second = math.ceil(began_s)  # the address of a replay has whole ones
    with device(browser, product) as screen:
        page = screen.page
        screen.sign_in("weifang", PASSWORD, "/desk")
        screen.open(f"/desk?alert={recording['alert_id']}&replay={second}")
        expect(page.get_by_test_id("recorded-shot")).to_be_visible()
        video = "document.querySelector('[data-testid=recorded-shot]')"
        page.wait_for_function(f"{video}.readyState >= 2 && Math.abs({video}.currentTime - {second - began_s}) < 0.2")
        assert page.evaluate(f"[{video}.videoWidth, {video}.videoHeight]") == [640, 480]
        page.get_by_test_id("speed-1").click()
        page.get_by_test_id("replay-play").click()
        page.wait_for_function(f"{video} === null || {video}.getVideoPlaybackQuality().totalVideoFrames >= 3")
        page.get_by_test_id("replay-play").click()
        with page.expect_download() as download:
            page.get_by_test_id("evidence").click()
        download.value.save_as(tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        archive.extractall(tmp_path / "out")
    folder = tmp_path / "out" / f"evidence-{recording['id']}"
    said = product.command("evidence", "verify", str(folder), home=False)
    assert said.code == 0, said
    segment = next(folder.glob("*.webm"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    said = product.command("evidence", "verify", str(folder), home=False)
    assert said.code == 1
    assert segment.name in said.out
