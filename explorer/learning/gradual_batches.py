"""Batches for metric learning that change gradually: from one to the next, most observations stay."""

from collections.abc import Iterator

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

    def __iter__(self) -> Iterator[npt.NDArray[np.intp]]:
        """Rows (animals * each,), one animal after the other, from the one longest in the batch to the newest."""
        queue: list[int] = []
        batch = {name: self._of(name) for name in self._next(queue, self.animals)}
        while True:
            yield np.concatenate(list(batch.values()))
            staying = list(batch)[self.exchanged :]
            entering = self._next(queue, self.exchanged, kept=staying)
            batch = {name: batch[name] for name in staying} | {name: self._of(name) for name in entering}
