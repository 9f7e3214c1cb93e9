"""What is asked of the background variables: which vectors, which variables, how many shuffles."""

import streamlit as st

from explorer.space.label_tests import PERMUTATIONS
from explorer.space.saliency_asked import Asked
from explorer.space.saliency_kept import asked_last
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.describe import variable_labels
from explorer.ui.map_controls import choose_embedding

FEWEST, MOST = 19, 100_000
"""Permutations that the command takes."""


def form(study: Study, embedding: Embedding) -> Asked | None:
    """The choices, as what is asked; None, with a sentence on the page, while nothing can be."""
    if not study.variables:
        st.info(
            "This study has no variables yet. Describe what is known of the observations (age, season, sex, camera) "
            "in study.toml under [variables], or import the table again on the Data page.",
            icon=":material/info:",
        )
        return None
    chosen = _key(study, "variables")
    before = asked_last(study, embedding) if chosen not in st.session_state else None
    labels = variable_labels(study)
    background = [name for name in study.variables if name not in study.tasks]
    offered = [*background, *study.tasks]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    help_ = "The vectors that are to be explained: all of them, whatever the map shows."
    with row:
        choose_embedding(study, embedding.name, "background_embedding", help_, 200)
    permutations = row.number_input(
        "Shuffles",
        FEWEST,
        MOST,
        value=before.permutations if before else PERMUTATIONS,
        step=100,
        key=_key(study, "permutations"),
        help="How often each variable is shuffled to see what chance explains. The least p that can come out is 1 / "
        "(1 + shuffles).",
        width=150,
    )
    seed = row.number_input(
        "Seed",
        0,
        2**31 - 1,
        value=before.seed if before else 0,
        key=_key(study, "seed"),
        help="Of the shuffles and the intervals. The same seed gives the same numbers.",
        width=130,
    )
    wanted = before.variables if before and before.variables else background
    variables = st.multiselect(
        "Variables",
        offered,
        default=[name for name in wanted if name in offered],
        format_func=labels.__getitem__,
        key=chosen,
        help="All background variables at first. Tasks may be looked at as well.",
        placeholder="Choose one or more",
    )
    if not variables:
        st.info("Choose at least one variable.", icon=":material/checklist:")
        return None
    whole = set(variables) == set(background)
    named = None if whole else tuple(name for name in offered if name in variables)
    return Asked(embedding.name, named, int(permutations), int(seed))


def _key(study: Study, name: str) -> str:
    return f"background_{name}-{study.path}"
