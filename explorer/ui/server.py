"""Starting the app's server."""

import os
import socket
import threading
import time
import tomllib
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.errors import UserError
from explorer.places import sample_study, shipped
from explorer.ui import warm_up

STUDY_VARIABLE = "LATENT_EXPLORER_STUDY"
"""Environment variable by which the command line tells the app which study to open."""

ADDRESS = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 8501, 8599


def serve(study: Path | None, *, port: int | None, browser: bool) -> None:
    """Run the app on this machine until it is stopped. Raises UserError when the port is taken."""
    chosen = free_port(port)
    if study is not None:
        os.environ[STUDY_VARIABLE] = str(study)
    config = {**hardened_config(), "server.port": chosen, "server.address": ADDRESS}
    url = f"http://{ADDRESS}:{chosen}"
    print(f"Latent Explorer is at {url} (Ctrl-C stops it)", flush=True)  # noqa: T201
    if browser:
        threading.Thread(target=_open_browser, args=(url,), daemon=True).start()
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from explorer.ui.observations import routes

    warm_up.start(study or sample_study())
    # Streamlit looks at the host of its web socket alone; every other answer, too, is only for this machine's names.
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=config["server.allowedHosts"])
    st.App(Path(__file__).parents[1] / "app.py", middleware=[only_here], routes=routes()).run(config=config)


def hardened_config() -> dict[str, Any]:
    """The shipped Streamlit settings, by dotted name."""
    raw = tomllib.loads(shipped(".streamlit/config.toml").read_text(encoding="utf-8"))
    return dict(_dotted(raw, ""))


def _dotted(table: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def free_port(wanted: int | None) -> int:
    """``wanted`` when it is free, else the first free one from 8501 on. Raises UserError when there is none."""
    for port in (wanted,) if wanted is not None else range(_FIRST_PORT, _LAST_PORT + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    taken = f"port {wanted} is" if wanted is not None else f"ports {_FIRST_PORT} to {_LAST_PORT} are"
    raise UserError(f"{taken} in use", how="Choose another one with --port, or stop the program that uses it")


def _open_browser(url: str) -> None:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310 - our own address
                break
        except OSError:
            time.sleep(0.1)
    webbrowser.open(url)
