"""Two clusterings compared: how far they agree, and who moved."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.clustering.clusters import named
from explorer.clustering.comparing import Contingency, contingency
from explorer.clustering.conditioned import Assignment, read_assignment
from explorer.clustering.decided import decided
from explorer.clustering.edited import Edited
from explorer.decisions.cluster_edits import last_edit
from explorer.errors import UserError
from explorer.study.export import csv_bytes
from explorer.study.study import Study
from explorer.ui.charts import draw
from explorer.ui.clustering.charts import heat_map, river
from explorer.ui.clustering.figures import figure, measured
from explorer.ui.clusters import see_to
from explorer.ui.failures import in_the_app
from explorer.ui.palette import palette
from explorer.ui.plain import count
from explorer.ui.state import propose, view

_HEAT, _RIVER = "Heat map", "River"
_NONE = "nothing"


def compare(study: Study, assignment: Assignment, state: Edited, others: list[str]) -> None:
    """A choice of another clustering, and both side by side."""
    st.subheader("Compared with other clusters")
    chosen = _choice(others)
    if chosen is None:
        if not others:
            st.caption("Make others above; they can be compared here.")
        return
    wanted = named(chosen)
    assert wanted is not None
    other = wanted._replace(decided=last_edit(study, wanted.name))
    see_to(study, other)
    found = read_assignment(study, other)
    if found is None:
        return
    theirs, their_state = decided(study, found)
    try:
        table = contingency(study, assignment, theirs)
    except UserError as error:
        st.info(in_the_app(str(error)), icon=":material/info:")
        return
    _agreement(table, "observation" if study.animal is None else "animal")
    first = [state.called_by_number(name) for name in table.first]
    second = [their_state.called_by_number(name) for name in table.second]
    how = st.segmented_control(
        "Show as",
        [_HEAT, _RIVER],
        default=_HEAT,
        required=True,
        key="clusters_compared_as",
        label_visibility="collapsed",
    )
    titles = ("these", "the others")
    if how == _HEAT:
        fig = heat_map(first, second, table.counts, titles, palette())
    else:
        stays = table.went[:, None] == np.arange(len(second))
        fig = river(first, second, table.counts, stays, palette())
    said = f"{int(table.moved.sum()):,} of {table.observations:,} observations moved"
    draw(fig, f"Both clusterings: {said}", f"clusters_{how}")
    st.caption(
        "Rows: these clusters. Columns: the others. Brighter cells hold more of their row."
        if how == _HEAT
        else "Left: these clusters. Right: the others. Strong streams moved, pale ones stayed."
    )
    _moved(study, assignment, theirs, state, their_state, table)


def _choice(others: list[str]) -> str | None:
    """The clustering to compare with, as the address says; None for none."""
    key = "clusters_against"
    now = view().against if view().against in others else _NONE
    st.session_state[key] = now

    def changed() -> None:
        chosen = st.session_state[key]
        propose(view().but(against=None if chosen == _NONE else chosen))

    def said(name: str) -> str:
        wanted = named(name)
        return "choose others" if wanted is None else wanted.label.removeprefix("Cluster ").strip("()")

    if others:
        st.selectbox("Other clusters", [_NONE, *others], key=key, format_func=said, on_change=changed, width=420)
    return None if now == _NONE else now


def _agreement(table: Contingency, unit: str) -> None:
    moved = int(table.moved.sum())
    with st.container(horizontal=True, gap="large"):
        for label, one in (("Adjusted Rand index", table.ari), ("Adjusted mutual information", table.ami)):
            measured(label, one)
        figure("Moved", f"{moved:,}", f"of {count(table.observations, 'observation')}")
    st.caption(
        "1: the same clusters; 0: no more alike than by chance. Moved: not where most of its cluster went, into "
        "noise or out of it. "
        f"Intervals over {count(table.animals, unit)}."
    )


def _moved(study: Study, one: Assignment, other: Assignment, mine: Edited, theirs: Edited, table: Contingency) -> None:
    rows = np.flatnonzero(table.moved)
    if not len(rows):
        return
    columns: dict[str, object] = {"observation_id": study.ids.take(rows).to_pandas()}
    if study.animal is not None:
        columns["animal_id"] = study.animal.iloc[rows].reset_index(drop=True)
    for title, assignment, state in (("cluster", one, mine), ("other_cluster", other, theirs)):
        columns[title] = [state.called.get(label, "noise") for label in assignment.labels[rows].tolist()]
    frame = pd.DataFrame(columns)
    st.download_button(
        "Who moved (CSV)",
        lambda: csv_bytes(frame),
        f"{study.path.name}-moved.csv",
        "text/csv",
        key="clusters_moved",
        on_click="ignore",
        icon=":material/download:",
    )
