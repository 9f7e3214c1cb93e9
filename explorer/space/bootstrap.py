"""Intervals by bootstrap over animals: animals are drawn with replacement, each with all its observations."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BOOTSTRAPS = 2_000
_AT_ONCE = 2_000_000
"""Numbers in a block of draws by observations: 16 MB."""
_NOTHING = 1e-10
"""A share of variance below which nothing is left but rounding."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; NaN where it is not defined, the bounds also with fewer than two animals."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether the number is defined."""
        return bool(np.isfinite(self.value))

    def __str__(self) -> str:
        if not self.known:
            return "–"
        if not np.isfinite(self.low):
            return f"{self.value:.3g}"
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


UNKNOWN = Interval(np.nan, np.nan, np.nan)


class AnimalBootstrap:
    """Bootstrap over animals (cluster bootstrap; Davison and Hinkley, 1997, section 3.8), by percentiles.

    ``animals``: int (n,), the animal of each observation. All figures use the same draws, so that differences are
    paired. Few animals make percentiles too narrow.
    """

    def __init__(self, animals: npt.NDArray[np.integer], seed: int, draws: int = BOOTSTRAPS) -> None:
        known, self._place = np.unique(animals, return_inverse=True)
        self.animals = len(known)
        self._counts = np.bincount(self._place, minlength=self.animals).astype(float)
        m = self.animals
        rng = np.random.default_rng(seed)
        self._draws = rng.multinomial(m, np.full(m, 1 / m), size=draws).astype(float) if m else np.zeros((draws, 0))

    def interval(self, value: float, drawn: Floats) -> Interval:
        """``value`` with the percentiles of ``drawn`` (b,), what it came to in each draw.

        Draws in which it is not defined are passed over, unless they are most.
        """
        fine = np.isfinite(drawn)
        if not np.isfinite(value) or self.animals < 2 or fine.sum() < len(drawn) / 2:
            return Interval(float(value), np.nan, np.nan)
        low, high = np.quantile(drawn[fine], [0.025, 0.975])
        return Interval(float(value), float(low), float(high))

    def mean(self, values: Floats) -> Interval:
        """The mean over observations of ``values`` (n,)."""
        if not len(values):
            return UNKNOWN
        drawn = (self._draws @ self._of_animals(values)) / (self._draws @ self._counts)
        return self.interval(float(values.mean()), drawn)

    @property
    def times(self) -> Floats:
        """How often each animal (as ``np.unique`` orders them) is there: float64 (1 + b, animals), the sample first."""
        return np.vstack([np.ones((1, self.animals)), self._draws])

    def totals(self, sums: Floats) -> Floats:
        """Sums over all animals of ``sums`` (animals, k): float64 (1 + b, k), of the sample, then of each draw."""
        return np.vstack([sums.sum(axis=0), self._draws @ sums])

    def moments(self, values: Floats, members: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Means and variances (ddof 0) of the columns of ``values`` (n, d) among ``members``, bool (n,).

        Both float64 (1 + b, d): of the sample, then of each draw; NaN in a draw without members.
        """
        own = values[members]
        place = self._place[members]
        middle = own.mean(axis=0)  # little is lost of a variance about the mean
        parts = [np.zeros((self.animals, values.shape[1])) for _ in range(2)]
        np.add.at(parts[0], place, own - middle)
        np.add.at(parts[1], place, (own - middle) ** 2)
        weights = np.vstack([np.ones((1, self.animals)), self._draws])
        count = weights @ np.bincount(place, minlength=self.animals)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean, square = ((weights @ one) / count[:, None] for one in parts)
        return mean + middle, np.maximum(square - mean**2, 0.0)

    def explained(self, missed: Floats, total: Floats) -> Interval:
        """1 - sum(missed) / sum(total), both (n,): R squared from squared errors; NaN when ``total`` is 0."""
        whole = float(total.sum())
        if not whole > 0:
            return UNKNOWN
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = 1 - (self._draws @ self._of_animals(missed)) / (self._draws @ self._of_animals(total))
        return self.interval(1 - float(missed.sum()) / whole, drawn)

    def correlation(self, x: Floats, y: Floats, given: Floats | None = None) -> Interval:
        """Pearson's correlation of ``x`` and ``y``, (n,), or their partial correlation ``given`` (n, p).

        The partial correlation is that of the residuals of both after least squares on ``given`` and a constant
        (Fisher, 1924), which each draw fits anew. NaN when either, or what is left of it, does not vary.
        """
        if not len(x):
            return UNKNOWN
        columns = [_standard(one) for one in (given.T if given is not None else ())]
        table = np.column_stack([np.ones(len(x)), *columns, _standard(x), _standard(y)])
        k = table.shape[1]
        products = [table[:, i] * table[:, j] for i in range(k) for j in range(i, k)]
        upper = np.stack([self._of_animals(one) for one in products], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = _partial(_symmetric(upper.sum(axis=0)[None], k))
            return self.interval(float(value[0]), _partial(_symmetric(self._draws @ upper, k)))

    def shuffled_correlation(self, x: Floats, y: Floats) -> Interval:
        """Pearson's correlation of ``x`` and ``y``, (n,), when ``y`` is shuffled within each animal.

        The mean over all shuffles, which needs none: they leave the variances as they are and turn an animal's sum of
        x y into (sum of x) (sum of y) / (its observations); so do shuffles of whole dates, when each is seen equally
        often. What is left is due to differences between animals; in n dates, one keeps its place on average.
        """
        if not len(x):
            return UNKNOWN
        a, b = _standard(x), _standard(y)
        sums = [self._of_animals(one) for one in (a, b, a * a, b * b)]
        parts = np.stack([self._counts, *sums, sums[0] * sums[1] / self._counts], axis=1)

        def of(totals: Floats) -> Floats:
            n, sx, sy, sxx, syy, sxy = totals.T
            spread = (sxx - sx * sx / n) * (syy - sy * sy / n)
            return np.where(
                spread > _NOTHING * n * n, (sxy - sx * sy / n) / np.sqrt(np.maximum(spread, 1e-300)), np.nan
            )

        with np.errstate(invalid="ignore", divide="ignore"):
            value = of(parts.sum(axis=0)[None])
            return self.interval(float(value[0]), of(self._draws @ parts))

    def spearman(self, x: Floats, y: Floats) -> Interval:
        """Spearman's rank correlation of ``x`` and ``y``, (n,), ties at their mean rank; each draw is ranked anew."""
        n = len(x)
        if not n:
            return UNKNOWN
        first, second = _Ranker(x), _Ranker(y)
        value = _weighted_spearman(first, second, np.ones((1, n)))[0]
        if not np.isfinite(value) or self.animals < 2:
            return Interval(float(value), np.nan, np.nan)
        step = max(1, _AT_ONCE // n)
        drawn = [
            _weighted_spearman(first, second, self._draws[start : start + step][:, self._place])
            for start in range(0, len(self._draws), step)
        ]
        return self.interval(float(value), np.concatenate(drawn))

    def _of_animals(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self._place, weights=values, minlength=self.animals), dtype=np.float64)


class _Ranker:
    """Mean ranks of the same values under many weightings: sorted once."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(values, kind="stable")
        ordered = values[self._order]
        new = np.append(True, ordered[1:] != ordered[:-1])
        self._starts = np.flatnonzero(new)
        self._group = np.empty(len(values), dtype=np.intp)
        self._group[self._order] = np.cumsum(new) - 1

    def __call__(self, weights: Floats) -> Floats:
        """Ranks, float64 (b, n), when row i is there ``weights[:, i]`` times; less a constant of each draw."""
        sizes = np.add.reduceat(weights[:, self._order], self._starts, axis=1)
        middles: Floats = np.cumsum(sizes, axis=1, dtype=np.float64) - sizes / 2
        return middles[:, self._group]


def _weighted_spearman(first: _Ranker, second: _Ranker, weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    a, b = first(weights), second(weights)
    a -= (weights * a).sum(axis=1, keepdims=True) / total
    b -= (weights * b).sum(axis=1, keepdims=True) / total
    weighted = weights * a
    spread = (weighted * a).sum(axis=1) * (weights * b * b).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, (weighted * b).sum(axis=1) / np.sqrt(spread), np.nan)


def _standard(values: Floats) -> Floats:
    """Mean 0 and spread 1, so that no figure depends on the unit; zeros when it does not vary."""
    moved = values - values.mean()
    spread = float(moved.std())
    if spread <= _NOTHING * max(1e-300, float(np.abs(values).max())):
        return np.zeros(len(values))
    return moved / spread


def _symmetric(upper: Floats, k: int) -> Floats:
    """(b, k, k) from the upper triangles (b, k (k + 1) / 2), row by row."""
    out = np.empty((len(upper), k, k))
    rows, columns = np.triu_indices(k)
    out[:, rows, columns] = out[:, columns, rows] = upper
    return out


def _partial(moments: Floats) -> Floats:
    """Partial correlation of the last two columns given all others, from moments (b, k, k) about 0."""
    given = moments[:, :-2, :-2]
    cross = moments[:, :-2, -2:]
    ends = moments[:, -2:, -2:]
    left = ends - np.swapaxes(cross, 1, 2) @ np.linalg.pinv(given, rcond=_NOTHING, hermitian=True) @ cross
    x, y = left[:, 0, 0], left[:, 1, 1]
    enough = np.minimum(x, y) > _NOTHING * moments[:, 0, 0]
    return np.where(enough, np.clip(left[:, 0, 1] / np.sqrt(np.where(enough, x * y, 1.0)), -1, 1), np.nan)
