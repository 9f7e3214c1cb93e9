"""How far each single place on a map can be believed: for all points, quickly enough to colour them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.neighbours import without_self
from explorer.space.quality import most_neighbours
from explorer.space.quality_bands import Numbers
from explorer.space.quality_ranks import Report, Space, Told, excess, unheard

WHOLE = 100_000
"""Up to so many points, trustworthiness and continuity are told for all: beyond, n x n distances take minutes."""

OFF = 1e-3
"""No point's own value is off by more than this from rounding."""

_BLOCK = 8_192


@dataclass(frozen=True)
class PointErrors:
    """Each point's own measures among ``k`` neighbours, float64 (n,): see ``explorer.space.quality``.

    ``trustworthiness`` and ``continuity`` are NaN for all where there are more than ``WHOLE`` points. ``off`` is how
    far a value may be off at most, from float32 and from ties, which share their middle rank.
    """

    trustworthiness: Numbers
    continuity: Numbers
    knn_overlap: Numbers
    k: int
    off: float

    @property
    def whole(self) -> bool:
        """Whether trustworthiness and continuity are there too."""
        return bool(np.isfinite(self.trustworthiness).all())


def point_errors(
    vectors: npt.NDArray[np.floating],
    coordinates: npt.NDArray[np.floating],
    near: npt.NDArray[np.integer],
    *,
    whole: int = WHOLE,
    report: Report | None = None,
) -> PointErrors:
    """Every point's own measures on the map ``coordinates`` (n, dims) of ``vectors`` (n, d), both without NaN.

    ``near`` (n, k) are each point's nearest others in the latent space (its neighbour graph). Neighbours on the map
    come from a tree (equally near ones may be exchanged), ranks from float32 distances to all; points whose rounding
    could move a value by more than ``OFF`` are ranked again in float64. Raises ValueError for k not below n / 2.
    """
    n, k = near.shape
    if not 1 <= k <= most_neighbours(n):
        raise ValueError(f"k must be from 1 to {most_neighbours(n)}, below half of {n} points, not {k}")
    tell = report or unheard
    tell(0.0, "looking for neighbours on the map")
    seen = map_neighbours(coordinates, k)
    overlap = kept(near, seen)
    none = np.full(n, np.nan)
    if n > whole:
        return PointErrors(none, none.copy(), overlap, k, 0.0)
    trust, off = _from_ranks(vectors, seen, k, lambda share: tell(0.05 + 0.6 * share, "ranking in the latent space"))
    continuity, other = _from_ranks(coordinates, near, k, lambda share: tell(0.65 + 0.35 * share, "ranking on the map"))
    return PointErrors(trust, continuity, overlap, k, max(off, other))


def _from_ranks(
    points: npt.NDArray[np.floating], columns: npt.NDArray[np.integer], k: int, report: Told
) -> tuple[Numbers, float]:
    n = len(points)
    unit = 2 / (k * (2 * n - 3 * k - 1))
    beyond, off = excess(Space(points, exact=False), np.arange(n), columns.astype(np.int64), k, report=report)
    again = np.flatnonzero(off * unit > OFF)
    if len(again):
        space = Space(points)
        beyond[again], off[again] = excess(space, again, columns[again].astype(np.int64), k, report=report)
    return 1 - beyond * unit, float(off.max() * unit)


def map_neighbours(coordinates: npt.NDArray[np.floating], k: int) -> npt.NDArray[np.integer]:
    """The ``k`` nearest others on the map of each of its points (n, dims), in order: int (n, k)."""
    from scipy.spatial import cKDTree

    places = np.asarray(coordinates, dtype=np.float64)
    far, near = cKDTree(places).query(places, k=k + 1, workers=-1)
    return without_self(near, far, np.arange(len(places)))[0]


def kept(near: npt.NDArray[np.integer], seen: npt.NDArray[np.integer]) -> Numbers:
    """Which share of each point's neighbours ``near`` (n, k) is among its ``seen`` (n, k): float64 (n,)."""
    out = np.empty(len(near))
    for start in range(0, len(near), _BLOCK):
        part = slice(start, start + _BLOCK)
        out[part] = (near[part, :, None] == seen[part, None, :]).any(axis=2).mean(axis=1)
    return out
