"""For each positive the nearest of the negatives that are farther away than it."""

import torch
from torch import Tensor

from explorer.learning.miners.base import Mined, Miner, distances
from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets

_PAIRS_AT_ONCE = 2**17
"""Pairs that are sorted at the same time: few enough to stay in a processor's cache."""

_COLUMN_BITS = 30
_COLUMN = 2**_COLUMN_BITS - 1


class SemiHardMiner(Miner):
    """For each anchor a and each of its positives p, the negative n with the smallest d(a,n) > d(a,p).

    d is the unsquared Euclidean distance of the vectors as given, in float32; of negatives equally far, the first.
    band: if given, d(a,n) < d(a,p) + band must hold as well. Pairs without such a negative are counted. Source:
    Schroff, Kalenichenko & Philbin 2015, equation 4 (there squared, on unit vectors: the same order).
    """

    def __init__(self, *, band: float | None = None) -> None:
        if band is not None and not band > 0:
            raise ValueError(f"band must be above 0, not {band}")
        self.band = band

    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """Triplets by anchor in the order of the batch, and of one anchor from its nearest positive to its farthest."""
        apart = distances(embeddings, matches)
        step = max(1, _PAIRS_AT_ONCE // max(1, len(apart)))
        parts = []
        for first in range(0, len(apart), step):
            rows = slice(first, first + step)
            parts.append(_farther(apart[rows], matches.positive[rows], matches.negative[rows], first))
        anchors, positives, negatives = torch.cat(parts, dim=1) if parts else apart.new_empty(3, 0, dtype=torch.int64)
        if self.band is not None:
            near = apart[anchors, negatives] < apart[anchors, positives] + self.band
            anchors, positives, negatives = anchors[near], positives[near], negatives[near]
        pairs = int(matches.positive[matches.anchors].sum())
        return Mined(Triplets(anchors, positives, negatives), matches.anchors_dropped, pairs - len(anchors))


def _farther(apart: Tensor, positive: Tensor, negative: Tensor, first: int) -> Tensor:
    """The triplets of a block of anchors (rows ``first``, ``first`` + 1, ...), int64 (3, t); arguments (rows, n)."""
    n = apart.shape[1]
    # One whole number for each pair: its distance (the bits of floats above 0 are ordered as the floats are), then
    # its part (negative 0, neither 1, positive 2: at one distance the negatives come first), then its column.
    keys = apart.view(torch.int32).to(torch.int64)
    keys <<= 2
    keys += 1 + positive.to(torch.int8) - negative.to(torch.int8)
    keys <<= _COLUMN_BITS
    keys += torch.arange(n, device=keys.device)
    keys = _sorted(keys).flatten()
    part = (keys >> _COLUMN_BITS) & 3
    is_negative = part == 0
    pairs = (part == 2).nonzero().squeeze(1)
    anchors = torch.arange(len(apart), device=keys.device).repeat_interleave(positive.sum(dim=1))
    negatives = is_negative.nonzero().squeeze(1)
    following = is_negative.cumsum(dim=0)[pairs]  # of all the block's negatives, the next after each pair
    found = (following < negative.sum(dim=1).cumsum(dim=0)[anchors]).nonzero().squeeze(1)  # it is of the same anchor
    anchors, pairs, following = anchors[found], pairs[found], negatives[following[found]]
    return torch.stack([anchors + first, keys[pairs] & _COLUMN, keys[following] & _COLUMN])


def _sorted(keys: Tensor) -> Tensor:
    """Each row of ``keys`` int64 (rows, n) ascending."""
    if keys.device.type == "cpu":  # NumPy sorts whole numbers with vector instructions: three times as fast
        keys.numpy().sort(axis=1)
        return keys
    return keys.sort(dim=1).values
