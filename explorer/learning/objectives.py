"""What one step of training minimises: animals apart, like labels together, tasks said by dimensions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from explorer.learning.encoders import REACH, Encoder, EncoderConfig, encoder_of
from explorer.learning.losses.opml import OpmlLoss
from explorer.learning.losses.selected_dimensions import SelectedDimensions
from explorer.learning.material import Inputs
from explorer.learning.metric_loss import Counts, MetricLoss, Relation
from explorer.learning.miners import class_matches
from explorer.learning.model_files import to_tensor
from explorer.learning.recipe import Recipe
from explorer.learning.targets import Targets

_AT_ONCE = 512


@dataclass(frozen=True)
class Outcome:
    """The loss of a batch, a scalar with a gradient; its ``parts`` without their weights, detached; what was mined."""

    loss: Tensor
    parts: dict[str, Tensor]
    counts: Counts


class Objective(nn.Module):
    """``objective(encoder, inputs, rows)``: the loss of a batch, by ``recipe``.

    The sum of up to three parts: ``identity`` and ``matching``, the metric loss of animals and of labels (see
    ``MetricLoss``), on unit vectors; and ``regression``, the squared error of each task in spreads, averaged over the
    rows that have it, all tasks added (``SelectedDimensions``), on raw vectors. A part that a batch has nothing for
    is 0. What belongs to the objective and is trained or moved with the network, such as the maps of OPML, the centers
    of classes or the final layer, is part of its state.

    codes: the animal of each row of the material, int (n,), -1 for rows that are not learnt from.

    OPML maps the dimensions that say no task, and its map is part of the encoder in the end (``finished``).
    """

    layer: nn.Linear | None
    classes: Tensor
    labels: Tensor | None
    scores: Tensor

    def __init__(
        self, recipe: Recipe, config: EncoderConfig, targets: Targets, codes: npt.NDArray[np.integer], *, seed: int
    ) -> None:
        super().__init__()
        self.recipe, self.rule, self.tasks = recipe, targets.rule, targets.names
        known = np.unique(codes[codes >= 0])
        classes = np.where(codes >= 0, np.searchsorted(known, codes), -1)
        self.register_buffer("classes", torch.from_numpy(classes.astype(np.int64)), persistent=False)
        labels = None if targets.labels is None else torch.from_numpy(targets.labels)
        self.register_buffer("labels", labels, persistent=False)
        self.register_buffer("scores", torch.from_numpy(targets.scores), persistent=False)
        self.said = config.task_dims
        self.apart = recipe.loss == "opml"
        dims = config.dims - self.said if self.apart else config.dims
        self.metric = (
            MetricLoss(recipe, dims=dims, classes=len(known), rule=targets.rule, seed=seed) if recipe.metric else None
        )
        count = len(targets.names)
        self.regression = SelectedDimensions(range(count), targets.means, targets.spreads) if count else None
        self.layer = nn.Linear(config.dims, count) if count and recipe.final_layer else None

    def forward(self, encoder: Encoder, inputs: Tensor, rows: Tensor, *, clusters: Tensor | None = None) -> Outcome:
        """inputs as the encoder takes them; rows int64 (b,) of the material, on the objective's device.

        clusters: int (b,), of each row, for the loss that learns from clusters within the animals.
        """
        raw = encoder.raw(inputs)
        total = raw[:0].sum()  # 0, and part of the graph
        parts: dict[str, Tensor] = {}
        counts = Counts()
        if self.metric is not None:
            units = encoder.unit(raw)
            relations = list(self._relations(rows, clusters))
            found, counts = self.metric(units[:, self.said :] if self.apart else units, relations)
            parts |= found
            for relation in relations:
                total = total + relation.weight * found[relation.name]
        if self.regression is not None:
            said = raw if self.layer is None else self.layer(raw)
            parts["regression"] = self.regression(said, scores=self.scores[rows])
            total = total + self.recipe.weight * parts["regression"]
        return Outcome(total, {name: part.detach() for name, part in parts.items()}, counts)

    def _relations(self, rows: Tensor, clusters: Tensor | None) -> Iterator[Relation]:
        if self.recipe.identity > 0:
            classes = self.classes[rows]
            yield Relation("identity", self.recipe.identity, class_matches(classes), classes=classes, clusters=clusters)
        if self.labels is not None and self.rule is not None:
            labels = self.labels[rows]
            yield Relation("matching", self.recipe.matching, self.rule(labels), labels=labels)

    @torch.no_grad()
    def finished(self, encoder: Encoder) -> Encoder:
        """The encoder as it is to be used: ``encoder`` itself, or for OPML a copy with the map in its last layer.

        L'f of a vector f becomes the dimensions that say no task, which are then half as many (as wide as L), and
        brought to unit length like any others.
        """
        loss = None if self.metric is None else self.metric.loss
        if not isinstance(loss, OpmlLoss):
            return encoder
        config = EncoderConfig(**{**encoder.config.model_dump(), "dims": self.said + loss.L.shape[1]})
        state = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
        for name in ("head.weight", "head.bias"):
            tensor = state[name]
            mapped = (loss.L.mT @ tensor[self.said :].double()).to(tensor.dtype)
            state[name] = torch.cat([tensor[: self.said], mapped])
        return encoder_of(config, state)

    @torch.no_grad()
    def said_by_layer(self, encoder: Encoder, inputs: Inputs, device: torch.device) -> Tensor:
        """What the final layer says of ``inputs`` in the tasks' units, float32 (n, T) on the CPU."""
        assert self.layer is not None and self.regression is not None
        encoder.eval()
        parts = []
        for start in range(0, len(inputs), _AT_ONCE):
            batch = to_tensor(inputs[start : start + _AT_ONCE], device)
            parts.append(self.regression.predict(self.layer(encoder.raw(batch))).cpu())
        return torch.cat(parts)


def with_tasks(config: EncoderConfig, recipe: Recipe) -> EncoderConfig:
    """``config`` with a task dimension for each task that ``recipe`` has one say. Raises ValueError for too many."""
    return EncoderConfig(**{**config.model_dump(), "task_dims": len(recipe.read_dimensions)})


def set_scales(encoder: Encoder, targets: Targets) -> None:
    """Write into ``encoder`` how its task dimensions are read, if it has any."""
    if encoder.config.task_dims:
        encoder.task_mean.copy_(torch.tensor(targets.means))
        encoder.task_spread.copy_(REACH * torch.tensor(targets.spreads, dtype=torch.float64))
