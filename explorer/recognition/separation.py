"""Figure 9 of S2 in real numbers: how far sightings of one animal lie apart, and how near two animals come, by stratum.

S2, section 5.2: one tau tells animals apart where every two sightings of one animal are nearer than any two animals,
tau < d(S_00, S_10); within a stratum that may hold where over all strata it does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.distances import distances
from explorer.recognition.pairs import NotCompared

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST = 12
"""Strata that are looked into: those with most observations."""

MOST_ROWS = 6_000
"""Observations that are looked into, about: every two of them are compared."""

TOGETHER = "all"


@dataclass(frozen=True, eq=False)
class Separation:
    """Distances between observations of one stratum (first axis) and of another (second).

    ``labels``: the k strata looked into, and ``TOGETHER`` last, which is all observations, those of other strata too;
    ``left_out``: how many other strata there are. All arrays are (k + 1, k + 1). ``farthest_own``: the largest distance
    of two sightings of one animal; ``hardest_own``: the largest from a sighting in the first to the nearest of its own
    animal in the second; ``nearest_other``: the smallest of two animals; float64, NaN where there is no such pair.
    ``animals``: int64, of how many the first two are. ``rows`` observations of ``of`` were compared.
    """

    labels: tuple[str, ...]
    farthest_own: Floats
    hardest_own: Floats
    nearest_other: Floats
    animals: Ints
    left_out: int
    rows: int
    of: int

    @property
    def holds(self) -> npt.NDArray[np.bool_]:
        """Where some tau tells all animals apart, bool (k + 1, k + 1); False where one of the two is not known."""
        return np.asarray(self.farthest_own < self.nearest_other)

    @property
    def finds(self) -> npt.NDArray[np.bool_]:
        """Where some tau finds each animal by its nearest sighting and accepts no other, bool (k + 1, k + 1)."""
        return np.asarray(self.hardest_own < self.nearest_other)


def separation(
    vectors: npt.NDArray[np.floating],
    rows: Ints,
    rule: NotCompared,
    codes: Ints,
    labels: tuple[str, ...],
    *,
    seed: int = 0,
) -> Separation:
    """All allowed pairs among the ``rows`` (m,) of ``vectors`` (n, d), in Euclidean distance.

    ``codes`` int64 (n,): the stratum of each observation, by its place in ``labels``. Of more than about ``MOST_ROWS``
    rows, those of some animals, drawn at random, are looked into.
    """
    of, rows = len(rows), _some(rows, rule.animals, seed)
    sizes = np.bincount(codes[rows], minlength=len(labels))
    there = int((sizes > 0).sum())
    chosen = np.sort(np.argsort(-sizes, kind="stable")[: min(MOST, there)])
    k = len(chosen)
    place = np.full(len(labels), k, dtype=np.int64)  # k: of no stratum that is looked into
    place[chosen] = np.arange(k)
    rows = rows[np.argsort(place[codes[rows]], kind="stable")]
    strata = place[codes[rows]]
    starts = np.searchsorted(strata, np.arange(k + 1))
    shape = (len(rows), k + 1)
    far_own, near_own, near_other = np.full(shape, -np.inf), np.full(shape, np.inf), np.full(shape, np.inf)
    for block, far in distances(vectors, rows, rows):
        i, j = np.nonzero(rule.animals[rows[block]][:, None] == rule.animals[rows][None, :])
        fine = ~rule.pairs(rows[block][i], rows[j])
        own, at, to = far[i[fine], j[fine]], block.start + i[fine], strata[j[fine]]
        far[i, j] = np.inf
        for other in (to, np.full_like(to, k)):
            np.maximum.at(far_own, (at, other), own)
            np.minimum.at(near_own, (at, other), own)
        for column in range(k):
            near_other[block, column] = far[:, starts[column] : starts[column + 1]].min(axis=1)
        near_other[block, k] = far.min(axis=1)
    labels = (*(labels[one] for one in chosen), TOGETHER)
    matrices = _gathered(k, strata, rule.animals[rows], far_own, near_own, near_other)
    return Separation(labels, *matrices, left_out=there - k, rows=len(rows), of=of)


def _some(rows: Ints, animals: Ints, seed: int) -> Ints:
    """All rows of as many animals, in a random order, as come to ``MOST_ROWS``; of one animal at least."""
    if len(rows) <= MOST_ROWS:
        return rows
    names, place, counts = np.unique(animals[rows], return_inverse=True, return_counts=True)
    order = np.random.default_rng([seed, 3]).permutation(len(names))
    taken = max(1, int((np.cumsum(counts[order]) <= MOST_ROWS).sum()))
    return rows[np.isin(place, order[:taken])]


def _gathered(
    k: int, strata: Ints, animals: Ints, far_own: Floats, near_own: Floats, near_other: Floats
) -> tuple[Floats, Floats, Floats, Ints]:
    """From what each row has with each stratum, (m, k + 1), to what strata have with each other."""
    farthest, hardest, nearest = (np.full((k + 1, k + 1), np.nan) for _ in range(3))
    count = np.zeros((k + 1, k + 1), dtype=np.int64)
    met = np.isfinite(near_own)
    for row in range(k + 1):
        inside = strata == row if row < k else np.ones(len(strata), dtype=bool)
        for column in range(k + 1):
            own = inside & met[:, column]
            count[row, column] = len(np.unique(animals[own]))
            if own.any():
                farthest[row, column] = far_own[own, column].max()
                hardest[row, column] = near_own[own, column].max()
            others = near_other[inside, column]
            if np.isfinite(others).any():
                nearest[row, column] = others.min()
    return farthest, hardest, nearest, count


def said(found: Separation, taus: Mapping[str, float]) -> list[str]:
    """What figure 9 asks, answered in sentences. ``taus``: the fitted threshold of each stratum and ``TOGETHER``."""
    k = len(found.labels) - 1
    own, hardest, other = (float(one[k, k]) for one in (found.farthest_own, found.hardest_own, found.nearest_other))
    if not np.isfinite([own, other]).all():
        return ["There are no two observations of one animal, and of two, that could be compared."]
    whole = (
        f"Over all strata {'one tau tells' if found.holds[k, k] else 'no tau tells'} all animals apart: sightings of "
        f"one animal lie up to {own:.3g} apart (to the nearest one, up to {hardest:.3g}), and two animals come as near "
        f"as {other:.3g}."
    )
    tau = taus[TOGETHER]
    whole += (
        f" The fitted tau, {tau:.3g}, is {'smaller' if tau < other else 'not smaller'} than that: it accepts "
        f"{'none' if tau < other else 'some'} of the nearest strangers."
    )
    own_taus = np.array([taus.get(label, np.inf) for label in found.labels])
    within = range(k)
    known = [i for i in within if np.isfinite([found.farthest_own[i, i], found.nearest_other[i, i]]).all()]
    if not known:
        return [whole, "Within a stratum no animal is seen twice."]
    tests = (
        (found.holds.diagonal(), "every two sightings of one animal are nearer than any two animals"),
        (found.finds.diagonal(), "every animal's nearest sighting is nearer than any other animal"),
        (own_taus < found.nearest_other.diagonal(), "the fitted tau is smaller than the distance of any two animals"),
    )
    parts = [_how_many([found.labels[i] for i in known if holds[i]], len(known), what) for holds, what in tests]
    return [whole, f"Within a stratum: {'; '.join(parts)}."]


def _how_many(names: list[str], of: int, what: str) -> str:
    which = f" ({'; '.join(names[:3])}{'; ...' if len(names) > 3 else ''})" if names and len(names) < of else ""
    return f"in {len(names)} of {of}{which} {what}"
