"""Looks at the validation animals during training: what the best moment is chosen by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.learning.calibration import calibrate
from explorer.learning.encoders import Encoder
from explorer.learning.material import Inputs, Material
from explorer.learning.miners.matches import MatchRule
from explorer.learning.model_files import encode
from explorer.learning.objectives import Objective
from explorer.learning.retrieval import retrieve
from explorer.learning.targets import Targets

_QUERIES_AT_ONCE = 512


@dataclass(frozen=True)
class Seen:
    """What a ``Lookup`` found, as in ``Look``; vectors: float32 (n, dims), of the validation observations."""

    recall: float
    precision: float
    score: float
    alike: float | None
    errors: dict[str, float]
    vectors: npt.NDArray[np.float32]


class Lookup:
    """Looks the validation animals up among each other, and reads their tasks.

    ``across_dates``: any of them was seen on two, and an observation is not looked up among those of its own animal and
    date.
    """

    def __init__(
        self, material: Material, rows: npt.NDArray[np.integer], targets: Targets, device: torch.device
    ) -> None:
        self._inputs: Inputs = material.inputs[rows]
        self._codes = material.codes[rows]
        self._device = device
        dates = material.dates[rows]
        pairs = np.unique(np.stack([self._codes, dates], axis=1)[np.isfinite(dates)], axis=0)
        self.across_dates = len(pairs) > len(np.unique(pairs[:, 0]))
        self._dates = dates if self.across_dates else None
        self._targets = targets
        self._scores = targets.scores[rows].astype(np.float64)
        self._labels = None if targets.labels is None else torch.from_numpy(targets.labels[rows])

    @property
    def spreads(self) -> dict[str, float]:
        """What a spread of each regressed task is, in the task's own unit."""
        return dict(zip(self._targets.names, self._targets.spreads, strict=True))

    @property
    def unseen_tasks(self) -> tuple[str, ...]:
        """Regressed tasks that no validation animal has a value of."""
        there = np.isfinite(self._scores).any(axis=0)
        return tuple(name for name, seen in zip(self._targets.names, there, strict=True) if not seen)

    def __call__(self, encoder: Encoder, objective: Objective) -> Seen:
        """Look with ``encoder`` as the objective would finish it. Both are left in evaluation mode."""
        objective.eval()
        finished = objective.finished(encoder)
        vectors = encode(finished, self._inputs, device=self._device)
        found = retrieve(vectors, self._codes, self._dates)
        recall = float(found.first.mean()) if len(found.first) else 0.0
        precision = float(found.precision.mean()) if len(found.first) else 0.0
        score = recall if objective.recipe.identity > 0 else 0.0
        alike = None
        if self._labels is not None and self._targets.rule is not None:
            alike = self._alike(vectors, self._labels, self._targets.rule)
            score += alike
        errors = self._errors(encoder, objective, finished, vectors)
        if errors:
            score -= float(np.mean(list(errors.values())))
        return Seen(recall, precision, score, alike, errors, vectors)

    def calibrate(self, encoder: Encoder) -> dict[str, float]:
        """Set the scales of ``encoder``'s task dimensions by the validation animals; errors since, as in ``Look``."""
        count = encoder.config.task_dims
        vectors = encode(encoder, self._inputs, device=self._device)[:, :count].astype(np.float64)
        encoder.cpu()
        for place in range(count):
            found = calibrate(vectors[:, place], self._scores[:, place], spread=float(encoder.task_spread[place]))
            if found is not None:
                encoder.task_mean[place], encoder.task_spread[place] = found
        mean, spread = encoder.task_mean.double().numpy(), encoder.task_spread.double().numpy()
        return self._missed(mean + spread * vectors)

    def _errors(
        self, encoder: Encoder, objective: Objective, finished: Encoder, vectors: npt.NDArray[np.float32]
    ) -> dict[str, float]:
        if not self._targets.names:
            return {}
        if objective.layer is not None:
            told = objective.said_by_layer(encoder, self._inputs, self._device).numpy().astype(np.float64)
        else:
            mean, spread = (tensor.cpu().double().numpy() for tensor in (finished.task_mean, finished.task_spread))
            told = mean + spread * vectors[:, : len(mean)].astype(np.float64)
        return self._missed(told)

    def _missed(self, told: npt.NDArray[np.float64]) -> dict[str, float]:
        """Mean absolute errors, in spreads, of what is told of each task (n, T)."""
        missed = np.abs(told - self._scores) / np.array(self._targets.spreads)
        there = np.isfinite(self._scores)
        return {
            name: float(missed[there[:, place], place].mean())
            for place, name in enumerate(self._targets.names)
            if there[:, place].any()
        }

    def _alike(self, vectors: npt.NDArray[np.float32], labels: torch.Tensor, rule: MatchRule) -> float:
        """Share of the observations that are like the nearest other, of those of which that is known."""
        points = torch.from_numpy(vectors)
        codes = torch.from_numpy(self._codes)
        dates = None if self._dates is None else torch.from_numpy(self._dates)
        nearest = []
        for start in range(0, len(points), _QUERIES_AT_ONCE):
            rows = torch.arange(start, min(len(points), start + _QUERIES_AT_ONCE))
            apart = torch.cdist(points[rows], points)
            if dates is not None:
                apart[(codes[rows, None] == codes) & (dates[rows, None] == dates)] = torch.inf
            apart[torch.arange(len(rows)), rows] = torch.inf
            nearest.append(apart.argmin(dim=1))
        positive, known = rule.alike(labels, labels[torch.cat(nearest)])
        return float(positive[known].float().mean()) if bool(known.any()) else 0.0
