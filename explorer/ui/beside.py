"""A second map next to the first: chosen, laid onto it, and compared with it."""

import streamlit as st

from explorer.space.compare import Comparison, compare_maps
from explorer.space.procrustes import Alignment, align
from explorer.space.projections import NAMES, Projection, cache_path
from explorer.space.quality_cache import animal_codes
from explorer.space.quality_said import said_of_comparison
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.plain import for_markdown
from explorer.ui.state import propose, view
from explorer.view import Beside, MapChoice

_MOST_COMPARED = 100_000


def beside_button(study: Study) -> None:
    """Opens a second map, or closes it."""
    if view().beside is not None:
        st.button(
            "One map",
            on_click=lambda: propose(view().but(beside=None)),
            icon=":material/close_fullscreen:",
            key="one_map",
            type="tertiary",
        )
    elif view().map.dims == 2:
        st.button(
            "Two maps",
            on_click=lambda: propose(view().but(beside=_second(study))),
            icon=":material/splitscreen_right:",
            key="two_maps",
            type="tertiary",
            help="Another embedding or another method next to this one, with the same selection.",
        )


def _second(study: Study) -> Beside:
    """The other embedding, if there is one; else another method."""
    here = view()
    others = [name for name in study.embedding_names if name != here.embedding]
    if others:
        return Beside(embedding=others[0], map=here.map)
    return Beside(embedding=str(here.embedding), map=MapChoice(method="tsne" if here.map.method == "pca" else "pca"))


def beside_controls(study: Study, beside: Beside) -> None:
    """What the second map is made of, and how."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    st.session_state["beside_embedding"] = beside.embedding
    row.selectbox(
        "Second map",
        study.embedding_names,
        key="beside_embedding",
        on_change=lambda: _change(beside, embedding=st.session_state["beside_embedding"]),
        width=170,
    )
    st.session_state["beside_method"] = beside.map.method
    row.segmented_control(
        "Its method",
        list(NAMES),
        key="beside_method",
        format_func=NAMES.__getitem__,
        on_change=lambda: _change(beside, method=st.session_state["beside_method"]),
        width="content",
    )
    if beside.map.method != "pca":
        st.session_state["beside_scale"] = beside.map.scale
        row.select_slider(
            "What it keeps",
            ("local", "balanced", "global"),
            key="beside_scale",
            on_change=lambda: _change(beside, scale=st.session_state["beside_scale"]),
            width=170,
        )


def _change(beside: Beside, embedding: str | None = None, **changes: object) -> None:
    kept = {name: value for name, value in changes.items() if value is not None}
    choice = MapChoice.model_validate({**beside.map.model_dump(), **kept})
    propose(view().but(beside=Beside(embedding=embedding or beside.embedding, map=choice)))


def laid_onto(first: Projection, second: Projection) -> Alignment | None:
    """How the second map lies onto the first; None where the two cannot be laid onto each other."""
    try:
        return align(first.coordinates, second.coordinates)
    except ValueError:
        return None


@st.cache_data(max_entries=16, show_spinner="Comparing the two maps")
def _compared(paths: tuple[str, str], _study: Study, _first: Projection, _second: Projection) -> Comparison:
    del paths
    return compare_maps(_first, _second, groups=animal_codes(_study))


def compared(
    study: Study, first: tuple[Embedding, Projection], second: tuple[Embedding, Projection], alignment: Alignment | None
) -> None:
    """How much the two have in common, in sentences."""
    names = [f"the {NAMES[one.choice.method]} map of {of.name}" for of, one in (first, second)]
    if alignment is not None:
        st.caption(
            f":material/rotate_left: The second map is turned, mirrored and scaled to lie onto the first; what of the "
            f"first it then does not explain: {alignment.disparity:.0%}."
        )
    if max(len(one.coordinates) for _, one in (first, second)) > _MOST_COMPARED:
        st.caption(
            f"Neighbours are compared for up to {_MOST_COMPARED:,} observations; the command compare has no limit."
        )
        return
    paths = tuple(str(cache_path(study, of, one.choice)) for of, one in (first, second))
    found = _compared((paths[0], paths[1]), study, first[1], second[1])
    for sentence in said_of_comparison(found, *names):
        st.caption(for_markdown(sentence))
