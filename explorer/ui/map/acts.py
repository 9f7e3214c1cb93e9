"""What the hand did on the map, and the view that follows from it."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from explorer.errors import UserError
from explorer.study.study import Study
from explorer.ui.map.columns import drawing_order
from explorer.view import MapChoice, Selection, Stroke, VariableFilter, View

_MOST_STROKES = 200
_MOST_CORNERS = 2_000


def after(
    view: View,
    act: Mapping[str, Any],
    *,
    study: Study,
    on: tuple[str, MapChoice] | None,
    colour: str | None,
) -> View:
    """``view`` after ``act``.

    ``on`` is the map on which it was done (embedding, choice): the hand may be quicker than the page, and draw on a
    map that is already being left. ``colour`` is the variable that the legend shows. Raises UserError for a selection
    that grows too long.
    """
    match act.get("do"):
        case "stroke" if on is not None:
            stroke = Stroke(how=_how(act), embedding=on[0], on=on[1], polygon=rounded(act["polygon"]))
            return view.but(selection=_with(view.selection, stroke, act))
        case "click":
            order = drawing_order(len(study))
            index = int(act["index"])
            if not 0 <= index < len(order):
                return view
            stroke = Stroke(how=_how(act), ids=(str(study.ids[int(order[index])]),))
            return view.but(selection=_with(view.selection, stroke, act))
        case "clear":
            return view.but(selection=Selection())
        case "categories" if colour is not None:
            return _filtered(view, colour, _by_category(study, view, colour, act))
        case "range" if colour is not None:
            return _filtered(view, colour, _by_range(study, view, colour, act))
        case "colour" if act["name"] in study.variables:
            return view.but(colour=act["name"])
    return view


def _how(act: Mapping[str, Any]) -> Literal["add", "remove"]:
    return "remove" if act["how"] == "remove" else "add"


def _with(selection: Selection, stroke: Stroke, act: Mapping[str, Any]) -> Selection:
    if act["how"] == "replace":
        return Selection(strokes=(stroke,))
    before = selection.strokes
    if not before and stroke.how == "remove":
        return selection
    if before and stroke.ids and before[-1].ids and before[-1].how == stroke.how:  # one click after another
        ids = tuple(dict.fromkeys((*before[-1].ids, *stroke.ids)))
        before, stroke = before[:-1], Stroke(how=stroke.how, ids=ids)
    if len(before) >= _MOST_STROKES:
        raise UserError(
            f"a selection has at most {_MOST_STROKES} outlines", how="Give it a name, then begin another one"
        )
    return Selection(strokes=(*before, stroke))


def rounded(polygon: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """A polygon in a map's coordinates, with four digits of its reach: finer than a screen, and short in the address.

    Raises UserError when it has fewer than three corners.
    """
    corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)[:_MOST_CORNERS]
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise UserError("an outline needs three corners")
    span = max(float(np.ptp(corners, axis=0).max()), 1e-12)
    digits = int(3 - np.floor(np.log10(span)))
    return tuple((round(float(x), digits), round(float(y), digits)) for x, y in corners)


def _by_category(study: Study, view: View, colour: str, act: Mapping[str, Any]) -> VariableFilter | None:
    """The filter on ``colour`` after a click on an entry of its legend; None when everything is shown.

    A click shows one category alone, or all again when it was alone; with ``add`` it joins or leaves the others.
    Beside a scale, the only entry is "missing", which a click puts in or leaves out.
    """
    values = study.values(colour)
    gaps = bool(values.isna().any())
    now = _filter_on(view, colour) or VariableFilter(variable=colour, missing=True)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        changed = VariableFilter.model_validate({**now.model_dump(), "missing": not now.missing})
        return None if changed.missing and changed.low is None and changed.high is None else changed
    every = [str(label) for label in values.cat.categories]
    if not act["missing"] and str(act["value"]) not in every:  # of a legend that has been left since
        return _filter_on(view, colour)
    on = set(every if now.values is None else now.values)
    missing = now.missing and gaps
    one: set[str] = set() if act["missing"] else {str(act["value"])}
    if act["add"]:
        on ^= one
        missing ^= bool(act["missing"])
    elif on == one and missing == bool(act["missing"]):
        return None
    else:
        on, missing = one, bool(act["missing"])
    if (on >= set(every) and missing == gaps) or not (on or missing):
        return None
    return VariableFilter(variable=colour, values=tuple(label for label in every if label in on), missing=missing)


def _by_range(study: Study, view: View, colour: str, act: Mapping[str, Any]) -> VariableFilter | None:
    """The filter on ``colour`` after a drag along its scale; what is missing goes at the first one, then as it was."""
    before = _filter_on(view, colour)
    if isinstance(study.values(colour).dtype, pd.CategoricalDtype):  # of a legend that has been left since
        return before
    low, high = act["low"], act["high"]
    if low is None and high is None:
        return None
    narrowed = before is not None and (before.low is not None or before.high is not None)
    return VariableFilter(variable=colour, low=low, high=high, missing=before.missing if before and narrowed else False)


def _filter_on(view: View, colour: str) -> VariableFilter | None:
    return next((one for one in view.filters if one.variable == colour), None)


def _filtered(view: View, colour: str, chosen: VariableFilter | None) -> View:
    """``view`` with ``chosen`` as its filter on ``colour``, in the place of the one before."""
    kept = [chosen if one.variable == colour else one for one in view.filters]
    if chosen is not None and chosen not in kept:
        kept.append(chosen)
    return view.but(filters=tuple(one for one in kept if one is not None))
