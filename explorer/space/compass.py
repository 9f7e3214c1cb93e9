"""In which direction of a map each task rises, and how much the place on the map says about it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.errors import UserError
from explorer.space.bootstrap import AnimalBootstrap
from explorer.space.group_ridge import GroupRidge, deal
from explorer.space.task_values import numbers_of, units_of
from explorer.study.study import Study

_RESAMPLES = 400
_SEED = 0

FEWEST = 10
"""With fewer animals (or observations, where there are no animals) no direction is told."""


@dataclass(frozen=True)
class Direction:
    """How one task runs across a map.

    ``x`` and ``y`` are a unit vector in the map's coordinates: the way in which the least-squares plane of the task
    over the map rises. ``share`` is how much of the task's variance that plane predicts for animals it was not fitted
    on (R squared, five folds by animal; below 0 it does worse than the mean), ``low`` and ``high`` its 95 % interval
    (bootstrap over animals, the folds kept).
    """

    name: str
    x: float
    y: float
    share: float
    low: float
    high: float
    observations: int
    animals: int

    @property
    def holds(self) -> bool:
        """Whether the interval lies above nothing."""
        return self.low > 0


def directions(study: Study, coordinates: npt.NDArray[np.floating]) -> list[Direction]:
    """The direction of each task that has an order, those that hold first, then by their share.

    ``coordinates`` is (n, 2), NaN where an observation has no place. Left out are tasks with fewer than ``FEWEST``
    animals, those that do not vary, and those that cannot be read.
    """
    found = []
    units = units_of(study)
    for name, variable in study.tasks.items():
        if variable.kind in ("nominal", "cyclic"):
            continue
        try:
            values = study.values(name)
        except UserError:
            continue
        made = direction(name, numbers_of(values), coordinates, units)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda one: (not one.holds, -one.share))


def direction(
    name: str,
    values: npt.NDArray[np.float64],
    coordinates: npt.NDArray[np.floating],
    units: npt.NDArray[np.int64],
) -> Direction | None:
    """The direction of one task; None when there is too little to tell one.

    ``values`` float (n,), ``coordinates`` (n, 2), ``units`` int (n,): the animal of each observation.
    """
    used = np.isfinite(values) & np.isfinite(coordinates[:, :2]).all(axis=1)
    y = values[used]
    if not len(y) or np.ptp(y) == 0:
        return None
    places = coordinates[used, :2].astype(np.float64)
    places -= places.mean(axis=0)
    places /= max(float(np.sqrt((places**2).sum() / len(places))), 1e-300)  # one scale: directions stay as they are
    y = (y - y.mean()) / y.std()
    boot = AnimalBootstrap(units[used], _SEED, _RESAMPLES)
    if boot.animals < FEWEST:
        return None
    plane = GroupRidge(places, deal(units[used], seed=_SEED), penalties=(0.0,))
    held = plane.held_out(y)
    share = boot.explained((y - held.predicted) ** 2, (y - held.mean) ** 2)
    slope = plane.fit(y).slope
    length = float(np.hypot(slope[0], slope[1]))
    if length == 0:
        return None
    x, y_up = float(slope[0] / length), float(slope[1] / length)
    return Direction(name, x, y_up, share.value, share.low, share.high, len(y), boot.animals)
