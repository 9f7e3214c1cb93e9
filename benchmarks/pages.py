"""Our Map page and a bare Streamlit page with Plotly's, each on a server of its own, and how to watch them.

The bare page keeps the same places and categories in memory (st.cache_resource), has the same "Colour by" box, shows
the points with st.plotly_chart (one go.Scattergl a category, on_select="rerun") and writes how many were selected.
Its server has Streamlit's own settings, but for the start page and the watching of files.

What is timed happens in the page and is read from its clock, performance.now(), the same on both sides: from the start
of the navigation, or from the time that the browser stamped on the click or on the button's release. Points count as
being on the screen when they can be read back from WebGL's canvas, which waits until the graphics have drawn them: ours
says so after such a reading; Plotly's canvas keeps its pixels and is read every 20 ms, reduced to 96 x 64.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Error, Page

from explorer.space.projections import project
from explorer.study.study import open_study
from explorer.view import MapChoice

PATIENCE = 180.0
"""Seconds to wait for a picture before the run is given up."""

_PLOTLY = """
import sys
import numpy as np, plotly.graph_objects as go, streamlit as st

st.set_page_config(layout="wide")

@st.cache_resource
def data():
    found = np.load(sys.argv[1])
    rows = lambda values: {name: np.flatnonzero(values == name) for name in np.unique(values)}
    return found["places"], {by: rows(found[by]) for by in ("breed", "season")}

places, rows = data()
by = st.selectbox("Colour by", ["breed", "season"])
fig = go.Figure([
    go.Scattergl(x=places[some, 0], y=places[some, 1], mode="markers", marker={"size": 3}, name=name)
    for name, some in rows[by].items()
])
fig.update_layout(height=640, dragmode="lasso")
event = st.plotly_chart(fig, on_select="rerun", key="map")
st.write(f"{len(event.selection.points):,} points selected")
"""

_WATCH = """
(() => {
  const bench = (globalThis.bench = { at: {}, closed: null, hovers: [] });
  for (const kind of ["click", "pointerup", "pointermove"]) {
    addEventListener(kind, (event) => { if (event.isTrusted) bench.at[kind] = event.timeStamp; }, true);
  }
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", ({ code, reason }) => (bench.closed ??= `${code} ${reason}`.trim()));
    }
  };
  let stage = null;
  bench.stage = () => {
    if (stage?.isConnected) return stage;
    for (const host of document.querySelectorAll("*")) {
      const found = host.shadowRoot?.querySelector(".stage");
      if (found) return (stage = found);
    }
    return null;
  };
  // The time when our map has drawn all points of a newer version than `before`; 0 while it has not.
  bench.drawn = (before, attribute = "drawn") => {
    const said = bench.stage()?.dataset;
    if (!said?.asked || said.asked === before || said[attribute] !== said.asked) return 0;
    if (attribute === "version" && said.state !== "ready") return 0;
    // By now the map has its context; asked for earlier, we would have made it one of another kind.
    const gl = bench.stage().querySelector("canvas.points").getContext("webgl2");
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now();
  };
  const inShadow = (selector) => {
    for (const host of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
      const found = host.shadowRoot?.querySelector(selector);
      if (found) return found;
    }
    return null;
  };
  // What the histograms show; and what is said above the table of the selection, which comes with it.
  bench.histograms = () => inShadow(".histograms")?.dataset.version ?? "";
  bench.tableLine = () =>
    [...document.querySelectorAll("[data-testid=stCaptionContainer]")]
      .map((one) => one.textContent)
      .find((text) => /^The first .* of .*; the file holds all/.test(text)) ?? "";
  // Plotly's points as a number that changes with them; 0 while there are none.
  const small = new OffscreenCanvas(96, 64).getContext("2d", { willReadFrequently: true });
  bench.picture = () => {
    small.clearRect(0, 0, 96, 64);
    for (const name of ["context", "focus"]) {
      const canvas = document.querySelector(`.js-plotly-plot .gl-canvas-${name}`);
      if (canvas?.width) small.drawImage(canvas, 0, 0, 96, 64);
    }
    let sum = 0;
    for (const part of small.getImageData(0, 0, 96, 64).data) sum = (sum * 31 + part) % 4294967291;
    return sum;
  };
  bench.says = (pattern) => {
    for (const one of document.querySelectorAll("[data-testid=stHeading], [data-testid=stMarkdown]")) {
      const found = one.textContent.match(pattern);
      if (found) return Number(found[1].replaceAll(",", ""));
    }
    return 0;
  };
  // From now on keep, for each answer to the pointer, how long it took and how long until the next frame was made.
  bench.watchHovers = (element, what) => {
    new MutationObserver(() => {
      const moved = bench.at.pointermove, took = performance.now() - moved;
      if (bench.hovers.at(-1)?.moved === moved) return;
      const hover = { moved, took, shown: null };
      bench.hovers.push(hover);
      requestAnimationFrame(() => setTimeout(() => (hover.shown = performance.now() - moved)));
    }).observe(element, what);
  };
})();
"""


@dataclass(frozen=True)
class Answer:
    """Of a lasso: milliseconds from the button's release, and observations; or in words why there is none."""

    took: float | None
    rows: int
    why: str = ""


