"""Random numbers of a simulated herd: one stream for each animal and subject.

Animal 7 is the same in a herd of 12 and of 2,000, and leaving one effect out shifts no other draw.
"""

from typing import Literal

import numpy as np

Subject = Literal["life", "identity", "visits", "health", "dynamics", "labels", "scores", "events", "pose", "picture"]

_NUMBER: dict[Subject, int] = {
    "life": 0,
    "identity": 1,
    "visits": 2,
    "health": 3,
    "dynamics": 4,
    "labels": 5,
    "scores": 6,
    "events": 7,
    "pose": 8,
    "picture": 9,
}


def stream(seed: int, subject: Subject, animal: int) -> np.random.Generator:
    """The random numbers of one animal (from 0) for one subject, in the herd of ``seed`` (zero or more)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_NUMBER[subject], animal)))
