"""Euclidean distances between two sets of observations, in blocks of bounded size."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_AT_ONCE = 4_000_000
"""Pairs in a block: 32 MB of distances."""


def distances(vectors: npt.NDArray[np.floating], rows: Ints, others: Ints) -> Iterator[tuple[slice, Floats]]:
    """Of some of ``rows`` (q,), as a slice of them, the distances to all ``others`` (g,), float64 (b, g); at least one.

    Both are rows of ``vectors`` (n, d).
    """
    known = np.asarray(vectors[others], dtype=np.float64)
    centre = known.mean(axis=0)
    known = known - centre
    squares = np.einsum("ij,ij->i", known, known)
    step = max(1, _AT_ONCE // len(others))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        points = np.asarray(vectors[rows[block]], dtype=np.float64) - centre
        far = np.einsum("ij,ij->i", points, points)[:, None] + squares[None, :] - 2 * (points @ known.T)
        yield block, np.sqrt(np.maximum(far, 0.0))
