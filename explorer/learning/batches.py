"""Batches for metric learning: a few animals, several observations of each, on several dates."""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST = 4
"""Observations of an animal in a batch: with fewer there is hardly a choice of positives."""


class AnimalBatches:
    """Endless batches of rows: ``animals`` animals with ``each`` observations apiece (P x K sampling).

    codes: the animal of each row, int (n,), -1 for rows that are not drawn. dates: the date of each row, float (n,),
    NaN where unknown. Animals with a single row are left out: it has nothing to be like. All others come equally
    often, however many rows they have. Of an animal, rows of different dates come first, then other rows, and only
    an animal with fewer than ``each`` rows repeats them. The same seed gives the same batches; ``state_dict`` is where
    they stand.

    Source of P x K: Hermans, Beyer & Leibe 2017, section 2.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.integer],
        dates: npt.NDArray[np.float64],
        *,
        animals: int,
        each: int,
        seed: int,
    ) -> None:
        if each < LEAST:
            raise ValueError(f"each must be at least {LEAST}, not {each}")
        self._rows = {
            int(code): np.flatnonzero(codes == code)
            for code, count in zip(*np.unique(codes[codes >= 0], return_counts=True), strict=True)
            if count > 1
        }
        if len(self._rows) < 2:
            raise ValueError("batches need at least two animals with two observations each")
        self.animals = min(animals, len(self._rows))
        self.each = each
        self._dates = dates
        self._rng = np.random.default_rng(seed)
        self._queue: list[int] = []

    def __iter__(self) -> Iterator[npt.NDArray[np.intp]]:
        """Itself: batches go on from where they stand."""
        return self

    def __next__(self) -> npt.NDArray[np.intp]:
        """Rows (animals * each,), one animal after the other."""
        return np.concatenate([self._of(self._rows[name]) for name in self._next(self.animals)])

    def state_dict(self) -> dict[str, Any]:
        """What later batches depend on, as plain values that JSON can hold."""
        return {"generator": self._rng.bit_generator.state, "queue": list(self._queue)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, as batches of the same rows gave it."""
        self._rng.bit_generator.state = state["generator"]
        self._queue = [int(name) for name in state["queue"]]

    def _next(self, count: int, kept: Collection[int] = ()) -> list[int]:
        """Take the next ``count`` animals that are not ``kept`` out of the queue, which is refilled by whole rounds."""
        queue = self._queue
        while len(ready := list(dict.fromkeys(name for name in queue if name not in kept))) < count:
            # A new round; those still waiting go first and are not drawn twice at once.
            fresh = self._rng.permutation(np.array(list(self._rows))).tolist()
            queue += [name for name in fresh if name not in queue] + [name for name in fresh if name in queue]
        for name in ready[:count]:
            queue.remove(name)
        return ready[:count]

    def _of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """``each`` of these ``rows``, of different dates first."""
        rows = self._rng.permutation(rows)
        _, first = np.unique(self._dates[rows], return_index=True)  # NaN is one date of its own
        apart = self._rng.permutation(rows[first])[: self.each]
        if len(apart) < self.each:
            others = rows[~np.isin(rows, apart)]
            apart = np.concatenate([apart, others])[: self.each]
        if len(apart) < self.each:
            again = self._rng.choice(rows, self.each - len(apart))
            apart = np.concatenate([apart, again])
        return apart
