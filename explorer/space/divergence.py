"""In which latent dimensions the subgroups of a task differ: Gaussian W2 and Jeffrey's divergence."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.space.bootstrap import AnimalBootstrap, Interval
from explorer.study.schema import Variable
from explorer.study.strata import arcs, bin_values, quantiles

Floats = npt.NDArray[np.float64]

FEWEST = 5
"""Animals that a subgroup must have for its spread to be told."""
_DRAWS = 400


@dataclass(frozen=True)
class Divergence:
    """How far two subgroups lie apart along one dimension (from 0), each taken for a Gaussian, with 95 % intervals.

    ``w2``: the squared 2-Wasserstein distance (mu1 - mu2)^2 + (s1 - s2)^2, in units of the dimension's variance, so
    that dimensions compare. ``jeffrey``: KL(1||2) + KL(2||1), in nats. Both are 0 when the subgroups are alike; a
    sample's are above that by chance, so that a lower bound near 0 says nothing. Intervals are by bootstrap over
    animals, the draws less twice their excess over the value, as ``Permanova`` has them.
    """

    dimension: int
    w2: Interval
    jeffrey: Interval


@dataclass(frozen=True)
class Divergences:
    """Divergences by dimension between the subgroups ``first`` and ``second`` of a variable, with their sizes."""

    variable: str
    first: str
    second: str
    observations: tuple[int, int]
    animals: tuple[int, int]
    dimensions: tuple[Divergence, ...]

    @property
    def widest(self) -> list[Divergence]:
        """By Jeffrey's divergence, the largest first; last those in which it is not defined."""
        return sorted(self.dimensions, key=lambda one: -one.jeffrey.value if one.jeffrey.known else np.inf)


def subgroups(values: pd.Series, variable: Variable) -> pd.Categorical:
    """Its categories; of numbers, the lowest, middle and highest third; of angles, the thirds of the circle."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Categorical(values.cat.remove_unused_categories())
    return bin_values(values, quantiles(3) if variable.cycle is None else arcs(3, variable.cycle))


def divergences(
    name: str, groups: pd.Categorical, vectors: npt.NDArray[np.floating], units: npt.NDArray[np.integer], seed: int = 0
) -> Divergences | None:
    """Between the outermost two of ``groups`` (n,) in order; of unordered ones between the two largest.

    ``vectors``: (n, d), a row with NaN is left out; ``units``: int (n,), the animal. None when fewer than two groups
    have ``FEWEST`` animals.
    """
    known = np.isfinite(vectors).all(axis=1) & (groups.codes >= 0)
    codes, unit = groups.codes[known].astype(int), units[known]
    enough = [one for one in np.unique(codes) if len(np.unique(unit[codes == one])) >= FEWEST]
    if len(enough) < 2:
        return None
    if groups.ordered:
        first, second = enough[0], enough[-1]
    else:
        first, second = sorted(sorted(enough, key=lambda one: -int((codes == one).sum()))[:2])
    used = (codes == first) | (codes == second)
    x = np.asarray(vectors, dtype=np.float64)[known][used]
    own, unit = codes[used], unit[used]
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    boot = AnimalBootstrap(unit, seed, _DRAWS)
    moments = [boot.moments(x, own == one) for one in (first, second)]
    w2, jeffrey = _apart(*moments[0], *moments[1])
    dimensions = tuple(
        Divergence(place, _interval(boot, w2[:, place]), _interval(boot, jeffrey[:, place]))
        for place in range(x.shape[1])
    )
    labels = [str(groups.categories[one]) for one in (first, second)]
    sizes = [int((own == one).sum()) for one in (first, second)]
    animals = [len(np.unique(unit[own == one])) for one in (first, second)]
    return Divergences(name, labels[0], labels[1], (sizes[0], sizes[1]), (animals[0], animals[1]), dimensions)


def _apart(m1: Floats, v1: Floats, m2: Floats, v2: Floats) -> tuple[Floats, Floats]:
    """Both divergences of means and variances, any shape; Jeffrey's is NaN where a variance is 0."""
    shift = (m1 - m2) ** 2
    w2 = shift + (np.sqrt(v1) - np.sqrt(v2)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        jeffrey = (v1 / v2 + v2 / v1 - 2 + shift * (1 / v1 + 1 / v2)) / 2
    return w2, np.where(np.minimum(v1, v2) > 0, jeffrey, np.nan)


def _interval(boot: AnimalBootstrap, drawn: Floats) -> Interval:
    value = float(drawn[0])
    found = boot.interval(value, drawn[1:])
    excess = 2 * max(0.0, float(np.nanmean(drawn[1:])) - value) if found.known else 0.0
    return Interval(value, min(max(0.0, found.low - excess), value), max(found.high - excess, value))
