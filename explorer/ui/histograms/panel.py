"""The part of the Map page that shows how the variables are spread, and filters by a click on a bar."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from explorer.errors import UserError
from explorer.space.bins import Bins, bins_of
from explorer.space.histograms import count
from explorer.space.projections import Projection
from explorer.space.shown import Shown
from explorer.study.study import Study
from explorer.ui.colouring import Colouring
from explorer.ui.describe import variable_labels
from explorer.ui.histograms.acts import after
from explorer.ui.histograms.component import histograms
from explorer.ui.histograms.message import message
from explorer.ui.palette import palette
from explorer.ui.plain import for_markdown
from explorer.ui.state import propose, view

_AT_FIRST = 12
_CHOSEN, _WIDGET = "histograms_chosen", "histograms_variables"


def histograms_panel(
    study: Study, stamped: tuple[object, ...], projection: Projection, seen: Shown, colouring: Colouring | None
) -> None:
    """Histograms of the variables, in a drawer: closed, it costs nothing."""
    drawer = st.expander(
        "Histograms", expanded=True, key="histograms_open", icon=":material/bar_chart:", on_change="rerun"
    )
    if not drawer.open:
        return
    with drawer:
        names = _chosen(study, colouring)
        line = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        line.caption("Click a bar, or drag over several, to show only these. A variable's name colours the map by it.")
        with line:
            _chooser(study, names)
        bins = _bins(study, names, stamped)
        said = message(study, view(), bins, count(study, view(), bins, seen), projection, colouring, palette())

        def heard(act: Mapping[str, Any]) -> None:
            propose(after(view(), act, study=study, bins=bins))

        histograms(said, heard=heard)


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(path: str, stamped: tuple[object, ...]) -> dict[str, Bins]:
    del path, stamped
    return {}


def _bins(study: Study, names: list[str], stamped: tuple[object, ...]) -> list[Bins]:
    """Their bars, made once for a study; a variable that cannot be read is told instead."""
    kept = _kept(str(study.path), stamped)
    for name in names:
        if name not in kept:
            try:
                kept[name] = bins_of(study, name)
            except UserError as error:
                st.caption(f":material/warning: {for_markdown(error)}")
    return [kept[name] for name in names if name in kept]


def _chosen(study: Study, colouring: Colouring | None) -> list[str]:
    """The variables that were chosen; else the first ones, tasks before background, whatever is at work among them."""
    chosen = [name for name in st.session_state.get(_CHOSEN, ()) if name in study.variables]
    if chosen:
        return chosen
    every = [*study.tasks, *(name for name in study.variables if name not in study.tasks)]
    at_work = {one.variable for one in view().filters} | ({colouring.name} if colouring else set())
    first = sorted(every, key=lambda name: name not in at_work)[:_AT_FIRST]
    return [name for name in every if name in first]


def _chooser(study: Study, names: list[str]) -> None:
    with st.popover("Variables", icon=":material/checklist:"):
        st.session_state[_WIDGET] = names
        st.multiselect(
            "Histograms of",
            list(study.variables),
            key=_WIDGET,
            format_func=variable_labels(study).__getitem__,
            on_change=_choose,
        )


def _choose() -> None:
    st.session_state[_CHOSEN] = list(st.session_state[_WIDGET])
