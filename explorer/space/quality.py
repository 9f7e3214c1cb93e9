"""How much of what lies near in the latent space lies near on a map."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.neighbours import find_among, without_self

NEAREST = 15
"""How many nearest neighbours are compared."""

SAMPLE = 2_000
"""On how many points the overlap is measured."""


@dataclass(frozen=True)
class Overlap:
    """Share of the ``k`` nearest neighbours in the latent space that are among the ``k`` nearest on the map.

    ``share`` is the mean over ``sample`` points. ``chance`` is what a map without any relation reaches: k / (n - 1).
    """

    share: float
    k: int
    sample: int
    chance: float


def knn_overlap(
    vectors: npt.NDArray[np.float32],
    coordinates: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    *,
    k: int = NEAREST,
) -> Overlap:
    """Overlap of neighbours for the points ``rows`` (s,) against all n points (Lee and Verleysen, 2009, their Q_NX).

    ``vectors`` (n, d) and ``coordinates`` (n, dims) are float32 without NaN. Exact for each of the rows; ``k`` is at
    most n - 1. Neighbours at equal distances may be exchanged. Raises ValueError without rows or with one point only.
    """
    n = len(vectors)
    k = min(k, n - 1)
    if not len(rows) or k < 1:
        raise ValueError("the overlap of neighbours needs at least one row and two points")
    near, seen = (_others(points, rows, k) for points in (vectors, coordinates))
    # Each row's neighbours as numbers of their own, so that one membership test serves all rows.
    first = np.arange(len(rows), dtype=np.int64)[:, None] * n
    shared = np.isin(near + first, seen + first)
    return Overlap(float(shared.mean()), k, len(rows), k / (n - 1))


def _others(points: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.integer]:
    """The ``k`` nearest other points of each row: int (s, k)."""
    found = find_among(points, points[rows], k + 1)
    return without_self(found.indices, found.distances, rows)[0]
