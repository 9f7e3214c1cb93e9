"""From the command to the first coloured picture in a real browser; page changes; memory of the server.

Beside it, on the same data and in the same run: a bare Streamlit page that reads the same files, computes PCA with
scikit-learn and shows the same points with st.plotly_chart, which is the least that such a tool can do.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.studies import make

SIZES = ((10_000, 128), (70_000, 784), (1_000_000, 128))
_FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]

_BARE = """
import sys
import numpy as np, pandas as pd, plotly.graph_objects as go, streamlit as st
from sklearn.decomposition import PCA
folder = sys.argv[1]
frame = pd.read_parquet(folder + "/observations.parquet")
places = PCA(2, random_state=0).fit_transform(np.load(folder + "/embeddings/vectors.npy"))
fig = go.Figure([
    go.Scattergl(x=places[rows, 0], y=places[rows, 1], mode="markers", name=str(breed))
    for breed, rows in frame.groupby("breed").indices.items()
])
st.plotly_chart(fig)
"""


def main() -> None:
    """Print a small table."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("left out: there is no Chromium on this machine")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*_FLAGS, "--enable-unsafe-swiftshader"])
        for rows, dims in SIZES:
            study = make(Path(folder) / f"study-{rows}", rows, dims)
            print(f"{rows:,} x {dims}; the browser is open, its cache empty")
            ours = _ours(study, browser)
            bare = _bare(study, browser, Path(folder))
            for name, value in ours.items():
                print(f"  {name:52} {value}")
            print(f"  {'bare Streamlit + Plotly page, command to picture':52} {bare:.2f} s")
        browser.close()


def _ours(study: Path, browser: Browser) -> dict[str, str]:
    out: dict[str, str] = {}
    start = time.perf_counter()
    command = [sys.executable, "-m", "explorer.cli", "app", str(study), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        _wait(url)
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        asked = time.perf_counter()
        page.goto(url)
        _picture(page)
        out["command to first coloured picture (Overview)"] = f"{time.perf_counter() - start:.2f} s"
        out["of which after the page was asked for"] = f"{time.perf_counter() - asked:.2f} s"
        page.wait_for_timeout(2_000)
        changes = []
        for _ in range(3):
            changes.append(_change(page, "Data", "h1:has-text('Data')"))
            changes.append(_change(page, "Overview", "[data-testid=stImage] img"))
        out["page change, median"] = f"{sorted(changes)[len(changes) // 2]:.2f} s"
        out["Map page from Overview: its heading line"] = f"{_change(page, 'Map', 'text=/ shown$/'):.2f} s"
        page.wait_for_selector(".stage[data-first]")
        other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        asked = time.perf_counter()
        other.goto(f"{url}/map")
        other.wait_for_selector(".stage[data-first]")
        out["Map page asked for to interactive drawing"] = f"{time.perf_counter() - asked:.2f} s"
        out["memory of the server"] = f"{psutil.Process(server.pid).memory_info().rss / 2**20:.0f} MB"
    finally:
        for context in browser.contexts:  # a page left open goes on looking for its server
            context.close()
        server.terminate()
        server.wait(20)
    return out


def _picture(page: Page) -> None:
    page.wait_for_function(
        "() => { const drawn = document.querySelector('[data-testid=stImage] img');"
        " return drawn && drawn.complete && drawn.naturalWidth }"
    )


def _change(page: Page, name: str, shows: str) -> float:
    start = time.perf_counter()
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_selector(shows)
    return time.perf_counter() - start


def _bare(study: Path, browser: Browser, folder: Path) -> float:
    script = folder / "bare.py"
    script.write_text(_BARE)
    start = time.perf_counter()
    options = ["--server.port=8699", "--server.headless=true", "--browser.gatherUsageStats=false"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options, "--", str(study)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait("http://127.0.0.1:8699")
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto("http://127.0.0.1:8699")
        page.wait_for_selector(".nsewdrag", timeout=120_000)
        return time.perf_counter() - start
    finally:
        server.terminate()
        server.wait(20)


def _wait(url: str) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.02)
