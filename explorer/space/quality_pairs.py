"""Are points that are far apart in the latent space far apart on the map? Distances of pairs, compared."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from explorer.space.quality_bands import Groups, Measure, Numbers, band, pair_error, unit_codes, within

Vectors = npt.NDArray[np.floating]

PAIRS = 300_000
"""So many pairs are compared; all of them where there are not more."""

MEASURES = ("shepard", "pearson", "stress")

_BLOCK = 65_536


def draw_pairs(n: int, rng: np.random.Generator, number: int = PAIRS) -> tuple[Groups, Groups]:
    """All pairs of ``n`` points where they are at most ``number``, else so many drawn independently: two int64 (p,)."""
    if n * (n - 1) // 2 <= number:
        first, second = np.triu_indices(n, k=1)
        return first, second
    first, second = rng.integers(0, n, number), rng.integers(0, n - 1, number)
    return first, second + (second >= first)


def pair_distances(points: Vectors, first: Groups, second: Groups) -> Numbers:
    """Euclidean distances of the pairs of rows of ``points`` (n, d): float64 (p,)."""
    out = np.empty(len(first))
    for start in range(0, len(first), _BLOCK):
        part = slice(start, start + _BLOCK)
        apart = points[first[part]].astype(np.float64)
        apart -= points[second[part]]
        out[part] = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    return out


def pearson(x: Numbers, y: Numbers) -> float:
    """Pearson's r of two (p,); NaN where either is constant."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    u, v = x - x.mean(), y - y.mean()
    return float((u @ v) / np.sqrt((u @ u) * (v @ v)))


def stress(x: Numbers, y: Numbers) -> float:
    """Normalised stress at the best scale of the map: 0 is perfect, 1 the worst; NaN where either are all zero.

    min over a of sqrt(sum (x - a y)^2 / sum x^2) = sqrt(1 - c^2), where c = sum x y / sqrt(sum x^2 sum y^2) and ``x``
    (p,) are distances in the latent space, ``y`` those on the map (Kruskal, 1964; at the best scale as Smelser, Miller
    and Kobourov, 2024, ask for, since without it the map's units decide).
    """
    if not x.any() or not y.any():
        return float("nan")
    rest = x - (x @ y) / (y @ y) * y  # not 1 - c^2, of which a small stress would leave no digits
    return float(np.sqrt((rest @ rest) / (x @ x)))


def unscaled_stress(x: Numbers, y: Numbers) -> float:
    """Normalised stress of the map in its own units: sqrt(sum (x - y)^2 / sum x^2). Only PCA has the units of ``x``."""
    return float(np.sqrt(np.square(x - y).sum() / (x @ x))) if x.any() else float("nan")


def influences(x: Numbers, y: Numbers) -> dict[str, Numbers]:
    """What each pair moves the measures by, times the number of pairs: float64 (p,) for each name of ``MEASURES``.

    Spearman's rho, with F and G the ranks: F(x) G(y) + E[G(Y); X >= x] + E[F(X); Y >= y] less its mean, over the
    standard deviations (Croux and Dehon, 2010, proposition 1). Pearson's r: u v - r (u^2 + v^2) / 2 of the
    standardised. Stress: by the chain rule from the three sums that it is made of. NaN where a measure is not defined.
    """
    p = len(x)
    out = {name: np.full(p, np.nan) for name in MEASURES}
    if x.any() and y.any():
        xx, yy = (x @ x) / p, (y @ y) / p
        c, value = float((x @ y) / p / np.sqrt(xx * yy)), stress(x, y)
        on_c = x * y / np.sqrt(xx * yy) - c * (x * x / xx + y * y / yy) / 2
        out["stress"] = -c / value * on_c if value > 1e-6 else np.zeros(p)
    if np.ptp(x) and np.ptp(y):
        u, v = ((one - one.mean()) / one.std() for one in (x, y))
        out["pearson"] = u * v - pearson(x, y) * (u * u + v * v) / 2
        f, g = ((rankdata(one) - 0.5) / p for one in (x, y))
        whole = f * g + _mean_above(x, g) + _mean_above(y, f)
        out["shepard"] = (whole - whole.mean()) / (f.std() * g.std())
    return out


def _mean_above(x: Numbers, weights: Numbers) -> Numbers:
    """For each x the sum of ``weights`` where the others are not smaller, over their number: (p,)."""
    order = np.argsort(x, kind="stable")
    summed = np.cumsum(weights[order][::-1])[::-1]
    first = np.searchsorted(x[order], x[order], side="left")
    out = np.empty(len(x))
    out[order] = summed[first] / len(x)
    return out


_BOUNDS = {"shepard": (-1.0, 1.0), "pearson": (-1.0, 1.0), "stress": (0.0, 1.0)}


def pair_measures(
    vectors: Vectors,
    coordinates: Vectors,
    *,
    groups: Groups | None,
    rng: np.random.Generator,
    shuffles: int,
    number: int = PAIRS,
    report: Callable[[float], None] | None = None,
) -> tuple[dict[str, Measure], float, int]:
    """``shepard`` (Spearman), ``pearson`` and ``stress`` of a map, the unscaled stress, and how many pairs were used.

    ``vectors`` (n, d), ``coordinates`` (n, dims), ``groups`` int64 (n,) the animals, -1 unknown, or None: each point is
    a unit. Intervals are for other animals (points) of the same kind; the sampling of pairs is in them.
    """
    n = len(vectors)
    first, second = draw_pairs(n, rng, number)
    x, y = pair_distances(vectors, first, second), pair_distances(coordinates, first, second)
    codes = np.arange(n) if groups is None else unit_codes(groups)[0]
    with threadpool_limits(1):  # threads that wait for each other cost more than these sums
        ordered = rankdata(x)

        def measured(other: Numbers) -> tuple[float, float, float]:
            return pearson(ordered, rankdata(other)), pearson(x, other), stress(x, other)

        nulls = np.empty((shuffles, len(MEASURES)))
        for shuffle in range(shuffles):
            places = rng.permutation(n)
            nulls[shuffle] = measured(pair_distances(coordinates, places[first], places[second]))
            if report is not None:
                report((shuffle + 1) / shuffles)
        moved = influences(x, y)
        out = {}
        for name, value, null in zip(MEASURES, measured(y), nulls.T, strict=True):
            half = pair_error(moved[name], codes[first], codes[second])
            out[name] = Measure(value, *within(value, half, *_BOUNDS[name]), *band(null))
        return out, unscaled_stress(x, y), len(first)
