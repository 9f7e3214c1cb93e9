"""What the browser tests do again and again."""

import re

from playwright.sync_api import Page

DRAWN = ".nsewdrag"


def settle(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    page.wait_for_timeout(300)
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(300)


def open_map(page: Page, url: str) -> None:
    """Open the Map page and wait for the drawing."""
    page.goto(url)
    page.wait_for_selector(DRAWN, timeout=60_000)
    settle(page)


def lasso(page: Page, *, left: float, top: float, size: float) -> None:
    """Draw around a square of the map; the parts are shares of its width and height."""
    box = page.locator(DRAWN).first.bounding_box()
    assert box is not None
    x, y = box["x"] + left * box["width"], box["y"] + top * box["height"]
    side_x, side_y = size * box["width"], size * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in ((side_x, 0), (side_x, side_y), (0, side_y), (0, 0)):
        page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()


def selected(page: Page) -> int:
    """How many observations the page says are selected."""
    page.get_by_text(re.compile(r"observations? selected$")).first.wait_for()
    settle(page)
    text = page.get_by_text(re.compile(r"observations? selected$")).first.inner_text()
    return int(text.split()[0].replace(",", ""))
