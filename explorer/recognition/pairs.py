"""Observations of one animal that may not be compared: too close in time, or made of the same thing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NotCompared:
    """The rule for n observations. Two of one animal may not be compared if they share a date, are less than ``apart``
    days from each other, or share an id of ``ids``.

    ``animals`` int64 (n,); ``days`` float64 (n,), without NaN where it is asked. ``ids``: for each column that tells
    what an observation was made of, codes int64 (n,), -1 for none. Those of two animals may always be compared.
    """

    animals: Ints
    days: npt.NDArray[np.float64]
    apart: float = 0.0
    ids: tuple[Ints, ...] = ()

    def among(self, ones: Ints, others: Ints) -> Bools:
        """Which pairs of rows ``ones`` (q,) and ``others`` (g,) of one animal may not be compared, bool (q, g)."""
        same = self.animals[ones][:, None] == self.animals[others][None, :]
        out = np.zeros_like(same)
        i, j = np.nonzero(same)
        out[i, j] = self.pairs(ones[i], others[j])
        return out

    def pairs(self, ones: Ints, others: Ints) -> Bools:
        """The same, bool (m,), for pairs of rows (m,) that are of one animal."""
        gap = np.abs(self.days[ones] - self.days[others])
        out = (gap == 0) | (gap < self.apart)
        for codes in self.ids:
            out |= (codes[ones] == codes[others]) & (codes[ones] >= 0)
        return np.asarray(out)
