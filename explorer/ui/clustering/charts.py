"""Two clusterings side by side: a heat map of who is in both, and a river of who moved."""

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from explorer.ui.charts import dressed
from explorer.ui.colouring import rgb
from explorer.ui.palette import Palette
from explorer.ui.plain import for_plotly

_ROW = 26  # pixels
_MOST_WRITTEN = 400  # cells with their number in them


def heat_map(
    first: list[str], second: list[str], counts: npt.NDArray[np.int64], titles: tuple[str, str], palette: Palette
) -> go.Figure:
    """How many observations are in each cluster of the one (rows) and of the other (columns)."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    low = palette.sequential[0]
    fig = go.Figure(
        go.Heatmap(
            z=share,
            x=[for_plotly(name) for name in second],
            y=[for_plotly(name) for name in first],
            customdata=counts,
            colorscale="Cividis",
            zmin=-low,
            zmax=1,
            xgap=2,
            ygap=2,
            text=np.where(counts > 0, np.char.mod("%d", counts), "") if counts.size <= _MOST_WRITTEN else None,
            texttemplate="%{text}" if counts.size <= _MOST_WRITTEN else None,
            hovertemplate=f"{titles[0]}: %{{y}}<br>{titles[1]}: %{{x}}<br>%{{customdata:,}} observations, "
            "%{z:.0%} of the row<extra></extra>",
            colorbar={"title": {"text": "of the row"}, "tickformat": ".0%", "thickness": 10, "outlinewidth": 0},
        )
    )
    fig.update_xaxes(type="category", title_text=titles[1], fixedrange=True, showgrid=False)
    fig.update_yaxes(type="category", title_text=titles[0], fixedrange=True, showgrid=False, autorange="reversed")
    return dressed(fig, palette, 120 + _ROW * min(max(len(first), 4), 30))


def river(
    first: list[str],
    second: list[str],
    counts: npt.NDArray[np.int64],
    stays: npt.NDArray[np.bool_],
    palette: Palette,
) -> go.Figure:
    """Who goes from which cluster to which; ``stays`` bool (r, c): where most of each went."""
    rows, columns = np.nonzero(counts)
    colours = [palette.categories[place % len(palette.categories)] for place in range(len(first))]
    links = [
        f"rgba({','.join(map(str, rgb(colours[row])))},{0.25 if stays[row, column] else 0.65})"
        for row, column in zip(rows, columns, strict=True)
    ]
    fig = go.Figure(
        go.Sankey(
            arrangement="snap",
            textfont={"color": palette.text, "shadow": "none"},
            node={
                "label": [for_plotly(name) for name in (*first, *second)],
                "color": [*colours, *([palette.missing] * len(second))],
                "pad": 10,
                "thickness": 14,
                "line": {"width": 0},
                "hovertemplate": "%{label}: %{value:,} observations<extra></extra>",
            },
            link={
                "source": rows,
                "target": len(first) + columns,
                "value": counts[rows, columns],
                "color": links,
                "hovertemplate": "%{source.label} to %{target.label}: %{value:,} observations<extra></extra>",
            },
        )
    )
    return dressed(fig, palette, 140 + _ROW * min(max(len(first), len(second), 5), 30))
