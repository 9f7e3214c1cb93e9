"""How many visits a baseline should remember, chosen on animals that were held back.

A baseline that never forgets loses to drift (an animal grows); one that forgets fast takes a change for the new normal.
So steps are added to the real series of held-back animals, and that memory is taken which finds most of them when as
many of the unchanged series are alerted as the promise allows.
"""

import numpy as np

from explorer.change.calibrating import healthy_of, limits_at
from explorer.change.normal_inverse_gamma import Prior, follow
from explorer.change.panel import Bools, Floats, Panel

CANDIDATES: tuple[float | None, ...] = (None, 50.0, 25.0, 14.0, 8.0)
STEP = 2.0
"""In standard deviations within an animal."""
WITHIN = 6
"""Visits in which a step should be found."""
FEWEST = 30
"""Held-back animals; with fewer no memory is better than another by more than chance."""
MOST = 500


def held_back(panel: Panel) -> Bools:
    """Every third animal of those there are, bool (n,)."""
    return np.cumsum(panel.visit == 0) % 3 == 0


def choose_memory(
    panel: Panel, residual: Floats, prior: Prior, within: float, *, rate: float, learning: int, seed: int = 0
) -> float | None:
    """The memory that finds most of the added steps in ``residual`` (n,) of held-back animals; None never forgets.

    A shorter one is taken only when it is better by more than a standard error.
    """
    counts = np.bincount(panel.animal)
    long_enough = counts[panel.animal] >= learning + WITHIN + 2
    able = np.unique(panel.animal[long_enough])
    if len(able) < FEWEST:
        return None
    rng = np.random.default_rng([seed, 14])
    some = np.sort(rng.permutation(able)[:MOST])
    rows = np.isin(panel.animal, some)
    small, values = panel.only(rows), residual[rows]
    real = healthy_of(small, values, learning=learning)
    first, lengths = small.first, small.counts
    begins = learning + rng.integers(0, lengths - learning - WITHIN + 1)
    since = small.visit - np.repeat(begins, lengths)
    sign = np.repeat(rng.choice([-1.0, 1.0], len(first)), lengths)
    stepped = values + np.where(since >= 0, sign * STEP * np.sqrt(within), 0.0)
    looked = (since >= 0) & (since < WITHIN)
    best: float | None = None
    best_found: Bools | None = None
    for memory in CANDIDATES:
        calm = follow(small, values, prior, memory=memory, learning=learning)
        limits = limits_at([np.abs(calm.z), np.abs(calm.shift)], real, rate, careful=False)
        moved = follow(small, stepped, prior, memory=memory, learning=learning)
        beyond = looked & ((np.abs(moved.z) > limits[0]) | (np.abs(moved.shift) > limits[1]))
        found = np.logical_or.reduceat(beyond, first)
        if best_found is None or _better(found, best_found):
            best, best_found = memory, found
    return best


def _better(found: Bools, than: Bools) -> bool:
    difference = found.astype(float) - than
    return float(difference.mean()) > float(difference.std() / np.sqrt(len(difference)))
