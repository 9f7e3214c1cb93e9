"""The scale on which a series is followed: that of its values, or their logarithm to base 2.

On the logarithm a change is a factor, the same at every level, so one band fits an animal that is always low and one
that is always high. Of cell counts it is the somatic cell score of dairy practice, less a constant (Ali and Shook,
1980: log2(cells / 100,000 per mL) + 3).
"""

from typing import Literal

import numpy as np
from scipy.stats import skew

from explorer.change.panel import Floats

Scale = Literal["own", "log2"]

LOG2: Scale = "log2"
"""Also what the names of logarithms begin with: "log2:VARIABLE"."""

TIMES = "times"
"""The unit of a factor."""

_LOPSIDED, _ODD = 1.0, 0.01
"""Skewness from which values that are all above zero want their logarithm; without so large a share of the lowest and
of the highest, as one slip of the pen can make thousands of values skewed."""


def off_scale(values: Floats, scale: Scale) -> Floats:
    """Values on ``scale`` as they were measured; differences as what they are there: factors, of the logarithm."""
    if scale == LOG2:
        with np.errstate(over="ignore"):  # a band of an animal's first visits may reach beyond all numbers
            return np.exp2(values)
    return values


def is_lopsided(values: Floats) -> bool:
    """Whether ``values`` (n,), NaN where missing, are all above 0, and most of them low and a few very high."""
    known = values[np.isfinite(values)]
    if not len(known) or known.min() <= 0:
        return False
    low, high = np.quantile(known, [_ODD, 1 - _ODD])
    most = known[(known >= low) & (known <= high)]
    return bool(np.ptp(most) > 0 and skew(most) > _LOPSIDED)
