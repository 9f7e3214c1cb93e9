"""A whole herd, simulated and written as a study, with its truth beside it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from explorer.engine import Progress, Report, map_partitions
from explorer.errors import UserError
from explorer.study.atomic import atomic_folder
from explorer.study.simulating.animals import Animals, Visits, make_animals
from explorer.study.simulating.coats import Coat, make_coat
from explorer.study.simulating.description import describe
from explorer.study.simulating.drawing import Scene, draw, encode
from explorer.study.simulating.dynamics import Days, live
from explorer.study.simulating.effects import VARIABLES, Effects, effects_without
from explorer.study.simulating.events import make_events
from explorer.study.simulating.health import Episode, make_episodes
from explorer.study.simulating.measuring import measure
from explorer.study.simulating.scenes import Looks, breed_of, look_of, scene_of
from explorer.study.simulating.scoring import score
from explorer.study.simulating.streams import stream
from explorer.study.simulating.vectors import make_vectors
from explorer.study.simulating.writing import write_study, write_truth

MOST_ANIMALS = 9_999
"""As many as their names can number."""


@dataclass(frozen=True)
class Herd:
    """A herd before anything of it is measured, scored or drawn."""

    seed: int
    effects: Effects
    animals: Animals
    visits: Visits
    episodes: list[Episode]
    days: Days
    looks: Looks

    def rows(self, animal: int) -> slice:
        """The visits of one animal."""
        first, last = np.searchsorted(self.visits.animal, [animal, animal + 1])
        return slice(int(first), int(last))

    def to_draw(self, animal: int) -> "ToDraw":
        """All that is needed to draw one animal's pictures."""
        scene = scene_of(
            self.looks,
            self.rows(animal),
            lame_side=int(self.animals.lame_side[animal]),
            animal=animal,
            seed=self.seed,
        )
        coat = make_coat(self.animals.identity[animal], breed_of(self.animals, animal, self.effects))
        return ToDraw(coat, scene, animal, self.seed)


@dataclass(frozen=True)
class ToDraw:
    """One animal's coat and scenes, for a worker."""

    coat: Coat
    scene: Scene
    animal: int
    seed: int


def make_herd(animals: int, seed: int, without: Collection[str] = ()) -> Herd:
    """The truth of a herd. Raises UserError for numbers or names that make no herd."""
    if not 1 <= animals <= MOST_ANIMALS:
        raise UserError(f"a herd of {animals:,} animals cannot be simulated", how=f"Choose 1 to {MOST_ANIMALS:,}")
    if seed < 0:
        raise UserError(f"the seed {seed} is negative", how="Choose a whole number from 0 on")
    effects = effects_without(without)
    who, visits = make_animals(animals, seed)
    episodes = make_episodes(who, visits, seed) if effects.episodes else []
    days = live(who, episodes, effects, seed)
    return Herd(seed, effects, who, visits, episodes, days, look_of(visits, days, effects))


def draw_animal(what: ToDraw, _: np.random.Generator | None = None) -> list[bytes]:
    """One animal's pictures as WebP. The animal's own stream is used, whichever partition it is in."""
    pictures = draw(what.coat, what.scene, stream(what.seed, "picture", what.animal))
    return [encode(picture) for picture in pictures]


def truth_of(study: Path) -> Path:
    """Where the truth of a simulated study lies: a folder beside it. For tests and benchmarks only."""
    return study.with_name(f"{study.name}-truth")


def simulate_herd(
    out: Path,
    *,
    animals: int = 228,
    seed: int = 0,
    pictures: bool = True,
    without: Collection[str] = (),
    name: str = "Sample herd",
    workers: int | None = None,
    report: Report | None = None,
) -> Path:
    """Write a simulated study to the folder ``out``, and its truth to ``truth_of(out)``; give ``out`` back.

    The same arguments give the same bytes, whatever ``workers`` is (see ``map_partitions``), and an animal is
    the same in a herd of any size. pictures: 64-pixel WebP pictures in the table; else 32 feature columns, which
    is much quicker. without: variables, of ``VARIABLES``, that shall have no effect on pictures, labels and
    truth; their columns stay, and all else stays as it was.

    Raises UserError for a folder that is in use, and for arguments that make no herd.
    """
    tell = report or (lambda _fraction, _note: None)
    tell(0.0, "letting the herd live")
    herd = make_herd(animals, seed, without)
    left_out = tuple(name for name in VARIABLES if name in without)
    settings = {"animals": animals, "seed": seed, "pictures": pictures, "without": list(left_out)}
    with atomic_folder(out) as folder, atomic_folder(truth_of(out)) as truth:
        drawn = _draw_all(herd, workers, tell) if pictures else None
        vectors = None if pictures else make_vectors(herd.animals, herd.visits, herd.looks, herd.effects, seed)
        tell(0.97, "writing the study")
        write_study(
            folder,
            describe(name, animals, seed, pictures=pictures, without=left_out),
            herd.animals,
            herd.visits,
            measure(herd.animals, herd.visits, herd.days, seed),
            score(herd.animals, herd.visits, herd.days, seed),
            make_events(herd.animals, herd.visits, herd.episodes, seed),
            pictures=drawn,
            vectors=vectors,
        )
        write_truth(truth, settings, herd.animals, herd.visits, herd.days, herd.episodes)
    tell(1.0, f"{len(herd.visits):,} observations of {animals:,} animals")
    return out


def _draw_all(herd: Herd, workers: int | None, tell: Report) -> list[bytes]:
    def heard(progress: Progress) -> None:
        tell(0.03 + 0.94 * progress.fraction, f"drawing, {progress.note} animals")

    who = [herd.to_draw(animal) for animal in range(len(herd.animals))]
    drawn = map_partitions(draw_animal, who, seed=herd.seed, workers=workers, progress=heard)
    return [picture for of_animal in drawn for picture in of_animal]
