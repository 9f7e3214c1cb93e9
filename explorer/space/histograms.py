"""Histograms of the variables under a view's filters, and the filter that follows from a click on their bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.bins import Bins
from explorer.space.filtering import by_category, by_range, filter_on, filtered
from explorer.space.shown import Mask, Shown, filter_mask
from explorer.study.study import Study
from explorer.view import VariableFilter, View

_MOST_BARS = 64  # two bits beside the bar's number: they fit into a byte together

Count = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """How many observations stand in each bar of one variable, int64 (bars,) each.

    ``placed``: those with a place on the map. ``passing``: of these, those that pass the filters on the *other*
    variables, so that a bar says what a click on it would show. ``selected``: of these, those selected (they pass the
    filter on this variable, too: over the bars they add up to the selection on the map).
    """

    placed: Count
    passing: Count
    selected: Count


def count(study: Study, view: View, bins: Sequence[Bins], seen: Shown) -> list[Counts]:
    """The counts of each of ``bins`` under ``view``, of which ``seen`` is what it shows on the map."""
    everywhere = _standing(seen.placed, seen.filtered, seen.selected)
    own = {one.variable for one in view.filters}
    masks = {}
    if len(own) > 1:
        masks = {name: filter_mask(study, tuple(f for f in view.filters if f.variable == name)) for name in own}
    out = []
    for one in bins:
        standing = everywhere
        if one.variable in own:
            others = [mask for name, mask in masks.items() if name != one.variable]
            passing = np.logical_and.reduce(others) if others else np.ones(len(seen.placed), dtype=bool)
            standing = _standing(seen.placed, passing, seen.selected)
        # One pass for all three: the bar and how the observation stands, in one byte.
        found = np.bincount((one.codes << 2) | standing, minlength=4 * _MOST_BARS).reshape(_MOST_BARS, 4)
        at_least = found[: len(one.bars), ::-1].cumsum(axis=1)[:, ::-1]
        out.append(Counts(at_least[:, 1], at_least[:, 2], at_least[:, 3]))
    return out


def _standing(placed: Mask, passing: Mask, selected: Mask) -> npt.NDArray[np.uint8]:
    """0 without a place, 1 with one, 2 passing too, 3 selected too."""
    visible = placed & passing
    return placed.astype(np.uint8) + visible + (visible & selected)


def narrows(bins: Bins, chosen: VariableFilter | None) -> bool:
    """Whether ``chosen`` may leave anything out (a filter just added, with nothing chosen yet, does not)."""
    if chosen is None:
        return False
    return (chosen.values, chosen.low, chosen.high) != (None, None, None) or not all(bars_on(bins, chosen))


def bars_on(bins: Bins, chosen: VariableFilter | None) -> list[bool]:
    """Which bars (some of) the filter on this variable shows; all without one."""
    if chosen is None:
        return [True] * len(bins.bars)
    if chosen.values is not None:
        values = set(chosen.values)
        return [chosen.missing if bar.missing else not values.isdisjoint(bar.values) for bar in bins.bars]
    low = -np.inf if chosen.low is None else chosen.low
    high = np.inf if chosen.high is None else chosen.high
    on = []
    for bar in bins.bars:
        if bar.low is None or bar.high is None:
            on.append(chosen.missing if bar.missing else True)
        elif low > high:  # across the end of the cycle
            on.append(bar.high >= low or bar.low <= high)
        else:
            on.append(bar.high >= low and bar.low <= high)
    return on


def after_bars(study: Study, view: View, bins: Bins, first: int, last: int, *, add: bool = False) -> View:
    """``view`` after a pull over the bars ``first`` to ``last``, or a click where they are the same.

    Categories and what is missing go as in a legend (see ``by_category``; of a pull, the last bar counts). A bar or
    several of numbers become a range, and the same again shows all; with ``add`` the range reaches from what was shown
    to there. ``first`` after ``last`` goes across the end of a cycle. Bars that are not there change nothing.
    """
    bars = bins.bars
    if not (0 <= first < len(bars) and 0 <= last < len(bars)) or not bars[last].clickable:
        return view
    name = bins.variable
    if bins.by_category or bars[first].missing:
        bar = bars[last if bins.by_category else first]
        value = bar.values[0] if bar.values else None
        chosen = by_category(study, view, name, value, missing=bar.missing, add=add)
        return filtered(view, name, chosen)
    last = min(last, sum(not bar.missing for bar in bars) - 1)
    if not bins.cyclic:
        first, last = min(first, last), max(first, last)
    now = filter_on(view, name)
    if add and now is not None and (now.low is not None or now.high is not None):
        held = [place for place, on in enumerate(bars_on(bins, now)) if on and not bars[place].missing]
        first, last = min([first, *held]), max([last, *held])
    low, high = bars[first].low, bars[last].high
    if now is not None and (now.low, now.high) == (low, high):
        return filtered(view, name, None)
    return filtered(view, name, by_range(study, view, name, low, high))


def without(view: View, variable: str) -> View:
    """``view`` without its filter on ``variable``."""
    return filtered(view, variable, None)
