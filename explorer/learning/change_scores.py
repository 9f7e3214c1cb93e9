"""Whether predictions of a task's rate of change say anything about change, and not only about the level.

A high score mostly falls and a low one mostly rises (regression to the mean), so that whatever shows the level
predicts change, without having seen any. Each correlation is therefore told beside what is left of it for
observations of one level, what the level alone reaches, and what is left when dates are shuffled.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.bootstrap import UNKNOWN, AnimalBootstrap, Interval

Floats = npt.NDArray[np.float64]

DEGREE = 3
"""Levels are accounted for up to their third power: change follows them in a line only between a scale's ends."""

FEWEST_TO_FIT = 10
"""Training observations below which change is not predicted from the level."""


@dataclass(frozen=True)
class ChangeScore:
    """Correlations (Pearson's) of predicted and true change, with 95 % intervals by bootstrap over animals.

    ``correlation``: as they are. ``given_level``: partial, given the true level and its powers up to ``DEGREE``.
    ``given_levels``: the same, given also the method's own prediction of the level (and its powers); None when it
    makes none. A label carries its observer's error, which levels and changes made of it share; a method that sees
    the level without that error therefore differs from 0 in ``given_level``, either way, without seeing change, and
    the less so here the better it tells the level. ``level_alone``: what change predicted from the true level alone
    reaches, a regression on these powers fitted on training animals. ``shuffled``: of the method, with the dates
    shuffled within each animal, the mean over all shuffles; what is left is due to differences between animals (and,
    of n dates, to the one that on average keeps its place).
    """

    correlation: Interval
    given_level: Interval
    given_levels: Interval | None
    level_alone: Interval
    shuffled: Interval
    observations: int
    animals: int


def powers(level: Floats) -> Floats:
    """Powers 1 to ``DEGREE`` of ``level`` (n,), moved and scaled to mean 0 and spread 1: float64 (n, DEGREE)."""
    spread = float(level.std())
    scaled = (level - level.mean()) / (spread if spread > 0 else 1.0)
    return np.stack([scaled**power for power in range(1, DEGREE + 1)], axis=1)


def change_from_level(change: Floats, level: Floats, train: npt.NDArray[np.bool_]) -> Floats:
    """Change predicted from the level alone, float64 (n,): least squares on its powers over the ``train`` rows.

    change, level: float (n,), NaN where missing. NaN where the level is missing, and everywhere with fewer than
    ``FEWEST_TO_FIT`` training rows. Levels beyond those of training are taken as the nearest of them.
    """
    fitted = train & np.isfinite(change) & np.isfinite(level)
    if fitted.sum() < FEWEST_TO_FIT:
        return np.full(len(level), np.nan)
    known = level[fitted]
    middle, spread = known.mean(), float(known.std()) or 1.0
    within = np.clip(level, known.min(), known.max())
    table = np.stack([((within - middle) / spread) ** power for power in range(DEGREE + 1)], axis=1)
    slopes = np.linalg.lstsq(table[fitted], change[fitted], rcond=None)[0]
    return np.asarray(table @ slopes, dtype=np.float64)


def score_change(
    predictions: Mapping[str, npt.NDArray[np.floating]],
    true: npt.NDArray[np.floating],
    level: npt.NDArray[np.floating],
    animals: npt.NDArray[np.integer],
    *,
    predicted_levels: Mapping[str, npt.NDArray[np.floating]] | None = None,
    level_alone: npt.NDArray[np.floating] | None = None,
    seed: int = 0,
) -> dict[str, ChangeScore]:
    """Scores of change by method, on the rows on which change, level and all predictions are finite.

    predictions: float (n,) by method. true, level: labels, float (n,), NaN where missing. animals: int (n,).
    predicted_levels: float (n,), by those methods that predict the level. level_alone: what ``change_from_level``
    gave; a row without it is scored all the same, but not by this control. A correlation is NaN when one side, or what
    is left of it, does not vary.
    """
    levels = predicted_levels or {}
    used = np.isfinite(true) & np.isfinite(level)
    for one in (*predictions.values(), *(levels[method] for method in predictions if method in levels)):
        used &= np.isfinite(one)
    change, base = (np.asarray(one, dtype=np.float64)[used] for one in (true, level))
    boot = AnimalBootstrap(animals[used], seed)
    given = powers(base) if len(base) else np.zeros((0, DEGREE))
    control = UNKNOWN
    if level_alone is not None:
        plain = np.asarray(level_alone, dtype=np.float64)[used]
        there = np.isfinite(plain)
        control = AnimalBootstrap(animals[used][there], seed).correlation(plain[there], change[there])
    scores = {}
    for method, one in predictions.items():
        predicted = np.asarray(one, dtype=np.float64)[used]
        own = levels.get(method)
        both = None if own is None else np.hstack([given, powers(np.asarray(own, dtype=np.float64)[used])])
        scores[method] = ChangeScore(
            correlation=boot.correlation(predicted, change),
            given_level=boot.correlation(predicted, change, given),
            given_levels=None if both is None else boot.correlation(predicted, change, both),
            level_alone=control,
            shuffled=boot.shuffled_correlation(predicted, change),
            observations=len(change),
            animals=boot.animals,
        )
    return scores
