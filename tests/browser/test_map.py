"""The main job, as a person does it: colour, filter, select, look, save, come back."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from looking import lasso, open_map, selected, settle
from playwright.sync_api import expect

from explorer.places import sample_study
from explorer.space.view_table import export_view
from explorer.study.study import open_study
from explorer.view import from_query


def query_of(url: str) -> dict[str, str]:
    from urllib.parse import parse_qsl, urlsplit

    return dict(parse_qsl(urlsplit(url).query))


def saved(page, name: str, path: Path) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    download.value.save_as(path)
    return path.read_bytes()


def test_select_save_and_make_the_same_file_again(serve, new_page, tmp_path):
    server = serve()
    page = new_page()
    open_map(page, f"{server.url}/map")
    lasso(page, left=0.45, top=0.45, size=0.12)
    n = selected(page)
    assert 0 < n < 1_797

    content = saved(page, "Save as CSV", tmp_path / "selection.csv")
    assert content.decode().count("\n") == n + 1
    expect(page.locator(".pictures figure")).to_have_count(min(n, 48))
    expect(page.locator(".pictures img").first).to_be_visible()

    # Python, from the address alone
    view = from_query(query_of(page.url))
    assert export_view(open_study(sample_study("digits")), view, file="x.csv").content == content

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
    lasso(page, left=0.6, top=0.55, size=0.1)
    page.wait_for_timeout(500)
    settle(page)
    assert query_of(page.url)["select"] != query_of(other.url)["select"]
    page.get_by_role("button", name="Clear").last.click()
    expect(page.get_by_text("Nothing selected")).to_be_visible()
    settle(page)
    assert "select" not in query_of(page.url)


def test_filter_colour_and_count(serve, new_page):
    server = serve()
    page = new_page()
    chosen = json.dumps([{"variable": "digit", "values": ["3"]}])
    open_map(page, f"{server.url}/map?filter={chosen}&colour=ink")
    expect(page.get_by_text("183 of 1,797 shown")).to_be_visible()
    expect(page.get_by_text("1,614 filtered out")).to_be_visible()
    expect(page.get_by_text("Ink (%)", exact=True).first).to_be_visible()
    lasso(page, left=0.05, top=0.05, size=0.9)  # an outline around everything takes only what is shown
    assert selected(page) == 183
    page.get_by_text("Table", exact=True).click()
    settle(page)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_back_and_forward_follow_the_address(serve, new_page):
    server = serve()
    page = new_page()
    open_map(page, f"{server.url}/map?colour=ink")
    page.get_by_role("radio", name="3-D").click()
    expect(page.get_by_text("Select on the 2-D map")).to_be_visible()
    settle(page)
    page.go_back()
    expect(page.get_by_text("Draw around points to select them")).to_be_visible()
    settle(page)
    assert "dims" not in query_of(page.url)
    page.go_forward()
    expect(page.get_by_text("Select on the 2-D map")).to_be_visible()


def test_three_dimensions(serve, new_page):
    server = serve()
    page = new_page()
    page.goto(f"{server.url}/map?dims=3")
    page.wait_for_selector(".gl-container canvas", timeout=60_000)
    expect(page.get_by_text("Select on the 2-D map")).to_be_visible()


def workers_of(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if "explorer.engine" in " ".join(child.cmdline())
    ]


def until(condition, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.slow
def test_a_slow_map_is_watched_cancelled_and_kept(serve, new_page):
    server = serve()
    page = new_page()
    open_map(page, f"{server.url}/map")
    page.get_by_role("radio", name="t-SNE").click()
    expect(page.get_by_text("t-SNE of 1,797 vectors")).to_be_visible()
    expect(page.get_by_text("Meanwhile, below, the PCA map")).to_be_visible()
    until(lambda: workers_of(server.pid), "no worker was started")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    until(lambda: not workers_of(server.pid), "the worker outlived its cancellation")
    page.get_by_role("button", name="Compute it").click()
    expect(page.get_by_text("t-SNE 1", exact=True)).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Sizes of groups, gaps between them")).to_be_visible()
    page.reload()
    expect(page.get_by_text("t-SNE 1", exact=True)).to_be_visible(timeout=20_000)
    assert not workers_of(server.pid)  # kept on disk, not computed again


def test_no_worker_outlives_a_killed_server(serve, new_page):
    server = serve()
    page = new_page()
    open_map(page, f"{server.url}/map")
    page.get_by_role("radio", name="UMAP").click()
    until(lambda: workers_of(server.pid), "no worker was started")
    workers = workers_of(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait(10)
    until(
        lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers), "a worker survived"
    )
