"""s-norm: each distance measured by those of its query and of its gallery item to a cohort of other animals.

Symmetric score normalisation (Kenny, 2010; Auckenthaler, Carey and Lloyd-Thomas, 2000, for its halves):
s = ((D - mean_q) / spread_q + (D - mean_g) / spread_g) / 2, moments over the distances to the cohort. The cohort must
be animals that nothing is calibrated with: with calibration queries in it, these are near themselves.
"""

import numpy as np
import numpy.typing as npt

from explorer.recognition.distances import distances
from explorer.recognition.one_per_animal import draw
from explorer.recognition.search import Terms

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COHORT = 1_000
"""Animals of the cohort at most: more would hardly change a mean."""


def cohort_of(rows: Ints, animals: npt.NDArray[np.integer], seed: int) -> Ints:
    """One of the ``rows`` (m,) of each animal, at random; ``animals`` (m,) are those of the rows."""
    rng = np.random.default_rng(seed)
    chosen = rows[draw(animals, 1, rng)[0]]
    return np.sort(rng.permutation(chosen)[:COHORT])


def normalising(vectors: npt.NDArray[np.floating], rows: Ints, cohort: Ints) -> Terms:
    """The terms that make s-norm of distances, for the ``rows`` (m,) that are queries or in the gallery.

    Two cohort animals at least, else ValueError.
    """
    if len(cohort) < 2:
        raise ValueError("a cohort needs at least two animals")
    scale, shift = np.full(len(vectors), np.nan), np.full(len(vectors), np.nan)
    for block, far in distances(vectors, rows, cohort):
        part = rows[block]
        spread = np.maximum(far.std(axis=1), 1e-12)
        scale[part] = 0.5 / spread
        shift[part] = -0.5 * far.mean(axis=1) / spread
    return Terms(scale, shift)