@dataclass(frozen=True)
class Hovers:
    """Milliseconds from the pointer's move to the answer, and to the frame after it; of ``asked`` moves."""

    took: list[float]
    shown: list[float]
    asked: int


@dataclass
class Side:
    """One of the two pages."""

    name: str
    url: str
    pid: int
    ours: bool

    def open(self, browser: Browser) -> Page:
        """A page in a browser profile that knows nothing yet; not asked for."""
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(_WATCH)
        return context.new_page()

    def first(self, page: Page) -> float:
        """Ask for the page: milliseconds to the points on the screen."""
        page.goto(self.url)
        check = "bench.drawn('')" if self.ours else "bench.picture() && performance.now()"
        return self._until(page, check)

    def rest(self, page: Page) -> None:
        """Wait until nothing goes on any more."""
        page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
        page.wait_for_timeout(800)

    def recolour(self, page: Page, by: str, entry: str) -> tuple[float, float]:
        """Choose ``by`` in "Colour by": milliseconds to the new colours, and to the map at rest.

        ``entry`` is one of the new legend.
        """
        before = self._before(page)
        page.get_by_role("combobox", name="Colour by").click()
        page.get_by_role("option", name=by, exact=True).wait_for()
        page.wait_for_timeout(300)
        page.get_by_role("option", name=by, exact=True).click()
        if self.ours:
            drawn = self._until(page, f"bench.drawn({before!r})")
            rests = self._until(page, f"bench.drawn({before!r}, 'version')")
        else:
            there = f"[...document.querySelectorAll('.legendtext')].some((one) => one.textContent === {entry!r})"
            drawn = rests = self._until(
                page, f"{there} && ![0, {before}].includes(bench.picture()) && performance.now()"
            )
        start = float(page.evaluate("bench.at.click"))
        return drawn - start, rests - start

    def lasso(self, page: Page, patience: float) -> Answer:
        """Draw around everything, and wait ``patience`` seconds for the answer."""
        before = self._before(page)
        box = page.locator(".stage" if self.ours else ".nsewdrag").first.bounding_box()
        assert box is not None
        left, top = box["x"] + 0.01 * box["width"], box["y"] + 0.01 * box["height"]
        right, bottom = left + 0.98 * box["width"], top + 0.98 * box["height"]
        page.mouse.move(left, bottom)
        page.mouse.down()
        for x, y in ((right, bottom), (right, top), (left, top), (left, bottom)):
            page.mouse.move(x, y, steps=8)
        page.mouse.up()
        says = r"bench.says(/([\d,]+) (?:observations|points) selected/)"
        check = f"{says} && " + (f"bench.drawn({before!r})" if self.ours else "performance.now()")
        try:
            answered = self._until(page, check, patience)
        except Error:
            closed = page.evaluate("bench.closed")
            why = f"no answer in {patience:.0f} s"
            return Answer(None, 0, why + (f", socket closed: {closed}" if closed else ""))
        return Answer(answered - float(page.evaluate("bench.at.pointerup")), int(page.evaluate(says)))

    def filter(self, page: Page, variable: str, label: str) -> float:
        """Click a bar of a histogram of ours: milliseconds until map, all histograms and the table's line follow."""
        before = self._before(page)
        bar = page.locator(f".plot[data-variable='{variable}'] g[data-label='{label}'] .hit")
        page.wait_for_timeout(1_500)
        histograms, line = page.evaluate("[bench.histograms(), bench.tableLine()]")
        bar.click()
        check = f"bench.histograms() !== {histograms!r} && bench.tableLine() !== {line!r} && bench.drawn({before!r})"
        return self._until(page, check) - float(page.evaluate("bench.at.click"))

    def hovers(self, page: Page, times: int) -> Hovers:
        """Move the mouse to random places."""
        box = page.locator(".stage" if self.ours else ".nsewdrag").first.bounding_box()
        assert box is not None
        watched = "bench.stage()" if self.ours else "document.querySelector('.hoverlayer')"
        what = "{ attributeFilter: ['data-hovered'] }" if self.ours else "{ childList: true, subtree: true }"
        page.evaluate(f"bench.watchHovers({watched}, {what})")
        for x, y in np.random.default_rng(0).uniform(0.1, 0.9, (times, 2)):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            page.wait_for_timeout(60 if self.ours else 200)  # Plotly answers 50 ms apart at the most
        found = page.evaluate("bench.hovers.filter((one) => one.shown !== null)")
        return Hovers([one["took"] for one in found], [one["shown"] for one in found], times)

    def memory(self) -> tuple[float, float]:
        """Megabytes that the server holds, and its children."""
        server = psutil.Process(self.pid)
        children = sum(child.memory_info().rss for child in server.children(recursive=True))
        return server.memory_info().rss / 2**20, children / 2**20

    def _before(self, page: Page) -> str | int:
        found: str | int = page.evaluate("bench.stage().dataset.asked" if self.ours else "bench.picture()")
        return found

    @staticmethod
    def _until(page: Page, check: str, patience: float = PATIENCE) -> float:
        # Often where looking is cheap; Plotly's picture is read each time, which must not hold it up.
        often = 20 if "bench.picture()" in check else 4
        handle = page.wait_for_function(f"() => {check}", polling=often, timeout=patience * 1000)
        return float(handle.json_value())


