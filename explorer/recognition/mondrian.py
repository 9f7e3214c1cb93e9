"""One threshold for each group of queries, each with the promise of its own (Mondrian conformal prediction).

Vovk, Gammerman and Shafer (2005), section 4.5. A group with too few animals takes the threshold of the next larger
group that has enough, whose promise holds for that larger group only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.conformal import least_animals, threshold
from explorer.recognition.groups import Groups
from explorer.recognition.one_per_animal import DRAWS, draw

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Taus:
    """The thresholds of g groups, in the order of their labels.

    ``values``: float64 (g,). ``animals``: int64 (g,), how many were calibrated with. ``taken_from``: for each group
    that has no threshold of its own, the label of the group whose it takes; else None. ``missing``: int64 (g,), how
    many animals it lacks for its own.
    """

    labels: tuple[str, ...]
    values: Floats
    animals: Ints
    taken_from: tuple[str | None, ...]
    missing: Ints

    def by_label(self) -> dict[str, float]:
        """Each group's threshold."""
        return dict(zip(self.labels, self.values.tolist(), strict=True))


STRICTEST = "the strictest plausible"


def fit(
    score: Floats,
    animals: npt.NDArray[np.integer],
    rows: Ints,
    groups: Groups,
    *,
    fpir: float,
    confidence: float = 0.0,
    seed: int = 0,
) -> Taus:
    """Thresholds from the best ``score`` (q,) of queries of ``animals`` (q,) that are not in the gallery.

    ``rows`` (q,): which observations of ``groups`` they are. Each animal counts once in a group. A group in which
    something is unknown gets the least threshold of those it may be. Raises ValueError when even all together are too
    few.
    """
    tau_of = _by_draws(score, animals, fpir, confidence, seed)
    least = least_animals(fpir, confidence)
    n = groups.count
    values, counts, missing = np.full(n, np.nan), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    taken: list[str | None] = [None] * n
    fine = [level[rows] for level in groups.levels]
    if len(np.unique(animals)) < least:
        raise ValueError(f"{len(np.unique(animals))} animals cannot keep this promise, {least} could")
    firsts = _first_rows(groups)
    kept: dict[tuple[int, int], tuple[float, int]] = {}
    for group in range(n):
        if group in groups.plausible:
            continue
        for depth, codes in enumerate(fine):
            code = int(groups.levels[depth][firsts[group]])
            if (depth, code) not in kept:
                kept[depth, code] = tau_of(codes == code)
            tau, count = kept[depth, code]
            if depth == 0:
                counts[group] = count
                missing[group] = max(0, least - count)
            if count >= least:
                values[group] = tau
                taken[group] = groups.labels[depth][code] if depth else None
                break
    for group, may_be in groups.plausible.items():
        counts[group] = len(np.unique(animals[fine[0] == group]))
        values[group] = values[may_be].min() if len(may_be) else tau_of(np.ones(len(score), dtype=bool))[0]
        taken[group] = STRICTEST
    return Taus(groups.labels[0], values, counts, tuple(taken), missing)


def _first_rows(groups: Groups) -> Ints:
    """An observation of each finest group: any tells which larger groups it lies in."""
    first = np.zeros(groups.count, dtype=np.int64)
    codes, rows = np.unique(groups.levels[0], return_index=True)
    first[codes] = rows
    return first


def _by_draws(
    score: Floats, animals: npt.NDArray[np.integer], fpir: float, confidence: float, seed: int
) -> Callable[[npt.NDArray[np.bool_]], tuple[float, int]]:
    def of(chosen: npt.NDArray[np.bool_]) -> tuple[float, int]:
        if not chosen.any():
            return float("nan"), 0
        places = draw(animals[chosen], DRAWS, np.random.default_rng(seed))
        return threshold(score[chosen][places], fpir, confidence), places.shape[1]

    return of
