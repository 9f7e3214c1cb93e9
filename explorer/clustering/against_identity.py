"""Whether clusters follow who an animal is: agreement of clusters with identity, on animals held out."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.clustering.agreement import adjusted_information, adjusted_rand
from explorer.clustering.conditioned import Assignment
from explorer.errors import UserError
from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.study.study import Study

DRAWS = 500
"""Draws, or halves, of the animals that an interval is made of."""

_FEWEST = 4
"""Fewer animals have no halves to speak of."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AgainstIdentity:
    """The adjusted Rand index and the adjusted mutual information of clusters and animals, with 95 % intervals.

    1: each animal is a cluster of its own; 0: clusters say no more of who an animal is than chance. ``held_out``:
    whether only animals were looked at that the encoder had not learnt from.
    """

    ari: Interval
    ami: Interval
    animals: int
    observations: int
    held_out: bool

    @property
    def sentence(self) -> str:
        """What it comes to, for people."""
        whose = (
            "animals that no encoder has learnt from"
            if self.held_out
            else "animals, whether an encoder learnt from them or not"
        )
        return (
            f"clusters against identity, {self.animals:,} {whose}, {self.observations:,} observations: "
            f"ARI {_told(self.ari)}, AMI {_told(self.ami)} (1: an animal is a cluster; 0: no more than chance)"
        )


def _told(one: Interval) -> str:
    return f"{one.value:.3f}" + (f" (95% {one.low:.3f} to {one.high:.3f})" if np.isfinite(one.low) else "")


def against_identity(
    study: Study, assignment: Assignment, held_out: Collection[str] | None = None, seed: int = 0
) -> AgainstIdentity:
    """How far ``assignment`` agrees with identity, over ``held_out`` animals (by name); None: over all of them.

    Noise counts as one more group, so that leaving out what is hard does not pay. Raises UserError when the study does
    not say the animals, and when fewer than two of those asked for have vectors.
    """
    if study.animal is None:
        raise UserError("the study does not say which animal is which", how="Name the column under [columns]")
    names = study.animal.cat.categories
    wanted = np.ones(len(names), dtype=bool) if held_out is None else np.asarray(names.isin(list(held_out)))
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    rows = assignment.rows[codes[assignment.rows] >= 0]
    rows = rows[wanted[codes[rows]]]
    animals = np.unique(codes[rows])
    if len(animals) < 2:
        raise UserError(
            f"clusters can be held against identity with two animals or more, and {len(animals)} "
            + ("of those held out has a vector" if held_out is not None else "has a vector"),
            how="Leave the encoder out to look at all animals" if held_out is not None else None,
        )
    place = np.searchsorted(animals, codes[rows])
    groups, own = np.unique(assignment.labels[rows], return_inverse=True)
    table = np.zeros((len(animals), len(groups)))
    np.add.at(table, (place, own), 1.0)
    return AgainstIdentity(_rand(table, seed), _information(table, seed), len(animals), len(rows), held_out is not None)


def _rand(table: Floats, seed: int) -> Interval:
    """ARI of the animals (rows) and clusters of ``table``, with percentiles of a bootstrap over animals.

    Pairs of an animal and its own copy are left out of a draw: they are two animals that no clusters can tell apart.
    """
    animals = AnimalBootstrap(np.arange(len(table)), seed, DRAWS)
    times, sizes = animals.times, table.sum(axis=1)
    same = times @ (table * (table - 1) / 2).sum(axis=1)
    first = times @ (sizes * (sizes - 1) / 2)
    second = (((times @ table) ** 2).sum(axis=1) - times**2 @ (table**2).sum(axis=1)) / 2 + same
    every = ((times @ sizes) ** 2 - times**2 @ sizes**2) / 2 + first
    found = adjusted_rand(same, first, second, every)
    return animals.interval(float(found[0]), found[1:])


def _information(table: Floats, seed: int) -> Interval:
    """AMI of the animals (rows) and clusters of ``table``.

    Its interval is by the delete-half jackknife over animals (Shao and Wu, 1989), about the value: information cannot
    be told from pairs, so that a bootstrap would count the copies of an animal as animals.
    """
    value, animals = adjusted_information(table), len(table)
    if animals < _FEWEST:
        return Interval(value, np.nan, np.nan)
    half = animals // 2
    found = np.array([adjusted_information(table, one) for one in _halves(animals, seed)])
    spread = (found - found.mean()) * np.sqrt(half / (animals - half))
    low, high = np.minimum(value + np.quantile(spread, [0.025, 0.975]), 1.0)
    return Interval(value, float(low), float(high))


def _halves(animals: int, seed: int) -> Floats:
    """Which ``animals`` are in each of ``DRAWS`` halves, 0 or 1: float64 (b, animals)."""
    ranks = np.random.default_rng(seed).random((DRAWS, animals)).argsort(axis=1).argsort(axis=1)
    return (ranks < animals // 2).astype(np.float64)
