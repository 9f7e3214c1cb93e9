"""What a training run can be asked for, in plain words, for those who choose without PyTorch: the app."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LossChoice:
    """A loss as it is offered. ``takes`` is what it learns from, as ``metric_loss`` gives it."""

    title: str
    said: str
    takes: Literal["triplets", "quadruplets", "pairs", "scores", "labels"]


@dataclass(frozen=True)
class MinerChoice:
    """A miner as it is offered."""

    title: str
    said: str


LOSSES_SAID = {
    "triplet": LossChoice(
        "Triplet",
        "Of three observations, the two alike must be nearer than the third, by a margin. The usual choice.",
        "triplets",
    ),
    "angular": LossChoice(
        "Angular", "As triplet, but by the angle at the one unlike rather than by a distance.", "triplets"
    ),
    "opml": LossChoice(
        "OPML",
        "As angular, with a weight for each triplet, under a map that keeps directions at right angles; the vectors "
        "have half as many dimensions.",
        "triplets",
    ),
    "quadruplet": LossChoice(
        "Quadruplet", "Two alike must also be nearer than any two unlike, with margins that adapt.", "quadruplets"
    ),
    "contrastive": LossChoice("Contrastive", "Pairs alike are drawn together, others pushed a margin apart.", "pairs"),
    "lifted_structure": LossChoice(
        "Lifted structure", "Each pair alike against all that is unlike either of the two, at once.", "pairs"
    ),
    "histogram": LossChoice(
        "Histogram", "How likely an unlike pair is more similar than a pair alike, over the whole batch.", "pairs"
    ),
    "ladder": LossChoice(
        "Ladder", "The more tasks agree, the more similar; learns from tasks only, not from animals.", "scores"
    ),
    "angular_batch": LossChoice(
        "Angular, whole batch", "The angular loss of each pair against all other animals at once.", "labels"
    ),
    "n_pair": LossChoice("N-pair", "Each anchor must find its partner among those of all other animals.", "labels"),
    "center": LossChoice(
        "Center",
        "Each observation near the center of its animal. Nothing pushes animals apart: weak alone.",
        "labels",
    ),
    "triplet_center": LossChoice(
        "Triplet-center", "Each observation nearer to the center of its animal than to any other center.", "labels"
    ),
    "magnet": LossChoice("Magnet", "Clusters of each animal, away from the clusters of others.", "labels"),
}
"""The metric losses by name, the usual one first."""

MINERS_SAID = {
    "semi_hard": MinerChoice(
        "Semi-hard", "The nearest of the unlike that are still farther than the one alike. The usual choice."
    ),
    "hard": MinerChoice("Hard", "Of each anchor the farthest alike and the nearest unlike. Fast, and easily unstable."),
    "distance_weighted": MinerChoice("By distance", "Drawn so that near and far ones come about equally often."),
    "adaptive_margin": MinerChoice(
        "Adaptive margin", "The nearest unlike, where it comes nearer than a margin allows."
    ),
    "random": MinerChoice("Random", "Drawn by chance alone."),
}
"""The miners by name, the usual one first."""


def losses_for(*, animals: bool, tasks: bool) -> list[str]:
    """The losses that can learn which animals are which, that tasks agree, or both; none for neither."""
    if not animals and not tasks:
        return []
    return [
        name
        for name, loss in LOSSES_SAID.items()
        if not (loss.takes == "labels" and tasks) and not (loss.takes == "scores" and animals)
    ]


def takes_miner(loss: str) -> bool:
    """Whether ``loss`` learns from the triplets of a miner, so that the miner makes a difference."""
    return LOSSES_SAID[loss].takes in ("triplets", "quadruplets")
