"""Charts of what runs have seen: losses, retrieval scores, errors of tasks, by step."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from explorer.learning.look import Look
from explorer.ui.charts import dressed
from explorer.ui.palette import Palette
from explorer.ui.plain import for_plotly

Series = Mapping[str, Sequence[tuple[int, float]]]
"""Lines by their names, each of pairs of a step and a value."""

_PARTS = {"identity": "animals", "matching": "tasks that agree", "regression": "tasks said"}
"""What the parts of a loss are called."""

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_FEW = 40
_HEIGHT = 250


def losses(looks: Sequence[Look]) -> Series:
    """The loss, and its parts where there are several."""
    names = dict.fromkeys(name for look in looks for name in look.parts)
    parts = {
        _PARTS.get(name, name): [(look.step, look.parts[name]) for look in looks if name in look.parts]
        for name in names
    }
    whole = {"loss": [(look.step, look.loss) for look in looks]}
    return whole if len(parts) < 2 else {**whole, **parts}


def scores(looks: Sequence[Look]) -> Series:
    """Retrieval among the validation animals."""
    found = {
        "recall@1": [(look.step, look.recall) for look in looks],
        "mAP@R": [(look.step, look.precision) for look in looks],
    }
    alike = [(look.step, look.alike) for look in looks if look.alike is not None]
    return {**found, "nearest alike": alike} if alike else found


def errors(looks: Sequence[Look], task: str) -> list[tuple[int, float]]:
    """The mean absolute error of ``task``, in its own unit where that is known, else in spreads."""
    return [(look.step, look.errors_in_units.get(task, look.errors[task])) for look in looks if task in look.errors]


def chart(series: Series, palette: Palette, *, what: str, share: bool = False, marked: int | None = None) -> go.Figure:
    """Lines by step; what: what they measure, with its unit. share: they are shares of 1. marked: the best look's."""
    fig = go.Figure()
    for place, (name, points) in enumerate(series.items()):
        fig.add_trace(
            go.Scatter(
                x=[step for step, _ in points],
                y=[value for _, value in points],
                name=for_plotly(name),
                mode="lines+markers" if len(points) <= _FEW else "lines",
                line={
                    "color": palette.categories[place % len(palette.categories)],
                    "dash": _DASHES[place % len(_DASHES)],
                    "width": 2,
                },
                marker={"size": 5},
                hovertemplate=f"{for_plotly(name)} at step %{{x:,}}: %{{y:{'.1%' if share else '.4g'}}}<extra></extra>",
            )
        )
    if marked is not None:
        fig.add_vline(x=marked, line={"color": palette.missing, "dash": "dot", "width": 1.5})
    fig.update_xaxes(title_text="step", showgrid=False, fixedrange=True, rangemode="tozero", zeroline=False)
    fig.update_yaxes(
        title_text=for_plotly(what),
        gridcolor=palette.grid,
        fixedrange=True,
        zeroline=False,
        rangemode="tozero",
        tickformat=".0%" if share else None,
        range=[0, 1.02] if share else None,
    )
    fig.update_layout(
        showlegend=len(series) > 1,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
    )
    return dressed(fig, palette, _HEIGHT)
