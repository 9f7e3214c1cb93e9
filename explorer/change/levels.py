"""The levels between the change points of an animal's series, over all its life: to look back, never for an alert."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from explorer.change.panel import Floats
from explorer.change.retrospective import FEWEST, Search, change_points
from explorer.errors import UserError
from explorer.space.bootstrap import Interval

Amount = Literal["few", "usual", "many"]

PENALTIES: dict[Amount, float] = {"few": 4.0, "usual": 3.0, "many": 2.0}
"""Penalty of each change in log n squared standard deviations; 3 is ``change_points``' own, 2 is the BIC's."""

NOISE: dict[Amount, tuple[int, int, int]] = {"few": (0, 0, 2), "usual": (2, 1, 9), "many": (12, 10, 28)}
"""Of 100 made series in which nothing changes, so many show a change: 12 visits, 40 visits, and 40 visits of which
neighbours are alike (autocorrelation 0.3). From 200 series each; the search cannot tell the last from a change."""

_EXACT = 150
"""Values up to which PELT searches, which is exact; its time grows with the square, so longer ones are halved."""


@dataclass(frozen=True)
class Level:
    """Values ``first`` to ``last`` (places, both included) of a series, which lie about one ``mean``.

    ``change``: from the mean of the level before; None at the first. Both with 95 % intervals of Student's t from the
    spread about all levels of the series. They take the places of the changes as given and the values about a level as
    independent; the places were chosen to differ most, so the intervals are too narrow.
    """

    first: int
    last: int
    mean: Interval
    change: Interval | None

    @property
    def n(self) -> int:
        """How many values."""
        return self.last - self.first + 1


def levels_of(values: Floats, amount: Amount = "usual") -> tuple[Level, ...]:
    """The levels of ``values`` (n,) in the order of time, all finite; none when they are too few to tell of a change.

    Raises UserError for an unknown amount and for values that are not finite.
    """
    if amount not in PENALTIES:
        raise UserError(f"there is no amount {amount!r} of changes", how=f"There are: {', '.join(PENALTIES)}")
    if not np.isfinite(values).all():
        raise UserError("a value that is missing or infinite has no level", how="Leave it out")
    n = len(values)
    if n < FEWEST:
        return ()
    search: Search = "pelt" if n <= _EXACT else "binary segmentation"
    begins = change_points(values, search=search, penalty=PENALTIES[amount] * float(np.log(n)))
    edges = [0, *begins.tolist(), n]
    parts = [values[start:end] for start, end in pairwise(edges)]
    about = np.concatenate([part - part.mean() for part in parts])
    free = n - len(parts)
    reach = _t(free) * float(np.sqrt((about**2).sum() / free))
    means = [float(part.mean()) for part in parts]
    sizes = [len(part) for part in parts]
    found = []
    for place, (mean, size) in enumerate(zip(means, sizes, strict=True)):
        change = None
        if place:
            change = _within(mean - means[place - 1], reach * float(np.sqrt(1 / size + 1 / sizes[place - 1])))
        found.append(Level(edges[place], edges[place + 1] - 1, _within(mean, reach / float(np.sqrt(size))), change))
    return tuple(found)


def _t(free: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, free))


def _within(value: float, reach: float) -> Interval:
    return Interval(value, value - reach, value + reach)
