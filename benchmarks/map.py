"""The map in a real browser, beside Plotly's on a bare Streamlit page with the same points (see benchmarks.pages).

First picture (server warm: one visit before; a fresh browser page each), change of colour, lasso around everything,
answer to the pointer, memory of the servers. Medians of three, the sides in turn, and the project's goals beside them.
``python -m benchmarks map --quick`` takes few points, and each measurement once.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.pages import Answer, Side, our_page, plotly_page
from benchmarks.studies import make

_DIMS = 16
_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@dataclass(frozen=True)
class Sizes:
    """How many points, how often."""

    first: tuple[tuple[int, float], ...] = ((200_000, 1 / 2), (1_000_000, 1 / 3))
    """With the share of Plotly's time that the goal is."""
    colour: int = 100_000
    lasso: int = 50_000
    large_lasso: int = 200_000
    huge_lasso: int = 1_000_000
    hover: int = 1_000_000
    places: int = 200
    times: int = 3
    patience: float = 30.0


QUICK = Sizes(
    first=((20_000, 1 / 2), (50_000, 1 / 3)),
    colour=20_000,
    lasso=20_000,
    large_lasso=40_000,
    huge_lasso=50_000,
    hover=50_000,
    places=30,
    times=1,
)


@dataclass
class _Table:
    lines: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def add(self, name: str, ours: str, theirs: str = "", ratio: float | None = None, goal: str = "") -> None:
        """One line; printed at once, since the whole takes long."""
        self.lines.append((name, ours, theirs, "" if ratio is None else f"{ratio:.2f}", goal))
        print("  " + " | ".join(part for part in self.lines[-1] if part), flush=True)

    def show(self) -> None:
        """All lines."""
        head = ("", "ours", "Plotly", "ratio", "goal")
        widths = [max(len(line[place]) for line in (head, *self.lines)) for place in range(5)]
        print()
        for line in (head, tuple("-" * width for width in widths), *self.lines):
            print("| " + " | ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)) + " |")


def main(*, quick: bool = False) -> None:
    """Print the table."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("left out: there is no Chromium on this machine")
        return
    sizes = QUICK if quick else Sizes()
    table = _Table()
    print(f"load before: {os.getloadavg()[0]:.1f}")
    if quick:
        print("few points, once: the goals are for the full sizes")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*_FLAGS, "--enable-unsafe-swiftshader"])
        tasks: dict[int, list[Callable[..., None]]] = {}
        for rows, share in sizes.first:
            tasks.setdefault(rows, []).append(lambda *at, share=share: _first(*at, goal=share))
        tasks.setdefault(sizes.colour, []).append(_colour)
        tasks.setdefault(sizes.colour, []).append(_filter)
        tasks.setdefault(sizes.lasso, []).append(lambda *at: _lasso(*at, goal="ratio <= 0.33"))
        tasks.setdefault(sizes.large_lasso, []).append(lambda *at: _lasso(*at, goal="<= 1.00 s"))
        tasks.setdefault(sizes.huge_lasso, []).append(lambda *at: _lasso(*at, goal=""))
        tasks.setdefault(sizes.hover, []).append(_hover)
        for rows in sorted(tasks):
            with _both(Path(folder), rows, browser) as sides:
                for task in tasks[rows]:
                    task(table, sizes, browser, rows, *sides)
                (ours, waiting), (theirs, _) = (side.memory() for side in sides)
                said = f"{ours:.0f} MB" + (f" + {waiting:.0f} MB of workers" if waiting else "")
                table.add(f"{rows:,}: memory of the server", said, f"{theirs:.0f} MB", ours / theirs)
        browser.close()
    print(f"load after: {os.getloadavg()[0]:.1f}")
    table.show()


@contextmanager
def _both(folder: Path, rows: int, browser: Browser) -> Iterator[tuple[Side, Side]]:
    """Both servers, each visited once."""
    study = make(folder / f"study-{rows}", rows, _DIMS)
    with ExitStack() as stack:
        home = folder / f"home-{rows}"
        home.mkdir()
        sides = (stack.enter_context(our_page(study, home)), stack.enter_context(plotly_page(study, folder)))
        for side in sides:
            with _page(side, browser) as page:
                side.first(page)
                side.rest(page)
        yield sides
        for context in browser.contexts:
            context.close()
    shutil.rmtree(study)


@contextmanager
def _page(side: Side, browser: Browser) -> Iterator[Page]:
    page = side.open(browser)
    try:
        yield page
    finally:
        page.context.close()


@contextmanager
def _drawn(side: Side, browser: Browser) -> Iterator[Page]:
    with _page(side, browser) as page:
        side.first(page)
        side.rest(page)
        yield page


def _seconds(milliseconds: list[float]) -> float:
    return median(milliseconds) / 1000


def _first(table: _Table, sizes: Sizes, browser: Browser, rows: int, ours: Side, theirs: Side, *, goal: float) -> None:
    found: dict[str, list[float]] = {ours.name: [], theirs.name: []}
    for _ in range(sizes.times):
        for side in (ours, theirs):
            with _page(side, browser) as page:
                found[side.name].append(side.first(page))
    a, b = _seconds(found[ours.name]), _seconds(found[theirs.name])
    table.add(f"{rows:,}: page asked for to points", f"{a:.2f} s", f"{b:.2f} s", a / b, f"ratio <= {goal:.2f}")


def _colour(table: _Table, sizes: Sizes, browser: Browser, rows: int, ours: Side, theirs: Side) -> None:
    found: dict[str, list[tuple[float, float]]] = {ours.name: [], theirs.name: []}
    for _ in range(sizes.times):
        for side in (ours, theirs):
            with _drawn(side, browser) as page:
                found[side.name].append(side.recolour(page, "season", "winter"))
    a, b = (_seconds([drawn for drawn, _ in found[side.name]]) for side in (ours, theirs))
    table.add(f"{rows:,}: colour chosen to new colours", f"{a:.2f} s", f"{b:.2f} s", a / b, "<= 0.30 s")
    table.add(f"{rows:,}: the same, to the map at rest", f"{_seconds([rest for _, rest in found[ours.name]]):.2f} s")


def _filter(table: _Table, sizes: Sizes, browser: Browser, rows: int, ours: Side, _: Side) -> None:
    """Everything selected and shown as a table; then a bar of a histogram is clicked, and shown again."""
    with _drawn(ours, browser) as page:
        ours.lasso(page, sizes.patience)
        ours.rest(page)
        found = [ours.filter(page, "season", "winter") for _ in range(2 * sizes.times)]
    said = f"{_seconds(found):.2f} s"
    table.add(f"{rows:,}: bar clicked to map, histograms and table", said, "has none", goal="<= 0.30 s")


def _lassos(sizes: Sizes, browser: Browser, side: Side) -> list[Answer]:
    found: list[Answer] = []
    for _ in range(sizes.times):
        with _drawn(side, browser) as page:
            found.append(side.lasso(page, sizes.patience))
        if found[-1].took is None:
            break
    return found


def _said(answers: list[Answer]) -> tuple[str, float | None]:
    took = [answer.took for answer in answers if answer.took is not None]
    if len(took) < len(answers):
        return answers[-1].why, None
    return f"{_seconds(took):.2f} s ({answers[-1].rows:,})", _seconds(took)


def _lasso(table: _Table, sizes: Sizes, browser: Browser, rows: int, ours: Side, theirs: Side, *, goal: str) -> None:
    (a, a_took), (b, b_took) = (_said(_lassos(sizes, browser, side)) for side in (ours, theirs))
    ratio = a_took / b_took if a_took and b_took else None
    table.add(f"{rows:,}: lasso around all to the answer", a, b, ratio, goal)


def _hover(table: _Table, sizes: Sizes, browser: Browser, rows: int, ours: Side, theirs: Side) -> None:
    said = {}
    for side in (ours, theirs):
        with _drawn(side, browser) as page:
            found = side.hovers(page, sizes.places)
        for name, took in (("point found", found.took), ("next frame made", found.shown)):
            quantiles = np.percentile(took, [50, 95]) if took else [np.nan, np.nan]
            said[side.name, name] = quantiles, f"{quantiles[0]:.0f}, {quantiles[1]:.0f} ms ({len(took)}/{found.asked})"
    for name, goal in (("point found", "median <= 50 ms"), ("next frame made", "")):
        (a, a_said), (b, b_said) = said[ours.name, name], said[theirs.name, name]
        table.add(f"{rows:,}: pointer to {name}, median, 95 %", a_said, b_said, float(a[0] / b[0]), goal)
