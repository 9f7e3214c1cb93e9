"""The chart of one animal and one task: its values, the bands they should lie in, alerts, events."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from explorer.change.digits import with_unit
from explorer.change.gaps import runs_of
from explorer.ui.animal import marks
from explorer.ui.animal.course import FROZEN, Course
from explorer.ui.charts import dressed, factor_axis
from explorer.ui.palette import Palette
from explorer.ui.plain import for_plotly

_HEIGHT, _LEFT = 230, 64
_ROW, _AROUND = 18, 50  # of each other method; what of the height is not the chart's
OTHER, FIRST = 2, 3
"""Places in the palette's categories: of whom the animal is compared with, and of its first visits' baseline."""

_HERD, _OWN = 0.22, 0.24  # how much of a band's colour is seen
_THIN = 300  # a band of one visit is a bar of so small a part of the axis


def trajectory(course: Course, colours: Palette) -> go.Figure:
    """The chart. What is unsure lies behind, what was measured in front; long gaps stay open."""
    fig = go.Figure()
    visits = course.visits
    runs = runs_of(visits["day"].to_numpy(dtype=np.float64))
    _band(fig, course, visits, runs, ("population_low", "population_high"), faint(colours.missing, _HERD))
    other = None if course.beside is None else course.beside.visits
    if other is not None and "low" in other:
        around = runs_of(other["day"].to_numpy(dtype=np.float64))
        _band(fig, course, other, around, ("low", "high"), faint(colours.categories[OTHER], _OWN))
    _band(fig, course, visits, runs, ("low", "high"), faint(colours.accent, _OWN))
    _line(fig, course, visits, "expected", {"color": colours.accent, "dash": "dash", "width": 1.3})
    if course.frozen:
        for column, dash in zip(FROZEN, ("longdash", "dot", "dot"), strict=True):
            line = {"color": colours.categories[FIRST], "dash": dash, "width": 1.1}
            _line(fig, course, course.unlearnt, column, line)
    _line(fig, course, visits, "value", {"color": colours.text, "width": 1.2})
    marks.measured(fig, course, colours)
    marks.alerts(fig, course, colours)
    if other is not None and "value" in other:
        _another(fig, course, colours)
    marks.verdicts(fig, course, colours)
    marks.events(fig, course, colours)
    fig.update_yaxes(title_text=for_plotly(with_unit("", course.unit)), gridcolor=colours.grid, zeroline=False)
    fig.update_yaxes(factor_axis(*course.reach) if course.factors else {"range": course.reach})
    fig.update_xaxes(gridcolor=colours.grid, zeroline=False, range=list(course.x(course.days)))
    if course.clock.unit is not None:
        fig.update_xaxes(title_text=course.clock.unit)
    fig.update_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        showlegend=False,
        hoverlabel={"align": "left"},
        dragmode="pan",
    )
    dressed(fig, colours, _HEIGHT)
    fig.update_yaxes(automargin=False)  # so that all charts of the page share their left edge
    if course.others:
        _other_methods(fig, course, colours)
    return fig.update_layout(margin={"l": _LEFT})


def _other_methods(fig: go.Figure, course: Course, colours: Palette) -> None:
    """Rows below the chart, one for each other method."""
    rows = len(course.others)
    marks.others(fig, course, colours, "y3")
    height = _HEIGHT + _ROW * rows
    below = _ROW * rows / (height - _AROUND)
    fig.update_layout(
        height=height,
        yaxis={"domain": [below + 0.04, 1]},
        yaxis3={
            "domain": [0, below],
            "range": [rows - 0.5, -0.5],
            "tickvals": list(range(rows)),
            "ticktext": list(course.others),
            "tickfont": {"size": 10},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        xaxis={"anchor": "y3"},
    )


def _band(
    fig: go.Figure, course: Course, visits: pd.DataFrame, runs: Sequence[slice], ends: tuple[str, str], colour: str
) -> None:
    """A filled band, open over gaps. A run of one visit becomes a bar, so that it can be seen."""
    x: list[Any] = []
    y: list[Any] = []
    thin = (course.days[1] - course.days[0]) / _THIN
    for run in runs:
        part = visits.iloc[run]
        part = part[np.isfinite(part[list(ends)].to_numpy(dtype=np.float64)).all(axis=1)]
        if part.empty:
            continue
        days, low, high = (part[key].to_numpy(dtype=np.float64) for key in ("day", *ends))
        if len(days) == 1:
            days, low, high = days[0] + np.array([-thin, thin]), np.repeat(low, 2), np.repeat(high, 2)
        x += [*course.x(np.concatenate([days, days[::-1]])), None]
        y += [*low, *high[::-1], None]
    if x:
        shape = {"x": x, "y": y, "fill": "toself", "fillcolor": colour, "line": {"width": 0}}
        fig.add_scatter(**shape, mode="lines", hoverinfo="skip", name=" to ".join(ends))


def _line(fig: go.Figure, course: Course, visits: pd.DataFrame, column: str, line: dict[str, Any]) -> None:
    x, y = _broken(course, visits, column)
    fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", name=column)


def _broken(course: Course, visits: pd.DataFrame, *columns: str) -> list[list[Any]]:
    """Days on the axis, and what is in ``columns``, of a line that is open over long gaps."""
    days = visits["day"].to_numpy(dtype=np.float64)
    out: list[list[Any]] = [[] for _ in ("day", *columns)]
    for run in runs_of(days):
        parts = [course.x(days[run]), *(visits[one].to_numpy()[run] for one in columns)]
        for place, part in zip(out, parts, strict=True):
            place += [*part, None]
    return out


def _another(fig: go.Figure, course: Course, colours: Palette) -> None:
    assert course.beside is not None
    x, y, said = _broken(course, course.beside.visits, "value", "said")
    colour, name = colours.categories[OTHER], for_plotly(course.beside.name)
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colour, "width": 1.2, "dash": "dot"},
        marker={"symbol": "square", "size": 5, "color": colour},
        name=name,
        customdata=[None if one is None else for_plotly(one) for one in said],
        hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
    )


def faint(colour: str, share: float) -> str:
    """A colour ``#rrggbb`` that lets through what is behind it."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
