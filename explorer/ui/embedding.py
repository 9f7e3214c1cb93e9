"""Embedding the study at hand with an encoder: which there are, and the one job that does it, for every page."""

from pathlib import Path

import streamlit as st

from explorer.learning.onnx_options import OnnxOptions
from explorer.learning.run_folders import runs_in
from explorer.learning.tasks import embed_at, embed_onnx_at
from explorer.places import made_of, shipped_encoders
from explorer.study.embeddings import valid_name
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.failures import in_the_app
from explorer.ui.navigation import page


def encoders_of(study: Study) -> dict[str, Path]:
    """Folders of the encoders that can embed ``study``, by what they are called: those shipped, those trained on it."""
    shipped = shipped_encoders() if study.has_pictures else {}
    runs, _ = runs_in(made_of(study.path, "encoders"))
    trained = {run.folder.name: run.folder for run in runs if run.finished}
    return shipped | {f"{name} (trained here)" if name in shipped else name: at for name, at in trained.items()}


def start(study: Study, folder: Path, name: str, onnx: OnnxOptions | None = None) -> None:
    """Begin to write the embedding ``name`` by the encoder in ``folder``. Raises UserError for a name that is none.

    onnx: ``folder`` is an ONNX file, to be used so.
    """
    valid_name(name)
    if onnx is None:
        jobs.start_anew(_key(study), embed_at, study.path, folder, name, lane="encoders")
    else:
        jobs.start_anew(_key(study), embed_onnx_at, study.path, folder, name, onnx, lane="encoders")


def watched(study: Study) -> bool:
    """Show how the embedding of ``study`` that was last asked for stands; whether it is still being made."""
    if jobs.watched(_key(study), "Embedding"):
        return True
    stands = jobs.state(_key(study))
    if stands == "done":
        st.success("The embedding is ready.", icon=":material/check:")
        st.page_link(page("map"), label="See it on the map", icon=":material/scatter_plot:")
    elif stands is not None:
        st.error(in_the_app(str(jobs.trouble(_key(study)))), icon=":material/error:")
    return False


def _key(study: Study) -> str:
    return f"embed-{study.path}"
