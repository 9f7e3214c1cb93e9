"""What all miners share: what they are given, what they give, and the distances they compare."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets

_ROUNDING = 16
"""Units of rounding by which the squared distance of equal rows may miss 0, relative to their squared norms.

Up to 10 was seen, in 2,048 dimensions.
"""


@dataclass(frozen=True, eq=False)
class Mined:
    """The triplets of a batch, and what no triplet was found for.

    anchors_dropped: observations without a positive or without a negative (``Matches`` says which).
    pairs_dropped: pairs of a remaining anchor and a positive for which no negative was suitable.
    """

    triplets: Triplets
    anchors_dropped: int
    pairs_dropped: int = 0


class Miner(ABC):
    """Finds the triplets of a batch that are worth learning from.

    Memory grows with the pairs of a batch, never with its triplets. No gradient passes through a miner.
    """

    @abstractmethod
    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """The triplets of ``embeddings``, float (n, d), between which ``matches`` (of n observations) stand.

        A batch without any gives triplets of length 0. Raises ValueError for embeddings of another length than the
        matches, and for embeddings that are not finite.
        """

    def state_dict(self) -> dict[str, Any]:
        """What a later run needs to go on exactly from here; empty for a miner without chance."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, as ``state_dict`` gave it."""
        if state:
            raise ValueError(f"{type(self).__name__} keeps no state")


def distances(embeddings: Tensor, matches: Matches) -> Tensor:
    """Euclidean (unsquared) distances of ``embeddings`` as given, not normalised: float32 (n, n).

    By the inner products of the centred rows, in float64 if the embeddings are, else in float32. What rounding could
    have made, in float32 distances below a five-hundredth of the rows' distance from their mean, is 0: so equal rows
    are at exactly 0.
    """
    check(embeddings, matches)
    rows = embeddings.detach()
    rows = rows if rows.dtype == torch.float64 else rows.float()
    rows = rows - rows.mean(dim=0)
    products = rows @ rows.T
    squares = products.diagonal()
    both = squares[:, None] + squares
    apart = both.add(products, alpha=-2)
    rounding = both.mul_(_ROUNDING * torch.finfo(rows.dtype).eps)
    return apart.masked_fill_(apart <= rounding, 0).sqrt_().float()


def check(embeddings: Tensor, matches: Matches) -> None:
    """Raise ValueError unless ``embeddings`` are finite, (n, d), and as many as ``matches``."""
    if embeddings.ndim != 2 or len(embeddings) != len(matches):
        raise ValueError(f"embeddings must be ({len(matches)}, d), not {tuple(embeddings.shape)}")
    if not bool(embeddings.isfinite().all()):
        raise ValueError("embeddings must be finite: training has gone astray")
