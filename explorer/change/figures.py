"""The figures of one visit in words, with the digits that its animal's spread allows: the same on screen and paper."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from explorer.change.digits import change_said, value_said, with_unit
from explorer.change.following import Followed
from explorer.change.scale import LOG2


@dataclass(frozen=True)
class Figures:
    """Of the visit in ``row`` of what is followed: its ``day``, and in words its value, what was expected, the effect.

    ``value``: with its unit. ``expected``: with the animal's own band (95 %); empty before anything was learnt.
    ``effect``: how far from the animal's own level, with its 95 % interval, on average over its last ``over`` visits,
    on a logarithm how many times it; empty without an alert, since those visits are the ones that differ most: of a
    quiet animal it would say too much.
    ``relevant``: how likely that is more than what is relevant; empty where the study does not say what is. ``visits``:
    of the animal up to this one.
    """

    row: int
    day: float
    value: str
    expected: str
    effect: str
    relevant: str
    visits: int
    over: int

    @property
    def of(self) -> str:
        """What ``effect`` is of, on average, in words."""
        return f"last {self.over} visits" if self.over > 1 else "last visit"


def last_row(followed: Followed, animal: str, day: float | None = None) -> int | None:
    """The row of the animal's last visit, up to ``day`` if one is given; None when it has none."""
    if animal not in followed.series.animals:
        return None
    panel, place = followed.panel, followed.series.animals.index(animal)
    start, end = (int(np.searchsorted(panel.animal, place, side)) for side in ("left", "right"))
    if day is not None:
        end = start + int(np.searchsorted(panel.day[start:end], day, "right"))
    return end - 1 if end > start else None


def figures_of(followed: Followed, row: int) -> Figures:
    """The figures of the visit in ``row``."""
    series, effects = followed.series, followed.effects
    spread = float(followed.spread[row])
    spread = spread if np.isfinite(spread) else float(np.std(series.value))
    expected = effect = relevant = ""
    if followed.judged_by[row] >= 0:
        band = [float(getattr(followed, one)[row]) for one in ("own", "low", "high")]
        own, low, high = (value_said(series, one, spread) for one in band)
        expected = with_unit(f"{own} ({low} to {high})", series.unit)
    if followed.alerted[row]:
        change, least, most = (float(getattr(effects, one)[row]) for one in ("estimate", "low", "high"))
        effect = change_said(series, change, least, most, spread)
        effect = effect if series.scale == LOG2 else with_unit(effect, series.unit)
        if series.relevant is not None:
            relevant = f"{share(float(effects.probability[row]))} likely beyond {series.relevant:g}"
    return Figures(
        row=row,
        day=float(followed.panel.day[row]),
        value=with_unit(value_said(series, float(series.value[row]), spread), series.unit),
        expected=expected,
        effect=effect,
        relevant=relevant,
        visits=int(followed.panel.visit[row]) + 1,
        over=row - int(effects.since[row]) + 1,
    )


def visits_told(followed: Followed, animal: str) -> pd.DataFrame:
    """``Followed.frame`` of ``animal`` with the figures of each visit in words: ``said``, its value, and ``usual``,
    what was expected."""
    frame, last = followed.frame(animal), last_row(followed, animal)
    rows = [] if last is None else range(last + 1 - len(frame), last + 1)
    told = [figures_of(followed, row) for row in rows]
    return frame.assign(said=[one.value for one in told], usual=[one.expected for one in told])


def share(probability: float) -> str:
    """A probability in words; never quite 0 or 1, which it is not."""
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"
