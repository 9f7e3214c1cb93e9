"""Which animals an encoder learns from, which choose its best moment, and which it has never seen."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from explorer.errors import UserError


@dataclass(frozen=True)
class Split:
    """Three disjoint groups of animals, each sorted."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_animals(
    animals: Collection[str], *, seed: int, shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
) -> Split:
    """Deal ``animals`` to training, validation and test by ``shares``, which must sum to 1.

    The same names and seed give the same split, whatever the order of the names. A group with a share above 0 gets
    at least two animals, since one alone cannot be mistaken for another. Raises UserError when there are too few.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be at least 0 and sum to 1, not {shares}")
    names = sorted(set(animals))
    least = [2 if share > 0 else 0 for share in shares]
    if len(names) < sum(least):
        raise UserError(
            f"{len(names)} animals are too few to learn from some and check on others",
            how=f"Use a study with at least {sum(least)} animals seen more than once",
        )
    sizes = [max(low, round(share * len(names))) for low, share in zip(least, shares, strict=True)]
    while sum(sizes) != len(names):  # rounding, and groups raised to two, are settled by the largest group
        sizes[int(np.argmax(sizes))] += 1 if sum(sizes) < len(names) else -1
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    train, rest = order[: sizes[0]], order[sizes[0] :]
    return Split(tuple(sorted(train)), tuple(sorted(rest[: sizes[1]])), tuple(sorted(rest[sizes[1] :])))
