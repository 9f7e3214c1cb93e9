"""The Threshold page: what is asked, how the work stands, and what came of it."""

from pathlib import Path

import streamlit as st

from explorer.recognition.asked import Asked
from explorer.recognition.evidence import Evidence
from explorer.recognition.kept import evidence_path, read_evidence, threshold_at
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.failures import in_the_app
from explorer.ui.overview import no_embedding
from explorer.ui.plain import for_markdown
from explorer.ui.simulated import simulated_badge
from explorer.ui.studies import stamp
from explorer.ui.threshold.files import files
from explorer.ui.threshold.form import form
from explorer.ui.threshold.results import parts, verdict


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Threshold")
    simulated_badge(study)
    st.caption(
        "Which distance means the same animal? A threshold tau is fitted on some animals and tested on others, later "
        "in time; then it is fitted again for each background, to see whether that tells animals apart better."
    )
    if not study.embedding_names:
        no_embedding(study)
        return
    stamped = stamp(str(study.path))
    asked, why = form(study, stamped)
    if why is not None:
        st.info(in_the_app(why), icon=":material/block:")
    elif asked is None:
        st.info("Choose at least one background variable.", icon=":material/checklist:")
    else:
        _result(study, stamped, asked)


def _result(study: Study, stamped: tuple[object, ...], asked: Asked) -> None:
    path = evidence_path(study, asked)
    found = _read(str(path)) if path.exists() else None
    if found is not None:
        verdict(found)
        files(study, asked, found)
        parts(study, stamped, found)
        return
    key = f"threshold-{path}"
    if jobs.state(key) in ("waiting", "running"):
        jobs.watch(key, f"Threshold in {for_markdown(asked.embedding)}")
        st.caption("You may leave the page: the work goes on and is kept.")
        return
    if trouble := jobs.trouble(key):
        st.error(in_the_app(trouble), icon=":material/error:")

    def begin() -> None:
        jobs.forget(key)
        jobs.start(key, threshold_at, study.path, asked, lane="thresholds")

    st.button("Fit and test", type="primary", icon=":material/straighten:", on_click=begin, key="threshold_fit")


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(path: str) -> Evidence | None:
    return read_evidence(Path(path))
