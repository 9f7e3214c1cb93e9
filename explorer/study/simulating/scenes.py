"""From the truth of a visit to what its picture shows: posture, light and camera."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.study.simulating.animals import Animals, Visits, share_of_winter
from explorer.study.simulating.body import Posture
from explorer.study.simulating.coats import BREEDS, Breed
from explorer.study.simulating.drawing import Scene
from explorer.study.simulating.dynamics import Days
from explorer.study.simulating.effects import Effects
from explorer.study.simulating.streams import stream

Floats = npt.NDArray[np.float64]

SOUND, LAMEST = 1.5, 5.0
"""Points of locomotion at which a gait is even, and at which it cannot be worse."""


@dataclass(frozen=True)
class Looks:
    """What decides how each of N visits looks; every array is (N,).

    condition, locomotion: points. frame, barrel: see ``Days``. winter: -1 to 1, 0 where the season has no effect.
    camera: -1 where the camera has no effect.
    """

    condition: Floats
    locomotion: Floats
    frame: Floats
    barrel: Floats
    winter: Floats
    camera: npt.NDArray[np.int64]


def look_of(visits: Visits, days: Days, effects: Effects) -> Looks:
    """The looks of all visits, with the effects that are left out left out."""
    here = visits.animal, visits.day
    return Looks(
        condition=days.condition[here],
        locomotion=days.locomotion[here],
        frame=days.frame[here],
        barrel=days.barrel[here],
        winter=share_of_winter(visits.day) * effects.season,
        camera=visits.camera if effects.camera else np.full(len(visits), -1),
    )


def breed_of(animals: Animals, animal: int, effects: Effects) -> Breed:
    """The breed an animal looks like: everybody's the commonest where breed has no effect."""
    return BREEDS[animals.breed[animal] if effects.breed else 0]


def scene_of(looks: Looks, rows: slice, *, lame_side: int, animal: int, seed: int) -> Scene:
    """The scene of one animal's visits: its looks, and how it happens to stand each time.

    Lameness bends the spine away, drops a hip, lowers the head and shortens the stride.
    """
    condition = looks.condition[rows]
    jitter = stream(seed, "pose", animal).standard_normal((12, len(condition)))
    lame = np.clip((looks.locomotion[rows] - SOUND) / (LAMEST - SOUND), 0, 1) * lame_side
    uneven = np.abs(lame)
    posture = Posture(
        condition=_small(condition),
        barrel=_small(looks.barrel[rows]),
        frame=_small(looks.frame[rows] * (1 + 0.025 * jitter[0])),
        bend=_small(0.17 * lame + 0.03 * jitter[1]),
        drop=_small(0.15 * lame + 0.01 * jitter[2]),
        turn=_small(0.26 * np.clip(jitter[3], -2.4, 2.4)),
        nod=_small(1 - 0.25 * uneven + 0.035 * jitter[4]),
        rotation=_small(0.19 * np.clip(jitter[5], -2.4, 2.4)),
        shift_x=_small(0.10 * np.clip(jitter[6], -2.0, 2.0)),
        shift_y=_small(0.07 * np.clip(jitter[7], -2.0, 2.0)),
        step=_small((0.06 - 0.05 * uneven) * np.sign(jitter[8]) + 0.02 * jitter[8]),
        sway=_small(0.10 * jitter[9]),
    )
    return Scene(
        posture=posture,
        winter=_small(looks.winter[rows]),
        camera=looks.camera[rows],
        sun=_small(np.tanh(jitter[10])),
        glow=_small(1 + 0.07 * jitter[11]),
    )


def _small(values: Floats) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)
