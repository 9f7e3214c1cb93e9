"""Maps of very many observations: a sample is laid out, the rest is placed beside it."""

import numpy as np
import numpy.typing as npt

from explorer.engine import SnapshotReport
from explorer.space.placing import place
from explorer.space.quality import SAMPLE, knn_overlap
from explorer.view import MapChoice

Vectors = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

ABOVE = 200_000
"""With more vectors, t-SNE and UMAP lay out landmarks only."""

NUMBER = 50_000
"""How many landmarks are drawn."""


def draw(n: int, number: int, seed: int) -> Mask:
    """Which of ``n`` vectors are landmarks, drawn at random without regard to anything: bool (n,)."""
    chosen = np.zeros(n, dtype=bool)
    chosen[np.random.default_rng(seed).choice(n, min(n, number), replace=False)] = True
    return chosen


def place_rest(vectors: Vectors, chosen: Mask, laid_out: Vectors, choice: MapChoice, report: SnapshotReport) -> Vectors:
    """Coordinates of all ``vectors`` (n, d): ``laid_out`` (m, dims) where ``chosen``, the others placed beside them."""
    coordinates = np.empty((len(vectors), choice.dims), dtype=np.float32)
    coordinates[chosen] = laid_out
    coordinates[~chosen] = place(vectors[chosen], laid_out, vectors[~chosen], choice, report=report)
    return coordinates


def measured(vectors: Vectors, coordinates: Vectors, chosen: Mask, *, others: str, seed: int) -> str | None:
    """A sentence on how many neighbours the map keeps together: for the landmarks and for the ``others``, apart.

    Measured on up to ``SAMPLE`` points of each against all. None where there is nothing of a kind to measure.
    """
    rng = np.random.default_rng(seed)
    shares = []
    for kind in (chosen, ~chosen):
        rows = np.flatnonzero(kind)
        if not len(rows) or len(vectors) < 2:
            return None
        shares.append(knn_overlap(vectors, coordinates, np.sort(rng.permutation(rows)[:SAMPLE])))
    first, second = shares
    return (
        f"of a point's {first.k} nearest neighbours, {first.share:.0%} are among its {first.k} nearest on the map for "
        f"points laid out ({first.sample:,} measured) and {second.share:.0%} for {others} "
        f"({second.sample:,} measured); by chance it would be {first.chance:.2g}"
    )
