"""Which variable to colour by first: the one that says most about where the points lie."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.study.study import Study

_BINS = 10

MOST_CATEGORIES = 16
"""A nominal variable with more is never the first colour: nobody can tell that many colours apart in a legend."""


def share_explained(values: pd.Series, coordinates: npt.NDArray[np.floating]) -> float:
    """Share of the map's variance between the values' groups, adjusted for the number of groups (Ezekiel, 1930).

    ``coordinates`` is (n, dims); numbers are cut into ten groups of equal size. Rows with a missing value or place
    are left out. A quick guide to a first colour, not a test: it knows nothing of repeated animals.
    """
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    codes = values.cat.codes if categorical else pd.qcut(values, _BINS, labels=False, duplicates="drop")
    group = (
        codes.to_numpy(dtype=np.float64, na_value=np.nan) if not categorical else codes.to_numpy().astype(np.float64)
    )
    used = np.isfinite(coordinates[:, 0]) & np.isfinite(group) & (group >= 0)
    points, group = coordinates[used].astype(np.float64), group[used].astype(np.int64)
    n = len(points)
    if n < 3:
        return 0.0
    points -= points.mean(axis=0)
    total = float((points**2).sum())
    sizes = np.bincount(group)
    groups = int((sizes > 0).sum())
    if groups < 2 or groups >= n or total == 0:
        return 0.0
    between = 0.0
    for axis in points.T:
        sums = np.bincount(group, weights=axis)
        between += float((sums[sizes > 0] ** 2 / sizes[sizes > 0]).sum())
    return 1.0 - (1.0 - between / total) * (n - 1) / (n - groups)


def first_colour(study: Study, coordinates: npt.NDArray[np.floating]) -> str | None:
    """The variable that explains most of the map, or None when the study has none that can be read.

    Left out is a nominal variable with more than ``MOST_CATEGORIES`` values, whose legend cannot be read, or with
    more than a tenth of the rows (but always more than two), which names individuals in all but name.
    """
    best: tuple[float, str] | None = None
    for name, variable in study.variables.items():
        try:
            values = study.values(name)
        except UserError:
            continue
        if variable.kind == "nominal" and len(values.cat.categories) > min(MOST_CATEGORIES, max(2, len(study) / 10)):
            continue
        share = share_explained(values, coordinates)
        if best is None or share > best[0]:
            best = (share, name)
    return best[1] if best else None
