"""How the observations of clusters differ from the others in one variable, with intervals over animals."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.conditioned import Assignment
from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.space.conditions import Condition
from explorer.space.task_values import units_of
from explorer.study.schema import Variable
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]

DRAWS = 500
"""Draws of the animals that an interval is made of."""

MOST_CATEGORIES = 100
"""A variable with more categories is passed over: it names animals or files rather than describing them."""

FEWEST = 5
"""A cluster of fewer animals, or with fewer outside of it, gets no intervals: drawn again and again, the same few would
always agree."""

_AT_ONCE = 20_000_000
"""Numbers of animals, clusters and categories in a block: 160 MB."""


@dataclass(frozen=True)
class Trait:
    """How the observations of a cluster differ from the others in one category of a variable, or in a number.

    ``value``: the category, None for a number. ``inside``, ``outside``: the shares with that category, or the means in
    ``unit``; ``difference`` of the two with its 95 % interval by a bootstrap over animals. ``effect``: the same without
    a unit, Cohen's h (1988, equation 6.2.1) of shares, Hedges' g (1981, equation 6e) of means; both read .2 small, .5
    medium, .8 large. ``n``: observations of the cluster where it is known; ``missing``: where it is not. ``put_in``:
    whether the clusters were made of the variable too, so that a difference is no finding.
    """

    variable: str
    label: str
    value: str | None
    inside: float
    outside: float
    difference: Interval
    effect: float
    unit: str | None
    task: bool
    n: int
    missing: int
    put_in: bool = False

    @property
    def sure(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return bool(self.difference.low > 0 or self.difference.high < 0)


class Groups:
    """Sums over the observations of each cluster, and over the others that it is held against, in draws of animals."""

    def __init__(
        self, study: Study, assignment: Assignment, labels: npt.NDArray[np.int64], count: int, seed: int
    ) -> None:
        units = units_of(study)[assignment.rows]
        self.weights = AnimalBootstrap(units, seed, DRAWS)
        self.labels, self.count = labels, count
        self.sizes = np.bincount(labels, minlength=count)
        self._animal = np.unique(units, return_inverse=True)[1]
        # A cluster inside one stratum is held against the rest of that, any other one against all: the last code.
        strata = np.asarray(assignment.stratum.codes)[assignment.rows].astype(np.int64)
        self._strata, self._all = strata, int(strata.max(initial=-1)) + 1
        self._context = np.full(count, self._all)
        for place in range(count):
            own = np.unique(strata[labels == place])
            if len(own) == 1:
                self._context[place] = own[0]

    def sums(self, known: npt.NDArray[np.bool_], parts: Floats) -> tuple[Floats, Floats]:
        """Of ``parts`` (m, k), of the observations that are ``known`` (n,): inside and outside of each cluster.

        Both float64 (1 + draws, clusters, k), the sample first; NaN in the draws of clusters with fewer than ``FEWEST``
        animals inside or outside.
        """
        k = parts.shape[1]
        inside = self._by(self.labels[known], self.count, known, parts)
        whole = np.zeros((self.weights.animals, self._all + 1, k))
        whole[:, :-1] = self._by(self._strata[known], self._all, known, parts)
        whole[:, -1] = whole[:, :-1].sum(axis=1)
        own = self.weights.totals(inside.reshape(len(inside), -1)).reshape(-1, self.count, k)
        all_ = self.weights.totals(whole.reshape(len(whole), -1)).reshape(-1, self._all + 1, k)
        outside = all_[:, self._context] - own
        own[1:, self._few(known)] = np.nan
        return own, outside

    def _few(self, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which clusters have fewer than ``FEWEST`` animals inside, or outside, bool (clusters,)."""
        animal, strata = self._animal[known], self._strata[known]
        inside = self._counted(animal, self.labels[known], self.count)
        whole = self._counted(animal, strata, self._all)
        whole = np.column_stack([whole, whole.sum(axis=1)])
        outside = whole[:, self._context] - inside
        return np.minimum((inside > 0).sum(axis=0), (outside > 0).sum(axis=0)) < FEWEST

    def _counted(
        self, animal: npt.NDArray[np.int64], group: npt.NDArray[np.int64], count: int
    ) -> npt.NDArray[np.int64]:
        """Observations of each animal in each group, int64 (animals, count)."""
        found = np.bincount(animal * count + group, minlength=self.weights.animals * count)
        return found.reshape(self.weights.animals, count)

    def _by(self, group: npt.NDArray[np.int64], count: int, known: npt.NDArray[np.bool_], parts: Floats) -> Floats:
        out = np.zeros((self.weights.animals, count, parts.shape[1]))
        np.add.at(out, (self._animal[known], group), parts)
        return out


