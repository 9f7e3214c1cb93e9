"""Slips of the pen: one weight of 2,530 g must not teach a herd of mice that weights differ by hundreds.

They are judged as they are, and alerted; but what is learnt from them is bounded (Winsorised; Huber, 1964).
"""

import numpy as np

from explorer.change.panel import Floats, Panel

_MOST = 15.0
"""Robust standard deviations from an animal's own median that a value is learnt from with. No illness goes so far."""

_RARE = 1 / 500
"""Where a larger share lies beyond, that is how the values are: they are lopsided, and no slips."""

_FEWEST = 3


def bounded(panel: Panel, values: Floats) -> Floats:
    """``values`` float64 (n,) of the visits of ``panel``, none missing, with slips moved nearer to their animals."""
    if not len(values):
        return values
    first, counts = panel.first, panel.counts
    ordered = values[np.lexsort((values, panel.animal))]
    middle = np.repeat((ordered[first + (counts - 1) // 2] + ordered[first + counts // 2]) / 2, counts)
    away, known = values - middle, np.repeat(counts >= _FEWEST, counts)
    if not known.any():
        return values
    most = _MOST * 1.4826 * float(np.median(np.abs(away[known])))
    beyond = np.abs(away) > most
    if most == 0 or not 0 < beyond.mean() <= _RARE:
        return values
    return np.where(beyond, middle + np.sign(away) * most, values)
