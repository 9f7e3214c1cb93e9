"""How task dimensions are read in the tasks' units, set right on animals that no weight has learnt from."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

FEWEST = 30
"""Labelled observations below which a task is read as it was learnt."""

_LEAST, _MOST = 1e-6, 4.0
"""Of the slope as it was learnt: never 0, so that what is left still ranks."""


def calibrate(
    values: npt.NDArray[np.floating], labels: npt.NDArray[np.floating], *, spread: float
) -> tuple[float, float] | None:
    """Mean and spread with which ``mean + spread * values`` misses ``labels`` least, in absolute errors.

    values, labels: float (n,), NaN where missing. ``spread`` is the slope as learnt; the new one lies between next to
    none of it and four times it. A network says of new animals too boldly what it has learnt by heart of others: a
    task that pictures do not show then costs more than its median does, and is read as its median here. None below
    ``FEWEST`` pairs.
    """
    known = np.isfinite(values) & np.isfinite(labels)
    if known.sum() < FEWEST:
        return None
    x, y = values[known].astype(np.float64), labels[known].astype(np.float64)

    def missed(share: float) -> float:
        rest = y - share * spread * x
        return float(np.abs(rest - np.median(rest)).mean())

    found = minimize_scalar(missed, bounds=(_LEAST, _MOST), method="bounded", options={"xatol": 1e-4})
    slope = spread * min((float(found.x), _LEAST), key=missed)  # convex, but flat where nothing is seen
    return float(np.median(y - slope * x)), slope
