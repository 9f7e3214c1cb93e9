"""Pairs, triplets and quadruplets of a batch, told by the rows of its embeddings."""

from typing import NamedTuple

from torch import Tensor


class Pairs(NamedTuple):
    """Rows of two observations each; int64 (p,) both."""

    first: Tensor
    second: Tensor


class Triplets(NamedTuple):
    """Rows of an anchor, one that is like it and one that is not; int64 (t,) each."""

    anchors: Tensor
    positives: Tensor
    negatives: Tensor


class Quadruplets(NamedTuple):
    """A triplet and a fourth row that is like none of the three; int64 (q,) each."""

    anchors: Tensor
    positives: Tensor
    negatives: Tensor
    others: Tensor
