"""The clusters as a file, and how it was made."""

import streamlit as st

from explorer.clustering.conditioned import Assignment
from explorer.clustering.table import export_clusters
from explorer.space.view_table import Export
from explorer.study.study import Study
from explorer.ui.clustering.judged import held_out
from explorer.ui.saving import format_chosen, save_buttons


def save(study: Study, assignment: Assignment) -> None:
    """Buttons that save the clusters, as they are named, and the manifest; both made when clicked."""
    st.subheader("Save them")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        format_ = format_chosen("clusters_format")
    file = f"{study.path.name}-clusters.{format_}"

    def export() -> Export:
        known = None if study.animal is None else held_out(study, assignment.wanted.embedding)
        return export_clusters(
            study,
            assignment.wanted,
            file=file,
            format=format_,
            held_out=None if known is None else known.held_out,
            said=() if known is None else (known.sentence.removesuffix("."),),
        )

    with row:
        save_buttons("Save the clusters", export, file, key="clusters", told="settings, decisions")
    st.caption(
        "One row for each observation: observation_id, animal_id, stratum, cluster (-1: noise), cluster_name, strength."
    )
