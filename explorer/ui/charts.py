"""Small charts of a study as a whole: when its observations were made."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explorer.change.ticks import log_ticks, tick_text
from explorer.study.times import Times
from explorer.ui.palette import Palette

_LARGE = 10_000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def calendar(dates: Times, palette: Palette) -> go.Figure:
    """Observations a month, one line of squares a year; months without any are empty."""
    known = pd.Series(dates[~np.isnat(dates)])
    counts = pd.crosstab(known.dt.year.to_numpy(), known.dt.month.to_numpy()).reindex(columns=range(1, 13))
    counts = counts.where(counts > 0).reindex(range(int(counts.index.min()), int(counts.index.max()) + 1))
    fig = go.Figure(
        go.Heatmap(
            z=counts.to_numpy(dtype=float),
            x=_MONTHS,
            y=[str(year) for year in counts.index],
            colorscale="Cividis",
            zmin=0,
            xgap=3,
            ygap=3,
            hovertemplate="%{x} %{y}: %{z:,} observations<extra></extra>",
            hoverongaps=False,
            colorbar={"title": {"text": "a month"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    fig.update_xaxes(showgrid=False, zeroline=False, fixedrange=True, tickangle=0, tickvals=_MONTHS[::2])
    fig.update_yaxes(type="category", showgrid=False, fixedrange=True, autorange="reversed")
    return dressed(fig, palette, 90 + 30 * max(2, min(len(counts), 9)))


def timeline(times: Times, unit: str, palette: Palette) -> go.Figure:
    """Observations along a numeric time, as bars."""
    known = times[np.isfinite(times)]
    distinct = np.unique(known)
    if len(distinct) <= 40:
        counts = np.bincount(np.searchsorted(distinct, known))
        centres, width = distinct, None
    else:
        counts, edges = np.histogram(known, bins=40)
        centres, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    bars = go.Bar(
        x=centres,
        y=counts,
        width=width,
        marker_color=palette.accent,
        hovertemplate="%{x:.4g}: %{y:,}<extra></extra>",
    )
    fig = go.Figure(bars)
    fig.update_xaxes(title_text=unit, showgrid=False, fixedrange=True)
    fig.update_yaxes(title_text="observations", gridcolor=palette.grid, fixedrange=True, zeroline=False)
    return dressed(fig, palette, 240)


def factor_axis(low: float, high: float) -> dict[str, Any]:
    """How an axis is set on which equal factors are equally long, from ``low`` to ``high``, both above 0."""
    ticks = log_ticks(low, high)
    large = max(ticks) >= _LARGE  # then thousands are told as on other axes
    said = [f"{tick_text(one / 1000)}k" if large and one >= 1000 else tick_text(one) for one in ticks]
    ends = [float(np.log10(one)) for one in (low, high)]  # as Plotly wants them
    return {"type": "log", "range": ends, "tickvals": ticks, "ticktext": said}


def draw(fig: go.Figure, alt: str, key: str | None = None) -> None:
    """Show a chart in the colours it has, without the bar of tools; ``alt`` says in words what is seen on it."""
    st.plotly_chart(fig, theme=None, config={"displayModeBar": False}, key=key, alt=alt)


def dressed(fig: go.Figure, palette: Palette, height: int) -> go.Figure:
    """``fig`` as all our charts look, ``height`` pixels high."""
    fig.update_xaxes(automargin=True)
    fig.update_yaxes(automargin=True)
    return fig.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": palette.text, "size": 12},
    )
