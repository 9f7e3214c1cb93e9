"""Health episodes: what befalls about a third of the animals, and how it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.animals import Animals, Visits
from explorer.study.simulating.streams import stream

Floats = npt.NDArray[np.float64]
Kind = Literal["lameness", "ketosis", "mastitis"]

SHARE = 1 / 3
"""Of animals with an episode; one in six of them has a second."""

MARGIN = 42
"""Days of pictures before every onset, and after it."""


@dataclass(frozen=True)
class Episode:
    """One illness; days count from the herd's first day.

    size: what it does at its worst to its own sign: points of locomotion gained in lameness, points of
    condition lost in ketosis, share of the milk lost in mastitis. rise: days from onset to worst; hold: days at
    worst; recovery: days from there to half recovered, None for one that does not recover.
    treated: the day of its treatment, None if nobody noticed.
    """

    animal: int
    kind: Kind
    onset: int
    sudden: bool
    size: float
    rise: int
    hold: int
    recovery: int | None
    treated: int | None

    def course(self, days: int, *, slowest: int = 0) -> Floats:
        """(days,) how much of its size is felt on each day, 0 to 1; ``slowest``: least days of rise."""
        rise = max(self.rise, slowest)
        since = np.arange(days) - self.onset
        up = np.clip((since + 1) / rise, 0, 1)
        felt: Floats = up * up * (3 - 2 * up)
        if self.recovery is not None:
            after = np.clip(since - rise - self.hold, 0, None)
            felt = felt * 0.5 ** (after / self.recovery)
        return felt


def make_episodes(animals: Animals, visits: Visits, seed: int) -> list[Episode]:
    """The episodes of the herd, by animal and onset."""
    starts = np.searchsorted(visits.animal, np.arange(len(animals)))
    ends = np.searchsorted(visits.animal, np.arange(len(animals)), side="right") - 1
    return [
        episode
        for animal in range(len(animals))
        for episode in sorted(
            _of(animal, animals, int(visits.day[starts[animal]]), int(visits.day[ends[animal]]), seed),
            key=lambda episode: episode.onset,
        )
    ]


def _of(animal: int, animals: Animals, first: int, last: int, seed: int) -> Iterator[Episode]:
    rng = stream(seed, "health", animal)
    ill, again = rng.random() < SHARE, rng.random() < 1 / 6
    if not ill:
        return
    earliest, latest = first + MARGIN, last - MARGIN
    middle = (earliest + latest) // 2
    # A second episode has the later half of the time for itself.
    spans = [(earliest, middle), (middle, latest)] if again else [(earliest, latest)]
    for low, high in spans:
        yield _draw(rng, animal, animals, low, max(low + 1, high))


def _draw(rng: np.random.Generator, animal: int, animals: Animals, low: int, high: int) -> Episode:
    kind: Kind = ("lameness", "ketosis", "mastitis")[int(rng.choice(3, p=[0.4, 0.3, 0.3]))]
    onset = int(rng.integers(low, high))
    after_calving = int(rng.integers(8, 30))
    calvings = animals.calvings[animal] + after_calving
    fresh = calvings[(calvings >= low) & (calvings < high)]
    sudden = bool(rng.random() < {"lameness": 0.5, "ketosis": 0.4, "mastitis": 0.75}[kind])
    if kind == "ketosis" and len(fresh):
        onset = int(fresh[0])  # where it may, ketosis follows a calving, as it does in life
    small, large = {"lameness": (1.2, 2.6), "ketosis": (0.4, 1.0), "mastitis": (0.2, 0.5)}[kind]
    rise = int(rng.integers(1, 4) if sudden else rng.integers(25, 60))
    hold = int(rng.integers(7, 28))
    recovery, recovers = int(rng.integers(7, 35)), rng.random() < 0.85
    notice, noticed = int(rng.integers(2, 11)), rng.random() < 0.85
    return Episode(
        animal=animal,
        kind=kind,
        onset=onset,
        sudden=sudden,
        size=round(float(rng.uniform(small, large)), 3),
        rise=rise,
        hold=hold,
        recovery=recovery if recovers else None,
        treated=onset + (notice if sudden else rise // 2 + notice) if noticed else None,
    )
