"""Files that a page offers, each with how it was made."""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from explorer.study.export import Format, manifest_text

FORMATS: dict[Format, str] = {"csv": "CSV", "parquet": "Parquet"}

Made = tuple[bytes, dict[str, Any], *tuple[Any, ...]]
"""A file's bytes and its manifest first, as in an ``Export``."""

_Kind = Literal["primary", "secondary", "tertiary"]


def save_buttons(
    label: str,
    made: Callable[[], Made],
    file: str,
    *,
    key: str,
    kinds: tuple[_Kind, _Kind] = ("primary", "secondary"),
    icon: str = ":material/download:",
    told: str | None = "settings",
    help: str | None = None,
    disabled: bool = False,
) -> None:
    """Two buttons, for the file that ``made`` gives and for its manifest; both are made only when clicked.

    ``told``: what the manifest tells beside data and versions, for its help; None: it has that of the file.
    """
    st.download_button(
        label,
        lambda: made()[0],
        file,
        key=f"{key}_save",
        on_click="ignore",
        type=kinds[0],
        icon=icon,
        disabled=disabled,
        help=help,
    )
    st.download_button(
        "How it was made",
        lambda: manifest_text(made()[1]),
        f"{file}.manifest.json",
        "application/json",
        key=f"{key}_manifest",
        on_click="ignore",
        type=kinds[1],
        icon=":material/receipt_long:",
        disabled=disabled,
        help=help if told is None else f"Data hash, {told}, versions, and the command that makes the same file again.",
    )


def format_chosen(key: str) -> Format:
    """The format that the next file is to have: a choice, kept in the session under ``key``."""
    chosen = st.segmented_control(
        "Format",
        list(FORMATS),
        default="csv",
        key=key,
        format_func=FORMATS.__getitem__,
        label_visibility="collapsed",
        width="content",
    )
    return chosen or "csv"
