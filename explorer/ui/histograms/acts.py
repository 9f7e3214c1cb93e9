"""What the hand did on the histograms, and the view that follows from it."""

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.space.bins import Bins
from explorer.space.histograms import after_bars, without
from explorer.study.study import Study
from explorer.view import View


def after(view: View, act: Mapping[str, Any], *, study: Study, bins: Sequence[Bins]) -> View:
    """``view`` after ``act`` on the histograms of ``bins``; the hand may still have been on one that is gone."""
    of = {one.variable: one for one in bins}
    name = act.get("name")
    if name not in of:
        return view
    match act.get("do"):
        case "bars":
            return after_bars(study, view, of[name], int(act["first"]), int(act["last"]), add=bool(act["add"]))
        case "clear":
            return without(view, name)
        case "colour":
            return view.but(colour=name)
    return view
