"""A threshold of each animal of the gallery, from how much its own observations differ.

Formula sheet, section 7: median + k 1.4826 MAD of an animal's own leave-one-out distances, shrunk to the threshold of
all by n / (n + n0), at most half the distance to the nearest other animal. (Chou and others, 2018, adapt thresholds to
persons; theirs is another rule.)
"""

import numpy as np
import numpy.typing as npt

from explorer.recognition.pairs import NotCompared
from explorer.recognition.search import own_distances, search

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SPREADS = 3.0
"""k: an animal's own distances are hardly ever farther from their median, in normal standard deviations."""

SHRINKAGE = 5.0
"""n0: with so many own distances, an animal's own threshold counts half."""


def own_taus(
    vectors: npt.NDArray[np.floating], gallery: Ints, rule: NotCompared, common: float, animals: int
) -> Floats:
    """The threshold of each of ``animals`` codes, float64 (animals,): ``shrunk_taus``, no larger than ``caps``."""
    return np.minimum(shrunk_taus(vectors, gallery, rule, common, animals), caps(vectors, gallery, rule, animals))


def shrunk_taus(
    vectors: npt.NDArray[np.floating], gallery: Ints, rule: NotCompared, common: float, animals: int
) -> Floats:
    """The threshold of each of ``animals`` codes by its own distances, float64 (animals,); ``common`` without any.

    ``gallery``: rows of ``vectors`` (n, d). ``common``: the threshold of all, in the same distances.
    """
    codes = rule.animals[gallery]
    own = own_distances(vectors, gallery, rule)
    out = np.full(animals, common)
    order = np.argsort(codes, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        found = own[places][~np.isnan(own[places])]
        if len(found):
            middle = np.median(found)
            share = len(found) / (len(found) + SHRINKAGE)
            tau = share * (middle + SPREADS * 1.4826 * np.median(np.abs(found - middle))) + (1 - share) * common
            out[codes[places[0]]] = tau
    return out


def caps(vectors: npt.NDArray[np.floating], gallery: Ints, rule: NotCompared, animals: int) -> Floats:
    """Half the distance of each of ``animals`` codes to the nearest other one of the ``gallery``, float64 (animals,).

    No threshold of an animal may be larger. Infinite for one that is not there, or alone.
    """
    out = np.full(animals, np.inf)
    others = search(vectors, gallery, gallery, rule, own=False).score
    np.minimum.at(out, rule.animals[gallery], others / 2)
    return out
