"""A threshold on distances that keeps its promise, from animals that are not in the gallery.

Conformal prediction (Vovk, Gammerman and Shafer, 2005): of n exchangeable animals and one more, each is equally likely
to be the j-th nearest. A query is accepted if its distance is below tau, so tau is one of the *smallest* distances.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

Floats = npt.NDArray[np.float64]

PROMISES = (0.01, 0.02, 0.05, 0.10)
"""Shares of unknown animals' searches that may be accepted (FPIR): those that are offered."""


def place(n: int, fpir: float, confidence: float = 0.0) -> int:
    """Which of the ``n`` distances, the smallest being 1, is tau; 0 when none of them keeps the promise.

    With ``confidence`` 0 the floor((n + 1) ``fpir``)-th: the share of unknown animals accepted is then at most ``fpir``
    on average over the animals that might have been drawn. Else the largest j with
    P(Beta(j, n + 1 - j) <= ``fpir``) >= ``confidence``: for that share of the draws it is at most ``fpir``.
    Raises ValueError for a ``fpir`` that is not between 0 and 1 or a ``confidence`` not in 0 <= c < 1.
    """
    if not 0 < fpir < 1 or not 0 <= confidence < 1:
        raise ValueError(f"there is no promise of {fpir} with confidence {confidence}")
    average = int(np.floor((n + 1) * fpir + 1e-9))  # 20 * 0.05 is 1, whatever rounding makes of it
    if confidence == 0:
        return average
    # Beta(j, n + 1 - j) moves to the right as j grows, so that those that keep the promise come first.
    ranks = np.arange(1, n + 1)
    kept = beta.cdf(fpir, ranks, n + 1 - ranks) >= confidence
    return int(kept.sum())


def least_animals(fpir: float, confidence: float = 0.0) -> int:
    """How many animals a promise needs at least.

    9, 19, 49 and 99 for 10, 5, 2 and 1 % on average; 22, 45, 114 and 230 with 90 % confidence.
    """
    if confidence == 0:
        place(1, fpir)
        return int(np.ceil(1 / fpir - 1 - 1e-9))
    place(1, fpir, confidence)
    # P(Beta(1, n) <= a) = 1 - (1 - a)^n.
    return int(np.ceil(np.log(1 - confidence) / np.log(1 - fpir) - 1e-9))


def threshold(distances: Floats, fpir: float, confidence: float = 0.0) -> float:
    """Tau for the best distance of one query of each of n unknown animals (n,), or of many draws of them (draws, n).

    Of draws, the lower median of their thresholds. Accept a query if its distance is below tau. NaN with too few.
    """
    rows = np.atleast_2d(distances)
    j = place(rows.shape[1], fpir, confidence)
    if j == 0:
        return float("nan")
    of_draws = np.partition(rows, j - 1, axis=1)[:, j - 1]
    return float(np.quantile(of_draws, 0.5, method="lower"))
