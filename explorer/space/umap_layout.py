"""UMAP by umap-learn, on neighbours that are found already, with progress and pictures of the way."""

import numpy as np
import numpy.typing as npt

from explorer.engine import SnapshotReport
from explorer.space.neighbours import Neighbours

NEIGHBOURS = {"local": 5, "balanced": 15, "global": 100}
"""How many neighbours of each point shape the map; the point itself counts, as in umap-learn."""

_FEW, _LONG, _SHORT = 10_000, 500, 210
"""Epochs with up to so many points, and with more: those of umap-learn, and ten to the 200 for many points.

With them 20,000 digits keep as many neighbours on neighbours found exactly as on umap-learn's own, approximate ones.
"""

_HEARD = 0.2  # seconds between two of its words


class _Epochs:
    """A text stream that hears the layout's counter: umap-learn offers no callback, but writes one line an epoch."""

    def __init__(self, report: SnapshotReport, places: npt.NDArray[np.float32]) -> None:
        self._report = report
        self._places = places

    def write(self, text: str) -> None:
        done, slash, total = text.strip().partition("/")
        if slash and done.isdigit() and total.isdigit() and int(total):
            self._report(0.1 + 0.9 * int(done) / int(total), "moving the points", snapshot=self._places)

    def flush(self) -> None:
        """Nothing is kept back."""


def neighbours_of(scale: str, neighbours: int | None, points: int) -> int:
    """The number of neighbours that a scale or a number asks for, as far as ``points`` allow."""
    return min(NEIGHBOURS[scale] if neighbours is None else neighbours, points - 1)


def umap(
    vectors: npt.NDArray[np.float32],
    near: Neighbours,
    *,
    dims: int,
    neighbours: int,
    min_dist: float,
    seed: int,
    fast: bool,
    report: SnapshotReport,
) -> npt.NDArray[np.float32]:
    """UMAP coordinates (McInnes, Healy and Melville, 2018) of ``vectors`` (n, d) with neighbours ``near``: (n, dims).

    ``near`` has at least ``neighbours`` - 1 of each point. Started from the eigenvectors of the neighbour graph.
    The same seed gives the same coordinates, laid out on one core; ``fast`` uses all, and in which order they move the
    points differs from run to run. ``report`` is handed the places so far.
    """
    report(0.0, "starting UMAP")
    from umap.layouts import optimize_layout_euclidean
    from umap.spectral import spectral_layout
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample, noisy_scale_coords

    n, random = len(vectors), np.random.RandomState(seed)
    near = near.nearest(neighbours - 1)
    graph, _, _ = fuzzy_simplicial_set(  # it expects each point as its own first neighbour
        vectors,
        neighbours,
        random,
        "euclidean",
        knn_indices=np.column_stack([np.arange(n, dtype=np.int32), near.indices]),
        knn_dists=np.column_stack([np.zeros(n, dtype=np.float32), near.distances]),
    )
    epochs = _LONG if n <= _FEW else _SHORT
    graph = graph.tocoo()
    graph.sum_duplicates()
    graph.data[graph.data < graph.data.max() / epochs] = 0.0  # edges too weak to be drawn once
    graph.eliminate_zeros()
    report(0.05, "starting UMAP")
    places = noisy_scale_coords(spectral_layout(vectors, graph, dims, random), random)
    low, high = places.min(axis=0), places.max(axis=0)
    places = np.ascontiguousarray(10 * (places - low) / (high - low), dtype=np.float32)
    a, b = find_ab_params(1.0, min_dist)
    said = _Epochs(report, places)
    optimize_layout_euclidean(
        places,
        places,
        graph.row,
        graph.col,
        epochs,
        n,
        make_epochs_per_sample(graph.data, epochs),
        a,
        b,
        random.randint(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1, 3).astype(np.int64),
        parallel=fast,
        tqdm_kwds={"file": said, "bar_format": "{n_fmt}/{total_fmt}", "disable": False, "mininterval": _HEARD},
        move_other=True,
    )
    return places
