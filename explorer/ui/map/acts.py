"""What the hand did on the map, and the view that follows from it."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from explorer.errors import UserError
from explorer.space.filtering import by_category, by_range, filtered
from explorer.study.study import Study
from explorer.ui.map.columns import drawing_order
from explorer.view import Group, MapChoice, Selection, Stroke, View

On = tuple[str, MapChoice, Group | None]
"""Which map: the embedding's name, the choice, the part of the study that it is made of."""

_MOST_STROKES = 200
_MOST_CORNERS = 2_000


def after(
    view: View,
    act: Mapping[str, Any],
    *,
    study: Study,
    on: On | None,
    colour: str | None,
) -> View:
    """``view`` after ``act``.

    ``on`` is the map on which it was done: the hand may be quicker than the page, and draw on a
    map that is already being left. ``colour`` is the variable that the legend shows. Raises UserError for a selection
    that grows too long.
    """
    match act.get("do"):
        case "stroke" if on is not None:
            embedding, choice, within = on
            polygon = rounded(act["polygon"])
            stroke = Stroke(how=_how(act), embedding=embedding, on=choice, within=within, polygon=polygon)
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
            missing = bool(act["missing"])
            value = None if missing else str(act["value"])
            chosen = by_category(study, view, colour, value, missing=missing, add=bool(act["add"]))
            return filtered(view, colour, chosen)
        case "range" if colour is not None:
            return filtered(view, colour, by_range(study, view, colour, act["low"], act["high"]))
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
