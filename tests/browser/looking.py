"""What the browser tests do again and again."""

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, Page, TimeoutError

from explorer.space.projections import Projection, project
from explorer.space.shown import inside_polygon
from explorer.study.study import Study
from explorer.view import MapChoice, View, from_query

DRAWN = ".stage[data-state=ready][data-version]"
PLOTLY = ".nsewdrag"


# --- waiting -----------------------------------------------------------------------------------------------


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until ``condition`` holds; else fail saying ``what`` is wrong."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def settle(page: Page) -> None:
    """Wait until the app has nothing left to do."""
    still = "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    for _ in range(2):  # what a run has started (a fragment, a second run) begins a moment after it
        page.wait_for_timeout(200)
        page.wait_for_function(still, timeout=60_000)
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)


def said(page: Page) -> dict[str, str]:
    """What the map says of itself in its ``data-`` attributes."""
    found: dict[str, str] = page.locator(".stage").evaluate("stage => ({ ...stage.dataset })")
    return found


def drawn(page: Page, seconds: float = 60) -> None:
    """Wait until the map shows all that Python has said, and the app has nothing left to do."""
    try:
        page.locator(DRAWN).wait_for(timeout=1_000 * seconds)
    except TimeoutError as error:
        stands = said(page) if page.locator(".stage").count() else "is not there"
        raise AssertionError(f"no map: it {stands}; the page says: {page.locator('body').inner_text()}") from error
    settle(page)

    def whole() -> bool:
        now = said(page)
        return now["state"] == "ready" and now["version"] == now["asked"]

    until(whole, "the map is not finished", seconds)


@contextmanager
def change(page: Page) -> Iterator[None]:
    """What is done inside makes another picture; goes on when that is on the screen."""
    before = said(page).get("version")
    yield
    until(lambda: said(page).get("version") != before, "the map has not changed")
    drawn(page)


def open_map(page: Page, url: str) -> None:
    """Open the Map page and wait for the drawing."""
    page.goto(url)
    drawn(page)


# --- the hand ----------------------------------------------------------------------------------------------


def box_of(page: Page, surface: str = ".stage") -> dict[str, float]:
    """Where the map is in the window, scrolled to."""
    found = page.locator(surface).first
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    assert box is not None
    return dict(box)


def lasso(page: Page, *, left: float, top: float, size: float, key: str = "", surface: str = ".stage") -> None:
    """Draw around a square of the map, holding ``key``; the parts are shares of its width and height."""
    box = box_of(page, surface)
    x, y = box["x"] + left * box["width"], box["y"] + top * box["height"]
    side_x, side_y = size * box["width"], size * box["height"]
    page.mouse.move(x, y)
    if key:
        page.keyboard.down(key)
    page.mouse.down()
    for dx, dy in ((side_x, 0), (side_x, side_y), (0, side_y), (0, 0)):
        page.mouse.move(x + dx, y + dy, steps=6)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def drag(page: Page, element: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over ``element``; the places are shares of its width and height."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end))
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=4)
    page.mouse.move(x1, y1, steps=4)
    page.mouse.up()


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a select box; a page that was not done yet may close its list, which is then opened again."""
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(4):
        page.get_by_role("combobox", name=label).click()
        try:
            wanted.click(timeout=3_000)
        except TimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(f"{label} does not offer {option}")


# --- what is on the screen, and what should be -------------------------------------------------------------


def selected(page: Page) -> int:
    """How many observations the page says are selected."""
    heading = page.get_by_role("heading", name=re.compile(r"observations? selected$"))
    heading.wait_for()
    settle(page)
    return int(heading.inner_text().split()[0].replace(",", ""))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def view_of(page: Page) -> View:
    """The view that the address describes."""
    return from_query(query_of(page.url))


def address(**parameters: object) -> str:
    """Parameters for an address; what is not text becomes JSON."""
    return "&".join(
        f"{key}={quote(value if isinstance(value, str) else json.dumps(value))}" for key, value in parameters.items()
    )


def pca(study: Study) -> Projection:
    """The PCA map of a study's first embedding."""
    return project(study, study.embedding(study.embedding_names[0]), MapChoice())


def by_strokes(view: View, places: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """What the outlines of the address hold on the map ``places``, stroke by stroke."""
    inside = np.zeros(len(places), dtype=bool)
    for stroke in view.selection.strokes:
        within = inside_polygon(places, np.array(stroke.polygon))
        inside = inside | within if stroke.how == "add" else inside & ~within
    return inside


def on_screen(page: Page, places: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Where the observations stand, in pixels from the map's upper left corner; of a page that has drawn one map."""
    (camera,) = page.evaluate("() => [...globalThis.__latentExplorerPlaces.values()]")
    box = box_of(page)
    middle = np.array([box["width"], box["height"]]) / 2
    return (places.astype(np.float64) - [camera["x"], camera["y"]]) * camera["zoom"] * [1, -1] + middle


def alone(pixels: npt.NDArray[np.float64], distance: float) -> npt.NDArray[np.int64]:
    """Rows whose point has no other one within ``distance`` pixels."""
    from scipy.spatial import cKDTree

    away, _ = cKDTree(pixels).query(pixels, k=2)
    return np.flatnonzero(away[:, 1] > distance)


def picture(page: Page, surface: str = ".stage") -> npt.NDArray[np.int64]:
    """What the map looks like: whole numbers (height, width, 3)."""
    shot = page.locator(surface).first.screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int64)


def colourful(pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How far pixels are from grey, 0 to 255."""
    return pixels.max(axis=-1) - pixels.min(axis=-1)


def received(page: Page) -> Callable[[], int]:
    """Begin to count; the function returned says how many bytes have come over web sockets so far."""
    sizes: list[int] = []

    def opened(socket: Any) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))

    page.on("websocket", opened)
    return lambda: sum(sizes)
