"""One look at the validation animals during training: what is kept of it, in figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Look:
    """One look at the validation animals, and what was learnt since the one before.

    recall and precision: recall@1 and mAP@R of animals across dates (or within, when there are no others). alike: share
    of the observations whose nearest other is like them by the rule of the matched tasks; None without such. errors:
    of each regressed task the mean absolute error in spreads of the training animals (one that no validation animal has
    is left out); spreads: what one is, in the task's own unit.

    score: recall, where animals are learnt; plus alike, where tasks are matched; less the mean of errors, where tasks
    are regressed. So 2 points of recall weigh as much as 0.02 spreads.

    loss: the mean over the steps since the last look; parts: of its parts, without their weights. triplets: learnt from
    in a step, in the mean. anchors, anchors_dropped, pairs_dropped: ``Counts``, summed over these steps.
    """

    step: int
    loss: float
    recall: float
    precision: float
    score: float
    alike: float | None = None
    errors: Mapping[str, float] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    triplets: float = 0.0
    anchors: int = 0
    anchors_dropped: int = 0
    pairs_dropped: int = 0

    @property
    def rank(self) -> tuple[float, float]:
        """What the best look is chosen by: the score, and mAP@R between equals, which is most of them near 100 %."""
        return self.score, self.precision

    @property
    def error(self) -> float | None:
        """The mean of ``errors``; None when there are none."""
        return float(np.mean(list(self.errors.values()))) if self.errors else None

    @property
    def errors_in_units(self) -> dict[str, float]:
        """The errors in the tasks' own units, as far as ``spreads`` are known."""
        return {task: error * self.spreads[task] for task, error in self.errors.items() if task in self.spreads}

    @property
    def sentence(self) -> str:
        """What it saw, in a few words."""
        said = [f"recall@1 {self.recall:.1%}"]
        if self.alike is not None:
            said.append(f"nearest alike {self.alike:.1%}")
        if self.error is not None:
            said.append(f"error {self.error:.2f} spreads")
        return ", ".join(said)

    def described(self) -> dict[str, Any]:
        """All of it as plain values, for JSON; ``Look(**described)`` is the same look."""
        named = {"errors": dict(self.errors), "spreads": dict(self.spreads), "parts": dict(self.parts)}
        return asdict(self) | named
