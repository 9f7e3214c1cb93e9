"""One query per animal: repeated pictures of one animal say little more than one of them does."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRAWS = 100
"""How often one query of each animal is drawn."""


def draw(animals: npt.NDArray[np.integer], draws: int, rng: np.random.Generator) -> Ints:
    """Places among ``animals`` (n,), int64 (draws, m): each row holds one of each of the m animals, at random."""
    order = np.argsort(animals, kind="stable")
    _, starts, counts = np.unique(animals[order], return_index=True, return_counts=True)
    picked = starts + (rng.random((draws, len(starts))) * counts).astype(np.int64)
    return order[np.minimum(picked, starts + counts - 1)]


def weights(animals: npt.NDArray[np.integer]) -> Floats:
    """What each query counts, float64 (n,): 1 for an animal, shared among its queries.

    Sums with these weights are the means over all draws of one query per animal.
    """
    _, where, counts = np.unique(animals, return_inverse=True, return_counts=True)
    return 1.0 / counts[where]
