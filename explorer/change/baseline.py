"""What the herd explains of a value: y = f(age) + season + covariates + animal + error, errors correlated in time.

A random intercept for each animal and errors of a continuous-time autoregression of order 1 (Jones, 1993, chapter 3),
by restricted maximum likelihood (Patterson and Thompson, 1971). Given the autocorrelation, errors are whitened and the
rest is closed: with u an animal's whitened ones, (I + l u u')^-1 = I - l / (1 + l u'u) u u'. So the likelihood is a
function of two numbers, and one evaluation costs one pass over the visits.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtri

from explorer.change.backgrounds import Backgrounds, Terms, fit_terms
from explorer.change.panel import Floats, Panel

FEWEST_ANIMALS = 10
"""With fewer animals the variance between them is a guess."""

_MOST_PHI = 0.95

NEAREST = 0.5
"""Usual gaps between visits that nearer ones count as. A measurement has errors of its own (a full gut, the wrong
animal), so that two on following days differ more than the process says; a few such pairs would hide all of it."""

_SAME = 1e-10


@dataclass(frozen=True, eq=False)
class Baseline:
    """A fitted baseline. Variances are in the value's unit squared; ``phi`` is the autocorrelation ``gap`` days apart.

    ``between``: variance of the animals' own levels. ``within``: variance of an animal's errors. ``beta``: float64
    (p,), of the columns of ``terms``. ``animals``, ``observations``: what it was fitted on.
    """

    terms: Terms
    beta: Floats
    between: float
    within: float
    phi: float
    gap: float
    animals: int
    observations: int

    @property
    def index_of_individuality(self) -> float:
        """SD within / SD between animals: under 0.6 a population's range misses change (Harris, 1974)."""
        return float(np.sqrt(self.within / self.between)) if self.between > 0 else float("inf")

    def expected(self, backgrounds: Backgrounds) -> Floats:
        """What is expected of an animal of which nothing is known but its background, float64 (n,)."""
        return self.terms.columns(backgrounds) @ self.beta

    def population(self, backgrounds: Backgrounds, level: float = 0.95) -> tuple[Floats, Floats]:
        """The band in which ``level`` of animals of this background are, lower and upper end, float64 (n,) each."""
        middle = self.expected(backgrounds)
        half = float(ndtri((1 + level) / 2)) * np.sqrt(self.between + self.within)
        return middle - half, middle + half


def fit_baseline(panel: Panel, values: Floats, backgrounds: Backgrounds, *, autocorrelated: bool = True) -> Baseline:
    """Fit the baseline to ``values`` float64 (n,) of the visits of ``panel``, none missing.

    ``autocorrelated``: False for independent errors. A negative autocorrelation counts as none. Raises ValueError for
    fewer than ``FEWEST_ANIMALS`` animals, fewer visits than columns, or values that are all the same.
    """
    terms = fit_terms(backgrounds, panel)
    columns = terms.columns(backgrounds)
    animals = int(panel.sizes[0]) if len(panel.sizes) else 0
    if animals < FEWEST_ANIMALS or len(values) <= columns.shape[1] + animals // 2:
        raise ValueError(f"{animals} animals with {len(values)} visits are too few for a baseline")
    middle, size = float(values.mean()), float(values.std())
    if not size > _SAME * max(1.0, abs(middle)):
        raise ValueError("all values are the same")
    gaps = panel.gaps
    known = gaps[np.isfinite(gaps)]
    unit = float(np.median(known)) if len(known) else 1.0
    fit = _Profile(panel, columns, (values - middle) / size, gaps / unit)
    phi = 0.0
    if autocorrelated and len(known) >= 2 * animals:
        found = minimize_scalar(
            lambda one: fit.best(one)[0], bounds=(0.0, _MOST_PHI), method="bounded", options={"xatol": 2e-3}
        )
        phi = float(found.x) if found.fun < fit.best(0.0)[0] else 0.0
    _, ratio, error, beta = fit.best(phi)
    beta = beta * size
    beta[0] += middle
    return Baseline(terms, beta, ratio * error * size**2, error * size**2, phi, unit, animals, len(values))


def whitened(values: Floats, panel: Panel, phi: float, gap: float) -> Floats:
    """``values`` (n,) or (n, p) less what the visit before tells of them, scaled back to the variance they had."""
    return _whiten(values, carried(panel.gaps / gap, phi))


def carried(gaps: Floats, phi: float) -> Floats:
    """Correlation of each visit's error with that of the visit before, by ``gaps`` (n,) in usual gaps; 0 at NaN."""
    if phi <= 0:
        return np.zeros(len(gaps))
    return np.where(np.isfinite(gaps), phi ** np.maximum(np.nan_to_num(gaps, nan=1.0), NEAREST), 0.0)


def _whiten(values: Floats, rho: Floats) -> Floats:
    if not rho.any():
        return values
    shape = (-1,) + (1,) * (values.ndim - 1)
    before = np.roll(values, 1, axis=0)
    out: Floats = (values - rho.reshape(shape) * before) / np.sqrt(1 - rho**2).reshape(shape)
    return out


class _Profile:
    """Minus twice the restricted log-likelihood, as a function of the autocorrelation and of between / within."""

    def __init__(self, panel: Panel, columns: Floats, values: Floats, gaps: Floats) -> None:
        self._table = np.column_stack([columns, values, np.ones(len(values))])
        self._gaps = gaps
        self._first = panel.first

    def best(self, phi: float) -> tuple[float, float, float, Floats]:
        """At this autocorrelation: the criterion, between / within, variance within, coefficients."""
        rho = carried(self._gaps, phi)
        table = _whiten(self._table, rho)
        ones = table[:, -1]
        data = table[:, :-1]
        gram = data.T @ data
        sums = np.add.reduceat(data * ones[:, None], self._first, axis=0)
        norms = np.add.reduceat(ones * ones, self._first)
        jacobian = float(np.log1p(-(rho**2)).sum())
        n, p = len(data), data.shape[1] - 1

        def at(log_ratio: float) -> tuple[float, float, Floats]:
            ratio = np.exp(log_ratio)
            moment = gram - (sums * (ratio / (1 + ratio * norms))[:, None]).T @ sums
            beta = np.linalg.solve(moment[:p, :p], moment[:p, p])
            error = max(float(moment[p, p] - moment[:p, p] @ beta), 1e-300) / (n - p)
            size = float(np.linalg.slogdet(moment[:p, :p])[1])
            return (n - p) * np.log(error) + float(np.log1p(ratio * norms).sum()) + size + jacobian, error, beta

        found = minimize_scalar(lambda one: at(one)[0], bounds=(-9.0, 9.0), method="bounded", options={"xatol": 1e-5})
        criterion, error, beta = at(float(found.x))
        return criterion, float(np.exp(found.x)), error, beta
