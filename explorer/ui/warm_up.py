"""The browser takes a second to load the app; meanwhile, import and compute what the first picture needs."""

import gc
import logging
import threading
import time
from pathlib import Path

from explorer.errors import UserError

_PATIENCE = 5.0  # seconds

_done = threading.Event()
_started = False


def start(study: Path) -> None:
    """Begin in the background, for the study that is opened first."""
    global _started
    _started = True
    threading.Thread(target=_work, args=(study,), daemon=True).start()


def wait() -> None:
    """Wait until the background has done its part.

    Plotly looks whether pandas is there and takes it as it is: half imported by another thread, it fails.
    """
    if _started:
        _done.wait()


def _work(study: Path) -> None:
    try:
        import pandas  # noqa: F401 - before Plotly, for the reason given in wait
        import plotly.graph_objects  # noqa: F401

        import explorer.space.view_table
        import explorer.study.check
        from explorer.space.projections import project
        from explorer.study.study import open_study
        from explorer.view import MapChoice

        opened = open_study(study)
        for name in opened.embedding_names[:1]:
            project(opened, opened.embedding(name), MapChoice())  # found in the cache by the first page
    except UserError as error:
        logging.getLogger(__name__).info("%s", error)  # the page will say it
    finally:
        gc.freeze()
        _done.set()
    import explorer.ui.kept  # noqa: F401 - for the Map page
    from explorer.space.warm import warm

    time.sleep(_PATIENCE)  # the browser is still drawing the first picture, on the same cores
    # Streamlit looks for garbage after each run of a page, and meanwhile sends nothing: 0.15 s with all that libraries
    # hold, which is no garbage and, frozen, is not looked at.
    gc.freeze()
    warm()
