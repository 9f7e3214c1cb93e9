"""A real server and a real Chromium. Without Chromium these tests skip; with REQUIRE_BROWSER=1 that is a failure."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from explorer.places import sample_study

DIGITS = sample_study("digits")

expect.set_options(timeout=60_000)  # tells a wait from for ever: a busy machine may need more than the five seconds

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    message = "no Chromium on this machine: install Debian's package chromium"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Server:
    """A running app."""

    url: str
    pid: int
    home: Path
    process: subprocess.Popen[str]


def own_port() -> int:
    """A port that no other test's server has: two that look for a free one at once may find the same."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(study: Path | None, home: Path) -> Server:
    """Start the app as a user would, with a home folder of its own; None opens what the app opens by itself."""
    environment = os.environ | {
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "HOME": str(home),
    }
    command = [
        sys.executable,
        "-m",
        "explorer.cli",
        "app",
        "--no-browser",
        "--port",
        str(own_port()),
        *([str(study)] if study else []),
    ]
    process = subprocess.Popen(
        command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=(home / "log").open("w"), text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    url = next(word for word in line.split() if word.startswith("http"))
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return Server(url, process.pid, home, process)
        except OSError:
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server did not answer within a minute"
            time.sleep(0.05)


def stop(server: Server) -> None:
    server.process.terminate()
    try:
        server.process.wait(20)
    except subprocess.TimeoutExpired:
        server.process.kill()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers; they are stopped after the test."""
    running: list[Server] = []

    def started(study: Path | None = DIGITS) -> Server:
        home = tmp_path / f"home-{len(running)}"
        home.mkdir()
        running.append(start(study, home))
        return running[-1]

    yield started
    for server in running:
        stop(server)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the digits, for tests that leave nothing behind."""
    server = start(DIGITS, tmp_path_factory.mktemp("digits"))
    yield server
    stop(server)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with what the app opens by itself, for tests that leave nothing behind."""
    server = start(None, tmp_path_factory.mktemp("sample"))
    yield server
    stop(server)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


_EXPECTED = re.compile(r"/_stcore/(health|host-config)|/media/|Image source error")
"""Streamlit's page first asks below the page's own path, where there is nothing. And it forgets the picture of a run
that the next one overtakes, whether the browser has fetched it or not."""


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages, each in a fresh profile. None of them may ask anybody outside, fail in a script or log an error."""
    contexts = []
    wrong: list[str] = []

    def opened(*, dark: bool = False, width: int = 1280, height: int = 1100, script: str = "", **more: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            **more,
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()

        def heard(message: ConsoleMessage) -> None:
            told = f"console: {message.text} at {message.location['url']}"
            if message.type == "error" and not _EXPECTED.search(told):
                wrong.append(told)

        def asked(request: Request) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
                wrong.append(f"asked outside: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(f"failed: {error}"))
        page.on("request", asked)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []
