"""Made-up animals that return, with vectors whose background effect is known."""

import numpy as np
import pandas as pd

from explorer.recognition.analysis import analyse_vectors
from explorer.recognition.pairs import NotCompared
from explorer.space.conditions import Condition
from explorer.study.schema import Variable

DIMS = 12


class Returning:
    """``animals`` seen ``visits`` times each, a month apart. Light is "day" in the first third, then day or night.

    ``effect``: how far the night moves every vector, in the spread of identities (about 1); ``noise``: of each vector.
    """

    def __init__(self, seed, *, animals=120, visits=12, effect=0.0, noise=0.12):
        rng = np.random.default_rng(seed)
        self.animals = np.repeat(np.arange(animals), visits).astype(np.int64)
        n = len(self.animals)
        visit = np.tile(np.arange(visits), animals)
        self.days = (30 * visit + rng.integers(0, 20, n)).astype(float)
        self.night = (visit >= visits / 3) & (rng.random(n) < 0.5)
        # On a sphere no place is denser than another, so that nothing but the background can be conditioned on.
        identity = rng.normal(size=(animals, DIMS))
        identity /= np.linalg.norm(identity, axis=1, keepdims=True)
        away = rng.normal(size=DIMS)
        self.vectors = identity[self.animals] + noise * rng.normal(size=(n, DIMS)) / np.sqrt(2)
        self.vectors += effect * np.outer(self.night, away / np.linalg.norm(away))

    @property
    def light(self):
        values = pd.Categorical(np.where(self.night, "night", "day"))
        return Condition("light", Variable(column="light", kind="nominal"), values, None, None)

    def rule(self, **options):
        return NotCompared(self.animals, self.days, **options)

    def analysed(self, vectors=None, chosen=None, **options):
        return analyse_vectors(
            self.vectors if vectors is None else vectors,
            self.rule(),
            [self.light] if chosen is None else chosen,
            used=np.ones(len(self.animals), dtype=bool),
            **options,
        )
