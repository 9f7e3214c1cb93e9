"""Charts of what background variables explain, what tells them, and how they hang together."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.space.association import Association, Pair
from explorer.space.bootstrap import Interval
from explorer.space.divergence import Divergence
from explorer.space.saliency import VariableSaliency
from explorer.ui.charts import dressed
from explorer.ui.palette import SEQUENTIAL, Palette
from explorer.ui.plain import for_plotly

_WIDTH = 0.26
MOST_DIMENSIONS = 20


def shares(variables: Sequence[VariableSaliency], palette: Palette) -> go.Figure:
    """Of each variable, the first on top: R squared alone and beyond the others, with intervals, and what is shared.

    A tick stands where shuffled labels come on average, of variables whose labels are exchanged as a whole. A bar's
    ``customdata`` is its variable's name.
    """
    fig = go.Figure()
    alone = len(variables) == 1
    kinds: list[tuple[str, str, str, Callable[[VariableSaliency], Interval]]] = [
        ("alone", palette.categories[0], "", lambda one: one.r2),
        ("beyond the others", palette.categories[1], "", lambda one: one.conditional),
        ("shared with others", palette.missing, "/", lambda one: Interval(one.shared, np.nan, np.nan)),
    ]
    for place, (title, colour, pattern, of) in enumerate(kinds[:1] if alone else kinds):
        found = [of(one) for one in variables]
        fig.add_trace(
            go.Bar(
                name=title,
                orientation="h",
                y=np.arange(len(variables)),
                x=[one.value for one in found],
                width=_WIDTH,
                offset=-0.4 + (_WIDTH + 0.01) * place,
                marker={"color": colour, "pattern": {"shape": pattern, "solidity": 0.25, "fillmode": "overlay"}},
                error_x=_whiskers(found, palette),
                customdata=[one.name for one in variables],
                hovertext=[_told(title, one, each) for one, each in zip(variables, found, strict=True)],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    compared = [place for place, one in enumerate(variables) if one.how != "visits" and len(one.test.null)]
    if compared:
        fig.add_trace(
            go.Scatter(
                name="shuffled, on average",
                mode="markers",
                y=np.array(compared) - 0.4 + _WIDTH / 2,
                x=[float(variables[place].test.null.mean()) for place in compared],
                marker={
                    "symbol": "line-ns",
                    "size": 13,
                    "color": palette.text,
                    "line": {"width": 2.5, "color": palette.text},
                },
                hovertemplate="shuffled labels explain %{x:.1%} on average<extra></extra>",
            )
        )
    _down_the_side(fig, [one.label for one in variables])
    fig.update_xaxes(
        title_text="share of the vectors' variance", tickformat=".0%" if _widest(variables) > 0.05 else ".1%"
    )
    fig.update_layout(
        barmode="overlay",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
    )
    return _lined(dressed(fig, palette, 110 + (34 if alone else 62) * len(variables)), palette)


def _told(title: str, one: VariableSaliency, share: Interval) -> str:
    bounds = f" ({share.low:.1%} to {share.high:.1%})" if np.isfinite(share.low) else ""
    whose = f" of {one.animals:,} animals" if one.animals is not None else ""
    p = f"; p = {one.test.p:.3g}" if title == "alone" and np.isfinite(one.test.p) else ""
    return f"{for_plotly(one.label)}, {title}: {share.value:.1%}{bounds}{p}<br>{one.n:,} observations{whose}"


def _widest(variables: Sequence[VariableSaliency]) -> float:
    return max((one.r2.high if np.isfinite(one.r2.high) else one.r2.value) for one in variables)


def probes(variables: Sequence[VariableSaliency], palette: Palette) -> go.Figure:
    """How well vectors of animals held out tell each variable: a dot, before the band of shuffled labels."""
    told = [one for one in variables if np.isfinite(one.probe.value)]
    fig = go.Figure()
    for place, one in enumerate(told):
        fig.add_trace(
            go.Scatter(
                name="shuffled, 95 %",
                mode="lines",
                x=[one.probe.low, one.probe.high],
                y=[place, place],
                line={"color": palette.missing, "width": 12},
                showlegend=place == 0,
                hovertemplate="shuffled %{x:.2f}<extra></extra>",
            )
        )
    fig.add_trace(
        go.Scatter(
            name="the variable",
            mode="markers",
            x=[one.probe.value for one in told],
            y=np.arange(len(told)),
            marker={"color": palette.accent, "size": 11, "line": {"color": palette.background, "width": 1}},
            customdata=[[for_plotly(one.label), one.probe.observations] for one in told],
            hovertemplate="%{customdata[0]}: R squared %{x:.2f} of %{customdata[1]:,} observations<extra></extra>",
        )
    )
    _down_the_side(fig, [one.label for one in told])
    fig.update_xaxes(title_text="R squared of the variable, on animals held out")
    fig.update_layout(
        dragmode=False, legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"}
    )
    return _lined(dressed(fig, palette, 110 + 30 * len(told)), palette)


def together(found: Association, labels: dict[str, str], palette: Palette) -> go.Figure:
    """How each two of the variables ``labels`` (by name) hang together, 0 to 1; the measure is told on hover."""
    names = list(labels)
    size = len(names)
    values, texts = np.full((size, size), np.nan), np.full((size, size), "", dtype=object)
    for pair in found.pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            values[names.index(one), names.index(other)] = pair.value
            texts[names.index(one), names.index(other)] = _pair_told(pair, labels)
    titles = [for_plotly(label) for label in labels.values()]
    fig = go.Figure(
        go.Heatmap(
            z=values,
            x=np.arange(size),
            y=np.arange(size),
            text=[[f"{value:.2f}" if np.isfinite(value) else "" for value in row] for row in values],
            texttemplate="%{text}",
            hovertext=texts,
            hovertemplate="%{hovertext}<extra></extra>",
            hoverongaps=False,
            colorscale=SEQUENTIAL,
            zmin=0,
            zmax=1,
            xgap=3,
            ygap=3,
            colorbar={"thickness": 10, "outlinewidth": 0},
        )
    )
    fig.update_xaxes(tickvals=np.arange(size), ticktext=titles, showgrid=False, zeroline=False, fixedrange=True)
    fig.update_yaxes(
        tickvals=np.arange(size),
        ticktext=titles,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        autorange="reversed",
    )
    return dressed(fig, palette, 130 + 40 * size)


def _pair_told(pair: Pair, labels: dict[str, str]) -> str:
    first, second = for_plotly(labels[pair.first]), for_plotly(labels[pair.second])
    if not pair.overlaps:
        return f"{first} and {second}: where both are known, one does not vary<br>{pair.n:,} observations"
    return (
        f"{first} and {second}: {for_plotly(pair.measure)} {pair.value:.2f}<br>"
        f"{second} tells {pair.first_by_second:.0%} of {first}, {first} tells {pair.second_by_first:.0%} of {second}"
        f"<br>{pair.n:,} observations with both"
    )


def apart(dimensions: Sequence[Divergence], titles: Sequence[str], palette: Palette) -> go.Figure:
    """Jeffrey's divergence of each of ``dimensions``, called ``titles``, with its interval; the first on top."""
    values = [one.jeffrey for one in dimensions]
    fig = go.Figure(
        go.Bar(
            orientation="h",
            x=[one.value for one in values],
            y=np.arange(len(values)),
            marker_color=palette.accent,
            error_x=_whiskers(values, palette),
            hovertext=[
                f"{for_plotly(title)}: Jeffrey {one.jeffrey}, W2 squared {one.w2}"
                for title, one in zip(titles, dimensions, strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    _down_the_side(fig, titles)
    fig.update_xaxes(title_text="Jeffrey's divergence (nats)", rangemode="tozero")
    fig.update_layout(dragmode=False)
    return _lined(dressed(fig, palette, 80 + 26 * len(values)), palette)


def _whiskers(found: Sequence[Interval], palette: Palette) -> dict[str, Any]:
    """The intervals of bars along x."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [one.high - one.value for one in found],
        "arrayminus": [one.value - one.low for one in found],
        "color": palette.text,
        "thickness": 1.2,
        "width": 3,
    }


def _down_the_side(fig: go.Figure, titles: Sequence[str]) -> None:
    """Rows 0, 1, ... from the top, called ``titles``: two may be called the same."""
    fig.update_yaxes(
        tickvals=np.arange(len(titles)),
        ticktext=[for_plotly(title) for title in titles],
        range=[len(titles) - 0.45, -0.55],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )


def _lined(fig: go.Figure, palette: Palette) -> go.Figure:
    return fig.update_xaxes(
        gridcolor=palette.grid, zeroline=True, zerolinecolor=palette.missing, fixedrange=True, showgrid=True
    )
