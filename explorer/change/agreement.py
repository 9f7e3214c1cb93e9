"""How far observers agree, with each other and with themselves, and the smallest change worth believing.

Intraclass correlations of single scores (Shrout and Fleiss, 1979; McGraw and Wong, 1996): ICC(2,1), absolute agreement
of observers drawn from many, and ICC(3,1), consistency of these observers. Weighted kappa with squared weights (Cohen,
1968) for ordered categories. Of more than two observers the variance components are those of all pairs of them, pooled:
where everybody scored everything, those of the analysis of variance. Intervals by bootstrap over animals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import clock_of
from explorer.change.panel import Floats
from explorer.errors import UserError
from explorer.space.bootstrap import UNKNOWN, AnimalBootstrap, Interval
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


_ANY = ("any", "another")


class _Scored(NamedTuple):
    """Scores of the same n things, float64 (n,), and the ``animal`` that each is of."""

    first: Floats
    second: Floats
    animal: npt.NDArray[np.integer]


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
    inter, overall = _between(table, seed)
    intra = tuple(
        pair
        for one, own in table.groupby("observer", sort=True)
        if (pair := _again(str(one), own, days, seed)) is not None
    )
    remarks = _said(task, variable.unit or "", variable.relevant_change, overall, intra, table["observer"].nunique())
    return Agreement(task, variable.unit or "", inter, intra, overall, remarks)


def _between(table: pd.DataFrame, seed: int) -> tuple[tuple[Pair, ...], Pair | None]:
    """Each two observers with enough pairs of scores, and all pairs of different observers together."""
    means = table.pivot_table(index=["animal", "day"], columns="observer", values="value")
    parts = {}
    for one, other in combinations(means.columns, 2):
        both = means[[one, other]].dropna()
        animal = both.index.get_level_values("animal").to_numpy()
        parts[str(one), str(other)] = _Scored(both[one].to_numpy(), both[other].to_numpy(), animal)
    inter = tuple(_pair(two, [one], seed) for two, one in parts.items() if len(one.first) >= FEWEST)
    known = [one for one in parts.values() if len(one.first)]
    enough = sum(len(one.first) for one in known) >= FEWEST
    return inter, _pair(_ANY, known, seed) if enough else None


def _again(observer: str, own: pd.DataFrame, days: float, seed: int) -> Pair | None:
    own = own.sort_values(["animal", "day"], kind="stable")
    animal, day, value = own["animal"].to_numpy(), own["day"].to_numpy(), own["value"].to_numpy()
    near = np.flatnonzero((np.diff(animal) == 0) & (np.diff(day) <= days))
    if len(near) < FEWEST:
        return None
    return _pair((observer, observer), [_Scored(value[near], value[near + 1], animal[near])], seed)


def _pair(observers: tuple[str, str], parts: Sequence[_Scored], seed: int) -> Pair:
    """``parts``: one for each two observers."""
    first, second, animal = (np.concatenate(column) for column in zip(*parts, strict=True))
    boot = AnimalBootstrap(animal, seed)
    x, y = first - first.mean(), second - first.mean()  # no figure hangs on the level
    terms = np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])
    which = np.repeat(np.arange(len(parts)), [len(one.first) for one in parts])
    place = np.unique(animal, return_inverse=True)[1]
    sums = np.zeros((len(parts), boot.animals, terms.shape[1]))
    np.add.at(sums, (which, place), terms)
    figures = _figures(np.stack([boot.totals(one) for one in sums]))
    absolute, consistent, kappa, bias, error = (boot.interval(float(one[0]), one[1:]) for one in figures)
    bias = UNKNOWN if observers == _ANY else bias  # nobody is the second of any two
    return Pair(observers, absolute, consistent, kappa, bias, error, len(first), boot.animals)


def _figures(totals: Floats) -> tuple[Floats, ...]:
    """ICC(2,1), ICC(3,1), kappa, bias of the first pair and error of one score, (b,) each, from sums of 1, x, y, xx,
    yy and xy over the things that each of p pairs of observers scored, (p, b, 6). One that a draw leaves without things
    counts for nothing there."""
    n, x, y, xx, yy, xy = np.moveaxis(totals, 2, 0)
    some, total = np.maximum(n, 1), n.sum(axis=0)
    vx, vy, cov, bias = xx - x * x / some, yy - y * y / some, xy - x * y / some, (y - x) / some
    freedom = np.maximum(n - 1, 0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        things = cov.sum(axis=0) / freedom
        error = np.maximum((vx + vy - 2 * cov).sum(axis=0) / (2 * freedom), 0.0)
        observers = ((n * bias**2 / 2).sum(axis=0) - (n > 0).sum(axis=0) * error) / total
        apart = (xx + yy - 2 * xy).sum(axis=0)
        absolute = things / (things + observers + error)
        consistent = things / (things + error)
        kappa = 1 - apart / (vx + vy + n * bias**2).sum(axis=0)
        # The error of one score of any observer: their differences in level count.
        spread = np.sqrt(np.maximum(apart / total, 0.0) / 2)
        return absolute, consistent, kappa, bias[0], spread


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
