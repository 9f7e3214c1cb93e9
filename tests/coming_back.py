"""A herd that can show a threshold: its animals are seen again and again, under either of two lamps."""

import numpy as np
import pandas as pd
from herds import Herd

ANIMALS, VISITS = 60, 16


def coming_back(herd: Herd) -> Herd:
    """``herd`` as sixty animals seen sixteen times in two years; six features that say who an animal is."""
    rng = np.random.default_rng(0)
    n = ANIMALS * VISITS
    own = np.repeat(np.arange(ANIMALS), VISITS)
    identity = rng.normal(size=(ANIMALS, 6))
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(n)],
            "animal_id": [f"cow-{animal}" for animal in own],
            "captured_at": np.datetime64("2022-01-01", "us")
            + (45 * np.tile(np.arange(VISITS), ANIMALS) + rng.integers(0, 9, n)) * np.timedelta64(1, "D"),
            "lamp": rng.choice(["old", "new"], n),
            "weight": rng.normal(500, 20, n),
            "tape": rng.integers(0, 500, n),
            **{f"p_{place}": identity[own, place] + 0.2 * rng.normal(size=n) for place in range(6)},
        }
    )
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {
        "lamp": {"column": "lamp", "kind": "nominal"},
        "weight": {"column": "weight", "kind": "continuous", "unit": "kg"},
        "season": {"derive": {"from": "captured_at", "as": "season"}, "kind": "nominal"},
    }
    return herd
