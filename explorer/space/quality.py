"""How far a map can be believed: what lies near and far in the latent space, and what lies so on the map.

All measures are of one map against one latent space. They say nothing of whether the latent space itself is any good,
and a map that was laid out to keep neighbours (t-SNE, UMAP) is marked by what it was taught: read them beside each
other, and beside their null bands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from explorer.space.neighbours import find_among, without_self
from explorer.space.quality_bands import SHUFFLES, Groups, Measure, Numbers, band, mean_errors, within
from explorer.space.quality_pairs import pair_measures
from explorer.space.quality_ranks import Report, Space, nearest_rows, ranks, unheard

NEAREST = 15
"""How many nearest neighbours are compared."""

SAMPLE = 2_000
"""On how many points the measures of neighbours are taken, where there are too many for all."""

EXACT = 10_000
"""Up to so many points, all are measured."""

FEWEST = 10
"""Among fewer points, nothing is measured."""

LOCAL = ("trustworthiness", "continuity", "knn_overlap")
"""The measures that each point has for itself; a map's is the mean of those of its points."""


@dataclass(frozen=True)
class Overlap:
    """Share of the ``k`` nearest neighbours in the latent space that are among the ``k`` nearest on the map.

    ``share`` is the mean over ``sample`` points. ``chance`` is what a map without any relation reaches: k / (n - 1).
    """

    share: float
    k: int
    sample: int
    chance: float


@dataclass(frozen=True)
class Quality:
    """How well a map of ``n`` points shows their latent space.

    ``measures`` by name: ``trustworthiness``, ``continuity`` and ``knn_overlap`` among ``k`` neighbours, of ``sample``
    points against all n; ``shepard``, ``pearson`` and ``stress`` of ``pairs`` pairs. ``unscaled_stress`` is that of
    the map in its own units. ``rows`` int64 (s,) are the points measured, ascending; ``points`` has for each name of
    ``LOCAL`` their own values, float64 (s,), whose mean is the map's value. ``units`` is how many animals (or, with
    ``by_animal`` false, points) the intervals of these three rest on. ``remarks`` are sentences.
    """

    measures: dict[str, Measure]
    k: int
    n: int
    sample: int
    pairs: int
    units: int
    by_animal: bool
    unscaled_stress: float
    rows: npt.NDArray[np.int64]
    points: dict[str, Numbers]
    remarks: tuple[str, ...] = field(default=())


def knn_overlap(
    vectors: npt.NDArray[np.float32],
    coordinates: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    *,
    k: int = NEAREST,
) -> Overlap:
    """Overlap of neighbours for the points ``rows`` (s,) against all n points (Lee and Verleysen, 2009, their Q_NX).

    ``vectors`` (n, d) and ``coordinates`` (n, dims) are float32 without NaN. Exact for each of the rows; ``k`` is at
    most n - 1. Neighbours at equal distances may be exchanged. Raises ValueError without rows or with one point only.
    """
    n = len(vectors)
    k = min(k, n - 1)
    if not len(rows) or k < 1:
        raise ValueError("the overlap of neighbours needs at least one row and two points")
    near, seen = (_others(points, rows, k) for points in (vectors, coordinates))
    # Each row's neighbours as numbers of their own, so that one membership test serves all rows.
    first = np.arange(len(rows), dtype=np.int64)[:, None] * n
    shared = np.isin(near + first, seen + first)
    return Overlap(float(shared.mean()), k, len(rows), k / (n - 1))


def _others(points: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.integer]:
    """The ``k`` nearest other points of each row: int (s, k)."""
    found = find_among(points, points[rows], k + 1)
    return without_self(found.indices, found.distances, rows)[0]


