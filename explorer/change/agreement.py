"""How far observers agree, with each other and with themselves, and the smallest change worth believing.

Intraclass correlations of single scores (Shrout and Fleiss, 1979; McGraw and Wong, 1996): ICC(2,1), absolute agreement
of observers drawn from many, and ICC(3,1), consistency of these observers. Weighted kappa with squared weights (Cohen,
1968) for ordered categories. Intervals by bootstrap over animals.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import clock_of
from explorer.change.panel import Floats
from explorer.errors import UserError
from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.study.study import Study

FEWEST = 10
"""Things scored twice; with fewer nothing is said."""

BELIEVED = 1.96 * np.sqrt(2.0)
"""Times the error of one score: what two scores of an unchanged animal differ by less than, in 95 of 100 pairs."""


@dataclass(frozen=True)
class Pair:
    """Two observers who scored the same animals on the same day, or (``again``) one who did so twice.

    ``absolute``: ICC(2,1), ``consistent``: ICC(3,1), ``kappa``: weighted kappa; ``bias``: mean of the second less the
    first; ``error``: standard error of one score, in the task's unit. ``pairs`` of scores of ``animals``.
    """

    observers: tuple[str, str]
    absolute: Interval
    consistent: Interval
    kappa: Interval
    bias: Interval
    error: Interval
    pairs: int
    animals: int

    @property
    def again(self) -> bool:
        """Whether it is one observer with themselves."""
        return self.observers[0] == self.observers[1]

    @property
    def smallest_change(self) -> float:
        """The smallest difference of two scores worth believing, in the task's unit."""
        return float(BELIEVED * self.error.value)


@dataclass(frozen=True)
class Agreement:
    """Agreement on ``task``. ``inter``: of different observers; ``intra``: of each with themselves, where scored twice
    within ``days``. ``overall``: all pairs of different observers together, None without. ``remarks``: sentences."""

    task: str
    unit: str
    inter: tuple[Pair, ...]
    intra: tuple[Pair, ...]
    overall: Pair | None
    remarks: tuple[str, ...]


def agreement(study: Study, task: str, *, days: float = 7.0, seed: int = 0) -> Agreement:
    """Agreement of the observers of the scored variable ``task``.

    Scores of one animal on one day by two observers are a pair; two by one observer within ``days`` are a pair of that
    observer with themselves (on one day in the order of the table). Raises UserError when it is not read from the
    scores, and when these do not say who gave them.
    """
    variable = study.variable(task)
    if variable.score is None:
        raise UserError(f"{task!r} is not read from the scores, so nobody gave it", how="Choose a scored variable")
    if "observer" not in study.scores.columns:
        raise UserError("the scores do not say who gave them", how="Add a column observer to the scores")
    clock = clock_of(study)
    scores = study.scores[study.scores["task"].astype(str) == variable.score]
    table = pd.DataFrame(
        {
            "animal": study.animal_codes(scores["animal"]),
            "day": clock.days(scores["time"].to_numpy()),
            "value": pd.to_numeric(scores["value"].astype(object), errors="coerce").to_numpy(dtype=np.float64),
            "observer": scores["observer"].astype(object).where(scores["observer"].notna(), "").map(str).to_numpy(),
        }
    )
    table = table[(table["animal"] >= 0) & table["day"].notna() & table["value"].notna() & (table["observer"] != "")]
    inter = _between(table, seed)
    intra = tuple(
        pair
        for one, own in table.groupby("observer", sort=True)
        if (pair := _again(str(one), own, days, seed)) is not None
    )
    first, second, animal = _all_pairs(table)
    overall = _pair(("any", "another"), first, second, animal, seed) if len(first) >= FEWEST else None
    remarks = _said(task, variable.unit or "", variable.relevant_change, overall, intra, table["observer"].nunique())
    return Agreement(task, variable.unit or "", inter, intra, overall, remarks)


def icc(first: Floats, second: Floats) -> tuple[float, float]:
    """ICC(2,1) and ICC(3,1) of n things scored by two observers, float64 (n,) each; NaN when nothing varies.

    From the mean squares of a two-way table: between things B, between observers J, error E, k = 2 (Shrout and Fleiss,
    1979): (B - E) / (B + E + 2 (J - E) / n) and (B - E) / (B + E).
    """
    n = len(first)
    if n < 2:
        return float("nan"), float("nan")
    middle, difference = (first + second) / 2, second - first
    b = 2 * float(middle.var(ddof=1))
    e = float(difference.var(ddof=1)) / 2
    j = n * float(difference.mean()) ** 2 / 2
    absolute, consistent = b + e + 2 * (j - e) / n, b + e
    return (b - e) / absolute if absolute > 0 else float("nan"), (b - e) / consistent if consistent > 0 else float(
        "nan"
    )


