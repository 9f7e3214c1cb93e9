"""Who is in the herd, when each was born, calved, came and went, and when it was photographed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.cameras import CAMERAS
from explorer.study.simulating.coats import BREEDS, IDENTITY
from explorer.study.simulating.streams import stream

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

START = np.datetime64("2023-09-04")
"""The first day, a Monday; day numbers count from here."""

WEEKS = 78
DAYS = 7 * WEEKS
"""About 18 months."""

FEWEST, MOST = 20, 50
"""Pictures of one animal, one a week."""

NEVER = 10**6
"""A day beyond all days."""

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Animals:
    """n animals; every array has one entry per animal, days count from ``START``.

    calvings: (n, m), in order, filled up with ``NEVER``; they go on after the study so that dry periods are known.
    moves: (n, 2) days on which the animal changes barns, ``NEVER`` for none. barn: 0 or 1, before the first move.
    exit: the day it left the herd, ``NEVER`` for those still there. lame_side: -1 left, 1 right.
    identity: (n, IDENTITY), what makes each one itself. condition, locomotion, milk, frame: its own constant
    deviation from the herd, standard normal.
    """

    names: tuple[str, ...]
    birth: Ints
    breed: Ints
    entry: Ints
    exit: Ints
    exit_reason: tuple[str, ...]
    calvings: Ints
    moves: Ints
    barn: Ints
    lame_side: Ints
    identity: Floats
    condition: Floats
    locomotion: Floats
    milk: Floats
    frame: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Visits:
    """N photographed visits, by animal and then by time.

    animal, day, minute (of the day), week (of the study), camera: (N,).
    """

    animal: Ints
    day: Ints
    minute: Ints
    week: Ints
    camera: Ints

    def __len__(self) -> int:
        return len(self.animal)


def make_animals(count: int, seed: int) -> tuple[Animals, Visits]:
    """``count`` animals and their visits."""
    lives = [_Life(seed, animal) for animal in range(count)]
    most = max(len(life.calvings) for life in lives)

    def each(name: str) -> Ints:
        return np.array([getattr(life, name) for life in lives])

    traits = np.array([life.traits for life in lives])
    animals = Animals(
        names=tuple(f"cow-{animal + 1:04d}" for animal in range(count)),
        birth=each("birth"),
        breed=each("breed"),
        entry=each("entry"),
        exit=each("exit"),
        exit_reason=tuple(life.exit_reason for life in lives),
        calvings=np.array([life.calvings + [NEVER] * (most - len(life.calvings)) for life in lives]),
        moves=np.array([life.moves for life in lives]),
        barn=each("barn"),
        lame_side=each("lame_side"),
        identity=np.array([life.identity for life in lives]),
        condition=traits[:, 0],
        locomotion=traits[:, 1],
        milk=traits[:, 2],
        frame=traits[:, 3],
    )
    animal = np.repeat(np.arange(count), [len(life.day) for life in lives])
    visits = Visits(animal, *(np.concatenate([getattr(life, name) for life in lives]) for name in _OF_A_VISIT))
    return animals, visits


def parity_at(animals: Animals, animal: Ints, day: Ints) -> Ints:
    """Calvings up to and including ``day``; the two arrays are of one shape."""
    parity: Ints = (animals.calvings[animal] <= day[..., None]).sum(axis=-1)
    return parity


def share_of_winter(day: Ints) -> Floats:
    """1 in the middle of January, -1 in the middle of July, for days counted from ``START``."""
    dates = START + day
    of_year = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    winter: Floats = np.cos(2 * np.pi * (of_year - 15) / DAYS_PER_YEAR)
    return winter


_OF_A_VISIT = ("day", "minute", "week", "camera")


class _Life:
    """One animal's dates, drawn in a fixed order."""

    def __init__(self, seed: int, animal: int) -> None:
        rng = stream(seed, "life", animal)
        self.breed = int(rng.choice(len(BREEDS), p=[breed.share for breed in BREEDS]))
        self.lame_side = int(rng.choice((-1, 1)))
        self.traits = rng.standard_normal(4)
        self.identity = stream(seed, "identity", animal).standard_normal(IDENTITY)
        first_week = self._photograph(seed, animal)
        self._be_born(rng)
        self._come_and_go(rng, first_week)

    def _photograph(self, seed: int, animal: int) -> int:
        """Visits on one day of the week, never a Thursday, on which the herd is scored."""
        rng = stream(seed, "visits", animal)
        taken, missed = int(rng.integers(FEWEST, MOST + 1)), int(rng.integers(0, 5))
        stay = taken + missed
        when, late = rng.uniform(), int(rng.integers(0, WEEKS - stay + 1))
        first = 0 if when < 0.25 else WEEKS - stay if when < 0.5 else late
        # The first and the last week of the stay are never the missed ones.
        gaps = 1 + rng.choice(stay - 2, missed, replace=False)
        self.week = first + np.setdiff1d(np.arange(stay), gaps)
        self.day = self.week * 7 + int(rng.choice((0, 1, 4, 5))) + (rng.random(taken) < 0.15)
        self.minute = rng.integers(5 * 60 + 30, 8 * 60 + 30, taken)
        self.barn, moves = int(rng.integers(2)), int(rng.integers(0, 3))
        days = np.sort(rng.integers(self.day[0] + 14, self.day[-1] - 13, 2))
        self.moves = [int(days[0]) if moves > 0 else NEVER, int(days[1]) if moves > 1 else NEVER]
        # One visit in five goes through the other barn's passage.
        astray = rng.random(taken) < 0.2
        changes = (self.day[:, None] >= np.array(self.moves)).sum(axis=1)
        self.camera = (self.barn + changes + astray) % len(CAMERAS)
        return int(first)

    def _be_born(self, rng: np.random.Generator) -> None:
        age = 2.4 + min(float(rng.gamma(1.7, 1.4)), 8.0)
        self.birth = int(self.day[0] - round(age * DAYS_PER_YEAR))
        to_first = round(DAYS_PER_YEAR * (2.05 + 0.1 * float(np.clip(rng.standard_normal(), -2.5, 2.5))))
        intervals = np.round(385 + 25 * np.clip(rng.standard_normal(12), -3, 3)).astype(np.int64)
        days = self.birth + to_first + np.concatenate([[0], np.cumsum(intervals)])
        self.calvings = [int(day) for day in days if day < DAYS + 450]

    def _come_and_go(self, rng: np.random.Generator, first_week: int) -> None:
        joined, left = rng.random(2)
        before, after = int(rng.integers(0, 6)), int(rng.integers(1, 10))
        reason = str(rng.choice(["sold", "slaughter", "death"], p=[0.5, 0.4, 0.1]))
        # The others calved first in this herd, and came into the photographed group from another.
        late = first_week > 0 and joined < 0.7
        self.entry = int(self.day[0]) - before if late else self.calvings[0]
        leaves = self.day[-1] + after < DAYS - 7 and left < 0.7
        self.exit = int(self.day[-1]) + after if leaves else NEVER
        self.exit_reason = reason if leaves else ""
