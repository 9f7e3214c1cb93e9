"""How background variables come into the vectors that clusters are made of: taken out of them, or put beside them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from explorer.space.adjusting import fit_adjustment, linear_columns
from explorer.space.conditions import Condition

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]

WITHIN = 0.01
"""From this share of a variable's variance within animals on, its effect is learnt within animals."""


def without(
    vectors: Vectors, chosen: Sequence[Condition], rows: npt.NDArray[np.int64], units: npt.NDArray[np.int64]
) -> Vectors:
    """``vectors`` (m, d), of the observations ``rows`` (m,), less what the variables ``chosen`` add to them.

    Least squares on numbers, categories, and sine and cosine of cycles (``fit_adjustment``). What changes within an
    animal (``units``, int (n,)) is learnt within animals, so that a season is not blamed for the animals that happened
    to be seen in it; then what is fixed to an animal (a breed) is learnt across them. A missing value takes nothing
    away. Returns float32.
    """
    left: Floats = np.asarray(vectors, dtype=np.float64)
    varies = [changes_within(one, rows, units) for one in chosen]
    for within in (True, False):
        those = [one for one, changes in zip(chosen, varies, strict=True) if changes == within]
        if those:
            full = np.full((len(units), left.shape[1]), np.nan)
            full[rows] = left
            used = np.zeros(len(units), dtype=bool)
            used[rows] = True
            left = fit_adjustment(full, those, used, units if within else None).residuals(full, those, rows)
    return left.astype(np.float32)


def changes_within(one: Condition, rows: npt.NDArray[np.int64], units: npt.NDArray[np.int64]) -> bool:
    """Whether the variable changes within animals, by more than a slip of the pen (``WITHIN``)."""
    columns = linear_columns([one]).columns[rows]
    known = ~np.isnan(columns).any(axis=1)
    columns = columns[known]
    if not len(columns):
        return False
    _, place, counts = np.unique(units[rows][known], return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(place, weights=column) / counts for column in columns.T], axis=1)
    return bool(((columns - means[place]) ** 2).sum() > WITHIN * ((columns - columns.mean(axis=0)) ** 2).sum())


def beside(vectors: Vectors, chosen: Sequence[Condition], rows: npt.NDArray[np.int64], weight: float) -> Vectors:
    """``vectors`` (m, d), of the observations ``rows`` (m,), and beside them the variables ``chosen``; float32 (m, p).

    Numbers are z-scored, categories one column each, cycles sine and cosine; the columns of a variable are scaled to a
    total variance of 1, so that no unit and no number of categories counts for more. All variables together get
    ``weight`` times the total variance of the vectors, which stay as they are: with 0, nothing is added. A missing
    value takes the mean of its variable.
    """
    made = linear_columns(chosen)
    used = made.columns[rows]
    known = ~np.isnan(used)
    mean = np.where(known, used, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    moved = np.where(known, used - mean, 0.0)
    variance = np.bincount(made.owner, weights=moved.var(axis=0))
    varying = variance > 1e-12 * np.bincount(made.owner, weights=np.maximum(mean**2, 1e-300))
    total = float(np.asarray(vectors, dtype=np.float64).var(axis=0).sum())
    if weight == 0 or not varying.any() or total == 0:
        return vectors
    scale = np.sqrt(weight * total / varying.sum() / np.where(varying, variance, 1.0)) * varying
    return np.hstack([vectors, (moved * scale[made.owner]).astype(np.float32)])
