"""How well predictions of a task agree with its labels, in the task's own unit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.space.bootstrap import UNKNOWN, AnimalBootstrap, Interval


@dataclass(frozen=True)
class TaskScore:
    """What one method's predictions of one task are worth, with 95 % intervals by bootstrap over animals.

    ``mae``: mean absolute error in the task's unit, over observations. ``trivial``: that of the training animals'
    median, told for everyone. ``mae_gain``: ``trivial`` less ``mae``, above 0 when the method is the better one.
    ``mae_lead``: ``mae`` less that of the method it is compared with, below 0 when it is better; None without one.
    Both are differences observation by observation. ``spearman``: rank correlation with the label.
    ``observations`` and ``animals`` are those scored.
    """

    mae: Interval
    spearman: Interval
    trivial: Interval
    mae_gain: Interval
    mae_lead: Interval | None
    observations: int
    animals: int


def score_task(
    predictions: Mapping[str, npt.NDArray[np.floating]],
    true: npt.NDArray[np.floating],
    animals: npt.NDArray[np.integer],
    *,
    trivial: float,
    against: str | None = None,
    seed: int = 0,
) -> dict[str, TaskScore]:
    """Scores by method, on the rows on which the label and all predictions are finite.

    predictions: float (n,) by method, in the task's unit. true: the label, float (n,), NaN where missing. animals:
    int (n,). trivial: the training animals' median; NaN when there is none. against: the method whose error the
    others' are compared with. A correlation is NaN when predictions or labels do not vary, an interval with fewer
    than two animals.
    """
    used = np.isfinite(true)
    for predicted in predictions.values():
        used &= np.isfinite(predicted)
    label = np.asarray(true, dtype=np.float64)[used]
    boot = AnimalBootstrap(animals[used], seed)
    errors = {method: np.abs(np.asarray(one, dtype=np.float64)[used] - label) for method, one in predictions.items()}
    plain = np.abs(label - trivial)
    told = bool(np.isfinite(trivial))
    of_median = boot.mean(plain) if told else UNKNOWN
    return {
        method: TaskScore(
            mae=boot.mean(error),
            spearman=boot.spearman(np.asarray(predictions[method], dtype=np.float64)[used], label),
            trivial=of_median,
            mae_gain=boot.mean(plain - error) if told else UNKNOWN,
            mae_lead=None if against not in errors or method == against else boot.mean(error - errors[against]),
            observations=len(label),
            animals=boot.animals,
        )
        for method, error in errors.items()
    }
