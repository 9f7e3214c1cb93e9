"""The map where WebGL2 does not draw it: in three dimensions, and in browsers without it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from explorer.space.path import AnimalPath
from explorer.space.projections import NAMES, Projection
from explorer.space.shown import Shown
from explorer.study.study import Study
from explorer.study.times import written
from explorer.ui.colouring import Colouring
from explorer.ui.map.acts import rounded
from explorer.ui.palette import palette
from explorer.ui.scatter import HOVER_TEXT_UP_TO, MAX_DRAWN, Drawing, drawn_rows, figure
from explorer.ui.state import propose, view
from explorer.view import MapChoice, Selection, Stroke

_MOST_CLICKED = 500


def limit_note(projection: Projection, drawing: Drawing) -> str | None:
    """A sentence when not every point can be drawn."""
    limit, placed = MAX_DRAWN[drawing], int(projection.placed.sum())
    if placed <= limit:
        return None
    said = f"a random {limit:,} of {placed:,} points are drawn"
    if drawing == "3-D":
        return f"{said}, since 3-D becomes slow beyond"
    return f"{said}, since this browser cannot select among more; a lasso takes all points inside it, drawn or not"


def plotly_map(
    study: Study,
    projection: Projection,
    seen: Shown,
    colours: Colouring | None,
    path: AnimalPath | None,
    drawing: Drawing,
) -> None:
    """Draw it, with selection by lasso, box and click in two dimensions."""
    rows = drawn_rows(projection, seen, drawing)
    flat = drawing != "3-D"
    choice = projection.choice
    key = f"map-{view().embedding}-{'-'.join(str(part) for part in choice.model_dump().values())}"
    said = f"coloured by {colours.title}" if colours else "without colours"
    st.plotly_chart(
        figure(
            projection,
            seen,
            rows,
            colours,
            palette(),
            drawing=drawing,
            hover=names(study, rows) if len(rows) <= HOVER_TEXT_UP_TO else None,
            selecting=flat,
            animal_rows=None if path is None else np.concatenate([path.rows, path.others]),
        ),
        theme=None,
        key=key,
        on_select=(lambda: _picked(study, choice, st.session_state[key].selection)) if flat else "ignore",
        selection_mode=("points", "box", "lasso"),
        config={"scrollZoom": True, "displaylogo": False},
        alt=f"{NAMES[choice.method]} map of {len(rows):,} observations, {said}",
    )
    if flat:
        st.caption("Draw around points to select them; hold shift to add. Double-click clears. Scroll zooms.")
    else:
        st.caption("Drag turns the map. Select on the 2-D map.")


def names(study: Study, rows: npt.NDArray[np.int64]) -> pd.Series:
    """What the observations ``rows`` are called: animal and date, or the id; indexed by row."""
    if study.animal is None:
        return pd.Series(study.ids.take(rows).to_pylist(), index=rows)
    label = study.animal.iloc[rows].astype(object).fillna("unknown animal").astype(str).set_axis(rows)
    if study.time is None:
        return label
    times = study.time[rows]
    when = written(times.astype("datetime64[D]") if times.dtype.kind == "M" else times)
    return label + " · " + when.astype(object).fillna("no date").astype(str).set_axis(rows)


def _picked(study: Study, on: MapChoice, event: Mapping[str, Any]) -> None:
    """Turn what was drawn into a selection: polygons in the map's own coordinates, or the rows clicked."""
    outlines = [list(zip(lasso["x"], lasso["y"], strict=True)) for lasso in event.get("lasso", [])]
    for box in event.get("box", []):
        (x0, x1), (y0, y1) = box["x"], box["y"]
        outlines.append([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    strokes = [
        Stroke(embedding=view().embedding, on=on, polygon=rounded(outline)) for outline in outlines if len(outline) >= 3
    ]
    if not strokes:
        rows = [int(point["customdata"]) for point in event.get("points", []) if "customdata" in point]
        ids = tuple(str(study.ids[row]) for row in rows[:_MOST_CLICKED])
        strokes = [Stroke(ids=ids)] if ids else []
    propose(view().but(selection=Selection(strokes=tuple(strokes))))
