"""The threshold that is dragged, as an element of the page (Streamlit Components v2)."""

from pathlib import Path

import streamlit as st

from explorer.recognition.evidence import Evidence
from explorer.ui.palette import palette
from explorer.ui.threshold.message import message

_FOLDER = Path(__file__).parent


def _file(ending: str) -> str:
    return (_FOLDER / f"tau.{ending}").read_text(encoding="utf-8")


_element = st.components.v2.component("tau", html=_file("html"), css=_file("css"), js=_file("js"))


def draggable_tau(found: Evidence, arm: str) -> None:
    """Curves of same and different animals in the scores of ``arm``, and a tau that the hand or the keys move.

    What a tau comes to is counted in the page: no run of it is needed.
    """
    said, searches = message(found, arm, palette())
    _element(key="tau", data={"said": said, "searches": searches})
