"""Batches for metric learning that change gradually: from one to the next, most observations stay."""

from typing import Any

import numpy as np
import numpy.typing as npt

from explorer.learning.batches import AnimalBatches


class GradualBatches(AnimalBatches):
    """Endless batches as ``AnimalBatches`` makes them, but each shares most of its rows with the one before.

    At each step the share ``turnover`` of a batch's animals (above 0, up to 1; at least one animal) leaves it, those
    first that have been in it longest, and as many others enter. An animal keeps its rows while it stays and gets
    others when it enters again. All animals come equally often; where there are no others, those that left enter
    again at once. With a turnover of 1 the batches are those of ``AnimalBatches``.

    Source: O'Mahony et al. 2021, section 4.1, which names the idea; the rule is ours.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.integer],
        dates: npt.NDArray[np.float64],
        *,
        animals: int,
        each: int,
        seed: int,
        turnover: float = 0.25,
    ) -> None:
        if not 0 < turnover <= 1:
            raise ValueError(f"turnover must be above 0 and at most 1, not {turnover}")
        super().__init__(codes, dates, animals=animals, each=each, seed=seed)
        self.exchanged = max(1, round(turnover * self.animals))
        self._batch: dict[int, npt.NDArray[np.intp]] = {}

    def __next__(self) -> npt.NDArray[np.intp]:
        """Rows (animals * each,), one animal after the other, from the one longest in the batch to the newest."""
        staying = list(self._batch)[self.exchanged :]
        entering = self._next(self.animals - len(staying), kept=staying)
        self._batch = {name: self._batch[name] for name in staying} | {
            name: self._of(self._rows[name]) for name in entering
        }
        return np.concatenate(list(self._batch.values()))

    def state_dict(self) -> dict[str, Any]:
        """What later batches depend on, as plain values that JSON can hold."""
        batch = [[name, rows.tolist()] for name, rows in self._batch.items()]
        return super().state_dict() | {"batch": batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, as batches of the same rows gave it."""
        super().load_state_dict(state)
        self._batch = {int(name): np.array(rows, dtype=np.intp) for name, rows in state["batch"]}
