"""The map drawn by Plotly: one figure of a projection, coloured by a variable.

In three dimensions, and in two where the browser has no WebGL2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from explorer.space.projections import NAMES, Projection
from explorer.space.shown import Shown
from explorer.ui.colouring import MISSING, Colouring, groups, split_missing
from explorer.ui.palette import Palette
from explorer.ui.plain import for_plotly

Drawing = Literal["3-D", "WebGL", "SVG"]

MAX_DRAWN: dict[Drawing, int] = {"3-D": 20_000, "WebGL": 150_000, "SVG": 5_000}
"""Points drawn at most. In 3-D and without WebGL, Plotly becomes slow; with it, a selected point costs the browser's
message some 134 bytes, and past 25 MB (186,000 points) the message is lost."""

HOVER_TEXT_UP_TO = 20_000

_STEPS = 32  # of a scale of numbers

_FEW, _SHARES = 1_000, 5
"""With more points than this, each category is drawn in five parts, in turn with the others: the last would else hide
the first."""

Trace: TypeAlias = Any  # go.Scattergl, go.Scatter or go.Scatter3d; Plotly has no types

_IN_LEGEND_BY_ANOTHER = {"showlegend": False}


def drawn_rows(projection: Projection, seen: Shown, drawing: Drawing) -> npt.NDArray[np.int64]:
    """Rows that are drawn: all that have a place, or a fixed random sample of them when they are too many.

    The sample takes what passes the filters first.
    """
    limit = MAX_DRAWN[drawing]
    rows = np.flatnonzero(projection.placed)
    if len(rows) <= limit:
        return rows
    order = np.random.default_rng(0).permutation(rows)
    first = order[np.argsort(~seen.visible[order], kind="stable")][:limit]
    return np.sort(first)


def figure(
    projection: Projection,
    seen: Shown,
    rows: npt.NDArray[np.int64],
    colouring: Colouring | None,
    palette: Palette,
    *,
    drawing: Drawing,
    hover: pd.Series | None = None,
    selecting: bool = True,
    animal_rows: npt.NDArray[np.int64] | None = None,
) -> go.Figure:
    """The figure of the points ``rows``. ``hover``, indexed by row, gives the first line of a label.

    Each point carries its row number in ``customdata``, since Plotly's own numbers restart in every trace.
    """
    visible = rows[seen.filtered[rows]]
    hidden = rows[~seen.filtered[rows]]
    painter = _Painter(projection, seen, palette, drawing, hover, len(rows), selecting)
    fig = go.Figure()
    if len(hidden):
        fig.add_trace(painter.trace(hidden, "filtered out", {"color": palette.missing, "opacity": 0.15}, dim=True))
    for trace in _coloured(painter, visible, colouring):
        fig.add_trace(trace)
    if animal_rows is not None and len(animal_rows):
        fig.add_trace(painter.ring(animal_rows))
    fig.update_layout(_layout(projection, palette, colouring, selecting))
    return fig


@dataclass(frozen=True)
class _Painter:
    projection: Projection
    seen: Shown
    palette: Palette
    drawing: Drawing
    hover: pd.Series | None
    total: int
    selecting: bool

    @property
    def flat(self) -> bool:
        return self.drawing != "3-D"

    @property
    def kind(self) -> type[go.Scattergl | go.Scatter | go.Scatter3d]:
        return {"3-D": go.Scatter3d, "WebGL": go.Scattergl, "SVG": go.Scatter}[self.drawing]

    @property
    def size(self) -> float:
        """Smaller where there are more, so that 70,000 points are still points."""
        return float(np.clip(9.5 - 2.2 * np.log10(max(self.total, 100) / 100), 2.2, 9.5)) * (1.0 if self.flat else 0.6)

    @property
    def opacity(self) -> float:
        return float(np.clip(1.05 - 0.15 * np.log10(max(self.total, 10) / 10), 0.4, 0.9))

    def trace(
        self,
        rows: npt.NDArray[np.int64],
        name: str,
        marker: Mapping[str, object],
        *,
        said: pd.Series | None = None,
        dim: bool = False,
    ) -> Trace:
        places = self.projection.coordinates[rows]
        axes = dict(zip("xyz", places.T, strict=False))
        options: dict[str, object] = {
            **axes,
            "mode": "markers",
            "name": for_plotly(name),
            "legendgroup": for_plotly(name),
            "customdata": rows.astype(np.int32),
            "marker": {"size": self.size, "opacity": self.opacity, "line": {"width": 0}, **marker},
        }
        if dim:
            options |= {"hoverinfo": "skip"}
        elif self.total <= HOVER_TEXT_UP_TO:
            options |= {"hovertemplate": "%{text}<extra></extra>", "text": self._text(rows, name, said)}
        else:
            options |= {"hovertemplate": f"{for_plotly(name)}<extra></extra>"}
        if self.flat and self.selecting and self.seen.selected.any():
            options |= {
                "selectedpoints": np.flatnonzero(self.seen.selected[rows]),
                "selected": {"marker": {"opacity": 1.0, "size": self.size * 1.15}},
                "unselected": {"marker": {"opacity": 0.13, "color": self.palette.missing}},
            }
        return self.kind(options)

    def legend_entry(self, name: str, marker: Mapping[str, object]) -> Trace:
        """A trace without points, whose mark in the legend is not faded as the points are."""
        nowhere = {axis: [None] for axis in ("xy" if self.flat else "xyz")}
        plain = for_plotly(name)
        return self.kind(nowhere, mode="markers", name=plain, legendgroup=plain, marker={"size": self.size, **marker})

    def _text(self, rows: npt.NDArray[np.int64], name: str, said: pd.Series | None) -> list[str]:
        first = self.hover.loc[rows] if self.hover is not None else pd.Series(rows + 1).map("row {}".format)
        second = said.iloc[rows].astype(str) if said is not None else pd.Series([name] * len(rows))
        return [f"{for_plotly(a)}<br>{for_plotly(b)}" for a, b in zip(first, second, strict=True)]

    def ring(self, rows: npt.NDArray[np.int64]) -> Trace:
        """Circles around one animal's points."""
        places = self.projection.coordinates[rows]
        return self.kind(
            **dict(zip("xyz", places.T, strict=False)),
            mode="markers",
            name="the animal looked for",
            hoverinfo="skip",
            marker={
                "size": self.size + 5,
                "symbol": "circle-open",
                "color": self.palette.text,
                "line": {"width": 2},
            },
        )


