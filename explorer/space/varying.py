"""How a variable varies: from animal to animal, from visit to visit; and so what chance could have dealt otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.space.restricted_permutation import shuffled

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
How = Literal["observations", "animals", "courses", "visits"]

MIXED = 0.1
"""From this share between animals on (beyond that of visits dealt at random), whole courses are exchanged."""

VARIES: dict[How, str] = {
    "observations": "each observation is of an animal of its own",
    "animals": "constant in each animal",
    "courses": "varies between and within animals",
    "visits": "varies by visit",
}
SHUFFLED: dict[How, str] = {
    "observations": "observations exchanged",
    "animals": "animals exchanged",
    "courses": "whole courses exchanged between animals",
    "visits": "each animal's ups and downs mirrored",
}


@dataclass(frozen=True, eq=False)
class Varying:
    """A variable's orthonormal columns (n, k) over n observations of animals (``units``, int (n,)).

    The rows of an animal stand in the order of time. ``share``: how much of the columns' variance lies between
    animals, beyond what visits dealt at random would have there: 1 when it is constant in each animal, about 0 or
    below when it varies by visit. ``how`` is what is exchangeable when the variable says nothing of the vectors:

    - ``animals``, constant in each animal: animals exchange their values (``observations`` where each animal has one).
    - ``courses``, mixed (``MIXED``): animals exchange their whole courses (``shuffled``).
    - ``visits``: the vectors less each animal's mean change their sign, a whole animal at a time (Winkler, Webster,
      Vidaurre, Nichols and Smith, 2015, section 2.4). Turning each animal's course in time (Besag and Diggle,
      1977) called up to half of the null variables significant where both drift slowly (a week of the study, vectors
      that wander); mirrored animals 5 %, since that asks nothing of how neighbouring visits hang together.
    """

    columns: Floats
    units: Ints

    @cached_property
    def place(self) -> Ints:
        """The animal of each row as a code from 0, int64 (n,)."""
        return np.unique(self.units, return_inverse=True)[1].astype(np.int64)

    @cached_property
    def counts(self) -> Floats:
        """Observations of each animal, float64 (m,)."""
        return np.asarray(np.bincount(self.place), dtype=np.float64)

    @cached_property
    def share(self) -> float:
        """See above."""
        n, m = len(self.place), len(self.counts)
        if m == n:
            return 1.0
        means = self.means(self.columns)
        between = float((self.counts[:, None] * means**2).sum() / (self.columns**2).sum())
        chance = (m - 1) / (n - 1)
        return (between - chance) / (1 - chance)

    @cached_property
    def how(self) -> How:
        """See above."""
        if len(self.counts) == len(self.place):
            return "observations"
        if self.share > 1 - 1e-9:
            return "animals"
        return "courses" if self.share >= MIXED else "visits"

    def means(self, values: Floats) -> Floats:
        """Each animal's mean of ``values`` (n, q): float64 (m, q)."""
        return self.sums(values) / self.counts[:, None]

    def sums(self, values: Floats) -> Floats:
        """Each animal's sum of ``values`` (n, q): float64 (m, q)."""
        order, starts = self._sorted
        return np.add.reduceat(values[order], starts)

    @cached_property
    def _sorted(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        order = np.argsort(self.place, kind="stable")
        counts = self.counts.astype(np.intp)
        return order, np.cumsum(counts) - counts

    def exchanges(self, count: int, at_once: int, rng: np.random.Generator) -> Iterator[Ints]:
        """Which row's label each row gets in ``count`` shuffles, int64 (n, b), at most ``at_once`` in a block.

        For ``animals`` rows are animals: (m, b). Not for ``visits``.
        """
        rows = np.arange(len(self.counts) if self.how == "animals" else len(self.place))
        units = self.place if self.how == "courses" else rows
        for start in range(0, count, at_once):
            some = min(at_once, count - start)
            yield shuffled(rows.astype(np.float64), units, some, rng).astype(np.int64)

    def mirrors(self, count: int, rng: np.random.Generator) -> Floats:
        """Signs of the animals in ``count`` shuffles, float64 (count, m): 1 or -1."""
        return rng.choice(np.array([-1.0, 1.0]), size=(count, len(self.counts)))
