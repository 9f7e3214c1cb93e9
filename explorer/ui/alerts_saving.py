"""What can be taken away of alerts: a table, and a report on paper, each with how it was made."""

import re
from collections.abc import Callable
from typing import Any

import streamlit as st

from explorer.change.alerts import Alerts
from explorer.study.study import Study
from explorer.ui.following import is_current, settings
from explorer.ui.saving import Made, save_buttons
from explorer.view import View

_PAPERS = ("A4", "Letter")


def alerts_saving(study: Study, alerts: Alerts, at: View, decisions: int, *, report: str) -> None:
    """Buttons for both and for how they were made; all are made only when clicked.

    ``at``: of what: its animal, or its round. ``decisions``: number of the last one. ``report``: what the report is
    called. Nothing is saved while the last decision is still being worked in: the alerts are older than it then.
    """
    view = at.but(follow=settings(study))
    stem = re.sub(r"[^\w.-]+", "-", f"{study.path.name}-{at.animal or 'round'}")
    table, pdf = f"{stem}-changes.csv", f"{stem}.pdf"
    disabled = not is_current(study)

    def made_table() -> tuple[bytes, dict[str, Any]]:
        from explorer.change.report_files import alerts_file  # what draws PDFs is slow to import

        return alerts_file(study, alerts, view, file=table, decisions=decisions)

    def made_pdf() -> tuple[bytes, dict[str, Any]]:
        from explorer.change.report_files import report_file

        return report_file(
            study, alerts, view, file=pdf, decisions=decisions, paper="letter" if paper == "Letter" else "A4"
        )

    paper = st.segmented_control("Paper", _PAPERS, default="A4", key=f"paper-{stem}", width="content")
    for label, made, file, icon in (
        (report, made_pdf, pdf, ":material/picture_as_pdf:"),
        ("Alerts as CSV", made_table, table, ":material/download:"),
    ):
        with st.container(horizontal=True):
            file_and_how(label, made, file, icon, disabled=disabled)


def file_and_how(label: str, made: Callable[[], Made], file: str, icon: str, *, disabled: bool = False) -> None:
    """A button for the file that ``made`` gives, and one for its manifest; both are made only when clicked."""
    save_buttons(
        label,
        made,
        file,
        key=file,
        kinds=("primary" if file.endswith(".pdf") else "secondary", "tertiary"),
        icon=icon,
        told=None,
        help="When the last decision is worked in." if disabled else None,
        disabled=disabled,
    )
