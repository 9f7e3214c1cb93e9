"""Makes the pictures of the guides: make screenshots. Each is looked at before it is committed.

Of the shipped sample, light and dark, and, where they are given, of one's own studies:

    python docs/make_screenshots.py NAME=FOLDER ...
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    """Start the app on each study and photograph its pages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("make screenshots needs Chromium: install Debian's package chromium")
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, "--enable-unsafe-swiftshader"])
        for name, folder in {"sample": None, **given}.items():
            photograph(browser, name, folder)
        browser.close()


def photograph(browser: Browser, name: str, folder: str | None) -> None:
    """Overview and Map of one study, light and dark, and a selection."""
    command = [sys.executable, "-m", "explorer.cli", "app", "--no-browser", *([folder] if folder else [])]
    with tempfile.TemporaryDirectory() as home:
        own = os.environ | {"XDG_DATA_HOME": home, "XDG_CACHE_HOME": home}  # no studies of the photographer's own
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=home, env=own)
        try:
            assert server.stdout is not None
            url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
            wait(url)
            for theme in ("light", "dark"):
                page = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=theme).new_page()
                page.goto(url)
                page.get_by_text("Where to go next").wait_for()
                page.wait_for_timeout(4_000)
                page.screenshot(path=HERE / f"{name}-overview-{theme}.png")
                page.goto(f"{url}/map")
                page.wait_for_function(
                    "() => document.querySelector('.nsewdrag') || document.querySelector('[data-testid=stAlert]')"
                )
                page.wait_for_timeout(3_000)
                if theme == "light" and page.locator(".nsewdrag").count():
                    select(page)
                page.screenshot(path=HERE / f"{name}-map-{theme}.png")
        finally:
            server.terminate()
            server.wait(20)


def select(page: Page) -> None:
    """Draw around the middle of the map."""
    box = page.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    x, y, side = box["x"] + 0.45 * box["width"], box["y"] + 0.4 * box["height"], 0.15 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((side, 0), (side, side), (0, side), (0, 0)):
        page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()
    page.wait_for_timeout(4_000)


def wait(url: str) -> None:
    """Until the server answers."""
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.05)


if __name__ == "__main__":
    main()
