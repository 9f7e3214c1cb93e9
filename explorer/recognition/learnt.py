"""What an arm has learnt beside its thresholds, and how it judges by it: the same in its test and ever after."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.recognition.normalising import normalising
from explorer.recognition.pairs import NotCompared
from explorer.recognition.search import Matches, search

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Learnt:
    """All None for an arm that needs thresholds only.

    ``centres`` float64 (k, d): of the clusters. ``cohort`` (m, d): the vectors that distances are normalised by.
    ``own`` float64 (animals,): the threshold of each animal of the gallery by its code; ``common``: that of all, which
    theirs are shrunk to.
    """

    centres: Floats | None = None
    cohort: npt.NDArray[np.floating] | None = None
    own: Floats | None = None
    common: float | None = None


def nearest_centre(vectors: npt.NDArray[np.floating], centres: Floats) -> Ints:
    """The cluster of each of ``vectors`` (m, d): that of the nearest of ``centres`` (k, d), int64 (m,)."""
    points = np.asarray(vectors, dtype=np.float64)
    # Of |x - c|^2, |x|^2 is the same for all centres.
    squares = np.einsum("ij,ij->i", centres, centres)[None] - 2 * points @ centres.T
    return squares.argmin(axis=1).astype(np.int64)


def normalised(
    vectors: npt.NDArray[np.floating], queries: Ints, gallery: Ints, rule: NotCompared, cohort: Ints
) -> Matches:
    """The best matches by s-norm; all but ``rule`` are of rows of ``vectors`` (n, d), which may be more than it has."""
    terms = normalising(vectors, np.concatenate([queries, gallery]), cohort)
    return search(vectors, queries, gallery, rule, terms=terms)


def less_own(matches: Matches, own: Floats, rule: NotCompared) -> Matches:
    """Distances less the threshold of the animal found, ``own`` (animals,): one number then calibrates them all."""
    there = matches.item >= 0
    score = matches.score.copy()
    score[there] -= own[rule.animals[matches.item[there]]]
    return Matches(score, matches.item, matches.has_own)