def weighted_kappa(first: Floats, second: Floats) -> float:
    """Cohen's kappa with squared weights of two sets of scores, float64 (n,): 1 - mean squared difference over that
    expected if they were given independently."""
    expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    return 1 - float(((first - second) ** 2).mean()) / expected if expected > 0 else float("nan")


def _between(table: pd.DataFrame, seed: int) -> tuple[Pair, ...]:
    means = table.groupby(["animal", "day", "observer"], sort=True)["value"].mean().reset_index()
    means = means.pivot_table(index=["animal", "day"], columns="observer", values="value")
    out = []
    for one, other in combinations(means.columns, 2):
        both = means[[one, other]].dropna()
        if len(both) >= FEWEST:
            animal = both.index.get_level_values("animal").to_numpy()
            out.append(_pair((str(one), str(other)), both[one].to_numpy(), both[other].to_numpy(), animal, seed))
    return tuple(out)


def _all_pairs(table: pd.DataFrame) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Every pair of different observers on one animal and day, in both orders, so that nobody is the first."""
    means = table.groupby(["animal", "day", "observer"], sort=True)["value"].mean().reset_index()
    both = means.merge(means, on=["animal", "day"], suffixes=("", "_other"))
    both = both[both["observer"] != both["observer_other"]]
    return both["value"].to_numpy(), both["value_other"].to_numpy(), both["animal"].to_numpy(dtype=np.int64)


def _again(observer: str, own: pd.DataFrame, days: float, seed: int) -> Pair | None:
    own = own.sort_values(["animal", "day"], kind="stable")
    animal, day, value = own["animal"].to_numpy(), own["day"].to_numpy(), own["value"].to_numpy()
    near = np.flatnonzero((np.diff(animal) == 0) & (np.diff(day) <= days))
    if len(near) < FEWEST:
        return None
    return _pair((observer, observer), value[near], value[near + 1], animal[near], seed)


def _pair(
    observers: tuple[str, str], first: Floats, second: Floats, animal: npt.NDArray[np.integer], seed: int
) -> Pair:
    boot = AnimalBootstrap(animal, seed)
    both_ways = observers == ("any", "another")
    pairs = len(first) // 2 if both_ways else len(first)
    moments = np.column_stack([first, second, first**2, second**2, first * second])
    everyone = np.ones(len(first), dtype=bool)
    means = boot.moments(moments - moments.mean(axis=0), everyone)[0] + moments.mean(axis=0)
    figures = _figures(means, pairs)
    absolute, consistent, kappa, bias, error = (boot.interval(float(one[0]), one[1:]) for one in figures)
    return Pair(observers, absolute, consistent, kappa, bias, error, pairs, boot.animals)


def _figures(means: Floats, n: int) -> tuple[Floats, ...]:
    """ICC(2,1), ICC(3,1), kappa, bias and error of one score from means of x, y, xx, yy, xy, (b, 5)."""
    x, y, xx, yy, xy = means.T
    vx, vy, cov = xx - x * x, yy - y * y, xy - x * y
    unbiased = n / max(n - 1, 1)
    b = (vx + vy + 2 * cov) / 2 * unbiased
    e = np.maximum((vx + vy - 2 * cov) / 2 * unbiased, 0.0)
    j = n * (y - x) ** 2 / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        absolute = (b - e) / (b + e + 2 * (j - e) / n)
        consistent = (b - e) / (b + e)
        kappa = 1 - (xx + yy - 2 * xy) / (vx + vy + (x - y) ** 2)
    # The error of one score of any observer: their differences in level count.
    error = np.sqrt(np.maximum(xx + yy - 2 * xy, 0.0) / 2)
    return absolute, consistent, kappa, y - x, error


def _said(
    task: str, unit: str, relevant: float | None, overall: Pair | None, intra: tuple[Pair, ...], observers: int
) -> tuple[str, ...]:
    if overall is None and not intra:
        return (
            f"{task}: {observers} observers, but fewer than {FEWEST} animals scored twice on one day, "
            "so their agreement is not known",
        )
    best = overall or intra[0]
    change = best.smallest_change
    told = f"{task}: two scores of an unchanged animal differ by up to {change:.2g} {unit}".rstrip()
    out = [f"{told} (95 of 100 pairs, {best.pairs:,} pairs of {best.animals:,} animals)"]
    if relevant is not None and change > relevant:
        out.append(
            f"{task}: that is more than the change said to be relevant ({relevant:g} {unit}), "
            "so one score alone cannot show it"
        )
    return tuple(out)
