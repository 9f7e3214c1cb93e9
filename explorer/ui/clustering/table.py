"""The clusters one by one: how large, of how many animals, what sets each apart, who is typical of it, who odd."""

import numpy as np
import pandas as pd
import streamlit as st

from explorer.clustering.clusters import NOISE_NAME
from explorer.clustering.conditioned import Assignment
from explorer.clustering.edited import Edited
from explorer.clustering.explained import explained
from explorer.clustering.labels import NOISE
from explorer.clustering.profiles import Profile, profiles
from explorer.study.study import Study
from explorer.ui.clustering.editing import editing
from explorer.ui.gallery import gallery
from explorer.ui.plain import count, for_markdown
from explorer.ui.plotly_map import names
from explorer.ui.studies import stamp

_AT_MOST = 8  # sentences of one cluster


@st.cache_data(max_entries=16, show_spinner="Looking into the clusters")
def _profiles(
    path: str, stamped: tuple[object, ...], name: str, _study: Study, _assignment: Assignment
) -> list[Profile]:
    del path, stamped, name
    return profiles(_study, _assignment)


def clusters_table(study: Study, assignment: Assignment, state: Edited) -> None:
    """A row for each cluster, and one of them in full."""
    if not state.present:
        return
    stamped = stamp(str(study.path))
    found = _profiles(str(study.path), stamped, assignment.wanted.name, study, assignment)
    called = {**state.called, NOISE: NOISE_NAME}
    frame = pd.DataFrame(
        {
            "cluster": [called[one.cluster] for one in found],
            "observations": [one.size for one in found],
            "animals": [one.animals for one in found],
            **({"stratum": [one.stratum for one in found]} if assignment.wanted.way == "strata" else {}),
            "strength": [one.strength for one in found],
            "what sets it apart most": [next(iter(explained(one, 1)), "") for one in found],
        }
    )
    key = f"clusters_one-{assignment.wanted.made.name}"
    labels = [one.cluster for one in found]

    def picked() -> None:
        rows = st.session_state["clusters_table"]["selection"]["rows"]
        if rows and rows[0] < len(labels):
            st.session_state[key] = labels[rows[0]]

    st.subheader("Who is in them")
    st.dataframe(
        frame,
        hide_index=True,
        key="clusters_table",
        on_select=picked,
        selection_mode="single-row",
        column_config={
            "strength": st.column_config.ProgressColumn(
                "strength",
                format="%.2f",
                min_value=0,
                max_value=1,
                width="small",
                help="Mean over its observations. HDBSCAN: how deep they lie in the cluster. k-means: 1 less the ratio "
                "of the distances to the own and the next centre.",
            ),
            "what sets it apart most": st.column_config.TextColumn(width="large"),
        },
    )
    if st.session_state.get(key) not in labels:
        st.session_state[key] = labels[0]
    with st.container(border=True):
        chosen = st.selectbox("Cluster to look at", labels, format_func=called.__getitem__, key=key, width=260)
        _one(study, stamped, next(one for one in found if one.cluster == chosen), called[chosen])
        if chosen >= 0:
            editing(study, assignment, state, chosen)


def _one(study: Study, stamped: tuple[object, ...], one: Profile, name: str) -> None:
    whose = "" if one.animals is None else f" of {count(one.animals, 'animal')}"
    st.markdown(f"**{for_markdown(name)}**: {count(one.size, 'observation')}{whose}.")
    said = explained(one, _AT_MOST)
    if said:
        st.markdown("\n".join(f"- {for_markdown(sentence)}" for sentence in said))
    else:
        st.caption("No variable differs inside and outside by more than its interval over animals.")
    shown = (("Typical: nearest to its middle", one.typical), ("Odd: furthest from it", one.odd))
    for title, rows in shown:
        if not len(rows):
            continue
        st.caption(f"{title}, each of another animal" if study.animal is not None else title)
        if study.has_pictures:
            gallery(study, stamped, np.array(rows), list(names(study, np.array(rows))))
        else:
            st.markdown(", ".join(for_markdown(name) for name in names(study, np.array(rows))))
