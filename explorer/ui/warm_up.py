"""The browser takes a second to load the app; meanwhile, import what the first picture needs."""

import threading

_done = threading.Event()
_started = False


def start() -> None:
    """Begin to import in the background."""
    global _started
    _started = True
    threading.Thread(target=_imports, daemon=True).start()


def wait() -> None:
    """Wait until nothing is imported in the background any more.

    Plotly looks whether pandas is there and takes it as it is: half imported by another thread, it fails.
    """
    if _started:
        _done.wait()


def _imports() -> None:
    try:
        import pandas  # noqa: F401 - before Plotly, for the reason given in wait
        import plotly.graph_objects  # noqa: F401

        import explorer.space.view_table
        import explorer.study.check  # noqa: F401
    finally:
        _done.set()
