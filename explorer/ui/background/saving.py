"""Saving a table of the Background page, and how it was made."""

from collections.abc import Callable

import streamlit as st

from explorer.space.view_table import Export
from explorer.study.export import manifest_text


def save_buttons(export: Callable[[], Export], file: str, key: str) -> None:
    """Two buttons, for the file and for its manifest; both are made only when clicked."""
    row = st.container(horizontal=True)
    row.download_button(
        "Save as CSV",
        data=lambda: export().content,
        file_name=file,
        mime="text/csv",
        key=f"{key}_save",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    row.download_button(
        "How it was made",
        data=lambda: manifest_text(export().facts),
        file_name=f"{file}.manifest.json",
        mime="application/json",
        key=f"{key}_manifest",
        on_click="ignore",
        icon=":material/receipt_long:",
        help="Data hash, settings, versions, and the command that makes the same file again.",
    )
