"""Whether a variable and the vectors hang together in any way, straight or not: bias-corrected distance correlation."""

import numpy as np
import numpy.typing as npt
import scipy.spatial.distance

from explorer.space.designs import Floats
from explorer.space.varying import Varying

MOST = 1_500
"""Observations taken at most: all pairs of them are looked at."""

DRAWS = 20


def distance_correlation(places: Floats, x: Floats, varying: Varying, *, seed: int = 0) -> tuple[float, int]:
    """Bias-corrected distance correlation of ``places`` (n, c) and ``x`` (n, d), and of how many observations.

    Squared, as Székely and Rizzo (2013, definition 2) have it: 0 on average when the two are independent (then it may
    be negative), 1 when one is the other turned and scaled. Distances are Euclidean. It asks for independent
    observations: of a variable that varies between animals, one observation of each animal is drawn, and the mean of
    ``DRAWS`` such draws is told; of one that varies by visit, observations are drawn from all. At most ``MOST`` are
    taken. NaN with fewer than 4, or where nothing varies.
    """
    rng = np.random.default_rng([seed, 3])
    n, m = len(x), len(varying.counts)
    if varying.how in ("animals", "courses"):
        size = min(m, MOST)
        rows = [_one_each(varying.place, rng)[:size] for _ in range(DRAWS if m <= MOST else 1)]
    else:
        size = min(n, MOST)
        rows = [rng.permutation(n)[:size]]
    if size < 4:
        return float("nan"), size
    return float(np.mean([_of(places[some], x[some]) for some in rows])), size


def _one_each(place: npt.NDArray[np.integer], rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """One row of each animal, drawn at random; the animals in random order."""
    order = rng.permutation(len(place))
    _, first = np.unique(place[order], return_index=True)
    return rng.permutation(order[first])


def _of(a: Floats, b: Floats) -> float:
    one, other = _u_centred(a), _u_centred(b)
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / spread if spread > 0 else float("nan")


def _u_centred(x: Floats) -> Floats:
    """U-centred distances, (n, n): 0 on the diagonal (Székely and Rizzo, 2014, definition 2)."""
    distances = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x))
    n = len(distances)
    rows = distances.sum(axis=1)
    distances -= rows[:, None] / (n - 2)
    distances -= rows[None, :] / (n - 2)
    distances += rows.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(distances, 0.0)
    return distances
