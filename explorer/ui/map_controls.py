"""The controls above the map: which map, what it is coloured by, whose path is drawn, what the card says."""

import difflib

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.space.projections import NAMES
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.ui.describe import variable_labels
from explorer.ui.filters import filter_controls
from explorer.ui.state import propose, step_back, step_forward, steps, view
from explorer.view import NO_COLOUR, MapChoice

_SCALES = ("local", "balanced", "global")
_MOST_ON_CARD = 12
_MOST_TASKS = 4
_MOST_LISTED = 1_000
_MOST_SEARCHED = 50_000


def choose_embedding(study: Study, name: str | None, key: str, help: str, width: int) -> None:
    """A choice of the embedding that is looked at; ``name`` is that at present."""
    st.session_state[key] = name
    st.selectbox(
        "Embedding",
        study.embedding_names,
        key=key,
        on_change=lambda: propose(view().but(embedding=st.session_state[key])),
        help=help,
        width=width,
    )


def map_controls(study: Study) -> None:
    """Embedding, method, dimensions, and how the method looks at the data."""
    chosen = view().map
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        choose_embedding(study, view().embedding, "map_embedding", "The vectors that the map is made of.", 170)
    st.session_state["map_method"] = chosen.method
    row.segmented_control(
        "Method",
        list(NAMES),
        key="map_method",
        format_func=NAMES.__getitem__,
        on_change=lambda: _choose(method=st.session_state["map_method"]),
        help="PCA: a straight look along the directions of most variance, at once, distances kept as far as a plane "
        "can. t-SNE and UMAP: keep neighbours together, bend the rest; they take a while.",
        width="content",
    )
    st.session_state["map_dims"] = chosen.dims
    row.segmented_control(
        "Dimensions",
        [2, 3],
        key="map_dims",
        format_func=lambda dims: f"{dims}-D",
        on_change=lambda: _choose(dims=st.session_state["map_dims"]),
        width="content",
    )
    if chosen.method == "pca":
        if chosen.keep_places:
            with row:
                _details(chosen)
        return
    st.session_state["map_scale"] = chosen.scale
    row.select_slider(
        "What to keep",
        _SCALES,
        key="map_scale",
        on_change=lambda: _choose(scale=st.session_state["map_scale"]),
        help="Local: small groups of close neighbours come apart. Global: the large shape is kept at the cost of "
        "detail.",
        width=170,
        disabled=chosen.neighbours is not None,
    )
    with row:
        _details(chosen)


def _details(chosen: MapChoice) -> None:
    """The numbers behind the slider, for those who know them."""
    changed = chosen != MapChoice(method=chosen.method, dims=chosen.dims, scale=chosen.scale)
    with st.popover("Details (changed)" if changed else "Details", icon=":material/tune:"):
        if chosen.method != "pca":
            _layout_details(chosen)
        st.session_state["map_keep"] = chosen.keep_places
        st.toggle(
            "Keep the places of the map before",
            key="map_keep",
            on_change=lambda: _choose(keep_places=st.session_state["map_keep"]),
            help="After observations have been added: the old ones stay where they were on the map made before, and "
            "the new ones are placed among them. Without an older map, a new one is made.",
        )
        if changed:
            st.button(
                "Back to the usual",
                icon=":material/undo:",
                on_click=lambda: propose(
                    view().but(map=MapChoice(method=chosen.method, dims=chosen.dims, scale=chosen.scale))
                ),
            )


def _layout_details(chosen: MapChoice) -> None:
    """What t-SNE and UMAP know beside the slider."""
    is_umap = chosen.method == "umap"
    st.session_state["map_neighbours"] = chosen.neighbours
    st.number_input(
        "Neighbours (n_neighbors)" if is_umap else "Perplexity",
        2,
        200,
        value=None,
        key="map_neighbours",
        placeholder="as the slider says",
        on_change=lambda: _choose_or_none("neighbours", "map_neighbours"),
        help="How many neighbours each point is kept close to. Few: detail; many: the large shape. Empty: the "
        "slider decides.",
    )
    if is_umap:
        st.session_state["map_min_dist"] = chosen.min_dist
        st.slider(
            "Packing (min_dist)",
            0.0,
            1.0,
            step=0.05,
            key="map_min_dist",
            on_change=lambda: _choose(min_dist=st.session_state["map_min_dist"]),
            help="How close points may come. 0: tight clumps; 1: evenly spread.",
        )
        st.session_state["map_fast"] = chosen.fast
        st.segmented_control(
            "Speed",
            [False, True],
            key="map_fast",
            format_func=lambda fast: "Fast: all cores" if fast else "The same map every time",
            on_change=lambda: _choose(fast=st.session_state["map_fast"]),
            help="Fast: several cores at once, so that a second computation differs a little. An export of such a "
            "map says that it cannot be made again to the letter. (t-SNE is both: the same map, on all cores.)",
        )
    st.session_state["map_seed"] = chosen.seed
    st.number_input(
        "Seed",
        0,
        2**31 - 1,
        key="map_seed",
        on_change=lambda: _choose(seed=st.session_state["map_seed"]),
        help="Another number starts from another point: what then looks different was chance.",
    )


