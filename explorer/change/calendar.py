"""What all animals share at a time: the scale that drifts, the feed, the weather that no earlier year has told of.

A change is one of an animal only beyond what the others of those weeks show too. So the middle of how far the visits of
the last weeks lie from their animals' own earlier levels is taken off every visit. Sick animals are few among them and
hardly move a median; a sickness of the whole herd shows here, not in alerts of each animal.
"""

import numpy as np

from explorer.change.panel import Floats, Panel

WEEKS = 30.0
"""Days back from a visit whose visits tell of its time."""

FEWEST = 10
"""Visits in them; with fewer, one animal would be a large part of what is taken off it."""

_MEDIAN = 1.57
"""Variance of a median in that of a mean, of normal values."""


def shared(panel: Panel, residual: Floats) -> Floats:
    """What the herd shares at each visit, float64 (n,): from days up to that visit alone.

    A median is shrunk by what chance alone would make of it (positive-part James and Stein), so that where there is
    nothing to share, nothing but a little noise is shared.
    """
    days, when = np.unique(panel.day, return_inverse=True)
    order = np.argsort(when, kind="stable")
    ends = np.cumsum(np.bincount(when, minlength=len(days)))
    begins = np.searchsorted(days, days - WEEKS, side="right")
    starts = np.append(0, ends)[begins]
    _, animal = np.unique(panel.animal, return_inverse=True)
    total, count = np.zeros(int(animal.max(initial=-1)) + 1), np.zeros(int(animal.max(initial=-1)) + 1)
    away = np.full(len(panel), np.nan)
    out = np.zeros(len(panel))
    for place, end in enumerate(ends):
        rows = order[ends[place - 1] if place else 0 : end]
        who = animal[rows]
        seen = count[who] > 0
        away[rows[seen]] = residual[rows[seen]] - total[who[seen]] / count[who[seen]]
        level = _middle(away[order[starts[place] : end]])
        out[rows] = level
        total[who] += residual[rows] - level
        count[who] += 1
    return out


def _middle(values: Floats) -> float:
    values = values[np.isfinite(values)]
    if len(values) < FEWEST:
        return 0.0
    middle = _median(values)
    spread = _median(np.abs(values - middle)) * 1.4826
    if middle == 0:
        return 0.0
    return middle * max(0.0, 1 - _MEDIAN * spread**2 / (len(values) * middle**2))


def _median(values: Floats) -> float:
    """What np.median gives, which for few values spends most of its time on what they might be."""
    half, odd = divmod(len(values), 2)
    ordered = np.partition(values, half if odd else (half - 1, half))
    return float(ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2)
