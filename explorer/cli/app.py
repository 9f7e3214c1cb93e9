"""The command that opens the app."""

import argparse
import os
from typing import Any

from explorer.cli.parsing import command, whole
from explorer.cli.talking import OK


def add(commands: Any) -> None:
    """Add ``app``."""
    app = command(commands, "app", _app, "open the app in the browser", study="optional")
    port = whole("a port", 1, 65_535)
    app.add_argument("--port", type=port, help="port to listen on (default: the first free one from 8501 on)")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")


def _app(options: argparse.Namespace) -> int:
    # The browser draws on the same cores: BLAS threads that wait for one then cost ten times the work itself.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from explorer.ui.server import serve

    if options.study is not None:
        from explorer.study.study import open_study

        options.study = open_study(options.study).path
    serve(options.study, port=options.port, browser=not options.no_browser)
    return OK
