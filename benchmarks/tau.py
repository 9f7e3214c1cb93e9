"""How soon the Threshold page follows the hand: the tau line is dragged in a real browser.

From the time that the browser stamped on each move of the pointer to the first task after the frame in which the line,
the shading and all shares with their intervals are drawn anew. The analysis lies in the study's cache.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.pages import our_page

_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_MOVES = 100
_WATCH = """() => {
  globalThis.took = [];
  addEventListener("pointermove", (event) => requestAnimationFrame(() => setTimeout(() =>
    took.push(performance.now() - event.timeStamp))), true);
}"""


def dragged(study: Path) -> str:
    """Median, slowest in a hundred and slowest answer, for the analysis of ``study`` that was kept last, in a sentence;
    why not, without a browser.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return "tau line not dragged: no Chromium on this machine"
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as home,
        our_page(study, Path(home)) as side,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=[*_FLAGS, "--enable-unsafe-swiftshader"])
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(f"{side.url.split('/map')[0]}/threshold")
        page.locator(".tau[data-version]").wait_for(timeout=180_000)
        page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
        page.wait_for_timeout(1_000)
        chart = page.locator(".tau .chart")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        page.evaluate(_WATCH)
        page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 100)
        page.mouse.down()
        for place in np.random.default_rng(0).uniform(0.05, 0.95, _MOVES):
            page.mouse.move(box["x"] + place * box["width"], box["y"] + 100)
            page.wait_for_timeout(30)
        page.mouse.up()
        took = np.array(page.evaluate("took"))
        browser.close()
    middle, late = np.quantile(took, [0.5, 0.99])
    return (
        f"tau dragged, {len(took)} moves: {middle:.0f} ms, 99 % within {late:.0f} ms, slowest {took.max():.0f} ms "
        "(goal 200 ms)"
    )
