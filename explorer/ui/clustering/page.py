"""The Clusters page: make clusters, see who is in them and why, name and mend them, compare them, save them."""

import numpy as np
import streamlit as st

from explorer.clustering.clusters import NOISE_NAME, Clusters, as_values, named
from explorer.clustering.conditioned import Assignment, read_assignment
from explorer.clustering.decided import decided
from explorer.clustering.edited import Edited
from explorer.clustering.spaces import chosen_of
from explorer.decisions.cluster_edits import edited_clusterings, last_edit
from explorer.errors import UserError
from explorer.study.schema import Variable
from explorer.study.study import Study
from explorer.ui.clustering.comparing import compare
from explorer.ui.clustering.form import form, gap_said, ways_said
from explorer.ui.clustering.judged import judged
from explorer.ui.clustering.saving import save
from explorer.ui.clustering.table import clusters_table
from explorer.ui.clusters import see_to
from explorer.ui.colouring import Colouring
from explorer.ui.failures import in_the_app
from explorer.ui.legend import legend
from explorer.ui.maps import chosen_embedding, opened_embedding, projection_at_hand
from explorer.ui.navigation import go_to
from explorer.ui.overview import no_embedding, picture
from explorer.ui.palette import palette
from explorer.ui.plain import count, for_markdown
from explorer.ui.simulated import simulated_badge
from explorer.ui.state import propose, view
from explorer.ui.studies import stamp
from explorer.view import MapChoice

_SEEN = "clusterings_seen"


def show(study: Study) -> None:
    """Draw the page."""
    st.title("Clusters")
    simulated_badge(study)
    if chosen_embedding(study, view()) is None:
        no_embedding(study)
        return
    st.caption(
        "Groups of observations that lie together in the latent space, with or without what background variables "
        "do to it. Made in the space itself, never on a map."
    )
    now = _at_hand(study)
    with st.container(border=True):
        form(study, now, _ask)
    if now is None:
        if view().clusters:
            st.warning(f"There are no clusters called {for_markdown(view().clusters)!r}.", icon=":material/link_off:")
        st.info("Choose how, then *Make clusters*.", icon=":material/bubble_chart:")
        return
    _remember(study, now)
    made = assignment_at_hand(study, now)
    if made is None:
        return
    assignment, state = made
    _headline(assignment, state)
    _picture(study, assignment, state)
    clusters_table(study, assignment, state)
    judged(study, assignment, state)
    compare(study, assignment, state, _others(study, now))
    save(study, assignment)


def _at_hand(study: Study) -> Clusters | None:
    """The clusters that the address names, with what was decided about them until now."""
    found = _whole(study, view().clusters or "")
    if found is None:
        return None
    return found._replace(decided=last_edit(study, found.made.name))


def _whole(study: Study, name: str) -> Clusters | None:
    """The clusters called ``name`` of a whole embedding; those of a part belong to the map of that part."""
    found = named(name)
    return found if found and found.embedding in study.embedding_names and found.part is None else None


def _ask(wanted: Clusters) -> None:
    propose(view().but(embedding=wanted.embedding, clusters=wanted.made.name))


def _remember(study: Study, now: Clusters) -> None:
    seen = st.session_state.setdefault(f"{_SEEN}-{study.path}", [])
    if now.made.name not in seen:
        seen.append(now.made.name)


def _others(study: Study, now: Clusters) -> list[str]:
    """The names of other clusterings to compare with: seen in this session, edited, and the plain counterpart."""
    plain = now.made._replace(way="plain", by=(), weight=1.0, bins=()).name
    known = [plain, *st.session_state.get(f"{_SEEN}-{study.path}", []), *edited_clusterings(study)]
    known += [view().against or ""]
    return [name for name in dict.fromkeys(known) if name != now.made.name and _whole(study, name)]


def assignment_at_hand(study: Study, wanted: Clusters) -> tuple[Assignment, Edited] | None:
    """The clusters ``wanted`` as decided; None while a worker makes them, which is shown, or when they cannot be."""
    stamped = stamp(str(study.path))
    try:
        chosen_of(study, wanted)
    except UserError as error:
        st.warning(in_the_app(str(error)), icon=":material/error:")
        return None
    if read_assignment(study, wanted) is None:
        see_to(study, wanted)
        if read_assignment(study, wanted) is None:
            return None
    return _kept(str(study.path), stamped, wanted.name, study)


@st.cache_resource(max_entries=8, show_spinner=False)
def _kept(path: str, stamped: tuple[object, ...], name: str, _study: Study) -> tuple[Assignment, Edited]:
    del path, stamped
    wanted = named(name)
    assert wanted is not None
    found = read_assignment(_study, wanted)
    assert found is not None
    return decided(_study, found)


def _headline(assignment: Assignment, state: Edited) -> None:
    wanted = assignment.wanted
    rows, noise = len(assignment.rows), int((assignment.labels == -1).sum())
    clusters = len(state.present)
    by = "" if not wanted.by else f" ({', '.join(for_markdown(name) for name in wanted.by)})"
    st.subheader(count(clusters, "cluster"))
    said = f"{ways_said(wanted)}{by}, of **{for_markdown(wanted.embedding)}**: {rows:,} observations"
    if wanted.method == "hdbscan":
        said += f", {noise:,} ({noise / max(1, rows):.0%}) in no cluster (noise)"
    st.markdown(said + ".")
    if not clusters:
        st.info(
            "The space is one cloud at this size. Ask for smaller clusters, or use k-means to cut the cloud.",
            icon=":material/info:",
        )
    for sentence in (*gap_said(wanted), *assignment.remarks):
        st.caption(f":material/info: {for_markdown(sentence[0].upper() + sentence[1:])}.")
    if wanted.way == "strata":
        small = int((assignment.strata["trouble"] != "").sum())
        with st.expander(
            f"{count(len(assignment.strata), 'stratum', 'strata')} of the variables"
            + (f", {small} too small" if small else ""),
            expanded=bool(small),
            icon=":material/category:",
        ):
            st.dataframe(assignment.strata.rename(columns={"n": "observations", "trouble": "why not"}), hide_index=True)


def _picture(study: Study, assignment: Assignment, state: Edited) -> None:
    """The clusters on the map of principal components, with the way to the full map."""
    wanted = assignment.wanted
    stamped = stamp(str(study.path))
    embedding = opened_embedding(study, stamped, wanted.embedding)
    projection = projection_at_hand(study, embedding, MapChoice())
    assert projection is not None  # PCA is always at hand
    values = as_values(assignment.labels, state.called)
    variable = Variable(column=wanted.name, kind="nominal", source="derived", label=wanted.label)
    colours = Colouring(wanted.name, variable, values, NOISE_NAME)
    rows = np.flatnonzero(projection.placed & values.notna().to_numpy())
    st.image(picture(f"{study.path}/{wanted.name}", stamped, projection, colours, palette()), width="stretch")
    legend(colours, rows)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.caption(
        "On two principal components of many dimensions: clusters that overlap here may be apart in the space.",
        width="stretch",
    )
    if row.button("Colour the map by these", icon=":material/scatter_plot:", key="clusters_on_the_map"):
        propose(view().but(embedding=wanted.embedding, colour=wanted.name, within=None))
        go_to("map")
