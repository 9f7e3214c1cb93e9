"""k-means: as many clusters as asked for, each around its mean."""

import warnings

import numpy as np
import numpy.typing as npt

from explorer.clustering.labels import by_size

_STARTS = 4


def kmeans(vectors: npt.NDArray[np.floating], k: int, *, seed: int = 0) -> npt.NDArray[np.int32]:
    """Clusters of ``vectors`` (n, d), int32 (n,): 0 is the largest.

    Lloyd's algorithm (1982) by scikit-learn, the best of four k-means++ starts (Arthur and Vassilvitskii, 2007) with
    the ``seed``. Of fewer different vectors than ``k``, so many clusters come out. Raises ValueError for a ``k``
    below 2 or above n.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    if not 2 <= k <= len(vectors):
        raise ValueError(f"the number of clusters must be from 2 to {len(vectors)}, not {k}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # who asks sees how many there are
        return by_size(KMeans(k, n_init=_STARTS, random_state=seed).fit_predict(vectors))


def margins(vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """How clearly each of ``vectors`` (n, d) is in its cluster ``labels`` (n,), from 0 up: 1 - d1/d2, float32 (n,).

    d1 is the Euclidean distance to the mean of its own cluster, d2 to the nearest mean of another: 0 on the border, 1
    on its own mean. Where there is no other cluster, 0.
    """
    means = np.stack([vectors[labels == one].mean(axis=0, dtype=np.float64) for one in range(labels.max() + 1)])
    if len(means) < 2:
        return np.zeros(len(labels), dtype=np.float32)
    wide = np.asarray(vectors, dtype=np.float64)
    squares = (wide**2).sum(axis=1)[:, None] - 2 * wide @ means.T + (means**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares, 0.0))
    own = distances[np.arange(len(labels)), labels]
    distances[np.arange(len(labels)), labels] = np.inf
    other = distances.min(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(other > 0, 1 - own / other, 0.0)
    return np.clip(found, 0.0, 1.0).astype(np.float32)
