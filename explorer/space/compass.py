"""In which direction of a map each task rises, and how much the place on the map says about it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.errors import UserError
from explorer.study.study import Study

_FOLDS = 5
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
    units = _units(study)
    for name, variable in study.tasks.items():
        if variable.kind in ("nominal", "cyclic"):
            continue
        try:
            values = study.values(name)
        except UserError:
            continue
        made = direction(name, _numbers(values), coordinates, units)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda one: (not one.holds, -one.share))


def _units(study: Study) -> npt.NDArray[np.int64]:
    """What is drawn and folded as a whole: the animal; an observation of an unknown one counts for itself."""
    if study.animal is None:
        return np.arange(len(study))
    codes = study.animal.cat.codes.to_numpy().astype(np.int64)
    return np.where(codes < 0, len(study.animal.cat.categories) + np.arange(len(codes)), codes)


def _numbers(values: pd.Series) -> npt.NDArray[np.float64]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy().astype(np.float64)
        codes[codes < 0] = np.nan
        return codes
    return values.to_numpy(dtype=np.float64)


def direction(
    name: str,
    values: npt.NDArray[np.float64],
    coordinates: npt.NDArray[np.floating],
    units: npt.NDArray[np.int64],
) -> Direction | None:
    """The direction of one task; None when there is too little to tell one.

    ``values`` float (n,), ``coordinates`` (n, 2), ``units`` int (n,): the animal of each observation. Everything is
    computed from sums per animal, so that folds and resamples cost nothing more than those.
    """
    used = np.isfinite(values) & np.isfinite(coordinates[:, :2]).all(axis=1)
    y = values[used]
    if not len(y) or np.ptp(y) == 0:
        return None
    places = coordinates[used, :2].astype(np.float64)
    places -= places.mean(axis=0)
    places /= max(float(np.sqrt((places**2).sum() / len(places))), 1e-300)  # one scale: directions stay as they are
    y = (y - y.mean()) / y.std()
    _, unit = np.unique(units[used], return_inverse=True)
    m = int(unit.max()) + 1
    if m < FEWEST:
        return None
    design = np.column_stack([np.ones(len(y)), places])
    pairs = [design[:, i] * design[:, j] for i in range(3) for j in range(3)]
    squares = np.stack([np.bincount(unit, weights=pair, minlength=m) for pair in pairs], axis=1).reshape(m, 3, 3)
    moments = np.stack([np.bincount(unit, weights=design[:, i] * y, minlength=m) for i in range(3)], axis=1)
    spread = np.bincount(unit, weights=y * y, minlength=m)
    rng = np.random.default_rng(_SEED)
    fold = rng.permutation(m) % _FOLDS
    missed, total = np.empty(m), np.empty(m)
    for k in range(_FOLDS):
        test = fold == k
        train_squares, train_moments = squares[~test].sum(axis=0), moments[~test].sum(axis=0)
        beta = np.linalg.pinv(train_squares) @ train_moments
        missed[test] = spread[test] - 2 * moments[test] @ beta + np.einsum("i,mij,j->m", beta, squares[test], beta)
        mean = train_moments[0] / train_squares[0, 0]
        total[test] = spread[test] - 2 * mean * moments[test, 0] + mean**2 * squares[test, 0, 0]
    weights = rng.multinomial(m, np.full(m, 1 / m), size=_RESAMPLES)
    drawn = 1 - (weights @ missed) / np.maximum(weights @ total, 1e-300)
    low, high = (float(bound) for bound in np.percentile(drawn, [2.5, 97.5]))
    beta = np.linalg.pinv(squares.sum(axis=0)) @ moments.sum(axis=0)
    length = float(np.hypot(beta[1], beta[2]))
    if length == 0:
        return None
    share = 1 - float(missed.sum() / total.sum())
    return Direction(name, float(beta[1] / length), float(beta[2] / length), share, low, high, len(y), m)
