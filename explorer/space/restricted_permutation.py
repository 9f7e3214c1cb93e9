"""Shuffling labels only in ways that chance could have dealt them, since observations of one animal belong together."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def share_between(values: Floats, units: npt.NDArray[np.integer]) -> float:
    """How much of the variance of ``values`` (n,) lies between the means of ``units`` (n,), 0..1.

    The sum of squares of the units' means, weighted by their observations, by that of all (ddof 0). NaN when nothing
    varies.
    """
    _, place = np.unique(units, return_inverse=True)
    moved = values - values.mean()
    total = float(moved @ moved)
    if total <= 0:
        return float("nan")
    sums, counts = np.bincount(place, weights=moved), np.bincount(place)
    return float((sums * sums / counts).sum() / total)


def shuffled(values: Floats, units: npt.NDArray[np.integer], count: int, rng: np.random.Generator) -> Floats:
    """``count`` shuffles of ``values`` (n,) among ``units`` (n,), float64 (n, count).

    Each animal gets the whole course of another: what is exchangeable when the labels say nothing about the vectors
    (Winkler, Webster, Vidaurre, Nichols and Smith, 2015, whole-block exchange). The order of a unit's rows is that of
    time. A course of another length is stretched, each row getting the value at its place in it; exact for labels that
    are constant in an animal, and for equal lengths.
    """
    _, place = np.unique(units, return_inverse=True)
    order = np.argsort(place, kind="stable")
    lengths = np.bincount(place)
    starts = np.cumsum(lengths) - lengths
    unit = place[order]
    step = np.arange(len(values)) - starts[unit]
    ordered = values[order]
    out = np.empty((len(values), count))
    for column in range(count):
        donor = rng.permutation(len(lengths))[unit]
        taken = starts[donor] + (2 * step + 1) * lengths[donor] // (2 * lengths[unit])
        out[order, column] = ordered[taken]
    return out
