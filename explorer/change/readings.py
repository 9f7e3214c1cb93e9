"""What was measured of a variable: each value, of which animal, on which day."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from explorer.change.clock import clock_of
from explorer.change.panel import Floats, Ints
from explorer.change.visits import codes_of, days_of
from explorer.space.task_values import ordered_task
from explorer.study.study import Study


class Readings(NamedTuple):
    """``animal``: codes int64 (n,), -1 for unknown; ``day`` and ``value``: float64 (n,), NaN where missing."""

    animal: Ints
    day: Floats
    value: Floats

    def known(self, as_of: float | None = None) -> Floats:
        """The values that there are, of nothing later than ``as_of``."""
        here = np.isfinite(self.value) & (True if as_of is None else self.day <= as_of)
        return self.value[here]


def readings_of(study: Study, name: str) -> Readings:
    """The readings of the variable ``name``: one for each row of the study, or for each score where it was scored.

    Raises UserError for values without an order, and as ``clock_of`` does.
    """
    clock, score = clock_of(study), study.variable(name).score
    if score is None:
        return Readings(codes_of(study), days_of(study, clock), ordered_task(study, name))
    scores = study.scores[study.scores["task"].astype(str) == score]
    values = pd.to_numeric(scores["value"].astype(object), errors="coerce").to_numpy(dtype=np.float64)
    return Readings(study.animal_codes(scores["animal"]), clock.days(scores["time"].to_numpy()), values)