def traits_of(
    variable: Variable, one: Condition, rows: npt.NDArray[np.int64], groups: Groups
) -> Iterator[tuple[int, Trait]]:
    """What each cluster has of one variable."""
    if one.numbers is not None and variable.cycle is None:
        yield from _of_numbers(one.name, variable, one.numbers[rows], groups)
    elif len(one.values.categories) <= MOST_CATEGORIES:
        codes = np.asarray(one.values.codes)[rows].astype(np.int64)
        yield from _of_categories(one.name, variable, codes, [str(name) for name in one.values.categories], groups)


def _of_categories(
    name: str, variable: Variable, codes: npt.NDArray[np.int64], names: list[str], groups: Groups
) -> Iterator[tuple[int, Trait]]:
    known = codes >= 0
    everyone = groups.sums(known, np.ones((int(known.sum()), 1)))
    step = max(1, _AT_ONCE // max(1, groups.weights.animals * groups.count))
    blocks = []
    for start in range(0, len(names), step):
        part = codes[known][:, None] == np.arange(start, min(start + step, len(names)))
        with np.errstate(invalid="ignore", divide="ignore"):
            blocks.append(
                [some / every for some, every in zip(groups.sums(known, part.astype(float)), everyone, strict=True)]
            )
    own, other = (np.concatenate(sides, axis=2) for sides in zip(*blocks, strict=True))
    effect = 2 * (np.arcsin(np.sqrt(own[0])) - np.arcsin(np.sqrt(other[0])))
    for cluster, place in np.argwhere(own[0] + other[0] > 0).tolist():
        yield (
            cluster,
            _trait(
                name,
                variable,
                names[place],
                cluster,
                own[:, cluster, place],
                other[:, cluster, place],
                float(effect[cluster, place]),
                int(everyone[0][0, cluster, 0]),
                groups,
            ),
        )


def _of_numbers(name: str, variable: Variable, values: Floats, groups: Groups) -> Iterator[tuple[int, Trait]]:
    known = np.isfinite(values)
    if not known.any():
        return
    middle = float(values[known].mean())
    moved = values[known] - middle  # little is lost of a variance about the mean
    inside, outside = groups.sums(known, np.column_stack([np.ones(len(moved)), moved, moved**2]))
    with np.errstate(invalid="ignore", divide="ignore"):
        own, other = (part[:, :, 1] / part[:, :, 0] for part in (inside, outside))
        scatter = sum(part[0, :, 2] - part[0, :, 1] ** 2 / part[0, :, 0] for part in (inside, outside))
        freedom = inside[0, :, 0] + outside[0, :, 0] - 2
        effect = (own[0] - other[0]) / np.sqrt(np.maximum(scatter, 0.0) / freedom) * (1 - 3 / (4 * freedom - 1))
    for cluster in np.flatnonzero(np.isfinite(effect)).tolist():
        yield (
            cluster,
            _trait(
                name,
                variable,
                None,
                cluster,
                own[:, cluster] + middle,
                other[:, cluster] + middle,
                float(effect[cluster]),
                int(inside[0, cluster, 0]),
                groups,
            ),
        )


def _trait(
    name: str,
    variable: Variable,
    value: str | None,
    cluster: int,
    own: Floats,
    other: Floats,
    effect: float,
    n: int,
    groups: Groups,
) -> Trait:
    difference = own - other
    return Trait(
        name,
        variable.label or name,
        value,
        float(own[0]),
        float(other[0]),
        groups.weights.interval(float(difference[0]), difference[1:]),
        effect,
        None if value is not None else variable.unit,
        variable.role == "task",
        n,
        int(groups.sizes[cluster]) - n,
    )
