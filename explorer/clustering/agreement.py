"""How far two partitions agree, from tables of how many observations are in both: Rand and information, adjusted."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_WIDE = 10.0
"""So many standard deviations, and so many counts more, of what chance puts into a cell are gone through."""


def _pairs(n: Floats) -> Floats:
    return n * (n - 1) / 2


def adjusted_rand(same: Floats, first: Floats, second: Floats, every: Floats) -> Floats:
    """The adjusted Rand index (Hubert and Arabie, 1985, equation 5) from numbers of pairs of observations.

    ``same``: pairs together in both partitions; ``first`` and ``second``: pairs together in each; ``every``: all pairs.
    All of one shape. 1 for the same partition, 0 on average by chance; 1 where both are one group or all singletons.
    """
    expected = first * second / np.maximum(every, 1e-300)
    most = (first + second) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(most == expected, 1.0, (same - expected) / (most - expected))


def rand_of_tables(tables: Floats) -> Floats:
    """The adjusted Rand index of each of ``tables`` (b, r, c) of counts: float64 (b,)."""
    return adjusted_rand(
        _pairs(tables).sum(axis=(1, 2)),
        _pairs(tables.sum(axis=2)).sum(axis=1),
        _pairs(tables.sum(axis=1)).sum(axis=1),
        _pairs(tables.sum(axis=(1, 2))),
    )


def adjusted_information(table: Floats, times: Floats | None = None) -> float:
    """The adjusted mutual information of a ``table`` (r, c) of counts, each row of it there ``times`` (r,) times.

    (MI - E) / (mean of both entropies - E), natural logarithms; E is the mean under all tables of the same margins
    (Vinh, Epps and Bailey, 2010, equation 24a, and the arithmetic mean as scikit-learn takes it). A row that is there
    twice is two groups. 1 where both are one group.
    """
    weight = np.ones(len(table)) if times is None else times
    rows, columns = table.sum(axis=1), weight @ table
    kept = (rows > 0) & (weight > 0)
    table, rows, weight = table[kept], rows[kept], weight[kept]
    n = float(weight @ rows)
    if n == 0:
        return float("nan")
    used = columns > 0
    table, columns = table[:, used], columns[used]
    if (weight.sum() == 1 and len(columns) == 1) or (weight.sum() == n and len(columns) == n):
        return 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = np.where(table > 0, table / n * np.log(n * table / (rows[:, None] * columns)), 0.0)
    information = float(weight @ cells.sum(axis=1))
    entropies = -float(weight @ (rows / n * np.log(rows / n))), -float((columns / n * np.log(columns / n)).sum())
    expected = _expected_information(rows, weight, columns, n)
    over = sum(entropies) / 2 - expected
    # As close to 0 as rounding leaves it: the sign alone would decide.
    over = np.copysign(max(abs(over), np.finfo(float).eps), over)
    return (information - expected) / over


def _expected_information(rows: Floats, weight: Floats, columns: Floats, n: float) -> float:
    """E of ``adjusted_information``: equal margins are computed once, and only counts that chance can come to."""
    from scipy.special import gammaln

    a, place = np.unique(rows, return_inverse=True)
    a_times = np.bincount(place, weights=weight)
    b, b_times = np.unique(columns, return_counts=True)
    a, b = (one.reshape(-1) for one in np.meshgrid(a, b, indexing="ij"))
    times = np.outer(a_times, b_times).reshape(-1)
    mean = a * b / n
    reach = _WIDE * (np.sqrt(mean) + 1)
    low = np.ceil(np.maximum(np.maximum(1, a + b - n), mean - reach))
    high = np.floor(np.minimum(np.minimum(a, b), mean + reach))
    length = np.maximum(high - low + 1, 0).astype(np.int64)
    pair = np.repeat(np.arange(len(a)), length)
    count = np.arange(len(pair)) - np.repeat(np.cumsum(length) - length, length) + low[pair]
    a, b = a[pair], b[pair]
    log_chance = (
        gammaln(a + 1)
        + gammaln(b + 1)
        + gammaln(n - a + 1)
        + gammaln(n - b + 1)
        - gammaln(n + 1)
        - gammaln(count + 1)
        - gammaln(a - count + 1)
        - gammaln(b - count + 1)
        - gammaln(n - a - b + count + 1)
    )
    return float((times[pair] * count / n * np.log(n * count / (a * b)) * np.exp(log_chance)).sum())
