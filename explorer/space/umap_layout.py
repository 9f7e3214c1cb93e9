"""UMAP by umap-learn, with progress."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

NEIGHBOURS = {"local": 5, "balanced": 15, "global": 100}
"""How many neighbours of each point shape the map."""


class _Epochs:
    """A text stream that hears the layout's counter: umap-learn offers no callback, but writes one line an epoch."""

    def __init__(self, report: Callable[[float, str], None]) -> None:
        self._report = report

    def write(self, text: str) -> None:
        done, slash, total = text.strip().partition("/")
        if slash and done.isdigit() and total.isdigit() and int(total):
            self._report(0.4 + 0.6 * int(done) / int(total), "moving the points")

    def flush(self) -> None:
        """Nothing is kept back."""


def umap(
    vectors: npt.NDArray[np.float32],
    *,
    dims: int,
    scale: str,
    seed: int,
    report: Callable[[float, str], None],
) -> npt.NDArray[np.float32]:
    """UMAP coordinates (McInnes, Healy and Melville, 2018) of ``vectors`` (n, d): float32 (n, dims).

    Seeded, so that the same vectors give the same map; umap-learn then lays out on one core.
    """
    report(0.0, "starting UMAP")
    from umap import UMAP

    report(0.1, "finding each point's neighbours")
    layout = UMAP(
        n_components=dims,
        n_neighbors=min(NEIGHBOURS[scale], len(vectors) - 1),
        random_state=seed,
        n_jobs=1,
        tqdm_kwds={
            "file": _Epochs(report),
            "bar_format": "{n_fmt}/{total_fmt}",
            "disable": False,
            "mininterval": 0.2,
        },
    )
    return np.asarray(layout.fit_transform(np.ascontiguousarray(vectors)), dtype=np.float32)
