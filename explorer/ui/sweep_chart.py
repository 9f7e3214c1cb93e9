"""The chart of a sweep: one figure of its encoders against what was varied."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from explorer.learning.sweep_folder import Sweep
from explorer.learning.sweep_plan import METHODS
from explorer.learning.sweep_tables import NAMES, SHARES, varied
from explorer.ui.charts import dressed
from explorer.ui.palette import SYMBOLS, Palette

_APART = 0.12
"""How far methods stand beside each other, in shares of the distance of two values."""


def sweep_chart(sweep: Sweep, means: pd.DataFrame, measure: str, palette: Palette) -> go.Figure:
    """Means over seeds with their 95 % intervals, each seed as a dot; lines of the untrained network and of chance.

    means: the summary of ``sweep``. measure: one of ``NAMES``.
    """
    column = varied(sweep.plan)
    size = 100.0 if measure in SHARES else 1.0
    gap = float(np.diff(sweep.plan.values).min())
    fig = go.Figure()
    for place, method in enumerate(sweep.plan.methods):
        beside = _APART * gap * (place - (len(sweep.plan.methods) - 1) / 2)
        colour, symbol = palette.categories[place], SYMBOLS[place % len(SYMBOLS)]
        ours = means[means["method"] == method].sort_values(column)
        cells = sweep.table[sweep.table["method"] == method]
        fig.add_scatter(
            x=cells[column].astype(float) + beside,
            y=size * cells[measure],
            mode="markers",
            marker={"color": colour, "size": 5, "opacity": 0.5, "symbol": symbol},
            customdata=cells["seed"],
            hovertemplate="seed %{customdata}: %{y:.4g}<extra></extra>",
            showlegend=False,
        )
        fig.add_scatter(
            x=ours[column].astype(float) + beside,
            y=size * ours[measure],
            error_y={"array": size * (ours[f"{measure}_high"] - ours[measure]), "thickness": 1.5, "width": 4},
            mode="lines+markers",
            marker={"color": colour, "size": 10, "symbol": symbol},
            line={"color": colour},
            name=METHODS[method],
            hovertemplate="%{y:.4g}<extra>" + METHODS[method] + "</extra>",
        )
    bare = means.loc[means["method"] == "untrained", measure]
    if bare.notna().any():
        _level(fig, size * float(bare.iloc[0]), "untrained", palette, "dash")
    if measure == "labels_alike":
        _level(fig, size * float(means["labels_alike_by_chance"].mean()), "by chance", palette, "dot")
    unit = " (%)" if measure in SHARES else ""
    title = "labels that must agree (n)" if sweep.plan.over == "matches" else "alpha (degrees)"
    fig.update_xaxes(title_text=title, tickvals=sweep.plan.values, showgrid=False, fixedrange=True, zeroline=False)
    fig.update_yaxes(title_text=f"{NAMES[measure]}{unit}", gridcolor=palette.grid, fixedrange=True, zeroline=False)
    fig.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    return dressed(fig, palette, 380)


def _level(fig: go.Figure, height: float, name: str, palette: Palette, dash: str) -> None:
    fig.add_hline(
        y=height,
        line={"color": palette.missing, "dash": dash, "width": 1.5},
        annotation={"text": name, "font": {"color": palette.text}},
        annotation_position="bottom right",
    )
