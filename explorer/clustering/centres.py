"""k-means: as many clusters as asked for, each around its mean."""

import numpy as np
import numpy.typing as npt

from explorer.clustering.labels import by_size

_STARTS = 4


def kmeans(vectors: npt.NDArray[np.float32], k: int, *, seed: int = 0) -> npt.NDArray[np.int32]:
    """Clusters of ``vectors`` (n, d), int32 (n,): 0 is the largest.

    Lloyd's algorithm (1982) by scikit-learn, the best of four k-means++ starts (Arthur and Vassilvitskii, 2007) with
    the ``seed``. Raises ValueError for a ``k`` below 2 or above n.
    """
    from sklearn.cluster import KMeans

    if not 2 <= k <= len(vectors):
        raise ValueError(f"the number of clusters must be from 2 to {len(vectors)}, not {k}")
    return by_size(KMeans(k, n_init=_STARTS, random_state=seed).fit_predict(vectors))
