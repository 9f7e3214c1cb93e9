"""The normal-inverse-gamma prior of a herd: how animals differ in level and in restlessness."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln

from explorer.change.baseline import Baseline
from explorer.change.normal_inverse_gamma import Prior
from explorer.change.panel import Floats, Panel

FEWEST_VISITS = 3
"""An animal with fewer says nothing about its variance."""

_MOST_A, _LEAST_A = 200.0, 1.05


def own_means(panel: Panel, values: Floats) -> tuple[Floats, Floats]:
    """Each animal's mean of ``values`` and its visits, both repeated for its rows, float64 (n,)."""
    first, counts = panel.first, panel.counts.astype(np.float64)
    return np.repeat(np.add.reduceat(values, first) / counts, counts.astype(int)), np.repeat(counts, counts.astype(int))


def fit_prior(panel: Panel, residual: Floats, baseline: Baseline) -> Prior:
    """k is the variance within an animal over that between animals; a and b are the most likely of the animals' own
    variances, of which s2 a / b follows F with (visits - 1, 2a) degrees of freedom (marginal of the inverse gamma).

    The variance is that of the baseline; only how much animals differ in it is read off the animals.
    """
    k = float(np.clip(baseline.within / max(baseline.between, 1e-12), 1e-3, 1e3))
    mean, counts = own_means(panel, residual)
    squares = np.add.reduceat((residual - mean) ** 2, panel.first)
    freedom = counts[panel.visit == 0] - 1
    enough = freedom >= FEWEST_VISITS - 1
    if enough.sum() < 2:
        return Prior(5.0, 5.0 * baseline.within, k)
    # A variance of 0 (a score that never moved) has no likelihood; a step of the scale is at least so much.
    variance = np.maximum(squares[enough] / freedom[enough] / baseline.within, 1e-3)
    half = freedom[enough] / 2

    def surprise(log: Floats) -> float:
        a, scale = np.exp(log)
        x = variance / scale
        density = half * np.log(half / a) + (half - 1) * np.log(x) - (half + a) * np.log1p(half * x / a)
        return -float((density - betaln(half, a) - np.log(scale)).sum())

    bounds = [(np.log(_LEAST_A), np.log(_MOST_A)), (np.log(1e-3), np.log(1e3))]
    found = minimize(surprise, np.array([np.log(5.0), 0.0]), method="L-BFGS-B", bounds=bounds)
    a, scale = np.exp(found.x)
    return Prior(float(a), float(a * scale * baseline.within), k)
