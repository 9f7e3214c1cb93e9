"""How far apart the directions of two tasks lie in an embedding, in degrees.

Chosen embedding dimensions are at right angles by construction, whatever they express. What can be asked is where
the directions lie along which the tasks are found to rise.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from explorer.space.bootstrap import UNKNOWN, AnimalBootstrap, Interval
from explorer.space.group_ridge import GroupRidge, deal, one_thread
from explorer.space.task_directions import FEWEST, scale_of

Floats = npt.NDArray[np.float64]

DRAWS = 300
SUREST = 0.3
"""With a lower ``certainty`` of a direction (or product of two) no angle is told: it would be chance, divided."""

_AT_ONCE = 16_000_000
"""Numbers in a block of Gram matrices: 128 MB."""


@dataclass(frozen=True)
class Angle:
    """The angle between the directions in which ``first`` and ``second`` rise: 0 for the same, 180 for opposite.

    ``angle``: degrees, with its interval over animals, corrected for the chance in both directions, which alone draws
    every angle towards 90. ``as_fitted``: between the fitted directions as they are. ``certainty``: what chance left
    of the cosine, 0..1: the mean cosine of a direction refitted to animals drawn anew with the fitted one, multiplied
    over both. ``animals``: those that have both tasks. ``second`` may be a ``dimension k`` of the embedding.
    """

    first: str
    second: str
    angle: Interval
    as_fitted: float
    certainty: float
    animals: int


@dataclass(frozen=True)
class Angles:
    """Angles between tasks, and the tasks that rise nowhere for sure: those without a direction have no angle."""

    found: tuple[Angle, ...]
    nowhere: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A task's fitted direction, float64 (d,), and those of the draws, (b, d), all of length 1."""

    fitted: Floats
    drawn: Floats
    units: npt.NDArray[np.integer]

    @property
    def certainty(self) -> float:
        return float((self.drawn @ self.fitted).mean())


@dataclass(frozen=True, eq=False)
class _Fit:
    """What a task is fitted to: vectors (n, d), responses (n,), animals (n,) as codes from 0, and its own penalty."""

    x: Floats
    y: Floats
    place: npt.NDArray[np.integer]
    penalty: float


def task_angles(
    vectors: npt.NDArray[np.floating],
    values: Mapping[str, npt.NDArray[np.floating]],
    units: npt.NDArray[np.integer],
    *,
    ordinal: Collection[str] = (),
    dimensions: Mapping[str, int] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Angles:
    """Angles between the directions of all pairs of tasks, and of each with its own of ``dimensions``.

    vectors: (n, d), a row with NaN is left out. values: float (n,) by task, NaN where missing. units: int (n,), the
    animal. ordinal: the tasks to be regressed by their ranks. dimensions: the embedding dimension that was to express
    a task, by task. Left out, and named, are tasks that fewer than ``FEWEST`` animals have, that do not vary, or of
    which a direction predicts nothing for animals held out (the interval of Spearman's correlation reaches 0).

    All directions are fitted with one ridge penalty, the geometric mean of those chosen for each, since two penalties
    alone turn two directions apart. Each draw takes animals with replacement, the same for all tasks, and fits anew.
    With c the cosine of two fitted directions and k what the draws leave of each of them (the mean cosine of drawn
    and fitted), the cosine told is c / (k1 k2), and the bounds are the percentiles of the draws' cosines divided by
    (k1 k2) squared, since draws hold the chance of the sample and their own: a correction for attenuation as
    Spearman's (1904). In simulations of 4 and 16 dimensions such intervals held the true angle in about 9 of 10
    cases; uncorrected percentiles held one of 20 degrees in as few as none.
    """
    _, place = np.unique(units, return_inverse=True)
    m = int(place.max(initial=-1)) + 1
    if m < FEWEST:
        return Angles((), tuple(values))
    weights = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=draws).astype(np.float64)
    complete = np.isfinite(vectors).all(axis=1)
    fits: dict[str, _Fit] = {}
    for name, task in values.items():
        used = complete & np.isfinite(task)
        y = np.asarray(task, dtype=np.float64)[used]
        if len(np.unique(place[used])) < FEWEST or np.ptp(y) == 0:
            continue
        response = scale_of(y).to_ranks(y) if name in ordinal else y
        x = np.asarray(vectors, dtype=np.float64)[used]
        ridge = GroupRidge(x, deal(place[used], seed=seed))
        held = ridge.held_out(response)
        boot = AnimalBootstrap(place[used], seed)
        if boot.spearman(held.predicted - held.mean, response - held.mean).low > 0:
            fits[name] = _Fit(x, response, place[used], ridge.fit(response).penalty)
    penalty = float(np.exp(np.mean([np.log(one.penalty) for one in fits.values()]))) if fits else 0.0
    drawn = {name: _directions(one, weights, penalty) for name, one in fits.items()}
    angles = [_between(one, other, drawn[one], drawn[other]) for one, other in combinations(drawn, 2)]
    for name, dimension in (dimensions or {}).items():
        if name in drawn:
            own = drawn[name]
            along = np.zeros(len(own.fitted))
            along[dimension] = 1.0
            fixed = _Drawn(along, np.tile(along, (draws, 1)), own.units)
            angles.append(_between(name, f"dimension {dimension}", own, fixed))
    return Angles(tuple(angles), tuple(name for name in values if name not in drawn))


