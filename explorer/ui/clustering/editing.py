"""Name, merge and split clusters; each a decision that is kept and can be undone."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from explorer.clustering.clusters import Clusters, named
from explorer.clustering.conditioned import Assignment, made_of
from explorer.clustering.edited import Edited
from explorer.decisions.cluster_edits import (
    MOST_PARTS,
    last_edit,
    merge_clusters,
    name_cluster,
    split_cluster,
)
from explorer.decisions.undoing import next_redo, next_undo, redo, undo
from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.plain import for_markdown
from explorer.ui.state import propose, view

_DEEDS = {"name": "Name it", "merge": "Merge it", "split": "Split it"}


def editing(study: Study, assignment: Assignment, state: Edited, label: int) -> None:
    """What can be done with the cluster ``label``, and what was done last."""
    wanted, number = assignment.wanted.made, label + 1
    name = wanted.name
    top = st.container(horizontal=True, vertical_alignment="center", gap="small")
    deed = top.segmented_control(
        "Change it",
        list(_DEEDS),
        key="clusters_deed",
        format_func=_DEEDS.__getitem__,
        label_visibility="collapsed",
    )
    for step, entry, icon in (
        (undo, next_undo(study, name), ":material/undo:"),
        (redo, next_redo(study, name), ":material/redo:"),
    ):
        top.button(
            step.__name__.capitalize(),
            key=f"clusters_{step.__name__}",
            icon=icon,
            disabled=entry is None,
            help=None if entry is None else for_markdown(entry.sentence),
            on_click=_do,
            args=(study, wanted, partial(step, study, subject=name)),
        )
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with row:
        if deed == "name":
            _name(study, wanted, number, state.names.get(label, ""))
        elif deed == "merge":
            _merge(study, wanted, number, {other: said for other, said in state.called.items() if other != label})
        elif deed == "split":
            _split(study, wanted, number, int((assignment.labels == label).sum()), merged=label in state.merged)


def _name(study: Study, wanted: Clusters, number: int, now: str) -> None:
    key = f"clusters_name-{wanted.name}-{number}"
    st.text_input("Its name", value=now, key=key, max_chars=80, placeholder="thin in winter", width=280)
    of = made_of(study, wanted)
    _button(
        "Keep this name", study, wanted, lambda: name_cluster(study, wanted.name, number, st.session_state[key], of=of)
    )


def _merge(study: Study, wanted: Clusters, number: int, others: dict[int, str]) -> None:
    if not others:
        st.caption("There is no other cluster.")
        return
    key = f"clusters_merge-{wanted.name}-{number}"
    st.multiselect("Merge it with", list(others), format_func=others.__getitem__, key=key, width=360)
    of = made_of(study, wanted)

    def deed() -> object:
        return merge_clusters(study, wanted.name, (number, *(other + 1 for other in st.session_state[key])), of=of)

    _button("Merge", study, wanted, deed)


def _split(study: Study, wanted: Clusters, number: int, size: int, *, merged: bool) -> None:
    if size < 2:
        st.caption("It is one observation.")
        return
    key = f"clusters_split-{wanted.name}-{number}"
    st.number_input("Into parts, by k-means", 2, min(MOST_PARTS, size), key=key, width=200)
    of = made_of(study, wanted)
    _button("Split", study, wanted, lambda: split_cluster(study, wanted.name, number, st.session_state[key], of=of))
    if merged:
        _button("Take the last merge apart", study, wanted, lambda: split_cluster(study, wanted.name, number, of=of))


def _button(label: str, study: Study, wanted: Clusters, deed: Callable[[], object]) -> None:
    st.button(label, key=f"clusters_do-{label}", type="primary", on_click=lambda: _do(study, wanted, deed))


def _do(study: Study, wanted: Clusters, deed: Callable[[], object]) -> None:
    try:
        deed()
    except UserError as error:
        st.toast(str(error), icon=":material/error:")
        return
    coloured = named(view().colour or "")
    if coloured is not None and coloured.made == wanted:  # the map follows
        propose(view().but(colour=wanted._replace(decided=last_edit(study, wanted.name)).name))
