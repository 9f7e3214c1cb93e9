"""Feature vectors in place of pictures: the truth behind a picture, mixed beyond easy recognition."""

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from explorer.study.simulating.animals import Animals, Visits
from explorer.study.simulating.coats import BREEDS
from explorer.study.simulating.effects import Effects
from explorer.study.simulating.scenes import Looks, breed_of
from explorer.study.simulating.streams import stream

FEATURES = 32
NAMES = tuple(f"f_{number:02d}" for number in range(1, FEATURES + 1))

HIDDEN = 64

NOISE = 0.25
"""Standard deviation added to each feature, whose own spread is about 1."""

WEIGHT_OF_IDENTITY = 0.3
"""Of each of its numbers; condition, size, season and the others have weights near 1."""


def make_vectors(
    animals: Animals, visits: Visits, looks: Looks, effects: Effects, seed: int
) -> npt.NDArray[np.float32]:
    """(N, FEATURES) float32: a fixed two-layer map of identity and looks, plus noise of each picture's own."""
    inputs = np.column_stack(
        [
            WEIGHT_OF_IDENTITY * animals.identity[visits.animal],
            (looks.condition - 3.1) / 0.5,
            (looks.locomotion - 1.6) / 0.6,
            (looks.frame - 0.97) / 0.05,
            looks.barrel / 0.035,
            looks.winter,
            np.where(looks.camera < 0, 0.0, looks.camera * 2.0 - 1),
            _breeds(animals, effects)[visits.animal],
        ]
    )
    # The map is the same for every herd: a model learnt on one can be tried on another.
    rng = np.random.default_rng(20210303)
    into = rng.standard_normal((inputs.shape[1], HIDDEN)) * 0.4
    out = rng.standard_normal((HIDDEN, FEATURES)) * (1.6 / np.sqrt(HIDDEN))
    with threadpool_limits(limits=1):  # BLAS rounds by its number of threads
        vectors = np.tanh(inputs @ into + rng.standard_normal(HIDDEN) * 0.3) @ out
    counts = np.bincount(visits.animal, minlength=len(animals))
    noise = [stream(seed, "picture", animal).standard_normal((n, FEATURES)) for animal, n in enumerate(counts)]
    mixed: npt.NDArray[np.float32] = (vectors + NOISE * np.concatenate(noise)).astype(np.float32)
    return mixed


def _breeds(animals: Animals, effects: Effects) -> npt.NDArray[np.float64]:
    """(n, breeds) 0 or 1."""
    codes = [BREEDS.index(breed_of(animals, animal, effects)) for animal in range(len(animals))]
    return np.eye(len(BREEDS))[codes]