def _between(first: str, second: str, one: _Drawn, other: _Drawn) -> Angle:
    cosine = float(np.clip(one.fitted @ other.fitted, -1, 1))
    drawn = (one.drawn * other.drawn).sum(axis=1)
    kept = max(0.0, one.certainty) * max(0.0, other.certainty)
    as_fitted = float(np.degrees(np.arccos(cosine)))
    both = len(np.intersect1d(one.units, other.units))
    if kept < SUREST:
        return Angle(first, second, UNKNOWN, as_fitted, kept, both)
    low, high = np.quantile(drawn, [0.025, 0.975])
    told = np.clip([cosine / kept, high / kept**2, low / kept**2], -1, 1)
    value, least, most = (float(degrees) for degrees in np.degrees(np.arccos(told)))
    return Angle(first, second, Interval(value, least, most), as_fitted, kept, both)


def _directions(fit: _Fit, weights: Floats, penalty: float) -> _Drawn:
    with one_thread():
        every = _refitted(fit, np.vstack([np.ones(weights.shape[1]), weights]), penalty)
    return _Drawn(every[0], every[1:], np.unique(fit.place))


def _refitted(fit: _Fit, weights: Floats, penalty: float) -> Floats:
    """Directions of a task for animals weighted by each row of ``weights`` (b, m): (b, d), of length 1."""
    x = fit.x - fit.x.mean(axis=0)
    y = fit.y - fit.y.mean()
    n, d = x.shape
    order = np.argsort(fit.place, kind="stable")
    x, y = x[order], y[order]
    there, starts = np.unique(fit.place[order], return_index=True)
    stops = np.append(starts[1:], n)
    own = weights[:, there]
    counts = own @ (stops - starts)
    sums = own @ np.add.reduceat(x, starts)
    total = own @ np.add.reduceat(y, starts)
    cross = own @ np.add.reduceat(x * y[:, None], starts)
    out = np.empty((len(weights), d))
    at_once = max(1, _AT_ONCE // (d * d))
    for first in range(0, len(weights), at_once):
        block = slice(first, first + at_once)
        grams = np.zeros((len(own[block]), d * d))
        for start in range(0, len(there), at_once):
            some = range(start, min(len(there), start + at_once))
            own_grams = np.stack([x[starts[a] : stops[a]].T @ x[starts[a] : stops[a]] for a in some])
            grams += own[block][:, some.start : some.stop] @ own_grams.reshape(len(some), d * d)
        mean = sums[block] / counts[block, None]
        scatter = grams.reshape(-1, d, d) - counts[block, None, None] * mean[:, :, None] * mean[:, None, :]
        added = penalty * np.trace(scatter, axis1=1, axis2=2) / d
        scatter[:, np.arange(d), np.arange(d)] += np.maximum(added, 1e-300)[:, None]
        slopes = np.linalg.solve(scatter, (cross[block] - mean * total[block, None])[:, :, None])[:, :, 0]
        lengths = np.linalg.norm(slopes, axis=1, keepdims=True)
        out[block] = slopes / np.where(lengths > 0, lengths, 1.0)
    return out
