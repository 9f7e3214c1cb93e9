"""Which threshold a query gets: its group, the larger groups that one stands in for, and what it might be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.study.strata import Strata

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ALL = "all"
"""The label of all observations together."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of n observations.

    ``levels``: int64 (n,) codes, the finest first, each a union of those before, all observations together last.
    ``labels``: of the codes of each level. ``plausible``: for each finest group in which something is unknown, the
    finest groups that such a query may belong to.
    """

    levels: tuple[Ints, ...]
    labels: tuple[tuple[str, ...], ...]
    plausible: dict[int, Ints]

    @property
    def count(self) -> int:
        """How many finest groups there are."""
        return len(self.labels[0])

    def shuffled(self, rng: np.random.Generator) -> "Groups":
        """The same groups in the same sizes, dealt to the observations at random: what is due to chance."""
        order = rng.permutation(len(self.levels[0]))
        return Groups(tuple(level[order] for level in self.levels), self.labels, self.plausible)


def together(n: int) -> Groups:
    """All ``n`` observations in one group."""
    return Groups((np.zeros(n, dtype=np.int64),), ((ALL,),), {})


def of_labels(codes: npt.NDArray[np.integer], labels: Sequence[str]) -> Groups:
    """Groups by their ``codes`` (n,), with nothing between them and all observations together."""
    fine = codes.astype(np.int64)
    return Groups((fine, np.zeros_like(fine)), (tuple(labels), (ALL,)), {})


def may_be(strata: Ints, codes: Ints) -> Bools:
    """Which of k ``strata`` (k, v), codes of v variables, a search of ``codes`` (v,) may belong to, bool (k,).

    -1 is a value that is not known. Those that agree in all that is known; where none does, any.
    """
    agree = np.asarray(((strata == codes) | (codes < 0)).all(axis=1))
    return agree if agree.any() else np.ones(len(strata), dtype=bool)


def of_strata(nested: Sequence[Strata]) -> Groups:
    """Groups by strata as ``nested_strata`` gives them. Where a variable is missing, a stratum is not known."""
    fine = nested[0].table
    parts = [fine[name].cat for name in fine.columns if name not in ("n", "label")]
    codes = np.stack([np.asarray(part.codes) for part in parts], axis=1)
    missing = codes == np.array([len(part.categories) - 1 for part in parts])  # its own value, and the last
    codes = np.where(missing, -1, codes)
    whole = np.flatnonzero(~missing.any(axis=1))
    plausible = {row: whole[may_be(codes[whole], codes[row])] for row in np.flatnonzero(missing.any(axis=1)).tolist()}
    return Groups(
        tuple(level.codes for level in nested), tuple(tuple(level.table["label"]) for level in nested), plausible
    )
