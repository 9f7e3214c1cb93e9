"""How sure a measured number is: its 95 % interval, and the band that maps without any relation reach."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Numbers = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]

SHUFFLES = 20
"""So many shuffled maps make a band."""

RESAMPLES = 1_000
"""So often the animals are drawn anew for an interval."""


@dataclass(frozen=True)
class Measure:
    """A number with its 95 % interval ``low`` .. ``high``, and what shuffled maps reach: ``null``, 95 % within a band.

    NaN where it is not defined: an interval needs two animals (or points), a correlation distances that differ.
    """

    value: float
    low: float
    high: float
    null: float
    null_low: float
    null_high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the value lies outside the band of shuffled maps."""
        return not self.null_low <= self.value <= self.null_high


def band(values: Numbers) -> tuple[float, float, float]:
    """Mean of the ``values`` (m,) of shuffled maps, and the bounds within which one more lies in 95 % of cases.

    The prediction interval of a normal sample: mean +- t(m - 1) sd sqrt(1 + 1/m) (Geisser, 1993, section 2.2); right
    for any m, unlike the quantiles of twenty values.
    """
    m = len(values)
    mean = float(values.mean())
    half = float(_t(m) * values.std(ddof=1) * np.sqrt(1 + 1 / m)) if m > 1 else np.nan
    return mean, mean - half, mean + half


def within(value: float, half: float, low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
    """The interval ``value`` +- ``half``, cut off where the measure ends; NaN where ``half`` is."""
    found = np.clip([value - half, value + half], low, high)
    return float(found[0]), float(found[1])


def mean_errors(values: Numbers, groups: Groups | None, *, seed: int = 0) -> tuple[Numbers, int]:
    """Half the width of the 95 % interval of each column's mean, float64 (c,), and of how many units it is made.

    ``values`` is (s, c), one row per point. Without ``groups`` each point is a unit: t sd / sqrt(s). With them,
    int64 (s,), -1 for unknown, which stands for itself: the groups are drawn with replacement ``RESAMPLES`` times, the
    means of all their points taken (cluster bootstrap; Davison and Hinkley, 1997, section 3.8), and their standard
    deviation multiplied with Student's t of the number of groups, since few groups make bootstrap quantiles too
    narrow. NaN with one unit only.
    """
    if groups is None:
        s = len(values)
        spread = values.std(axis=0, ddof=1) if s > 1 else np.full(values.shape[1], np.nan)
        return np.asarray(_t(s) * spread / np.sqrt(s)), s
    codes, units = unit_codes(groups)
    if units < 2:
        return np.full(values.shape[1], np.nan), units
    sums = np.stack([np.bincount(codes, one, units) for one in values.T], axis=1)
    counts = np.bincount(codes, minlength=units)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(units, np.full(units, 1 / units), RESAMPLES).astype(np.float64)
    means = (drawn @ sums) / (drawn @ counts)[:, None]
    return np.asarray(_t(units) * means.std(axis=0, ddof=1) * np.sqrt(units / (units - 1))), units


def unit_codes(groups: Groups) -> tuple[npt.NDArray[np.int64], int]:
    """Codes from 0 on of the units that vary on their own, and how many they are; each -1 is one of its own."""
    alone = groups < 0
    own = groups.astype(np.int64, copy=True)
    own[alone] = (own.max(initial=-1) + 1) + np.arange(int(alone.sum()))
    known, codes = np.unique(own, return_inverse=True)
    return codes, len(known)


def pair_error(influence: Numbers, first: Groups, second: Groups) -> float:
    """Half the width of the 95 % interval of a mean over pairs, from each pair's ``influence`` (p,).

    ``first`` and ``second`` (p,) are the units (from 0 on) that a pair joins. Two pairs that share a unit vary
    together: their products are summed (dyadic cluster-robust variance; Aronow, Samii and Assenova, 2015, equation 4).
    That is what a bootstrap over the units tends to, but right also for pairs that were sampled, whose own chance such
    a bootstrap would count thrice. NaN with one unit.
    """
    units = int(max(first.max(), second.max())) + 1
    used = len(np.union1d(first, second))
    if used < 2:
        return float("nan")
    apart = first != second
    touched = np.bincount(first, influence, units) + np.bincount(second[apart], influence[apart], units)
    low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
    _, dyads = np.unique(low * units + high, return_inverse=True)
    together = np.bincount(dyads, influence[apart]) if len(dyads) else np.zeros(1)
    # What pairs of the same two units share is counted twice, and is at most half of all; more is chance among few.
    both, twice = float(touched @ touched), float(together @ together)
    variance = max(both - twice, both / 2) / len(influence) ** 2 * used / (used - 1)
    return float(_t(used) * np.sqrt(variance))


def _t(count: int) -> float:
    """The 97.5 % point of Student's t with ``count`` - 1 degrees of freedom."""
    return float(stdtrit(count - 1, 0.975)) if count > 1 else float("nan")
