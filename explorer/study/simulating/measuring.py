"""What is measured by itself at each visit: weight, daily milk and activity, with errors and gaps."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.animals import Animals, Visits
from explorer.study.simulating.dynamics import Days
from explorer.study.simulating.streams import stream

Floats = npt.NDArray[np.float64]

WEIGHT_ERROR, MILK_ERROR, ACTIVITY_ERROR = 8.0, 0.05, 6.0
"""Standard deviations from day to day: kg of gut fill, share of the yield, steps an hour."""

LOST = 0.012
"""Share of readings lost for no reason that anybody knows."""

SENSOR_FAILS, FAILS_FOR = 0.12, (14, 56)
"""Share of animals whose activity sensor fails once, and for how many days."""


@dataclass(frozen=True)
class Measured:
    """(N,) float64 each, NaN where missing: weight in kg, milk in kg a day, activity in steps an hour.

    Milk is missing for a reason while a cow is dry, activity while its sensor is broken.
    """

    weight: Floats
    milk: Floats
    activity: Floats


def measure(animals: Animals, visits: Visits, days: Days, seed: int) -> Measured:
    """The automatic labels of all visits."""
    starts = np.searchsorted(visits.animal, np.arange(len(animals) + 1))
    errors, lost = np.empty((3, len(visits))), np.empty((3, len(visits)), dtype=np.bool_)
    for animal, (start, end) in enumerate(pairwise(starts)):
        rng = stream(seed, "labels", animal)
        errors[:, start:end] = rng.standard_normal((3, end - start))
        lost[:, start:end] = rng.random((3, end - start)) < LOST
        fails, since = rng.random() < SENSOR_FAILS, visits.day[start] + rng.integers(0, 200)
        if fails:
            day = visits.day[start:end]
            lost[2, start:end] |= (day >= since) & (day < since + rng.integers(*FAILS_FOR))
    here = visits.animal, visits.day
    measured = (
        np.round(days.weight[here] + WEIGHT_ERROR * errors[0]),
        np.round(days.milk[here] * (1 + MILK_ERROR * errors[1]), 1),
        np.round(np.clip(days.activity[here] + ACTIVITY_ERROR * errors[2], 0, None)),
    )
    return Measured(*(np.where(gone, np.nan, value) for gone, value in zip(lost, measured, strict=True)))
