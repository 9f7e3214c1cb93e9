"""Where the visits of an animal have gaps too long to draw a line across."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

LONG_GAP = 3.0
"""A gap so many times as long as the animal's usual one is left open: nothing is known of what happened in it."""


def runs_of(days: npt.NDArray[np.float64]) -> list[slice]:
    """Visits without a long gap between them, as slices; ``days`` float64 (n,) ascending."""
    if not len(days):
        return []
    gaps = np.diff(days)
    breaks = np.flatnonzero(gaps > LONG_GAP * np.median(gaps)) + 1 if len(gaps) else np.empty(0, dtype=np.int64)
    edges = [0, *breaks.tolist(), len(days)]
    return [slice(start, end) for start, end in pairwise(edges)]
