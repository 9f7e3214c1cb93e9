"""Charts of a tested threshold: error curves of the arms, and figure 9 of S2 in real numbers."""

import numpy as np
import plotly.graph_objects as go

from explorer.recognition.arms import SHUFFLED
from explorer.recognition.evidence import Evidence
from explorer.recognition.separation import Separation
from explorer.ui.charts import dressed
from explorer.ui.palette import Palette
from explorer.ui.plain import count, for_plotly

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px 2px", "1px 3px")
_MOST_POINTS = 600
_ROOMY = 7  # strata, and all together: more of them get fewer digits, so that 13 fit a narrow page
_LONGEST = 34  # letters of a stratum's name on an axis


def det_chart(found: Evidence, fpir: float, palette: Palette) -> go.Figure:
    """Misses against false accepts of all arms, both on a logarithmic scale, where shares of 0 cannot be drawn.

    ``fpir``: the promise, drawn as a line.
    """
    fig, least = go.Figure(), 0.5
    for place, (name, seen) in enumerate(found.arms.items()):
        trade = seen.curve
        fine = np.flatnonzero((trade.fpir > 0) & (trade.fnir > 0))
        if len(fine) > _MOST_POINTS:
            fine = fine[np.unique(np.linspace(0, len(fine) - 1, _MOST_POINTS).astype(int))]
        least = min(least, trade.fnir[fine].min(initial=1.0))
        fig.add_scatter(
            x=trade.fpir[fine],
            y=trade.fnir[fine],
            name=for_plotly(name),
            mode="lines",
            line={
                "color": palette.missing if name == SHUFFLED else palette.categories[place % len(palette.categories)],
                "dash": _DASHES[place % len(_DASHES)],
                "width": 3 if place == 0 else 2,
                "shape": "hv",
            },
            hovertemplate=f"{for_plotly(name)}: %{{y:.1%}} missed at %{{x:.1%}} falsely accepted<extra></extra>",
        )
    fig.add_vline(x=fpir, line={"color": palette.missing, "dash": "dot", "width": 1.5})
    fig.add_annotation(
        x=np.log10(fpir),  # Plotly wants exponents here, and not for the line
        y=1,
        yref="paper",
        text="promised",
        showarrow=False,
        xanchor="right",
        xshift=-4,
        font={"color": palette.text},
    )
    ticks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
    for axes, title in ((fig.update_xaxes, "false accepts (FPIR)"), (fig.update_yaxes, "misses (FNIR)")):
        axes(
            title_text=title,
            type="log",
            tickvals=ticks,
            ticktext=[f"{100 * tick:g}%" for tick in ticks],
            gridcolor=palette.grid,
            zeroline=False,
            fixedrange=True,
        )
    fig.update_yaxes(range=[np.log10(0.8 * least), 0.04])
    fig.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"})
    return dressed(fig, palette, 440)