@contextmanager
def our_page(study: Path, home: Path) -> Iterator[Side]:
    """The app with ``study``, a home folder of its own, and the map coloured by breed."""
    port = _port()
    places = {"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache"), "HOME": str(home)}
    command = [sys.executable, "-m", "explorer.cli", "app", str(study), "--no-browser", "--port", str(port)]
    with _served(command, port, os.environ | places) as pid:
        yield Side("ours", f"http://127.0.0.1:{port}/map?colour=breed", pid, ours=True)


@contextmanager
def plotly_page(study: Path, folder: Path) -> Iterator[Side]:
    """The bare page with the same points."""
    opened = open_study(study)
    places = project(opened, opened.embedding(opened.embedding_names[0]), MapChoice()).coordinates
    values = {by: opened.values(by).astype(str).to_numpy(dtype=str) for by in ("breed", "season")}
    np.savez(folder / f"{study.name}.npz", places=places, **values)
    script = folder / "plotly_page.py"
    script.write_text(_PLOTLY)
    port = _port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    options += ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options, "--", str(folder / f"{study.name}.npz")]
    with _served(command, port, dict(os.environ), cwd=folder) as pid:
        yield Side("Plotly", f"http://127.0.0.1:{port}", pid, ours=False)


@contextmanager
def _served(command: list[str], port: int, environment: dict[str, str], cwd: Path | None = None) -> Iterator[int]:
    server = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                    break
            except OSError:
                if server.poll() is not None:
                    raise RuntimeError(f"the server ended: {' '.join(command)}") from None
                time.sleep(0.05)
        yield server.pid
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