def _choose_or_none(name: str, key: str) -> None:
    propose(view().but(map=MapChoice.model_validate({**view().map.model_dump(), name: st.session_state[key]})))


def _choose(**changes: object) -> None:
    # A segmented control can be clicked off; that leaves the choice as it was.
    kept = {name: value for name, value in changes.items() if value is not None}
    propose(view().but(map=MapChoice.model_validate({**view().map.model_dump(), **kept})))


def look_controls(study: Study, colours: Colouring | None) -> DeltaGenerator:
    """Colour, animal, filters and the card; returns their row, for what else belongs there."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    said = variable_labels(study)
    st.session_state["map_colour"] = colours.name if colours else NO_COLOUR
    options = [NO_COLOUR, *study.variables]
    if colours is not None and colours.name not in options:  # a measure of the map itself
        options.append(colours.name)
        said = {**said, colours.name: colours.title}
    row.selectbox(
        "Colour by",
        options,
        key="map_colour",
        format_func=lambda name: "nothing" if name == NO_COLOUR else said[name],
        on_change=lambda: propose(view().but(colour=st.session_state["map_colour"])),
        width=170,
    )
    if study.animal is not None:
        with row:
            _animal(study.animal.cat.categories)
    with row:
        filter_controls(study)
        with st.popover("Card", icon=":material/badge:", help="What is said of the point under the pointer"):
            st.session_state["map_card"] = list(card_fields(study, colours))
            st.multiselect(
                "On the card of a point",
                list(study.variables),
                key="map_card",
                format_func=said.__getitem__,
                max_selections=_MOST_ON_CARD,
                on_change=lambda: propose(view().but(card=tuple(st.session_state["map_card"]))),
            )
    return row


def step_buttons(row: DeltaGenerator) -> None:
    """Undo and redo of what was done to the view."""
    before, after = steps()
    row.button(
        "Undo",
        key="view_undo",
        on_click=step_back,
        disabled=not before,
        icon=":material/undo:",
        shortcut="Mod+Z",
        type="tertiary",
        help=f"Undo the last step of {before:,}" if before else "Nothing to undo",
    )
    row.button(
        "Redo",
        key="view_redo",
        on_click=step_forward,
        disabled=not after,
        icon=":material/redo:",
        shortcut="Mod+Shift+Z",
        type="tertiary",
        help=f"Do the step again that was undone last, of {after:,}" if after else "Nothing to redo",
    )


def _animal(animals: pd.Index) -> None:
    """Whose way is drawn. Of very many animals the name is typed: a list of them would hold up the browser."""
    said = "Follow an animal"
    help_ = "Draws its way over the map, date by date; the arrow keys step through the dates."
    known = view().animal in animals

    def chosen() -> None:
        name = (st.session_state["map_animal"] or "").strip()
        if name and name not in animals:
            close = difflib.get_close_matches(name, animals[:_MOST_SEARCHED], n=3)
            st.toast(f"There is no animal {name!r}." + (f" Is it {' or '.join(close)}?" if close else ""))
            return
        propose(view().but(animal=name or None))

    if len(animals) > _MOST_LISTED:
        st.session_state["map_animal"] = view().animal if known else ""
        st.text_input(
            said, key="map_animal", placeholder="type its whole name", on_change=chosen, help=help_, width=190
        )
        return
    st.session_state["map_animal"] = view().animal if known else None
    names = [str(label) for label in animals]
    st.selectbox(
        said, names, index=None, key="map_animal", placeholder="type its name", on_change=chosen, help=help_, width=190
    )


def card_fields(study: Study, colours: Colouring | None) -> tuple[str, ...]:
    """The variables on the card: the chosen ones, else the one that colours the map and the first tasks."""
    if view().card:
        return tuple(name for name in view().card if name in study.variables)
    first = [colours.name] if colours and colours.name in study.variables else []
    return tuple(dict.fromkeys([*first, *list(study.tasks)[:_MOST_TASKS]]))
