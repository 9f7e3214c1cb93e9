"""Two clusterings of the same observations side by side: how many are in both of two clusters, and who moved."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.agreement import adjusted_information, rand_of_tables
from explorer.clustering.clusters import NOISE_NAME
from explorer.clustering.conditioned import Assignment
from explorer.clustering.labels import NOISE
from explorer.errors import UserError
from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.space.task_values import units_of
from explorer.study.study import Study

DRAWS = 200


@dataclass(frozen=True, eq=False)
class Contingency:
    """How two clusterings share out the observations that both looked at.

    ``first``, ``second``: the names of their clusters ("1", "2", ..., "noise"), those of the rows and of the columns of
    ``counts`` int64 (r, c). ``went`` int64 (r,): where most of each of ``first`` is, as a place in ``second``; noise to
    noise, no cluster to noise, -1 for nowhere. ``moved`` bool (n,): observations that are not where their cluster went.
    ``ari``, ``ami``: adjusted Rand index and mutual information with 95 % intervals over ``animals``.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    went: npt.NDArray[np.int64]
    moved: npt.NDArray[np.bool_]
    ari: Interval
    ami: Interval
    observations: int
    animals: int


def contingency(study: Study, one: Assignment, other: Assignment, seed: int = 0) -> Contingency:
    """``one`` beside ``other``. Raises UserError when no observation is looked at by both."""
    rows = np.flatnonzero((one.labels >= NOISE) & (other.labels >= NOISE))
    if not len(rows):
        raise UserError(
            "no observation is in both clusterings", how="Compare clusterings of the same vectors, or of the same part"
        )
    (first, a), (second, b) = (_places(each.labels[rows]) for each in (one, other))
    counts = np.zeros((len(first), len(second)), dtype=np.int64)
    np.add.at(counts, (a, b), 1)
    # A cluster cannot become noise, nor noise a cluster: those in it have moved.
    noisy = np.array([name == NOISE_NAME for name in first])[:, None]
    fits = noisy == np.array([name == NOISE_NAME for name in second])
    worth = np.where(fits, counts, 0)
    went = np.where(worth.any(axis=1), worth.argmax(axis=1), -1)
    moved = np.zeros(len(study), dtype=bool)
    moved[rows] = went[a] != b
    weights = AnimalBootstrap(units_of(study)[rows], seed, DRAWS)
    _, place = np.unique(units_of(study)[rows], return_inverse=True)
    cells = np.zeros((weights.animals, counts.size))
    np.add.at(cells, (place, a * len(second) + b), 1.0)
    tables = weights.totals(cells).reshape(-1, *counts.shape)
    ari = rand_of_tables(tables)
    ami = np.array([adjusted_information(table) for table in tables])
    return Contingency(
        first,
        second,
        counts,
        went,
        moved,
        weights.interval(float(ari[0]), ari[1:]),
        weights.interval(float(ami[0]), ami[1:]),
        len(rows),
        weights.animals,
    )


def _places(labels: npt.NDArray[np.int32]) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """The names of the clusters that there are, noise last, and the place of each of ``labels`` (m,) among them."""
    there, place = np.unique(np.where(labels == NOISE, np.iinfo(np.int32).max, labels), return_inverse=True)
    names = tuple(NOISE_NAME if one == np.iinfo(np.int32).max else str(one + 1) for one in there.tolist())
    return names, place
