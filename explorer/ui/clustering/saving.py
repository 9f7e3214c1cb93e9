"""The clusters as a file, and how it was made."""

import streamlit as st

from explorer.clustering.conditioned import Assignment
from explorer.clustering.table import export_clusters
from explorer.space.view_table import Export
from explorer.study.export import Format, manifest_text
from explorer.study.study import Study
from explorer.ui.clustering.judged import held_out


def save(study: Study, assignment: Assignment) -> None:
    """Buttons that save the clusters, as they are named, and the manifest; both made when clicked."""
    st.subheader("Save them")
    row = st.container(horizontal=True, vertical_alignment="bottom")
    format_: Format = (
        row.segmented_control(
            "Format",
            ["csv", "parquet"],
            default="csv",
            key="clusters_format",
            format_func={"csv": "CSV", "parquet": "Parquet"}.__getitem__,
            label_visibility="collapsed",
            width="content",
        )
        or "csv"
    )
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

    row.download_button(
        "Save the clusters",
        lambda: export().content,
        file,
        key="clusters_save",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    row.download_button(
        "How it was made",
        lambda: manifest_text(export().facts),
        f"{file}.manifest.json",
        "application/json",
        key="clusters_manifest",
        on_click="ignore",
        icon=":material/receipt_long:",
        help="Data hash, settings, decisions, versions, and the command that makes the same file again.",
    )
    st.caption(
        "One row for each observation: observation_id, animal_id, stratum, cluster (-1: noise), cluster_name, strength."
    )
