"""What can be saved of a tested threshold, and the command that makes it again."""

from typing import Literal

import streamlit as st

from explorer.recognition.asked import Asked, described
from explorer.recognition.evidence import Evidence
from explorer.recognition.searches_table import table_of
from explorer.space.view_table import Export
from explorer.study.export import manifest_text
from explorer.study.study import Study

Kind = Literal["threshold", "searches", "changed"]

_KINDS: dict[Kind, str] = {
    "threshold": "The threshold, with its evidence (JSON)",
    "searches": "Each search of the test, by arm (CSV)",
    "changed": "The searches whose verdict changes (CSV)",
}


def files(study: Study, asked: Asked, found: Evidence) -> None:
    """A choice of files; each, and its manifest, is made when it is clicked."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    kind = row.selectbox("File", list(_KINDS), format_func=_KINDS.__getitem__, key="threshold_file", width=320)
    name = f"{study.path.name}-{kind}.{'json' if kind == 'threshold' else 'csv'}"
    row.download_button(
        "Save",
        data=lambda: export_of(study, asked, found, kind, name).content,
        file_name=name,
        on_click="ignore",
        type="primary",
        icon=":material/download:",
        key="threshold_save",
        help="The threshold's file is what later recognition takes; it refuses any other embedding.",
    )
    row.download_button(
        "How it was made",
        data=lambda: manifest_text(export_of(study, asked, found, kind, name).facts),
        file_name=f"{name}.manifest.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/receipt_long:",
        key="threshold_manifest",
        help="Data hash, settings, versions, and the command that makes the same file again.",
    )
    with st.expander("The same on the command line", icon=":material/terminal:"):
        st.code(described(study, asked, found.content, file=f"{study.path.name}-threshold.json")["command"], "bash")


def export_of(study: Study, asked: Asked, found: Evidence, kind: Kind, file: str) -> Export:
    """A file of ``kind`` called ``file``: the same bytes as the command ``threshold`` writes."""
    if kind == "threshold":
        facts = described(study, asked, found.content, file=file)
        return Export(found.content, facts, facts["rows"])
    return table_of(study, asked, found, "--searches" if kind == "searches" else "--changed", file=file)