def within_chart(found: Separation, taus: dict[str, float], palette: Palette) -> go.Figure:
    """Figure 9 of S2: in each stratum and in all together, the farthest sightings of one animal and the nearest of two.

    Where the square lies left of the diamond, some tau tells all animals apart. ``taus``: as fitted, by stratum.
    """
    k = len(found.labels) - 1
    rows = [k, *range(k)]
    names = _names(found)
    known = [row for row in rows if np.isfinite(found.nearest_other[row, row])]
    heights = [names[row] for row in known]
    fig = go.Figure()
    for row in known:
        ends = [found.farthest_own[row, row], found.nearest_other[row, row]]
        if np.isfinite(ends).all():
            apart = found.holds[row, row]
            fig.add_scatter(
                x=ends,
                y=[names[row]] * 2,
                mode="lines",
                line={"color": palette.categories[2] if apart else palette.missing, "width": 6 if apart else 2},
                hoverinfo="skip",
                showlegend=False,
            )
    marks = (
        ("two sightings of one animal, at most", found.farthest_own, "square", palette.categories[0]),
        ("an animal and its nearest sighting, at most", found.hardest_own, "circle", palette.categories[5]),
        ("two animals, at least", found.nearest_other, "diamond", palette.categories[1]),
    )
    for name, matrix, symbol, colour in marks:
        fig.add_scatter(
            x=[matrix[row, row] for row in known],
            y=heights,
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 12, "color": colour, "line": {"color": palette.background, "width": 1}},
            customdata=[
                [for_plotly(found.labels[row]), count(int(found.animals[row, row]), "animal")] for row in known
            ],
            hovertemplate=f"%{{customdata[0]}}<br>{name}: %{{x:.4g}} (%{{customdata[1]}})<extra></extra>",
        )
    fig.add_scatter(
        x=[taus.get(found.labels[row]) for row in known],
        y=heights,
        mode="markers",
        name="fitted tau",
        marker={"symbol": "line-ns", "size": 18, "line": {"color": palette.text, "width": 3}},
        customdata=[for_plotly(found.labels[row]) for row in known],
        hovertemplate="%{customdata}<br>fitted tau: %{x:.4g}<extra></extra>",
    )
    fig.update_xaxes(title_text="distance", gridcolor=palette.grid, zeroline=False, fixedrange=True, rangemode="tozero")
    fig.update_yaxes(type="category", autorange="reversed", gridcolor=palette.grid, fixedrange=True)
    fig.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"})
    return dressed(fig, palette, 130 + 34 * max(2, len(known)))


def pairs_chart(found: Separation, palette: Palette) -> go.Figure:
    """The gap of each pair of strata: nearest two animals less farthest sightings of one; above 0 a tau separates.

    In each cell the farthest sightings of one animal stand above the nearest two.
    """
    gap = found.nearest_other - found.farthest_own
    names = _names(found)
    most = float(np.nanmax(np.abs(gap))) if np.isfinite(gap).any() else 1.0
    hover = [
        [
            f"{for_plotly(found.labels[i])}<br>and {for_plotly(found.labels[j])}<br>"
            f"two sightings of one animal, at most: {_said(found.farthest_own[i, j])}<br>"
            f"an animal and its nearest sighting, at most: {_said(found.hardest_own[i, j])}<br>"
            f"two animals, at least: {_said(found.nearest_other[i, j])}<br>{count(int(found.animals[i, j]), 'animal')}"
            for j in range(len(names))
        ]
        for i in range(len(names))
    ]
    digits, size = (3, 11) if len(names) <= _ROOMY else (2, 10)
    texts = [
        [f"{_said(own, digits)}<br>{_said(other, digits)}" for own, other in zip(*rows, strict=True)]
        for rows in zip(found.farthest_own, found.nearest_other, strict=True)
    ]
    fig = go.Figure(
        go.Heatmap(
            z=gap,
            x=names,
            y=names,
            zmin=-most,
            zmax=most,
            # Okabe and Ito's vermilion and blue, each as far as it goes; grey-white in the middle.
            colorscale=[[0, "#D55E00"], [0.5, "#F2F2F2"], [1, "#0072B2"]],
            text=texts,
            texttemplate="%{text}",
            textfont={"color": "#1D2733", "size": size},
            customdata=hover,
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=2,
            colorbar={"title": {"text": "gap"}, "thickness": 10, "outlinewidth": 0},
        )
    )
    fig.update_xaxes(type="category", showgrid=False, fixedrange=True)
    fig.update_yaxes(type="category", showgrid=False, fixedrange=True, autorange="reversed")
    return dressed(fig, palette, 190 + 34 * len(names))


def _names(found: Separation) -> list[str]:
    """Labels short enough for an axis, each once."""
    out: list[str] = []
    for label in found.labels:
        short = ", ".join(part.split(" = ", 1)[-1] for part in label.split(", "))
        short = short if len(short) <= _LONGEST else f"{short[: _LONGEST - 3]}..."
        out.append(for_plotly(short if short not in out else label))
    return out


def _said(value: float, digits: int = 3) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:,.0f}"
