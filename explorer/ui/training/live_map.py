"""The map of a run's validation animals, look by look."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explorer.errors import UserError
from explorer.learning.run_folders import RunFolder
from explorer.learning.validation_map import ValidationMap, read_map
from explorer.study.schema import Variable
from explorer.study.study import Study
from explorer.ui.charts import draw, dressed
from explorer.ui.colouring import MISSING, Colouring, groups, split_missing
from explorer.ui.describe import variable_labels
from explorer.ui.legend import legend
from explorer.ui.palette import Palette, palette
from explorer.ui.plain import count, for_plotly

_ANIMAL = "animal"
_HEIGHT = 460
_ROOM = 1.06
"""Of the farthest point at any look: the frame is the same at all of them, so that the map does not breathe."""


def live_map(study: Study, run: RunFolder) -> None:
    """The map at the look that is chosen, the last one as long as nobody chooses, coloured by animal or by a task."""
    try:
        found = read_map(run.folder)
    except UserError as error:
        st.warning(str(error), icon=":material/map:")
        return
    if found is None or not len(found.steps):
        return
    st.subheader("The validation animals as it learns")
    look, colours = _chosen(study, run, found)
    draw(
        _drawn(found, look, colours, palette()),
        f"Places of {len(found.rows):,} observations of validation animals at step {found.steps[look]:,}",
        f"training_map-{run.folder}",
    )
    legend(colours, np.arange(len(found.rows)))
    st.caption(_said(found, look))


def _chosen(study: Study, run: RunFolder, found: ValidationMap) -> tuple[int, Colouring]:
    steps = [int(step) for step in found.steps]
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    key, newest = f"training_step-{run.folder}", f"training_newest-{run.folder}"
    if st.session_state.get(key) not in steps or st.session_state[key] == st.session_state.get(newest):
        st.session_state[key] = steps[-1]
    st.session_state[newest] = steps[-1]
    with left:
        if len(steps) > 1:
            look = steps.index(st.select_slider("Look at step", steps, key=key, format_func="{:,}".format))
        else:
            look = 0
            st.caption(f"One look so far, at step {steps[0]:,}.")
    labels = {_ANIMAL: "animal"} | (variable_labels(study) if run.data == (study.data_hash,) else {})
    names = [_ANIMAL, *(name for name in study.tasks if name in labels)]
    with right:
        name = st.selectbox("Colour by", names, key=f"training_colour-{run.folder}", format_func=labels.__getitem__)
    return look, _colouring(study, found, name)


def _colouring(study: Study, found: ValidationMap, name: str) -> Colouring:
    if name == _ANIMAL:
        variable = Variable(column=_ANIMAL, kind="nominal", label="animal")
        return Colouring(_ANIMAL, variable, pd.Series(pd.Categorical(found.animals)))
    return Colouring(name, study.variable(name), study.values(name).iloc[found.rows].reset_index(drop=True))


def _drawn(found: ValidationMap, look: int, colours: Colouring, palette: Palette) -> go.Figure:
    places = found.places[look]
    known, unknown = split_missing(colours, np.arange(len(places)))
    fig = go.Figure()

    def add(rows: npt.NDArray[np.int64], marker: dict[str, object], said: pd.Series | str) -> None:
        told = [said] * len(rows) if isinstance(said, str) else said.iloc[rows].map("{:.4g}".format)
        fig.add_trace(
            go.Scatter(
                x=places[rows, 0],
                y=places[rows, 1],
                mode="markers",
                marker={"size": 7, "opacity": 0.8, "line": {"width": 0}, **marker},
                text=[
                    f"{for_plotly(animal)}<br>{for_plotly(what)}"
                    for animal, what in zip(found.animals[rows], told, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )

    if len(unknown):
        add(unknown, {"color": palette.missing, "symbol": "circle-open"}, MISSING)
    if colours.by_category:
        for group in groups(colours, known, palette):
            said = "" if colours.name == _ANIMAL else group.label
            add(group.rows, {"color": group.colour, "symbol": group.symbol}, said)
    elif len(known):
        low, high = colours.limits(known)
        values = colours.values.to_numpy(dtype=np.float64)[known]
        scale = {"colorscale": colours.ramp(palette, 32), "cmin": low, "cmax": high}
        add(known, {"color": values, **scale}, colours.values)
    reach = _ROOM * float(np.abs(found.places).max()) or 1.0
    axis = {
        "range": [-reach, reach],
        "showticklabels": False,
        "gridcolor": palette.grid,
        "zeroline": False,
        "dtick": 0.5,
    }
    fig.update_xaxes(**axis)
    fig.update_yaxes(**axis, scaleanchor="x")
    fig.update_layout(showlegend=False, dragmode="pan", uirevision="kept")
    return dressed(fig, palette, _HEIGHT)


def _said(found: ValidationMap, look: int) -> str:
    shown = count(len(found.rows), "observation")
    if len(found.rows) < found.observations:
        shown = f"a random {len(found.rows):,} of the {found.observations:,} observations"
    return (
        f"Each point is an observation: {shown} of {count(found.individuals, 'validation animal')}, from which "
        f"nothing is learnt. The two directions of most variance hold {found.shares[look]:.0%} of it at this look. "
        "Each look is turned onto the one before, never scaled, so what moves is the animals. Points far apart here "
        "are far apart in the latent space; near ones need not be near."
    )
