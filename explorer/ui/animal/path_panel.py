"""The way of one animal through the latent space: on the map, how far it went, whom it is like."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explorer.change.clock import Clock, clock_of
from explorer.change.gaps import runs_of
from explorer.change.latent import LatentPath, path_of
from explorer.space.path import AnimalPath, animal_path
from explorer.space.projections import NAMES
from explorer.study.embeddings import Embedding
from explorer.study.study import Study
from explorer.ui.animal.course import days_on_axis
from explorer.ui.charts import dressed
from explorer.ui.maps import projection_at_hand
from explorer.ui.navigation import go_to
from explorer.ui.palette import Palette, palette
from explorer.ui.plain import count, for_markdown, for_plotly
from explorer.ui.state import propose, view
from explorer.view import MapChoice

_MOST_BEHIND = 4_000
_HEIGHT, _LOW = 380, 230
_ALIKE = 3


def path_panel(study: Study, stamped: tuple[object, ...], embedding: Embedding, animal: str) -> None:
    """Draw it: the map at the left, distances and look-alikes at the right."""
    left, right = st.columns(2, gap="large")
    with left:
        path_on_the_map(study, embedding, animal)
    path = _path(f"{study.path}/{embedding.name}", stamped, animal, study, embedding)
    if not len(path.days):
        return
    with right:
        _distances(path, clock_of(study))


@st.cache_data(max_entries=64, show_spinner=False)
def _path(where: str, stamped: tuple[object, ...], animal: str, _study: Study, _embedding: Embedding) -> LatentPath:
    del where, stamped
    return path_of(_study, _embedding, animal)


def _distances(path: LatentPath, clock: Clock) -> None:
    if len(path.days) > 1:
        st.markdown("**Distance from its own earlier vectors**")
        st.plotly_chart(
            drawn_distances(path, clock, palette()),
            theme=None,
            config={"displayModeBar": False},
            key="animal_distance",
            alt=f"Distance of {path.animal} from its own earlier vectors on {count(len(path.days) - 1, 'day')}: last "
            f"{path.apart:.3g}; 90 % of all animals' visits lie between {path.usual[0]:.3g} and {path.usual[2]:.3g}",
        )
        st.caption(
            f"In the grey band lie 90 % of all animals' visits. Travelled from day to day: {path.travelled:.3g} in "
            "all; a picture that is framed or lit otherwise is a distance too."
        )
    alike = Counter(name for name in path.alike if name).most_common(_ALIKE)
    if alike:
        most = ", ".join(f"{for_markdown(name)} ({count(days, 'day')})" for name, days in alike)
        st.markdown(f"**Most alike among the others, of {count(len(path.days), 'day')}:** {most}")
        with st.expander("Look-alikes over time"):
            table = {
                "day": [clock.say(day) for day in path.days.tolist()],
                "nearest other animal": list(path.alike),
                "distance": path.alike_away,
                "from itself": path.from_own,
            }
            st.dataframe(pd.DataFrame(table).iloc[::-1], hide_index=True)


def drawn_distances(path: LatentPath, clock: Clock, colours: Palette) -> go.Figure:
    """The distance from its own earlier vectors over time, with the band of all animals."""
    days, values = path.days[1:], path.from_own[1:]
    fig = go.Figure()
    fig.add_hrect(*(path.usual[place] for place in (0, 2)), fillcolor=colours.missing, opacity=0.2, line_width=0)
    x: list[object] = []
    y: list[object] = []
    for run in runs_of(days):
        x += [*days_on_axis(clock, days[run]), None]
        y += [*values[run], None]
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colours.accent, "width": 1.2},
        marker={"size": 6, "color": colours.accent},
        hovertemplate="%{x}: %{y:.3g}<extra></extra>",
    )
    fig.update_yaxes(gridcolor=colours.grid, zeroline=False, rangemode="tozero")
    fig.update_xaxes(gridcolor=colours.grid, zeroline=False, title_text=clock.unit or "")
    fig.update_layout(showlegend=False)
    return dressed(fig, colours, _LOW)


def path_on_the_map(study: Study, embedding: Embedding, animal: str) -> None:
    """The path on the map of the view, where that is flat and made already, else on the PCA map; and a way there."""
    wanted = view().map
    found = projection_at_hand(study, embedding, wanted) if wanted.dims == 2 and view().within is None else None
    projection = found or projection_at_hand(study, embedding, MapChoice())
    assert projection is not None  # PCA is always at hand
    path = animal_path(study, animal, projection.coordinates)
    if path is None or not len(path.rows):
        st.caption("None of its observations has both a time and a vector.")
        return
    name = NAMES[projection.choice.method]
    st.plotly_chart(
        drawn_path(projection.coordinates, path, palette()),
        theme=None,
        config={"displayModeBar": False},
        key="animal_path",
        alt=f"{animal}: {count(len(path.rows), 'date')} in order on the {name} map, among all observations",
    )
    far = "" if projection.choice.method == "pca" else f" How far it goes on a {name} map means little."
    st.caption(f"{name} map of **{for_markdown(embedding.name)}**; the others are grey, light is early.{far}")
    if st.button("See it on the map", icon=":material/scatter_plot:", key="animal_to_map"):
        propose(view().but(animal=animal))  # its path is drawn there
        go_to("map")


def drawn_path(coordinates: npt.NDArray[np.floating], path: AnimalPath, colours: Palette) -> go.Figure:
    """``path`` over the map's ``coordinates`` (n, 2), of which a fair sample is drawn behind it."""
    placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    if len(placed) > _MOST_BEHIND:
        placed = np.sort(np.random.default_rng(0).choice(placed, _MOST_BEHIND, replace=False))
    fig = go.Figure()
    behind = {"size": 3, "color": colours.missing, "opacity": 0.35}
    fig.add_scattergl(
        x=coordinates[placed, 0], y=coordinates[placed, 1], mode="markers", marker=behind, hoverinfo="skip"
    )
    x, y = coordinates[path.rows, 0], coordinates[path.rows, 1]
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colours.text, "width": 1},
        marker={
            "size": 7,
            "color": np.arange(len(x)),
            "colorscale": colours_of_time(colours),
            "line": {"color": colours.text, "width": 0.5},
        },
        text=[for_plotly(date) for date in path.dates],
        hovertemplate="%{text}<extra></extra>",
    )
    for place, label, position in ((0, "first", "bottom center"), (-1, "last", "top center")):
        fig.add_scatter(
            x=[x[place]],
            y=[y[place]],
            mode="markers+text",
            marker={"size": 13, "symbol": "circle-open", "color": colours.text, "line": {"width": 2}},
            text=[f"<b>{label}</b>"],
            textposition=position,
            textfont={"color": colours.text},
            hoverinfo="skip",
        )
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False, scaleanchor="x")
    fig.update_layout(showlegend=False)
    return dressed(fig, colours, _HEIGHT)


def colours_of_time(colours: Palette) -> list[tuple[float, str]]:
    """From the background's colour to the accent: light is early in the light theme."""
    return [(0.0, colours.background), (1.0, colours.accent)]
