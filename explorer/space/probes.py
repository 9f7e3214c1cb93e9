"""How well the vectors of an animal not seen before tell a variable: a ridge probe against shuffled labels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.space.designs import Floats
from explorer.space.group_ridge import GroupRidge, deal
from explorer.space.varying import Varying

SHUFFLES = 199
FEWEST = 10
"""With fewer animals nothing is probed: folds of one or two animals say nothing about the next one."""
MOST = 10_000
"""Rows at most: beyond, animals are drawn at random until they have so many."""

PENALTIES = tuple(float(share) for share in np.logspace(-4, 1, 6))
_AT_ONCE = 4_000_000
"""Numbers in a block of shuffled labels: 32 MB."""


@dataclass(frozen=True)
class Probe:
    """R squared of a variable on animals held out; ``low`` and ``high``: where 95 % of shuffled labels come."""

    value: float
    low: float
    high: float
    observations: int


def probe(
    places: Floats,
    x: Floats,
    varying: Varying,
    *,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    report: Callable[[float, str], None] | None = None,
) -> Probe:
    """Ridge of ``places`` (n, c) on vectors ``x`` (n, d), in five folds of whole animals, the penalty chosen within.

    R squared is summed over the columns, each weighted by its variance: for categories, one less Brier's score by that
    of the shares alone. Below 0 it does worse than the mean. The null shuffles labels as ``Varying`` says. A variable
    that varies by visit is asked for as its ups and downs in each animal, of vectors and labels less the animal's
    means; animals seen once have none. NaN with fewer than ``FEWEST`` animals.
    """
    rng = np.random.default_rng([seed, 4])
    by_visit = varying.how == "visits"
    rows = np.flatnonzero(varying.counts[varying.place] >= 2) if by_visit else np.arange(len(x))
    rows = rows[_of_some_animals(varying.place[rows], rng)]
    some = Varying(varying.columns[rows], varying.units[rows])
    if len(some.counts) < FEWEST:
        return Probe(np.nan, np.nan, np.nan, len(rows))
    vectors, labels = x[rows], places[rows]
    if by_visit:
        vectors = vectors - some.means(vectors)[some.place]
        labels = labels - some.means(labels)[some.place]
    weights = labels.var(axis=0)
    labels = labels[:, weights > 1e-12 * max(float(weights.max()), 1e-300)]
    weights = labels.var(axis=0)
    ridge = GroupRidge(vectors, deal(some.place, seed=seed), PENALTIES)
    found = [ridge.explained(labels) @ weights / weights.sum()]
    c = labels.shape[1]
    at_once = max(1, _AT_ONCE // labels.size)
    for start in range(0, shuffles, at_once):
        b = min(at_once, shuffles - start)
        shuffled = _shuffled(some, labels, by_visit, b, rng)  # (n, b, c)
        own = shuffled.var(axis=0)
        shares = ridge.explained(shuffled.reshape(len(rows), b * c)).reshape(b, c)
        found.extend((np.nan_to_num(shares) * own).sum(axis=1) / np.maximum(own.sum(axis=1), 1e-300))
        if report:
            report((start + b) / shuffles, "probing")
    low, high = np.quantile(found[1:], [0.025, 0.975]) if shuffles else (np.nan, np.nan)
    return Probe(float(found[0]), float(low), float(high), len(rows))


def _shuffled(varying: Varying, labels: Floats, by_visit: bool, count: int, rng: np.random.Generator) -> Floats:
    if by_visit:
        signs = varying.mirrors(count, rng)[:, varying.place].T
        return labels[:, None, :] * signs[:, :, None]
    (taken,) = varying.exchanges(count, count, rng)
    if varying.how == "animals":
        return varying.means(labels)[taken][varying.place]
    return labels[taken]


def _of_some_animals(place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of animals drawn at random until ``MOST`` are reached, in their order; all when there are not so many."""
    if len(place) <= MOST:
        return np.arange(len(place))
    known, codes = np.unique(place, return_inverse=True)
    order = rng.permutation(len(known))
    size = np.bincount(codes)[order]
    taken = np.zeros(len(known), dtype=bool)
    taken[order[: max(1, int((np.cumsum(size) <= MOST).sum()))]] = True
    return np.flatnonzero(taken[codes])
