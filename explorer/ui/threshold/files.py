"""What can be saved of a tested threshold, and the command that makes it again."""

from typing import Literal

import streamlit as st

from explorer.recognition.arms import DECIDES, GLOBAL
from explorer.recognition.asked import Asked, described
from explorer.recognition.evidence import Evidence
from explorer.recognition.searches_table import Option, table_of
from explorer.recognition.threshold_file import saved
from explorer.space.view_table import Export
from explorer.study.study import Study
from explorer.ui.saving import save_buttons

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
    arm = GLOBAL
    if kind == "threshold":
        arm = row.selectbox(
            "Decides by the arm",
            list(DECIDES),
            format_func=lambda one: f"{one}: {DECIDES[one]}",
            key="threshold_arm",
            width=500,
            help="What later recognition accepts or refuses by. 'Arms compared' shows what each came to on the test.",
        )
    name = f"{study.path.name}-{kind}.{'json' if kind == 'threshold' else 'csv'}"
    with row:
        save_buttons(
            "Save",
            lambda: export_of(study, asked, found, kind, name, arm),
            name,
            key="threshold",
            help="The threshold's file has all that its arm decides by; it refuses any other embedding.",
        )
    with st.expander("The same on the command line", icon=":material/terminal:"):
        content = saved(found.content, arm)
        st.code(described(study, asked, content, file=f"{study.path.name}-threshold.json")["command"], "bash")


def export_of(study: Study, asked: Asked, found: Evidence, kind: Kind, file: str, arm: str = GLOBAL) -> Export:
    """A file of ``kind`` called ``file``, a threshold that decides by ``arm``: the bytes that the command writes."""
    content = saved(found.content, arm)
    if kind == "threshold":
        facts = described(study, asked, content, file=file)
        return Export(content, facts, facts["rows"])
    option: Option = "--searches" if kind == "searches" else "--changed"
    beside = f"{file.removesuffix('.csv')}-threshold.json"  # not the file that may be saved with another arm
    return table_of(study, asked, found, option, file=file, threshold=content, beside=beside)
