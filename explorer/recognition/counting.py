"""Shares of animals with the interval that their number leaves."""

import numpy as np
from scipy.stats import beta

from explorer.space.bootstrap import UNKNOWN, Interval


def share_of(count: float, n: int) -> Interval:
    """``count`` of ``n`` animals with the 95 % interval of Clopper and Pearson (1934); NaN of none.

    ``count`` may lie between whole numbers: the mean over draws of one query per animal.
    """
    if n == 0:
        return UNKNOWN
    count = float(np.clip(count, 0, n))
    low = 0.0 if count <= 0 else float(beta.ppf(0.025, count, n - count + 1))
    high = 1.0 if count >= n else float(beta.ppf(0.975, count + 1, n - count))
    return Interval(count / n, low, high)
