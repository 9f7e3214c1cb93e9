"""The truth day by day: condition, locomotion, milk, weight, activity and size of every animal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from explorer.study.simulating.animals import DAYS, DAYS_PER_YEAR, Animals, parity_at, share_of_winter
from explorer.study.simulating.coats import BREEDS
from explorer.study.simulating.effects import Effects
from explorer.study.simulating.health import Episode
from explorer.study.simulating.streams import stream

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRY = 56
"""Days before the next calving without milk."""

REFERENCE_AGE, REFERENCE_PARITY = 4.5, 2
"""What every animal is taken for where age or parity has no effect."""

_WANDERINGS = 4
"""Slow noises of an animal: of its condition, locomotion, milk and activity."""


@dataclass(frozen=True)
class Days:
    """The truth; arrays are (animals, DAYS) float64.

    condition, locomotion: points, 1 to 5. milk: kg a day, NaN while dry. weight: kg. activity: steps an hour.
    frame: size, 1 for a grown cow of the commonest breed. barrel: relative widening of the belly.
    """

    condition: Floats
    locomotion: Floats
    milk: Floats
    weight: Floats
    activity: Floats
    frame: Floats
    barrel: Floats


def live(animals: Animals, episodes: list[Episode], effects: Effects, seed: int) -> Days:
    """Every day of every animal. ``episodes`` must be empty where they have no effect."""
    day = np.arange(DAYS)
    every = np.arange(len(animals))[:, None]
    days = np.broadcast_to(day, (len(animals), DAYS))
    age = (days - animals.birth[:, None]) / DAYS_PER_YEAR
    age = age if effects.age else np.full_like(age, REFERENCE_AGE)
    parity = np.empty((len(animals), DAYS), dtype=np.int64)
    for animal in every[:, 0]:
        parity[animal] = parity_at(animals, np.full(DAYS, animal), day)
    since, until = _around_calving(animals, parity)
    parity = parity if effects.parity else np.full_like(parity, REFERENCE_PARITY)
    winter = share_of_winter(day)[None, :] * effects.season
    breeds = BREEDS if effects.breed else BREEDS[:1]
    breed = [breeds[code if effects.breed else 0] for code in animals.breed]
    frame_, milk_, condition_ = np.array([[b.frame, b.milk, b.condition] for b in breed]).T[:, :, None]
    slow = _wanderings(len(animals), seed)
    lame, thin, udder = _courses(episodes, len(animals))

    # After calving a cow lives off her back for two months, older cows more than young ones.
    loss = (0.42 + 0.05 * np.clip(parity - REFERENCE_PARITY, -1, 3)) * (since / 60) * np.exp(1 - since / 60)
    condition = 3.15 + condition_ + 0.4 * animals.condition[:, None] - loss + 0.15 * slow[0] + 0.1 * winter
    condition = _within(condition - thin - 0.15 * lame - 0.25 * udder)
    trait = 0.25 * np.exp(0.6 * animals.locomotion[:, None])
    locomotion = _within(1.15 + trait + 0.09 * (age - REFERENCE_AGE) + 0.15 * slow[1] + 0.06 * winter + lame)

    # Wood (1967), Nature 216, 164: yield = a d^b exp(-c d), d days in milk, here scaled to a peak of 1.
    wood = ((since + 1) / 55) ** 0.22 * np.exp(0.22 - (since + 1) * 0.22 / 55)
    by_parity = np.interp(parity, [1, 2, 3, 5, 8], [0.80, 0.94, 1.0, 1.0, 0.93])
    milk = 38 * milk_ * by_parity * wood * (1 + 0.11 * animals.milk[:, None] + 0.06 * slow[2] + 0.035 * winter)
    milk = np.where(until <= DRY, np.nan, milk * (1 - 0.3 * thin) * (1 - udder) * (1 - 0.05 * lame))

    grown = 0.13 * (np.exp(-(REFERENCE_AGE - 2) / 1.3) - np.exp(-(age - 2) / 1.3))
    taller = 0.008 * (np.clip(parity, 1, 5) - REFERENCE_PARITY)
    frame = frame_ * (0.98 + 0.032 * animals.frame[:, None]) + grown + taller
    weight = 640 * frame**2.4 * (1 + 0.1 * (condition - 3)) + 6 * winter
    activity = 110 - 4 * (age - REFERENCE_AGE) - 9 * winter - 11 * (locomotion - 1.5) + 6 * slow[3]
    activity = activity * (1 - 0.6 * udder) * (1 - 0.1 * thin)
    barrel = 0.018 * (np.clip(parity, 1, 6) - REFERENCE_PARITY)
    return Days(condition, locomotion, milk, weight, activity, frame, barrel.astype(np.float64))


def _around_calving(animals: Animals, parity: Ints) -> tuple[Ints, Ints]:
    """(animals, DAYS) days since the last calving and until the next; an animal that never calved counts as dry."""
    day = np.arange(DAYS)[None, :]
    last = np.take_along_axis(animals.calvings, np.clip(parity - 1, 0, None), axis=1)
    coming = np.pad(animals.calvings, ((0, 0), (0, 1)), constant_values=10**6)
    following = np.take_along_axis(coming, parity, axis=1)
    never = parity == 0
    return np.clip(np.where(never, 400, day - last), 0, 450), np.where(never, 0, following - day)


def _wanderings(count: int, seed: int) -> Floats:
    """(_WANDERINGS, animals, DAYS) noise of unit variance that remembers 45, 30, 15 and 15 days."""
    fresh = np.stack([stream(seed, "dynamics", i).standard_normal((_WANDERINGS, DAYS)) for i in range(count)], axis=1)
    for noise, memory in zip(fresh, (45, 30, 15, 15), strict=True):
        keep = np.exp(-1 / memory)
        noise[:, 1:] *= np.sqrt(1 - keep**2)
        noise[:] = lfilter([1.0], [1.0, -keep], noise, axis=1)
    return fresh


def _courses(episodes: list[Episode], count: int) -> tuple[Floats, Floats, Floats]:
    """(animals, DAYS) each: points of lameness, points of condition lost to ketosis, share of milk lost."""
    lame, thin, udder = np.zeros((3, count, DAYS))
    for episode in episodes:
        if episode.kind == "lameness":
            lame[episode.animal] += episode.size * episode.course(DAYS)
        elif episode.kind == "ketosis":
            # Flesh does not vanish in a day, however sudden the illness.
            thin[episode.animal] += episode.size * episode.course(DAYS, slowest=14)
        else:
            udder[episode.animal] += episode.size * episode.course(DAYS)
    return lame, thin, np.clip(udder, 0, 0.9)


def _within(points: Floats) -> Floats:
    """Kept in the scale of 1 to 5."""
    kept: Floats = np.clip(points, 1.0, 5.0)
    return kept
