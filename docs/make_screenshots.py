"""Makes the pictures of the guides: make screenshots. Each is looked at before it is committed.

Of the shipped sample, light and dark; and of one's own studies, where they are given:

    python docs/make_screenshots.py PICTURE=FOLDER[@PAGE][?ADDRESS][#KEYS] ...

``PICTURE`` is the name of the file, ``light`` or ``dark`` at its end; ``ADDRESS`` is a view, ``KEYS`` are pressed on
the map (``i``: pictures at their places). ``PAGE`` is ``herd`` or ``animal``; without it, it is the Map page.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent / "screenshots"
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    """Start the app on each study and photograph its pages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("make screenshots needs Chromium: install Debian's package chromium")
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, "--enable-unsafe-swiftshader"])
        if sys.argv[1:]:
            for argument in sys.argv[1:]:
                own(browser, *argument.split("=", 1))
        else:
            sample(browser)
            asked(browser)
        browser.close()


@contextmanager
def app(folder: str | None) -> Iterator[str]:
    """The app's address while it runs on a study, with no studies of the photographer's own."""
    command = [sys.executable, "-m", "explorer.cli", "app", "--no-browser", *([folder] if folder else [])]
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"XDG_DATA_HOME": home, "XDG_CACHE_HOME": home}
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=home, env=environment)
        try:
            assert server.stdout is not None
            url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
            wait(url)
            yield url
        finally:
            server.terminate()
            server.wait(20)


def opened(browser: Browser, theme: str, url: str) -> Page:
    """A page of the app in one theme, as large as the pictures."""
    page = browser.new_context(viewport={"width": 1280, "height": 1000}, color_scheme=theme).new_page()
    page.goto(url)
    return page


def sample(browser: Browser) -> None:
    """Overview and Map of the sample: light with a selection, dark with the path of one animal."""
    with app(None) as url:
        for theme in ("light", "dark"):
            page = opened(browser, theme, url)
            page.get_by_text("Where to go next").wait_for()
            page.wait_for_timeout(4_000)
            page.screenshot(path=HERE / f"sample-overview-{theme}.png")
            page.goto(f"{url}/map" + ("?colour=weight&animal=cow-0151" if theme == "dark" else ""))
            settled(page)
            if theme == "light":
                select(page)
            page.screenshot(path=HERE / f"sample-map-{theme}.png")


_DONE = {"herd": "Animals in the round", "animal": "Take away"}
"""What stands on a page when it is done."""

_ASKED = {
    "herd-light": ("herd", _DONE["herd"]),
    "herd-dark": ("herd", _DONE["herd"]),
    "animal-light": ("animal?animal=cow-0068", _DONE["animal"]),
    "animal-dark": ("animal?animal=cow-0068", _DONE["animal"]),
    "background-light": ("background", "How much each explains"),
    "clusters-light": ("clusters?clusters=cluster+kmeans+8+without+season+of+herd", "Who is in them"),
    "threshold-light": ("threshold", "One threshold for all: accept"),
    "training-light": ("training", "Start a run"),
}
"""Pages that compute first: where they are, and what stands on them when they are done."""


def asked(browser: Browser) -> None:
    """Those pages, each from its top."""
    with app(None) as url:
        for picture, (where, done) in _ASKED.items():
            page = opened(browser, picture.rsplit("-", 1)[1], f"{url}/{where}")
            start = page.get_by_role("button", name="Find out").or_(page.get_by_role("button", name="Fit and test"))
            start.or_(page.get_by_text(done)).first.wait_for(timeout=300_000)
            if start.count():
                start.click()
            page.get_by_text(done).first.wait_for(timeout=300_000)
            page.wait_for_timeout(5_000)
            page.screenshot(path=HERE / f"{picture}.png")


def own(browser: Browser, picture: str, where: str) -> None:
    """The Map page of a study, or another one that is done when what stands on it in ``_DONE`` does."""
    rest, _, keys = where.partition("#")
    place, _, query = rest.partition("?")
    folder, _, name = place.partition("@")
    with app(folder) as url:
        page = opened(browser, "dark" if picture.endswith("dark") else "light", f"{url}/{name or 'map'}?{query}")
        if name:
            page.get_by_text(_DONE[name]).first.wait_for(timeout=300_000)
            page.wait_for_timeout(5_000)
            page.screenshot(path=HERE / f"{picture}.png")
            return
        settled(page)
        page.locator(".stage").first.focus()
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(3_000)
        page.screenshot(path=HERE / f"{picture}.png")


def settled(page: Page) -> None:
    """Until the map is drawn, however long it takes to compute."""
    page.locator(".stage[data-state=ready]").last.wait_for(timeout=60_000)
    page.wait_for_timeout(2_000)
    page.get_by_role("button", name="Cancel").wait_for(state="detached", timeout=900_000)
    page.wait_for_timeout(3_000)


def select(page: Page) -> None:
    """Draw around the middle of the map."""
    box = page.locator(".stage").bounding_box()
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
