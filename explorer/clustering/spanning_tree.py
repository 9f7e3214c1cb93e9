"""The minimum spanning tree of mutual reachability, from the neighbour graph that the maps use too."""

import numpy as np
import numpy.typing as npt

from explorer.space.neighbours import Neighbours

Edges = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float64]

_AT_ONCE = 4_000_000  # pairs looked at in one step


def spanning_tree(vectors: npt.NDArray[np.float32], near: Neighbours, min_samples: int) -> tuple[Edges, Weights]:
    """Edges int64 (n - 1, 2) and weights float64 (n - 1,) of the tree over ``vectors`` (n, d), float32 without NaN.

    The mutual reachability of two points is the largest of their distance (Euclidean) and of both core distances, each
    the distance to the ``min_samples``-th other point (Campello, Moulavi and Sander, 2013). Grown by Borůvka's rule
    (1926): each tree of the forest takes the lightest edge that leaves it. That edge is among the neighbours in
    ``near`` unless a point's last one is nearer than the lightest known; only then are all pairs of such points
    looked at, and only for the smallest tree, where no tree is sure of its edge. The tree is as exact as ``near`` is.

    Raises ValueError when ``near`` has fewer neighbours than ``min_samples``, or there are fewer than two vectors.
    """
    n = len(vectors)
    if n < 2:
        raise ValueError(f"a tree needs at least two vectors, not {n}")
    if near.k < min_samples:
        raise ValueError(f"{min_samples} neighbours are needed for core distances, and there are {near.k}")
    forest = _Forest(vectors, near, min_samples)
    while forest.trees > 1:
        forest.grow()
    return np.concatenate(forest.edges), np.concatenate(forest.weights)


class _Forest:
    """Trees that grow together until one is left."""

    def __init__(self, vectors: npt.NDArray[np.float32], near: Neighbours, min_samples: int) -> None:
        self._points = vectors.astype(np.float64)
        self._points -= self._points.mean(axis=0)  # small squares lose less
        self._squares = np.einsum("ij,ij->i", self._points, self._points)
        self._near = near.indices
        far = near.distances.astype(np.float64)
        self._core = far[:, min_samples - 1].copy()
        self._reach = np.maximum(np.maximum(far, self._core[:, None]), self._core[near.indices])
        # Whoever is not among a point's neighbours is no nearer than this.
        self._bound = np.maximum(self._core, far[:, -1]) if near.k < len(vectors) - 1 else np.full(len(vectors), np.inf)
        self._tree = np.arange(len(vectors))
        self.trees = len(vectors)
        self.edges: list[Edges] = []
        self.weights: list[Weights] = []

    def grow(self) -> None:
        """Join each tree that is sure of its lightest edge to the tree at the other end."""
        rows = np.arange(len(self._tree))
        leaving = np.where(self._tree[self._near] != self._tree[:, None], self._reach, np.inf)
        place = leaving.argmin(axis=1)
        weight, other = leaving[rows, place], self._near[rows, place].astype(np.int64)
        lightest = np.full(self.trees, np.inf)
        np.minimum.at(lightest, self._tree, weight)
        doubtful = np.bincount(self._tree, weights=self._bound < lightest[self._tree], minlength=self.trees)
        if (doubtful > 0).all():
            smallest = int(np.bincount(self._tree).argmin())
            self._look_at_all(smallest, weight, other, lightest)
            doubtful[smallest] = 0
        order = np.lexsort((weight, self._tree))
        first = order[np.searchsorted(self._tree[order], np.flatnonzero(doubtful == 0))]
        self._join(first, other[first], weight[first])

    def _look_at_all(self, tree: int, weight: Weights, other: Edges, lightest: Weights) -> None:
        """Find what leaves ``tree`` among all pairs, for its points that may have nearer ones than those known."""
        inside = self._tree == tree
        open_ = np.flatnonzero(inside & (self._bound < lightest[tree]))
        open_ = open_[np.argsort(self._bound[open_], kind="stable")]
        outside = np.flatnonzero(~inside)
        points, squares, core = self._points[outside], self._squares[outside], self._core[outside]
        step = max(1, _AT_ONCE // len(outside))
        for start in range(0, len(open_), step):
            part = open_[start : start + step]
            part = part[self._bound[part] < lightest[tree]]  # what was found meanwhile may have settled it
            apart = self._squares[part, None] + squares - 2 * (self._points[part] @ points.T)
            reach = np.maximum(np.maximum(np.sqrt(np.maximum(apart, 0)), self._core[part, None]), core)
            place = reach.argmin(axis=1)
            found = reach[np.arange(len(part)), place]
            self._bound[part] = found  # the tree only grows, so nothing outside comes nearer
            better = found < weight[part]
            weight[part[better]], other[part[better]] = found[better], outside[place[better]]
            lightest[tree] = min(lightest[tree], found.min(initial=np.inf))

    def _join(self, ends: Edges, others: Edges, weights: Weights) -> None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

        # Equal weights may close a ring of trees: the spanning forest of the chosen edges has none. Ranks stand in for
        # weights, since an edge of weight 0 would count as none.
        one, two = self._tree[ends], self._tree[others]
        low, high = np.minimum(one, two), np.maximum(one, two)
        _, kept = np.unique(low * np.int64(self.trees) + high, return_index=True)
        ranks = np.argsort(np.argsort(weights[kept], kind="stable"), kind="stable") + 1.0
        chosen = minimum_spanning_tree(
            coo_array((ranks, (low[kept], high[kept])), shape=(self.trees, self.trees)).tocsr()
        )
        kept = kept[np.argsort(ranks, kind="stable")][chosen.data.astype(np.int64) - 1]
        self.edges.append(np.stack([ends[kept], others[kept]], axis=1))
        self.weights.append(weights[kept])
        self.trees, joined = connected_components(chosen, directed=False)
        self._tree = joined[self._tree]
