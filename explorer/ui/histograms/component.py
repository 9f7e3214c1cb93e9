"""The histograms as one element of the page (Streamlit Components v2): its files, and what comes back from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parent


def _file(ending: str) -> str:
    return (_FOLDER / f"histograms.{ending}").read_text(encoding="utf-8")


_element = st.components.v2.component("variable_histograms", html=_file("html"), css=_file("css"), js=_file("js"))


def histograms(said: dict[str, Any], *, heard: Callable[[dict[str, Any]], None]) -> None:
    """Show the histograms of ``said`` (see ``message``); ``heard(act)`` is called with what the hand does there."""

    def acted() -> None:
        act = st.session_state["histograms"].act
        if isinstance(act, dict):
            heard(act)

    _element(key="histograms", data=said, on_act_change=acted)