def sample_size(n: int) -> int:
    """On how many of ``n`` points the neighbours are measured: all up to ``EXACT``, else ``SAMPLE``.

    Fewer among very many (200,000,000 distances are looked at, for at least 500 points), where each takes longer and
    the interval is narrow still.
    """
    return n if n <= EXACT else max(500, min(SAMPLE, 200_000_000 // n))


def most_neighbours(n: int) -> int:
    """The largest k for which trustworthiness among ``n`` points is defined: below n / 2, where its scale changes."""
    return (n - 1) // 2


def shares(found: npt.NDArray[np.floating], k: int, n: int) -> tuple[Numbers, Numbers]:
    """Each point's trustworthiness (or continuity) and overlap, float64 (s,) each, from the ranks ``found`` (s, k).

    Trustworthiness (Venna and Kaski, 2001) is 1 - 2 / (n k (2n - 3k - 1)) times the sum, over all points i and those
    of their k nearest on the map that are not among their k nearest in the latent space, of rank - k; a point's own
    has the k in place of the n k. 1: whatever is near on the map is near in the latent space. A map without any
    relation has about 1/2, not 0, which is reached only where each point's k nearest are its k farthest. Ranks far
    beyond k weigh most: it forgives neighbours that change places, and is close to 1 for many a map that overlaps
    little.
    """
    beyond = np.maximum(found - k, 0).sum(axis=1)
    return 1 - beyond * 2 / (k * (2 * n - 3 * k - 1)), (found <= k).mean(axis=1)


def measure_map(
    vectors: npt.NDArray[np.floating],
    coordinates: npt.NDArray[np.floating],
    *,
    k: int = NEAREST,
    sample: int | None = None,
    groups: Groups | None = None,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    report: Report | None = None,
) -> Quality:
    """The measures of the map ``coordinates`` (n, dims) of ``vectors`` (n, d), both without NaN, in the same order.

    - ``trustworthiness`` (Venna and Kaski, 2001): is what is near on the map near in the latent space? See ``shares``.
    - ``continuity``: the same with the two exchanged: is what is near in the latent space near on the map?
    - ``knn_overlap``: the share of the k nearest in the latent space that are among the k nearest on the map.
    - ``shepard``, ``pearson``: rank and linear correlation of the distances of pairs; ``stress``: how much of them is
      missed at the map's best scale. Distances across the whole map decide; t-SNE and UMAP do not try to keep them.

    The first three are exact ranks of ``sample`` points drawn with the ``seed`` (None: ``sample_size``) against all n;
    of points equally near the earlier row comes first, in both spaces. Their mean is unbiased for that of all points.
    Intervals (``mean_errors``, ``pair_error``) are for other animals of the same kind where ``groups`` int64 (n,) says
    whose the points are (-1: not known), else for other points; that near points are measured against the same others
    is not in them. The null band (``band``) is from ``shuffles`` maps whose places are exchanged among the measured
    points and among the rest; that is as good as among all, for which measured points have nothing in particular.

    Raises ValueError for a ``k`` not below n / 2, where trustworthiness has another scale.
    """
    n = len(vectors)
    if not 1 <= k <= most_neighbours(n):
        raise ValueError(f"k must be from 1 to {most_neighbours(n)}, below half of {n} points, not {k}")
    tell = report or unheard
    rng = np.random.default_rng(seed)
    wanted = sample_size(n) if sample is None else min(n, max(1, sample))
    rows = np.arange(n) if wanted == n else np.sort(rng.choice(n, wanted, replace=False))
    latent, shown = Space(vectors), Space(coordinates)

    def told(low: float, high: float, note: str) -> Callable[[float], None]:
        return lambda share: tell(low + (high - low) * share, note)

    tell(0.0, "looking for neighbours")
    near = nearest_rows(latent, rows, k, report=told(0.0, 0.2, "looking for neighbours in the latent space"))
    seen = nearest_rows(shown, rows, k, report=told(0.2, 0.3, "looking for neighbours on the map"))
    # places[b] maps a row to the row whose place it gets in the shuffled map b, measured rows to measured ones.
    places, back = _shuffled(n, rows, shuffles, rng)
    at = np.searchsorted(rows, places[:, rows])  # which of the measured rows has its place there
    theirs = np.concatenate([seen, *(back[b][seen[at[b]]] for b in range(shuffles))], axis=1)
    trust_ranks = ranks(latent, rows, theirs, decided=k, report=told(0.3, 0.5, "ranking in the latent space"))
    del theirs
    # Seen from a place of the shuffled map: whoever got it, and where that one's neighbours in the latent space are.
    own = np.argsort(at, axis=1)
    others = np.concatenate([near, *(places[b][near[own[b]]] for b in range(shuffles))], axis=1)
    seen_ranks = ranks(shown, rows, others, decided=k, report=told(0.5, 0.7, "ranking on the map"))
    trust, overlap = shares(trust_ranks[:, :k], k, n)
    continuity, _ = shares(seen_ranks[:, :k], k, n)
    points = dict(zip(LOCAL, (trust, continuity, overlap), strict=True))
    nulls = np.array([_means(trust_ranks, seen_ranks, k, n, b + 1) for b in range(shuffles)]).reshape(shuffles, 3)
    halves, units = mean_errors(np.stack(list(points.values()), axis=1), None if groups is None else groups[rows])
    measures = {
        name: Measure(float(one.mean()), *within(float(one.mean()), float(half)), *band(null))
        for (name, one), half, null in zip(points.items(), halves, nulls.T, strict=True)
    }
    pairs, unscaled, count = pair_measures(
        vectors,
        coordinates,
        groups=groups,
        rng=rng,
        shuffles=shuffles,
        report=told(0.7, 1.0, "comparing distances of pairs"),
    )
    tell(1.0, "done")
    return Quality(measures | pairs, k, n, wanted, count, units, groups is not None, unscaled, rows, points)


def _shuffled(
    n: int, rows: npt.NDArray[np.int64], shuffles: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Permutations of n rows that exchange ``rows`` among each other and the rest too, and their inverses: (b, n)."""
    rest = np.setdiff1d(np.arange(n), rows, assume_unique=True)
    places, back = np.empty((shuffles, n), dtype=np.int64), np.empty((shuffles, n), dtype=np.int64)
    for b in range(shuffles):
        for part in (rows, rest):
            places[b, part] = rng.permutation(part)
        back[b, places[b]] = np.arange(n)
    return places, back


def _means(trust_ranks: Numbers, seen_ranks: Numbers, k: int, n: int, block: int) -> tuple[float, float, float]:
    part = slice(block * k, (block + 1) * k)
    trust, overlap = shares(trust_ranks[:, part], k, n)
    return float(trust.mean()), float(shares(seen_ranks[:, part], k, n)[0].mean()), float(overlap.mean())
