"""In which direction of an embedding each task rises: linear task dimensions for embeddings that have none.

A ridge regression of the task on the vectors, tested on animals that it was not fitted on. A continuous task is
regressed as it is, an ordinal one by its ranks: that does not depend on how far apart the steps of its scale are said
to be, and is one linear solution, where a proportional-odds model would be fitted iteratively for each penalty, fold
and shuffle. Both find the same direction, up to its length, when the vectors are elliptically spread (Li and Duan,
1989, theorem 2.1).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.space.bootstrap import UNKNOWN, AnimalBootstrap, Interval
from explorer.space.group_ridge import Fitted, GroupRidge, deal
from explorer.space.restricted_permutation import share_between, shuffled
from explorer.space.task_values import ordered_task, units_of
from explorer.space.varying import Varying
from explorer.study.study import Study

Floats = npt.NDArray[np.float64]

FEWEST = 10
"""With fewer animals no direction is fitted: two folds of one animal each say nothing about the next animal."""

PERMUTATIONS = 199
_SHUFFLES_AT_ONCE = 4_000_000
"""Numbers in a block of shuffled labels: 32 MB."""


@dataclass(frozen=True, eq=False)
class Scale:
    """How an ordinal task's values turn into ranks and back.

    ``values``: the values there are, ascending, float64 (k,). ``ranks``: the share of observations below each, half of
    the equal ones counted (ridits; Bross, 1958), float64 (k,), 0..1.
    """

    values: Floats
    ranks: Floats

    def to_ranks(self, values: Floats) -> Floats:
        """Ranks of ``values`` (n,); between two known values, between their ranks."""
        return np.interp(values, self.values, self.ranks)

    def from_ranks(self, ranks: Floats) -> Floats:
        """Values in the task's unit; beyond the lowest and highest there are none."""
        return np.where(np.isfinite(ranks), np.interp(ranks, self.ranks, self.values), np.nan)