def _coloured(painter: _Painter, rows: npt.NDArray[np.int64], colouring: Colouring | None) -> list[Trace]:
    if colouring is None:
        return [painter.trace(rows, "observations", {"color": painter.palette.accent})]
    known, unknown = split_missing(colouring, rows)
    grey = {"color": painter.palette.missing, "symbol": "circle-open" if painter.total < 5_000 else "circle"}
    traces = [painter.trace(unknown, MISSING, grey)] if len(unknown) else []
    if not colouring.by_category:
        return [*traces, _by_number(painter, known, colouring)]
    shares = _SHARES if painter.total > _FEW else 1
    layers: list[list[Trace]] = [[] for _ in range(shares)]
    for group in groups(colouring, known, painter.palette):
        marker = {"color": group.colour, "symbol": group.symbol if painter.flat else "circle"}
        said = colouring.values if group.label.startswith("other (") else None
        traces.append(painter.legend_entry(group.label, marker))
        shuffled = np.random.default_rng(0).permutation(group.rows)
        for layer, part in zip(layers, np.array_split(shuffled, shares), strict=True):
            if len(part):
                layer.append(painter.trace(part, group.label, marker, said=said).update(_IN_LEGEND_BY_ANOTHER))
    return traces + [trace for layer in layers for trace in layer]


def _by_number(painter: _Painter, rows: npt.NDArray[np.int64], colouring: Colouring) -> Trace:
    low, high = colouring.limits(rows)
    marker = {
        "color": colouring.values.to_numpy(dtype=np.float32)[rows],
        "colorscale": colouring.ramp(painter.palette, _STEPS),
        "cmin": low,
        "cmax": high,
        "showscale": True,
        "colorbar": {
            "title": {"text": for_plotly(colouring.title), "side": "right", "font": {"size": 13}},
            "thickness": 12,
            "len": 0.8,
            "outlinewidth": 0,
            "tickfont": {"color": painter.palette.text},
        },
    }
    trace = painter.trace(rows, colouring.title, marker, said=colouring.values.map("{:.4g}".format))
    trace.showlegend = False
    return trace


def _layout(
    projection: Projection, palette: Palette, colouring: Colouring | None, selecting: bool
) -> dict[str, object]:
    axis = {
        "showgrid": True,
        "gridcolor": palette.grid,
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
    }
    titles = axis_titles(projection)
    base: dict[str, object] = {
        "height": 640,
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},  # room for the tools above the legend
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": palette.text, "size": 13},
        "legend": {
            "itemclick": False,  # it would hide points behind the back of the filters
            "itemdoubleclick": False,
            "title": {"text": for_plotly(colouring.title) if colouring else "", "font": {"size": 13}},
            "itemsizing": "constant",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "hoverlabel": {"align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": palette.missing, "activecolor": palette.accent},
        "dragmode": ("lasso" if selecting else "pan") if projection.choice.dims == 2 else "orbit",
        "selectionrevision": "kept",
        "uirevision": f"{projection.choice}",
        "showlegend": colouring is not None,
    }
    if projection.choice.dims == 3:
        scene = {
            f"{name}axis": {**axis, "title": {"text": title, "font": {"size": 12}}, "showbackground": False}
            for name, title in zip("xyz", titles, strict=True)
        }
        return {**base, "scene": {**scene, "aspectmode": "data", "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 1.0}}}}
    x, y = titles
    return {
        **base,
        "xaxis": {**axis, "title": {"text": x, "standoff": 4, "font": {"size": 13}}},
        # Equal scales: distances on the map mean the same in every direction.
        "yaxis": {**axis, "title": {"text": y, "standoff": 4, "font": {"size": 13}}, "scaleanchor": "x"},
    }


def axis_titles(projection: Projection) -> list[str]:
    """Names of the axes; PCA's say how much of the variance each holds."""
    name = NAMES[projection.choice.method]
    if projection.explained:
        shares = [*projection.explained, *[0.0] * 3][: projection.choice.dims]
        said = " of the variance" if projection.choice.dims == 2 else ""
        return [f"{name} {i} ({share:.0%}{said})" for i, share in enumerate(shares, 1)]
    return [f"{name} {i}" for i in range(1, projection.choice.dims + 1)]
