"""The experts: when they come, whom they score, and how they err."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.animals import DAYS, Animals, Visits
from explorer.study.simulating.dynamics import Days
from explorer.study.simulating.streams import stream

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """How one task is scored. step: the scale's unit. bias, spread: points, one for each observer."""

    task: str
    step: float
    bias: tuple[float, float]
    spread: tuple[float, float]


OBSERVERS = ("A", "B")

SCALES = (
    Scale("body_condition", 0.25, (0.08, -0.10), (0.12, 0.20)),
    Scale("locomotion", 1.0, (-0.10, 0.15), (0.25, 0.35)),
)

FIRST_ROUND, BETWEEN_ROUNDS = 10, 21
"""Days: the herd is scored every third Thursday, a day without pictures."""

BOTH, TWICE = 0.12, 0.06
"""Share of animals of a round scored by both observers, and of those scored twice by the same one."""

UNREADABLE = 0.015
"""Share of scores asked for and not given."""


@dataclass(frozen=True)
class Scores:
    """One row per score: animal, day, task (place in ``SCALES``), observer (0 or 1), value (NaN: not given)."""

    animal: Ints
    day: Ints
    task: Ints
    observer: Ints
    value: Floats


def score(animals: Animals, visits: Visits, days: Days, seed: int) -> Scores:
    """All scores of the herd, by animal, day, task and observer."""
    rounds = np.arange(FIRST_ROUND, DAYS, BETWEEN_ROUNDS)
    truths = (days.condition, days.locomotion)
    parts = []
    for animal in range(len(animals)):
        rng = stream(seed, "scores", animal)
        # Drawn for all rounds, so that an animal's scores do not hang on the length of its stay.
        who, again = rng.random((2, len(rounds)))
        error = rng.standard_normal((len(SCALES), 2, len(rounds)))
        lost = rng.random((len(SCALES), 2, len(rounds))) < UNREADABLE
        first, last = np.searchsorted(visits.animal, [animal, animal + 1])
        there = (rounds >= visits.day[first] - 3) & (rounds <= visits.day[last - 1] + 3)
        there &= (rounds >= animals.entry[animal]) & (rounds <= animals.exit[animal])
        first_one = (who < 0.5).astype(np.int64)
        observer = np.stack([first_one, np.where(again < BOTH, 1 - first_one, first_one)])
        used = np.stack([there, there & (again < BOTH + TWICE)])
        for task, scale in enumerate(SCALES):
            bias, spread = np.array(scale.bias)[observer], np.array(scale.spread)[observer]
            seen = truths[task][animal, rounds] + bias + spread * error[task]
            value = np.clip(np.round(seen / scale.step) * scale.step, 1.0, 5.0)
            value[lost[task]] = np.nan
            day = np.broadcast_to(rounds, used.shape)[used]
            count = len(day)
            parts.append((np.full(count, animal), day, np.full(count, task), observer[used], value[used]))
    animal_, day_, task_, observer_, value_ = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((observer_, task_, day_, animal_))
    return Scores(animal_[order], day_[order], task_[order], observer_[order], value_[order])
