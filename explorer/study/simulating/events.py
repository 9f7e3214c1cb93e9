"""What the herd's diary holds: calvings, treatments, moves and leavings."""

from dataclasses import dataclass

import numpy as np

from explorer.study.simulating.animals import DAYS, NEVER, Animals, Visits
from explorer.study.simulating.health import Episode
from explorer.study.simulating.streams import stream

TREATMENTS = {
    "lameness": "hoof treatment",
    "ketosis": "propylene glycol",
    "mastitis": "udder treatment",
}

TRIM = 0.5
"""Share of animals whose hooves are trimmed once as a matter of routine, healthy or not."""


@dataclass(frozen=True, order=True)
class Event:
    """One line of the diary; days count from the herd's first day."""

    animal: int
    day: int
    kind: str
    detail: str


def make_events(animals: Animals, visits: Visits, episodes: list[Episode], seed: int) -> list[Event]:
    """All events while the animals were in the herd, by animal and day."""
    starts = np.searchsorted(visits.animal, np.arange(len(animals)))
    ends = np.searchsorted(visits.animal, np.arange(len(animals)), side="right") - 1
    last_days = np.minimum(animals.exit, DAYS - 1)
    found: list[Event] = []
    for animal in range(len(animals)):
        rng = stream(seed, "events", animal)
        entry, last = int(animals.entry[animal]), int(last_days[animal])
        for number, day in enumerate(animals.calvings[animal], start=1):
            if entry <= day <= last:
                found.append(Event(animal, int(day), "calving", f"parity {number}"))
        barn = int(animals.barn[animal])
        for day in animals.moves[animal]:
            if day <= last:
                barn = 1 - barn
                found.append(Event(animal, int(day), "move", f"to barn {barn + 1}"))
        trimmed, day = rng.random() < TRIM, int(rng.integers(visits.day[starts[animal]], visits.day[ends[animal]]))
        if trimmed:
            found.append(Event(animal, day, "treatment", "hoof trimming, routine"))
        if animals.exit[animal] < NEVER:
            found.append(Event(animal, last, "exit", animals.exit_reason[animal]))
    found += [
        Event(episode.animal, episode.treated, "treatment", TREATMENTS[episode.kind])
        for episode in episodes
        if episode.treated is not None and episode.treated <= last_days[episode.animal]
    ]
    return sorted(found)
