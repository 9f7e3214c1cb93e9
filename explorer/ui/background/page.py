"""The Background page: what is asked, the work that finds it, and what was found."""

from pathlib import Path

import streamlit as st

from explorer.space.saliency_asked import Asked, Background
from explorer.space.saliency_kept import background_at, background_path, read_background
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.background.dimensions import dimensions_part
from explorer.ui.background.form import form
from explorer.ui.background.shown import (
    numbers_part,
    sentences_part,
    shares_part,
    tests_part,
    together_part,
)
from explorer.ui.maps import chosen_embedding, opened_embedding
from explorer.ui.overview import no_embedding
from explorer.ui.plain import for_markdown
from explorer.ui.simulated import simulated_badge
from explorer.ui.state import view
from explorer.ui.studies import stamp


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Background")
    simulated_badge(study)
    name = chosen_embedding(study, view())
    if name is None:
        no_embedding(study)
        return
    st.caption(
        "Which background variables shape the latent space: what each explains, alone and beyond the others, and "
        "whether chance would explain as much."
    )
    embedding = opened_embedding(study, stamp(str(study.path)), name)
    asked = form(study, embedding)
    if asked is None:
        return
    found = _found(study, embedding, asked)
    if found is None:
        return
    sentences_part(found)
    shares_part(found)
    tests_part(found)
    numbers_part(study, found)
    together_part(found)
    dimensions_part(study, embedding, found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(path: str, changed: int) -> Background | None:
    del changed
    return read_background(Path(path))


def _found(study: Study, embedding: Embedding, asked: Asked) -> Background | None:
    """The result, from the disk; while there is none, how the work stands, or the button that starts it."""
    path = background_path(study, embedding, asked)
    found = _read(str(path), path.stat().st_mtime_ns) if path.exists() else None
    if found is not None:
        return found
    key = f"background-{path}"
    if jobs.on_request(
        key,
        f"What shapes {for_markdown(embedding.name)}",
        background_at,
        study.path,
        asked,
        lane="background",
        label="Find out",
        icon=":material/search_insights:",
        note=f"{int(embedding.complete.sum()):,} vectors; takes seconds for a few thousand, a minute for many, and is "
        "kept.",
    ):
        st.caption("You may leave the page: the work goes on, and what it finds is kept.")
    return None
