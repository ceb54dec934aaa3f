"""Draws the icons of the installed phone page from our own mark, web/src/ui/mark.svg.

    PYTHONPATH=. .venv/bin/python docs/icons.py

Needs Chromium and the development requirements; writes web/public/icons/*.png. Run it when the mark changes.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
MARK = ROOT / "web" / "src" / "ui" / "mark.svg"
ICONS = ROOT / "web" / "public" / "icons"
GROUND = "#0f2a33"  # the mark's own: a maskable icon is cut by the phone, so its ground reaches the edge

# Name: side in pixels, share of the side that the mark takes, ground.
DRAWN = {
    "icon-192": (192, 1.0, "transparent"),
    "icon-512": (512, 1.0, "transparent"),
    "maskable-192": (192, 0.8, GROUND),
    "maskable-512": (512, 0.8, GROUND),
    "apple-touch-180": (180, 0.9, GROUND),
}


def main() -> None:
    ICONS.mkdir(parents=True, exist_ok=True)
    mark = MARK.read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (side, share, ground) in DRAWN.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(
                f"<style>body{{margin:0;height:100vh;display:grid;place-items:center;background:{ground}}}"
                f"svg{{width:{side * share}px;height:{side * share}px}}</style>{mark}"
            )
            page.screenshot(path=ICONS / f"{name}.png", omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
