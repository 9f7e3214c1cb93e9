"""Principal components, exact, in two passes over the vectors whatever their number."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg

_CHUNK = 16_384


@dataclass(frozen=True)
class Pca:
    """Principal components (Pearson, 1901).

    ``mean`` is float64 (d,), ``axes`` float64 (k, d) with orthonormal rows, ``explained`` the share of the total
    variance along each axis, float64 (k,).
    """

    mean: npt.NDArray[np.float64]
    axes: npt.NDArray[np.float64]
    explained: npt.NDArray[np.float64]

    def transform(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Coordinates of ``vectors`` (n, d) along the axes: float32 (n, k). A row with NaN gives NaN."""
        # Centred first: products of large numbers would leave float32 no digits for their difference.
        axes, centre = self.axes.T.astype(np.float32), self.mean.astype(np.float32)
        rest = ((self.mean - centre) @ self.axes.T).astype(np.float32)
        out = np.empty((len(vectors), len(self.axes)), dtype=np.float32)
        for start in range(0, len(vectors), _CHUNK):
            out[start : start + _CHUNK] = (vectors[start : start + _CHUNK] - centre) @ axes - rest
        return out


def fit_pca(vectors: npt.NDArray[np.float32], complete: npt.NDArray[np.bool_], components: int) -> Pca:
    """Principal components of the rows of ``vectors`` (n, d) where ``complete`` holds.

    The eigenvectors of the covariance matrix, summed chunk by chunk in float64 from float32 products, so that a
    memory-mapped array is never in memory as a whole. Signs are fixed: the largest part of each axis is positive.
    At most ``min(components, d)`` axes come back; those beyond the rank have no variance.
    Raises ValueError when fewer than two rows are complete.
    """
    n, d = int(complete.sum()), vectors.shape[1]
    if n < 2:
        raise ValueError(f"principal components need at least two vectors, not {n}")
    # Moved near the origin by a first guess of the mean: one pass is then as exact as two.
    guess = next(chunk for chunk in _chunks(vectors, complete) if len(chunk)).mean(axis=0)
    scatter = np.zeros((d, d))
    total_shift = np.zeros(d)
    for chunk in _chunks(vectors, complete):
        moved = chunk - guess
        total_shift += np.ones(len(moved), dtype=np.float32) @ moved
        scatter += moved.T @ moved
    shift = total_shift / n
    scatter -= n * np.outer(shift, shift)
    mean = guess + shift
    k = min(components, d)
    values, axes = scipy.linalg.eigh(scatter, subset_by_index=(d - k, d - 1))
    axes = axes[:, ::-1].T
    signs = np.sign(axes[np.arange(k), np.abs(axes).argmax(axis=1)])
    total = float(np.trace(scatter))
    explained = np.clip(values[::-1], 0.0, None) / total if total > 0 else np.zeros(k)
    return Pca(mean, axes * signs[:, None], explained)


def _chunks(vectors: npt.NDArray[np.float32], complete: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.float32]]:
    everything = bool(complete.all())
    for start in range(0, len(vectors), _CHUNK):
        chunk = vectors[start : start + _CHUNK]
        yield chunk if everything else chunk[complete[start : start + _CHUNK]]
