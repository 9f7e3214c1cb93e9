"""Distances between vectors, by name."""

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

Distance = Literal[
    "euclidean",
    "squared_euclidean",
    "manhattan",
    "cosine",
    "dot",
    "mahalanobis",
    "minkowski",
    "chebyshev",
    "correlation",
    "standardised_euclidean",
    "spearman",
]
"""The distances of O'Mahony et al., on dependent variables with deep metric learning, section 3.1."""

_SCIPY: dict[str, str] = {
    "euclidean": "euclidean",
    "squared_euclidean": "sqeuclidean",
    "manhattan": "cityblock",
    "cosine": "cosine",
    "mahalanobis": "mahalanobis",
    "minkowski": "minkowski",
    "chebyshev": "chebyshev",
    "correlation": "correlation",
    "standardised_euclidean": "seuclidean",
    "spearman": "correlation",  # of the ranks
}

_OPTIONS = {"mahalanobis": "covariance", "minkowski": "order", "standardised_euclidean": "variances"}


def distances(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    name: Distance = "euclidean",
    *,
    covariance: npt.ArrayLike | None = None,
    variances: npt.ArrayLike | None = None,
    order: float | None = None,
) -> npt.NDArray[np.float64]:
    """Distances of all rows of ``first`` (n, d) from all of ``second`` (m, d); float64 (n, m). Smaller is nearer.

    dot: less the dot product, so that it can be below 0. cosine, correlation, spearman: 1 less the coefficient, in
    0..2; NaN for a vector of zeros, or one without spread. spearman ranks the dimensions of each vector, equal ones at
    their mean rank. mahalanobis, ``sqrt((x-y)' C^-1 (x-y))``, needs ``covariance`` C (d, d), standardised_euclidean
    ``variances`` (d,), minkowski its ``order`` of at least 1; none of them has a default, which would change with the
    rows compared. Raises ValueError for an unknown name, an option that is missing or not the distance's, and shapes
    that do not fit.
    """
    if name not in get_args(Distance):
        raise ValueError(f"no distance is named {name!r}; there are {', '.join(get_args(Distance))}")
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"the vectors must be (n, d) and (m, d), not {x.shape} and {y.shape}")
    given = {"covariance": covariance, "variances": variances, "order": order}
    names = {option for option, value in given.items() if value is not None}
    needed = {_OPTIONS[name]} if name in _OPTIONS else set()
    if names != needed:
        raise ValueError(
            f"{name} needs {' '.join(needed) or 'no option'}; it was given {' '.join(sorted(names)) or 'none'}"
        )
    if name == "dot":
        return -(x @ y.T)
    if name == "spearman":
        x, y = rankdata(x, axis=1), rankdata(y, axis=1)
    options: dict[str, Any] = {}
    if covariance is not None:
        options["VI"] = _inverse(np.asarray(covariance, dtype=np.float64), x.shape[1])
    if variances is not None:
        options["V"] = _positive(np.asarray(variances, dtype=np.float64), x.shape[1])
    if order is not None:
        if order < 1:
            raise ValueError(f"order must be at least 1, not {order}")
        options["p"] = order
    return cdist(x, y, _SCIPY[name], **options)


def _inverse(covariance: npt.NDArray[np.float64], d: int) -> npt.NDArray[np.float64]:
    if covariance.shape != (d, d) or not np.allclose(covariance, covariance.T):
        raise ValueError(f"covariance must be symmetric ({d}, {d})")
    values, axes = np.linalg.eigh(covariance)
    if values[0] <= 0:
        raise ValueError("covariance must be positive definite")
    return (axes / values) @ axes.T


def _positive(variances: npt.NDArray[np.float64], d: int) -> npt.NDArray[np.float64]:
    if variances.shape != (d,) or not (variances > 0).all():
        raise ValueError(f"variances must be ({d},), all above 0")
    return variances
