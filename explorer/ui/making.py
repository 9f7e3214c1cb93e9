"""Seeing to it that a map is made, in a worker where it takes long, and showing what there is meanwhile."""

from collections.abc import Callable

import streamlit as st

from explorer.space.projections import NAMES, Projection, cache_path, grown, project_at, settled
from explorer.space.warm import map_job
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.maps import projection_at_hand
from explorer.view import MapChoice


def map_of(
    study: Study, embedding: Embedding, wanted: MapChoice, keep: Callable[[MapChoice], object], *, watchable: bool
) -> tuple[Projection, Projection | None]:
    """The map that is ``wanted``; while a worker makes it, the PCA map, and the map as far as it has come, if any.

    ``keep(choice)`` makes another choice the wanted one; ``watchable`` says whether an unfinished map can be shown.
    """
    found = projection_at_hand(study, embedding, wanted)
    return (found, None) if found is not None else _made(study, embedding, settled(wanted), keep, watchable)


def _made(
    study: Study, embedding: Embedding, choice: MapChoice, keep: Callable[[MapChoice], object], watchable: bool
) -> tuple[Projection, Projection | None]:
    key = f"project-{cache_path(study, embedding, choice)}"
    title = f"{NAMES[choice.method]} of {int(embedding.complete.sum()):,} vectors"
    if jobs.state(key) is None:
        about = embedding.members
        jobs.start(key, project_at, study.path, embedding.name, choice, about, lane="maps", through=map_job)
    stands, job = jobs.state(key), jobs.job(key)
    if stands == "done":
        jobs.forget(key)
        made = projection_at_hand(study, embedding, choice)
        if made is not None:
            return made, None
    if not choice.keep_places and (old := _older(study, embedding, choice)):
        st.info(
            f"There is a map like this from before the study grew ({old:,} observations are in both).",
            icon=":material/history:",
        )
        st.button(
            "Keep its places and add the new observations",
            key=f"keep-{key}",
            on_click=lambda: _keep_places(key, choice, keep),
            icon=":material/add_location:",
        )
    instead = projection_at_hand(study, embedding, MapChoice(dims=choice.dims))
    assert instead is not None  # PCA is always at hand
    if stands in ("waiting", "running"):
        watching = watchable and choice.dims == 2 and st.toggle("Watch it form", value=True, key=f"watch-{key}")
        snapshot = job.snapshot if job is not None and watching else None
        jobs.watch(key, title, snapshot=snapshot if watching else jobs.NO_SNAPSHOTS)
        if snapshot is not None:
            st.caption("The map as far as it has come: select when it is done. You may leave the page: it goes on.")
            return instead, Projection(choice, snapshot, (), ())
        st.caption("Meanwhile, below, the PCA map. You may leave the page: the work goes on and is kept.")
    else:
        st.warning(f"{jobs.trouble(key)} Below is the PCA map.", icon=":material/error:")
        st.button("Compute it", key=f"compute-{key}", on_click=lambda: jobs.forget(key), icon=":material/refresh:")
    return instead, None


@st.cache_data(max_entries=32, show_spinner=False)
def _older_of(path: str, _study: Study, _embedding: Embedding, choice: MapChoice) -> int | None:
    del path
    return grown(_study, _embedding, choice)


def _older(study: Study, embedding: Embedding, choice: MapChoice) -> int | None:
    return _older_of(str(cache_path(study, embedding, choice)), study, embedding, choice)


def _keep_places(key: str, choice: MapChoice, keep: Callable[[MapChoice], object]) -> None:
    jobs.cancel(key)
    jobs.forget(key)
    keep(choice.model_copy(update={"keep_places": True}))
