"""Visits of many animals, laid out so that the same visit of all of them is one slice of an array."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Panel:
    """The visits of animals, n in all, sorted by animal and time.

    ``animal``: int64 (n,). ``day``: float64 (n,). ``visit``: int64 (n,), 0 for an animal's first. ``order``: int64
    (n,), rows with all first visits first, then all second ones; animals with more visits stand first in each, so that
    the animals of one visit are the first of those of the visit before. ``sizes``: int64, animals that have each visit.
    """

    animal: Ints
    day: Floats
    visit: Ints
    order: Ints
    sizes: Ints

    def __len__(self) -> int:
        return len(self.animal)

    def steps(self) -> Iterator[tuple[int, slice, int]]:
        """Visit number, its slice of ``order``, and how many animals have it."""
        start = 0
        for visit, size in enumerate(self.sizes.tolist()):
            yield visit, slice(start, start + size), size
            start += size

    def only(self, rows: Bools) -> "Panel":
        """The panel of these rows, bool (n,); visits are counted anew."""
        return panel_of(self.animal[rows], self.day[rows])

    @property
    def first(self) -> Ints:
        """The row of each animal's first visit, int64."""
        return np.flatnonzero(self.visit == 0)

    @property
    def counts(self) -> Ints:
        """How many visits each animal has, int64."""
        return np.diff(self.first, append=len(self))

    @property
    def gaps(self) -> Floats:
        """Days since the animal's visit before, float64 (n,); NaN at its first."""
        gaps = np.append(np.nan, np.diff(self.day))
        gaps[self.visit == 0] = np.nan
        return gaps[: len(self)]

    def back_in_rows(self, ordered: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """What is in the order of ``order``, in the order of the rows."""
        out = np.empty_like(ordered)
        out[self.order] = ordered
        return out


def panel_of(animal: Ints, day: Floats) -> Panel:
    """The panel of visits sorted by animal and time. Raises ValueError when they are not."""
    animal = np.asarray(animal, dtype=np.int64)
    day = np.asarray(day, dtype=np.float64)
    if len(animal) != len(day):
        raise ValueError(f"{len(animal)} animals for {len(day)} times")
    same = np.diff(animal) == 0
    if (np.diff(animal) < 0).any() or (np.diff(day)[same] <= 0).any():
        raise ValueError("visits must be sorted by animal and time, one for each time")
    first = np.flatnonzero(np.append(True, ~same)[: len(animal)])
    counts = np.diff(first, append=len(animal))
    visit = np.arange(len(animal)) - np.repeat(first, counts)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(first))
    order = np.lexsort((np.repeat(rank, counts), visit))
    return Panel(animal, day, visit, order, np.bincount(visit).astype(np.int64))
