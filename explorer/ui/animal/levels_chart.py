"""The chart of looking back: the values of one animal as points, its levels as steps over them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from explorer.change.digits import value_said, with_unit
from explorer.change.levels import Level
from explorer.change.scale import LOG2
from explorer.change.series import Series
from explorer.ui.animal.course import days_on_axis
from explorer.ui.animal.trajectory import faint
from explorer.ui.charts import dressed, factor_axis
from explorer.ui.palette import Palette
from explorer.ui.plain import count, for_plotly

_HEIGHT, _LEFT = 200, 64
_BAND = 0.24  # how much of its colour is seen
_LEAST_AIR = 0.05  # on a logarithm, above and below values that are all the same


def levels_chart(series: Series, levels: tuple[Level, ...], span: tuple[float, float], colours: Palette) -> go.Figure:
    """The visits of one animal and their levels; dotted where a new level begins, with the change.

    ``span``: days of the axis, the same for all charts of an animal.
    """
    clock, unit, days, values = series.clock, series.unit, series.day, series.shown(series.value)
    spread = float(np.std(series.value))

    def x(places: npt.ArrayLike) -> npt.NDArray[Any]:
        return days_on_axis(clock, places)

    fig = go.Figure()
    fig.add_scatter(
        x=x(days),
        y=values,
        mode="markers",
        marker={"size": 5, "color": colours.text, "opacity": 0.65},
        name="measured",
        customdata=[
            for_plotly(f"{clock.say(day)}: {with_unit(value_said(series, float(value), spread), unit)}")
            for day, value in zip(days, series.value, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    for place, level in enumerate(levels):
        ends = x([days[level.first], days[level.last]])
        about = np.array([level.mean.low, level.mean.value, level.mean.high])
        low, mean, high = (round(one, 12) for one in series.shown(about).tolist())
        said = with_unit(value_said(series, level.mean.value, spread), unit)
        fig.add_scatter(
            x=[*ends, *ends[::-1]],
            y=[low, low, high, high],
            fill="toself",
            fillcolor=faint(colours.accent, _BAND),
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            name=f"interval {place + 1}",
        )
        fig.add_scatter(
            x=ends,
            y=[mean, mean],
            mode="lines",
            line={"color": colours.accent, "width": 3},
            name=f"level {place + 1}",
            hovertemplate=for_plotly(f"level {said}, {count(level.n, 'visit')}") + "<extra></extra>",
        )
        if level.change is not None:
            fig.add_vline(
                x=_at(x(days[level.first])),
                line={"color": colours.missing, "width": 1.5, "dash": "dot"},
                annotation={
                    "text": _change(series, level.change.value, spread),
                    "font": {"color": colours.text, "size": 11},
                    "yref": "paper",
                    "y": 1.0,
                    "yanchor": "top",
                    "xshift": 3,
                },
            )
    fig.update_yaxes(
        title_text=for_plotly(with_unit("", unit)), gridcolor=colours.grid, zeroline=False, automargin=False
    )
    if series.scale == LOG2:
        air = max(0.05 * float(np.ptp(series.value)), _LEAST_AIR)
        reach = series.shown(np.array([series.value.min() - air, series.value.max() + 2 * air]))
        fig.update_yaxes(factor_axis(*reach.tolist()))
    fig.update_xaxes(gridcolor=colours.grid, zeroline=False, range=list(x(span)))
    if clock.unit is not None:
        fig.update_xaxes(title_text=clock.unit)
    fig.update_layout(showlegend=False, hoverlabel={"align": "left"}, dragmode="pan")
    dressed(fig, colours, _HEIGHT)
    fig.update_yaxes(automargin=False)  # so that all charts of the page share their left edge
    return fig.update_layout(margin={"l": _LEFT, "t": 14})


def _change(series: Series, change: float, spread: float) -> str:
    said = value_said(series, change, spread)
    if series.scale == LOG2:
        return f"×{said}"
    return said if said.startswith("-") else f"+{said}"


def _at(place: npt.NDArray[Any]) -> Any:
    """One place of the axis as Plotly's shapes take it."""
    return str(place) if place.dtype.kind == "M" else float(place)
