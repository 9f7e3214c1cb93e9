"""Slips of the pen: one weight of 2,530 g must not teach a herd of mice that weights differ by hundreds.

They are judged as they are, and alerted; but what is learnt from them is bounded (Winsorised; Huber, 1964).
"""

import numpy as np

from explorer.change.panel import Floats, Panel

_MOST = 15.0
"""Robust standard deviations from an animal's own median that a value is learnt from with. No illness goes so far."""

_RARE, _FEW = 1 / 50, 3
"""Where a larger share, and more than so many, lie beyond, that is how the values are: lopsided, and no slips."""

_FEWEST = 3
"""Visits of an animal that have a middle of their own; those of others are held against the herd's."""


def bounded(panel: Panel, values: Floats) -> Floats:
    """``values`` float64 (n,) of the visits of ``panel``, none missing, with slips moved nearer to their animals."""
    if not len(values):
        return values
    first, counts = panel.first, panel.counts
    ordered = values[np.lexsort((values, panel.animal))]
    own = np.repeat((ordered[first + (counts - 1) // 2] + ordered[first + counts // 2]) / 2, counts)
    known = np.repeat(counts >= _FEWEST, counts)
    herd = float(np.median(values))
    middle = np.where(known, own, herd)
    away = values - middle
    most = np.where(known, _reach(away[known]), _reach(values - herd))
    beyond = (np.abs(away) > most) & (most > 0)
    if not 0 < beyond.sum() <= max(_FEW, _RARE * len(values)):
        return values
    return np.where(beyond, middle + np.sign(away) * most, values)


def _reach(away: Floats) -> float:
    return _MOST * 1.4826 * float(np.median(np.abs(away))) if len(away) else 0.0
