"""How trouble is told on a page: a sentence where the page would be, never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from explorer.errors import UserError

_log = logging.getLogger(__name__)


@contextmanager
def told() -> Iterator[None]:
    """Show a UserError as a box on the page; anything else as an apology that loses nothing, and a line in the log."""
    try:
        yield
    except UserError as error:
        st.error(str(error), icon=":material/error:")
    except Exception:  # noqa: BLE001 - the last resort before the user; Streamlit's own control flow is no Exception
        _log.exception("a page failed")
        st.error(
            "Something went wrong that is our fault, not yours. Your files are untouched. Reload the page to go on; "
            "the terminal where the app was started says more.",
            icon=":material/bug_report:",
        )
