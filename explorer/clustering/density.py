"""HDBSCAN on neighbours that are found already."""

import numpy as np
import numpy.typing as npt

from explorer.clustering.labels import by_size
from explorer.clustering.spanning_tree import spanning_tree
from explorer.space.neighbours import Neighbours

CORE = 15
"""Core distances reach to this neighbour at most, however large the clusters are to be: more would only smooth more."""


def core_neighbour(min_cluster_size: int) -> int:
    """To which neighbour the core distance reaches: as many as a cluster has at least, up to ``CORE``."""
    return min(min_cluster_size, CORE)


def hdbscan(
    vectors: npt.NDArray[np.float32], near: Neighbours, *, min_cluster_size: int, min_samples: int | None = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Clusters of ``vectors`` (n, d), int32 (n,): 0 is the largest, -1 noise; and each point's strength, float32 (n,).

    HDBSCAN (Campello, Moulavi and Sander, 2013; McInnes, Healy and Astels, 2017), clusters chosen by excess of mass,
    never the whole as one. The tree is ours (``spanning_tree``), exact where ``near`` is; scikit-learn makes clusters
    of it. Distances are Euclidean. Strength is 1 in a cluster's core and 0 for noise. ``min_samples`` None is
    ``core_neighbour``. Where many edges are equally long, which clusters come out hangs on their order.

    Raises ValueError for a ``min_cluster_size`` below 2 or above n.
    """
    from scipy.sparse import coo_array
    from sklearn.cluster import HDBSCAN

    n = len(vectors)
    if not 2 <= min_cluster_size <= n:
        raise ValueError(f"the least size of a cluster must be from 2 to {n}, not {min_cluster_size}")
    edges, weights = spanning_tree(vectors, near, min_samples or core_neighbour(min_cluster_size))
    # The tree alone, as a graph of distances: with a core of one neighbour, its edges keep their lengths. One of
    # length 0 would count as none.
    least = weights[weights > 0].min(initial=np.inf)
    lengths = np.maximum(weights, least * 1e-6 if np.isfinite(least) else 1.0)
    one, two = edges.T
    graph = coo_array((np.tile(lengths, 2), (np.append(one, two), np.append(two, one))), shape=(n, n)).tocsr()
    found = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=1, metric="precomputed", copy=True).fit(graph)
    return by_size(found.labels_), found.probabilities_.astype(np.float32)
