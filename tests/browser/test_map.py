"""The main job, as a person does it: colour, filter, select, look, save, come back."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from looking import (
    DRAWN,
    address,
    by_strokes,
    change,
    drag,
    drawn,
    lasso,
    open_map,
    pca,
    query_of,
    selected,
    settle,
    until,
    view_of,
)
from playwright.sync_api import expect

from explorer.places import sample_study
from explorer.space.view_table import export_view
from explorer.study.study import open_study


@pytest.fixture(scope="module")
def study():
    return open_study(sample_study("digits"))


def saved(page, name: str, path: Path) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    download.value.save_as(path)
    return path.read_bytes()


def test_select_save_and_make_the_same_file_again(digits, new_page, tmp_path, study):
    page = new_page()
    open_map(page, f"{digits.url}/map")
    lasso(page, left=0.45, top=0.45, size=0.12)
    n = selected(page)
    assert 0 < n < 1_797

    content = saved(page, "Save as CSV", tmp_path / "selection.csv")
    assert content.decode().count("\n") == n + 1
    expect(page.locator(".pictures").first.locator("figure")).to_have_count(min(n, 48))
    expect(page.locator(".pictures img").first).to_be_visible()

    # Python, from the address alone
    assert export_view(study, view_of(page), file="x.csv").content == content

    # the command that the manifest names
    facts = json.loads(saved(page, "How it was made", tmp_path / "how.json"))
    command = shlex.split(facts["command"])
    command[command.index("--out") + 1] = str(tmp_path / "again.csv")
    subprocess.run([sys.executable, "-m", "explorer.cli", *command[1:]], check=True, capture_output=True)
    assert (tmp_path / "again.csv").read_bytes() == content

    # a fresh browser, from the address alone
    other = new_page(dark=True)
    open_map(other, page.url)
    assert selected(other) == n

    # another outline replaces the first; Clear empties
    with change(page):
        lasso(page, left=0.6, top=0.55, size=0.1)
    assert query_of(page.url)["select"] != query_of(other.url)["select"]
    page.get_by_role("button", name="Clear").last.click()
    expect(page.get_by_role("heading", name="Nothing selected")).to_be_visible()
    settle(page)
    assert "select" not in query_of(page.url)


def test_outlines_add_and_take_away_and_hold_what_lies_inside_them(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map")
    places = pca(study).coordinates
    counts = []
    for how, left, key in (("add", 0.3, ""), ("add", 0.55, "Shift"), ("remove", 0.45, "Alt")):
        with change(page):
            lasso(page, left=left, top=0.4, size=0.2, key=key)
        view = view_of(page)
        assert view.selection.strokes[-1].how == how
        assert selected(page) == by_strokes(view, places).sum()
        counts.append(selected(page))
    assert len(view.selection.strokes) == 3
    assert counts[0] < counts[1] > counts[2] > 0

    page.get_by_role("button", name="Box").click()
    with change(page):
        drag(page, page.locator(".stage"), (0.5, 0.3), (0.8, 0.7))
    (box,) = view_of(page).selection.strokes
    (x0, y0), (x1, y1) = np.min(box.polygon, axis=0), np.max(box.polygon, axis=0)
    assert {(x, y) for x, y in box.polygon} == {(x, y) for x in (x0, x1) for y in (y0, y1)}
    assert selected(page) == by_strokes(view_of(page), places).sum()

    with change(page):
        page.locator(".stage").focus()
        page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Nothing selected")).to_be_visible()


def test_filter_colour_and_count(digits, new_page, study):
    page = new_page()
    three = address(filter=[{"variable": "digit", "values": ["3"]}], colour="ink")
    open_map(page, f"{digits.url}/map?{three}")
    expect(page.get_by_text("183 of 1,797 shown")).to_be_visible()
    expect(page.get_by_text("1,614 filtered out")).to_be_visible()
    expect(page.locator(".legend h4")).to_have_text("Ink (%)")
    with change(page):
        lasso(page, left=0.01, top=0.1, size=0.89)  # an outline around nearly everything takes only what is shown
    three = (study.values("digit") == "3").to_numpy()
    n = selected(page)
    assert n == (by_strokes(view_of(page), pca(study).coordinates) & three).sum() > 170
    page.get_by_text("Table", exact=True).click()
    settle(page)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_the_legend_filters(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=digit")
    digit = study.values("digit").astype(str)
    entry = page.locator(".legend button")
    expect(entry.nth(3)).to_have_text(f"3{(digit == '3').sum()}")

    with change(page):
        entry.nth(3).click()
    expect(page.get_by_text("183 of 1,797 shown")).to_be_visible()
    expect(entry.nth(4)).to_have_attribute("aria-pressed", "false")
    expect(entry.nth(4)).to_have_text(f"4{(digit == '4').sum()}")  # what a click on it would show
    with change(page):
        entry.nth(4).click(modifiers=["Shift"])
    expect(page.get_by_text(f"{digit.isin(['3', '4']).sum()} of 1,797 shown")).to_be_visible()
    with change(page):
        entry.nth(4).click()
    expect(page.get_by_text(f"{(digit == '4').sum()} of 1,797 shown")).to_be_visible()
    with change(page):
        entry.nth(4).click()
    expect(page.get_by_text("1,797 of 1,797 shown")).to_be_visible()
    assert "filter" not in query_of(page.url)

    entry.nth(2).focus()  # the same with the keys
    for shown in ("177 of 1,797 shown", "1,797 of 1,797 shown"):
        with change(page):
            page.keyboard.press("Enter")
        expect(page.get_by_text(shown)).to_be_visible()


def test_a_drag_along_the_scale_shows_a_part_of_it(digits, new_page, study):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=ink")
    ink = study.values("ink").to_numpy()
    low, high = np.percentile(ink, [1, 99])
    bar = page.locator(".legend .bar")
    with change(page):
        drag(page, bar, (0.5, 0.7), (0.5, 0.4))
    (chosen,) = view_of(page).filters
    near = (high - low) / 60
    assert chosen.variable == "ink"
    assert chosen.low == pytest.approx(low + 0.3 * (high - low), abs=near)
    assert chosen.high == pytest.approx(low + 0.6 * (high - low), abs=near)
    shown = ((ink >= chosen.low) & (ink <= chosen.high)).sum()
    expect(page.get_by_text(f"{shown:,} of 1,797 shown")).to_be_visible()
    with change(page):  # to the end of the scale: everything beyond it too
        drag(page, bar, (0.5, 0.5), (0.5, 0.0))
    (chosen,) = view_of(page).filters
    assert chosen.high is None
    expect(page.get_by_text(f"{(ink >= chosen.low).sum():,} of 1,797 shown")).to_be_visible()
    with change(page):
        bar.click(position={"x": 5, "y": 20})
    expect(page.get_by_text("1,797 of 1,797 shown")).to_be_visible()

    bar.focus()  # the same with the keys, one press after the other
    for step in (1, 2):
        with change(page):
            page.keyboard.press("ArrowUp")
        (chosen,) = view_of(page).filters
        assert chosen.low == pytest.approx(low + 0.05 * step * (high - low), rel=0.01)
    with change(page):
        page.keyboard.press("Shift+ArrowDown")
    assert view_of(page).filters[0].high == pytest.approx(low + 0.95 * (high - low), rel=0.01)
    with change(page):
        page.keyboard.press("Escape")
    assert view_of(page).filters == ()


def test_back_and_forward_follow_the_address(digits, new_page):
    page = new_page()
    open_map(page, f"{digits.url}/map?colour=ink")
    page.get_by_role("radio", name="3-D").click()
    expect(page.get_by_text("Select on the 2-D map")).to_be_visible()
    settle(page)
    page.go_back()
    page.locator(DRAWN).wait_for()
    drawn(page)
    assert "dims" not in query_of(page.url)
    page.go_forward()
    expect(page.get_by_text("Select on the 2-D map")).to_be_visible()
    page.wait_for_selector(".gl-container canvas", timeout=60_000)


def workers_of(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if "explorer.engine" in " ".join(child.cmdline())
    ]


@pytest.fixture
def fresh_digits(tmp_path) -> Path:
    """The digits without any map computed before."""
    folder = tmp_path / "digits"
    shutil.copytree(sample_study("digits"), folder, ignore=shutil.ignore_patterns(".cache"))
    return folder


WATCH = """stage => {
  const seen = (globalThis.__seen = []);
  new MutationObserver(() => seen.push(stage.dataset.state)).observe(stage, { attributes: true });
}"""


def watch(page) -> None:
    page.locator(".stage").evaluate(WATCH)


def states(page) -> list[str]:
    return page.evaluate("() => globalThis.__seen")


@pytest.mark.slow
def test_a_slow_map_is_watched_cancelled_and_kept(serve, new_page, fresh_digits):
    server = serve(fresh_digits)
    page = new_page()
    open_map(page, f"{server.url}/map")
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.get_by_text("t-SNE of 1,797 vectors")).to_be_visible()
    expect(page.get_by_text("Meanwhile, below, the PCA map")).to_be_visible()
    until(lambda: workers_of(server.pid), "no worker was started")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    expect(page.locator(".axis-x")).to_contain_text("PCA 1")

    watch(page)
    page.get_by_role("button", name="Compute it").click()
    expect(page.locator(".axis-x")).to_have_text("t-SNE 1", timeout=180_000)
    drawn(page)
    assert "moving" in states(page)  # the points go from where they were to where they are
    expect(page.get_by_text("Sizes of groups, gaps between them")).to_be_visible()
    page.reload()
    drawn(page)
    expect(page.locator(".axis-x")).to_have_text("t-SNE 1")

    # who does not like motion gets none
    calm = new_page(reduced_motion="reduce")
    open_map(calm, page.url)
    watch(calm)
    with change(calm):
        calm.get_by_role("radio", name="PCA").click()
    expect(calm.locator(".axis-x")).to_contain_text("PCA 1")
    with change(calm):
        calm.get_by_role("radio", name="t-SNE").click()
    expect(calm.locator(".axis-x")).to_have_text("t-SNE 1")
    assert "ready" in states(calm)
    assert "moving" not in states(calm)


def test_no_worker_outlives_a_killed_server(serve, browser, fresh_digits):
    server = serve(fresh_digits)
    context = browser.new_context()  # a page that may say that its server has gone
    page = context.new_page()
    open_map(page, f"{server.url}/map")
    page.get_by_role("radio", name="UMAP").click()
    until(lambda: workers_of(server.pid), "no worker was started")
    workers = workers_of(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait(10)
    until(
        lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers), "a worker survived"
    )
    context.close()
