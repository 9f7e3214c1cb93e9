"""Lifted structure: each similar pair against all that is dissimilar to either of the two."""

import torch
from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, takes


class LiftedStructureLoss(Loss):
    """``[J]_+^2 / 2`` of each similar pair (i, j), d the Euclidean distance.

    ``J = log(sum_k exp(margin - d_ik) + sum_l exp(margin - d_jl)) + d_ij``; k and l are all rows dissimilar to i and
    to j. A pair with neither has loss 0. Pairs are those given, or all of the labels, each once. Equal to
    pytorch-metric-learning's where that has a dissimilar row for each pair, in memory of n by n rather than similar by
    dissimilar pairs; that also gives up on a batch with only one pair of each sort. Source: Oh Song, Xiang, Jegelka &
    Savarese 2016, equation 4.
    """

    takes = takes("labels", "positives negatives")

    def __init__(self, margin: float = 1.0, *, reduction: Reduction = "mean", normalise: bool = True) -> None:
        super().__init__(reduction=reduction, normalise=normalise)
        self.margin = margin

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each similar pair."""
        distances = lengths.matrix(embeddings, embeddings)
        (i, j), (first, second) = given.pairs()
        similar = torch.ones_like(distances, dtype=torch.bool)
        similar[first, second] = similar[second, first] = False
        near = torch.logsumexp((self.margin - distances).masked_fill(similar, -torch.inf), dim=1)
        return ((torch.logaddexp(near[i], near[j]) + distances[i, j]).relu().square() / 2,)
