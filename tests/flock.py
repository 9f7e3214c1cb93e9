"""A small flock whose features say who an animal is, what it weighs and what breed it is."""

from pathlib import Path

import numpy as np
import pandas as pd
from herds import Herd

from explorer.study.study import Study

ANIMALS, VISITS = 24, 4


def flock(folder: Path, *, seed: int = 0) -> Herd:
    """24 animals, seen four times each, 60 days apart; six features.

    Tasks: ``weight`` (a feature and a little noise), ``luck`` (noise), ``kind`` (nominal, a feature's sign), ``line``
    (nominal, noise, constant in an animal).
    """
    rng = np.random.default_rng(seed)
    n = ANIMALS * VISITS
    animal = np.repeat(np.arange(ANIMALS), VISITS)
    own = rng.normal(size=(ANIMALS, 6))[animal] * 2
    own[:, 1] = np.where(animal % 2, 2.0, -2.0)
    features = own + 0.3 * rng.normal(size=(n, 6))
    herd = Herd(folder)
    visit = np.tile(np.arange(VISITS), ANIMALS)
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row:03}" for row in range(n)],
            "animal_id": [f"ewe-{one:02}" for one in animal],
            "captured_at": np.datetime64("2024-01-10T08:00", "us") + visit * np.timedelta64(60, "D"),
            "weight": 60 + 5 * features[:, 0] + rng.normal(size=n),
            "luck": rng.normal(size=n),
            "kind": np.where(animal % 2, "horned", "polled"),
            "line": rng.choice(["A", "B"], ANIMALS)[animal],
            **{f"p_{place}": features[:, place] for place in range(6)},
        }
    )
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {
        "weight": {"column": "weight", "kind": "continuous", "role": "task", "unit": "kg"},
        "luck": {"column": "luck", "kind": "continuous", "role": "task"},
        "kind": {"column": "kind", "kind": "nominal", "role": "task"},
        "line": {"column": "line", "kind": "nominal", "role": "task"},
    }
    return herd


def names(study: Study) -> list[str]:
    assert study.animal is not None
    return list(study.animal.cat.categories)