@dataclass(frozen=True, eq=False)
class Direction:
    """The direction in which one task rises in an embedding of d dimensions, and what it is worth.

    ``axis``: unit vector, float64 (d,); zeros when nothing rises anywhere. ``explained``: R squared on animals held
    out (of the ranks, for an ordinal task; below 0 it does worse than the mean). ``spearman``: rank correlation of
    what is predicted for them with what is true, both less the mean of the animals learnt from. Both have intervals
    over animals. ``chance``: p value, the share of shuffles in which labels were predicted as well when each animal
    had the labels of another (counting the true ones; NaN without shuffles). ``between``: the share of the label's
    variance that lies between animals. ``within``: the same within them; None for a label that is constant in each.
    """

    name: str
    axis: Floats
    fitted: Fitted
    scale: Scale | None
    explained: Interval
    spearman: Interval
    chance: float
    between: float
    within: "Within | None"
    observations: int
    animals: int

    def predict(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """The task at ``vectors`` (n, d), in its own unit: float64 (n,); NaN where a vector is."""
        found = self.fitted.predict(vectors)
        return found if self.scale is None else self.scale.from_ranks(found)


@dataclass(frozen=True)
class Within:
    """Whether an embedding follows a task's ups and downs in one animal: vectors and labels less each animal's means.

    ``explained``: R squared of these differences on animals held out. ``chance``: p value; each animal's ups and downs
    were mirrored or left as they are, as ``Varying`` has it for what varies by visit. ``observations`` and ``animals``:
    of animals with two or more.
    """

    explained: Interval
    chance: float
    observations: int
    animals: int


@dataclass(frozen=True, eq=False)
class Directions:
    """Directions by task, and a sentence for each task that has none."""

    found: dict[str, Direction]
    remarks: tuple[str, ...]


def scale_of(values: Floats) -> Scale:
    """The scale on which ``values`` (n,), without NaN, are ranked."""
    known, counts = np.unique(values, return_counts=True)
    return Scale(known, (np.cumsum(counts) - counts / 2) / len(values))


def fit_plane(
    values: Floats,
    vectors: npt.NDArray[np.floating],
    units: npt.NDArray[np.integer],
    *,
    ordinal: bool,
    seed: int = 0,
) -> tuple[Fitted, Scale | None]:
    """The plane of a task over all rows given, none of them NaN, its penalty chosen by holding animals out."""
    scale = scale_of(values) if ordinal else None
    response = values if scale is None else scale.to_ranks(values)
    return GroupRidge(vectors, deal(units, seed=seed)).fit(response), scale


def direction(
    name: str,
    values: npt.NDArray[np.floating],
    vectors: npt.NDArray[np.floating],
    units: npt.NDArray[np.integer],
    *,
    ordinal: bool = False,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Direction | None:
    """The direction of one task; None when it does not vary, or fewer than ``FEWEST`` animals have it.

    values: float (n,), NaN where missing. vectors: (n, d), a row with NaN is left out. units: int (n,), the animal of
    each row; the rows of one are in the order of time. Animals are dealt into five folds. Whatever is told of the
    animals of one fold comes from a fit to the others, whose penalty was chosen on those others alone (nested
    cross-validation; Varma and Simon, 2006). The null refits all of that to shuffled labels.
    """
    used = np.isfinite(values) & np.isfinite(vectors).all(axis=1)
    y = np.asarray(values, dtype=np.float64)[used]
    x = np.asarray(vectors, dtype=np.float64)[used]
    unit = units[used]
    animals = len(np.unique(unit))
    if animals < FEWEST or np.ptp(y) == 0:
        return None
    scale = scale_of(y) if ordinal else None
    response = y if scale is None else scale.to_ranks(y)
    ridge = GroupRidge(x, deal(unit, seed=seed))
    held = ridge.held_out(response)
    boot = AnimalBootstrap(unit, seed)
    rises = held.predicted - held.mean  # the folds' own means fall as what was held out rises
    fitted = ridge.fit(response)
    length = float(np.linalg.norm(fitted.slope))
    between = share_between(response, unit)

    def exchanged(count: int, rng: np.random.Generator) -> Floats:
        return shuffled(response, unit, count, rng)

    return Direction(
        name=name,
        axis=fitted.slope / length if length > 0 else np.zeros(len(fitted.slope)),
        fitted=fitted,
        scale=scale,
        explained=boot.explained((response - held.predicted) ** 2, (response - held.mean) ** 2),
        spearman=boot.spearman(rises, response - held.mean) if np.ptp(rises) > 1e-9 * np.ptp(response) else UNKNOWN,
        chance=_chance(ridge, response, exchanged, permutations, seed),
        between=between,
        within=_within(response, x, unit, permutations, seed) if between < 1 - 1e-9 else None,
        observations=len(y),
        animals=animals,
    )


def _within(response: Floats, x: Floats, unit: npt.NDArray[np.integer], permutations: int, seed: int) -> Within | None:
    _, place, counts = np.unique(unit, return_inverse=True, return_counts=True)
    often = counts[place] >= 2
    varying = Varying(response[often, None], unit[often])
    if len(varying.counts) < FEWEST:
        return None
    moved = x[often] - varying.means(x[often])[varying.place]
    change = (varying.columns - varying.means(varying.columns)[varying.place])[:, 0]
    ridge = GroupRidge(moved, deal(varying.place, seed=seed))
    held = ridge.held_out(change)
    boot = AnimalBootstrap(varying.place, seed)
    explained = boot.explained((change - held.predicted) ** 2, (change - held.mean) ** 2)

    def mirrored(count: int, rng: np.random.Generator) -> Floats:
        return change[:, None] * varying.mirrors(count, rng).T[varying.place]

    return Within(explained, _chance(ridge, change, mirrored, permutations, seed), len(change), len(varying.counts))


def _chance(
    ridge: GroupRidge,
    response: Floats,
    dealt: Callable[[int, np.random.Generator], Floats],
    permutations: int,
    seed: int,
) -> float:
    """(1 + shuffles predicted as well) / (1 + shuffles): Phipson and Smyth (2010); ``dealt`` gives them, (n, count)."""
    if permutations < 1:
        return float("nan")
    rng = np.random.default_rng([seed, 1])
    reached = ridge.explained(response[:, None])[0]
    step = max(1, _SHUFFLES_AT_ONCE // len(response))
    as_well = 0
    for start in range(0, permutations, step):
        count = min(step, permutations - start)
        as_well += int((ridge.explained(dealt(count, rng)) >= reached - 1e-12).sum())
    return (1 + as_well) / (1 + permutations)


def task_directions(
    study: Study,
    vectors: npt.NDArray[np.floating],
    *,
    tasks: Collection[str] | None = None,
    animals: Collection[str] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Directions:
    """The direction of each of ``tasks`` (by default all that have an order) in the embedding ``vectors`` (n, d).

    animals: those to fit and test on, by default all. Raises UserError for a task that the study has not, cannot read
    or that has no order, when it was asked for by name; else that is a remark.
    """
    if len(vectors) != len(study):
        raise ValueError(f"{len(vectors)} vectors for {len(study)} observations")
    units = units_of(study)
    order = in_time(study)
    chosen = np.ones(len(study), dtype=bool)
    if animals is not None:
        if study.animal is None:
            raise UserError(f"{study.name} does not say which animal is which, so none can be chosen")
        chosen = study.animal.isin(list(animals)).to_numpy()
    order = order[chosen[order]]
    found: dict[str, Direction] = {}
    remarks = []
    for name in study.tasks if tasks is None else tasks:
        try:
            values = ordered_task(study, name)
        except UserError as error:
            if tasks is not None:
                raise
            remarks.append(str(error))
            continue
        made = direction(
            name,
            values[order],
            vectors[order],
            units[order],
            ordinal=study.variable(name).kind == "ordinal",
            permutations=permutations,
            seed=seed,
        )
        if made is None:
            remarks.append(f"{name} has no direction: it does not vary, or fewer than {FEWEST} animals have it")
        else:
            found[name] = made
    return Directions(found, tuple(remarks))


def in_time(study: Study) -> npt.NDArray[np.intp]:
    """Rows of a study in the order of time, int (n,); as they come when it tells none."""
    if study.time is None:
        return np.arange(len(study))
    return np.argsort(study.time, kind="stable")
