"""Every choice of a training run but the network's, as one value that can be written down."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from explorer.learning.augmentation import Augmentation

AGREE = 0.5
"""Share of the labels present that must agree, where a recipe does not say how many: of 9 labels,
O'Mahony et al. 2021 found 5 best."""

Option = float | int | str | bool | None


@dataclass(frozen=True)
class Recipe:
    """Every choice of a training run but the network's.

    A batch holds ``each`` observations of ``animals`` animals; with ``turnover`` only that share of the animals is
    exchanged from one batch to the next (``GradualBatches``). The rate falls from ``rate`` to 0 along a half cosine
    over ``steps``, after ``warm_up`` steps of rising. Every ``look_every`` steps the validation animals are looked
    up; after ``patience`` looks without a better rank (``Look``) training ends. ``shares`` deal the animals to
    training, validation and test.

    What a step minimises (``Objective`` says how) is the sum of

    - ``identity`` times the metric loss of animals: like each other is what shows one animal (0: not learnt);
    - ``matching`` times the metric loss of labels: like each other are observations of which at least ``min_matches``,
      or ``min_fraction`` of the labels present, of ``tasks`` agree (neither given: ``AGREE`` of them);
    - ``weight`` times the squared errors of ``regress``: tasks each of which one dimension of the embedding says
      (all tasks added, each in spreads of the training animals). With ``final_layer`` one more linear layer, used in
      training only, says them instead, and no dimension does.

    O'Mahony et al. 2021 (S1) compare OPML with OPML+MSE, whose "extra layer hindered training", and do not say what it
    is. We take it to be this final layer: OPML is ``loss="opml"`` without ``regress``, OPML+MSE with ``regress`` and
    ``final_layer``, and ours, without a final layer, with ``regress`` alone.

    The metric loss is ``loss``, one of ``losses.LOSSES``, on triplets of ``miner``, one of ``MINERS``, where it takes
    triplets; ``loss_options`` and ``miner_options`` are their settings. ``margin`` is the triplet loss's and bounds
    the band of its semi-hard negatives. For the magnet loss a batch is ``animals`` clusters of ``each`` observations
    (``MagnetBatches``), of at most ``clusters`` an animal, found anew every ``refresh_every`` steps. The defaults
    learn identity alone.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    steps: int = 2_000
    animals: int = 32
    each: int = 4
    rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 1e-4
    margin: float = 0.2
    look_every: int = 100
    patience: int = 8
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    augmentation: Augmentation = field(default_factory=Augmentation)
    identity: float = 1.0
    tasks: tuple[str, ...] = ()
    min_matches: int | None = None
    min_fraction: float | None = None
    matching: float = 1.0
    loss: str = "triplet"
    loss_options: Mapping[str, Option] = field(default_factory=dict)
    miner: str = "semi_hard"
    miner_options: Mapping[str, Option] = field(default_factory=dict)
    regress: tuple[str, ...] = ()
    weight: float = 0.1
    final_layer: bool = False
    turnover: float | None = None
    clusters: int = 3
    refresh_every: int = 200

    @property
    def metric(self) -> bool:
        """Whether there is a metric part at all."""
        return self.identity > 0 or bool(self.tasks)

    @property
    def read_dimensions(self) -> tuple[str, ...]:
        """The tasks that a dimension of the embedding will say, in the order of their dimensions from 0 on."""
        return () if self.final_layer else self.regress

    def described(self) -> dict[str, Any]:
        """All choices as plain values, for JSON; ``read_recipe`` makes them a recipe again."""
        return asdict(self) | {"loss_options": dict(self.loss_options), "miner_options": dict(self.miner_options)}


def read_recipe(described: Mapping[str, Any]) -> Recipe:
    """A recipe of what ``described`` gave. Raises pydantic's ValidationError (a ValueError) for anything else."""
    return TypeAdapter(Recipe).validate_python(dict(described))


def rate_at(step: int, recipe: Recipe) -> float:
    """The share of the full learning rate at ``step``: a linear rise, then half a cosine down to 0."""
    if step < recipe.warm_up:
        return (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
