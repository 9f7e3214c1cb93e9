"""Clusters on the map: asked for, made in a worker, and from then on a variable like any other."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from explorer.clustering.clusters import METHODS, MOST, NOISE_NAME, Clusters, named, of_part, usual_size
from explorer.clustering.conditioned import clusters_path
from explorer.clustering.variables import cluster_at, names_in, with_clusters
from explorer.errors import UserError
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui import jobs
from explorer.ui.colouring import Colouring
from explorer.ui.plain import count, for_markdown
from explorer.ui.state import propose, view
from explorer.ui.studies import stamp

_MENU = "clusters_menu"
_USUAL_NUMBER = 8  # of clusters that k-means makes


def with_clusters_at_hand(study: Study, part: Embedding | None = None) -> Study:
    """``study`` with the clusters that the view needs, as far as they are made; a worker sets about the others.

    Without ``part`` it is about those of whole embeddings, with it about those of this part.
    """
    needed = names_in(view())
    for name in sorted(needed - set(study.variables)):
        wanted = named(name)
        if wanted is None or wanted.embedding not in study.embedding_names:
            continue
        here = None if part is None else (part.name, of_part(part))
        if (here is None and wanted.part is None) or (wanted.part and here == (wanted.embedding, wanted.part)):
            see_to(study, wanted, None if part is None else part.members)
    made = tuple(sorted(name for name in needed if (one := named(name)) and _is_made(study, one)))
    try:
        return _kept(str(study.path), stamp(str(study.path)), made, study) if made else study
    except UserError as error:  # an address from elsewhere names a decision that is not among those here
        st.warning(f"The clusters cannot be shown: {error}", icon=":material/error:")
        return study


def _is_made(study: Study, wanted: Clusters) -> bool:
    return wanted.embedding in study.embedding_names and clusters_path(study, wanted).exists()


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(path: str, stamped: tuple[object, ...], names: tuple[str, ...], _study: Study) -> Study:
    del path, stamped  # the vectors are among what is stamped
    return with_clusters(_study, names)


def _job(study: Study, wanted: Clusters) -> str:
    return f"clusters-{clusters_path(study, wanted)}"


def see_to(study: Study, wanted: Clusters, members: npt.NDArray[np.bool_] | None = None) -> None:
    """Set a worker about ``wanted`` unless they are made; shows how far it is, or why there are none.

    ``members`` are those of the part that they are made of.
    """
    if _is_made(study, wanted):
        return
    key = _job(study, wanted)
    if jobs.state(key) is None:
        jobs.start(key, cluster_at, study.path, wanted.made, members, lane="maps")
    if not jobs.watched(key, wanted.label) and (trouble := jobs.trouble(key)):
        jobs.try_again(key, f"{wanted.label}: {trouble}")


def awaited(study: Study) -> bool:
    """Whether the view filters by clusters that are still to be made: until then, nothing true can be shown."""
    return any(
        _is_awaited(study, one)
        for name in names_in(view().but(colour=None)) - set(study.variables)
        if (one := named(name)) is not None and one.embedding in study.embedding_names
    )


def _is_awaited(study: Study, wanted: Clusters) -> bool:
    if wanted.part is not None:  # of a part that is left, they come no more
        return jobs.busy(_job(study, wanted))
    return jobs.trouble(_job(study, wanted)) is None


def clusters_menu(embedding: Embedding) -> None:
    """A button that asks for clusters of the map's own vectors and colours by them."""
    n = int(embedding.complete.sum())
    now = named(view().colour or "")
    menu = st.popover(
        "Clusters",
        icon=":material/bubble_chart:",
        help="Groups in the latent space, as a colour",
        key=_MENU,
        on_change="rerun",  # so that it can be closed when it has done its work
    )
    with menu:
        method = st.segmented_control(
            "How",
            list(METHODS),
            default=now.method if now else "hdbscan",
            key="clusters_method",
            format_func=METHODS.__getitem__,
            help="HDBSCAN finds as many groups as there are dense places, and calls what lies between noise. k-means "
            "makes as many as you ask for and leaves nothing out.",
        )
        dense = method != "kmeans"
        key = f"clusters_size_{method}"
        st.number_input(
            "Observations in a cluster, at least" if dense else "How many clusters",
            2,
            max(2, min(n, MOST)),
            value=max(2, min(n, usual_size(n) if dense else _USUAL_NUMBER)),
            key=key,
        )

        def ask() -> None:
            # What the field holds now: the hand may be quicker than the page.
            wanted = Clusters(method or "hdbscan", int(st.session_state[key]), embedding.name, of_part(embedding))
            propose(view().but(colour=wanted.name))
            st.session_state[_MENU] = False

        st.button("Colour by clusters", on_click=ask, type="primary", icon=":material/bubble_chart:")
        st.caption(
            "Made in the latent space itself, never on the map, whose gaps mean little. Other sizes give other groups: "
            "try several before you believe one."
        )


def clusters_note(colours: Colouring | None) -> None:
    """How many clusters there are, and how much is noise."""
    made = None if colours is None else named(colours.name)
    if colours is None or made is None:
        return
    placed = int(colours.values.notna().sum())
    noise = int((colours.values == NOISE_NAME).sum())
    clusters = len(colours.values.cat.categories) - bool(noise)
    of = f"the latent space of {for_markdown(made.embedding)}"
    within = view().within
    if within is not None:
        of += f", of the part **{for_markdown(within.name or 'looked into')}** ({placed:,} observations) alone"
    parts = [f"**{count(clusters, 'cluster')}** by {METHODS[made.method]} in {of}"]
    if made.method == "hdbscan":
        parts.append(f"{noise:,} of {placed:,} observations ({noise / max(1, placed):.0%}) are noise, in no cluster")
    if not clusters:
        parts.append("the space is one cloud at this size; ask for smaller clusters, or for none")
    st.caption(":material/bubble_chart: " + " · ".join(parts))
