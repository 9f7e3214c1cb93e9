"""Distances within a class as long as the scores are apart."""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, present, same_label, takes


class DistanceRegression(Loss):
    """``w_t (d_ij - |y_it - y_jt| / s_t)^2`` of each pair of one class and each task t that both rows have.

    d is the Euclidean distance, y_t are the columns of ``scores`` in their own units, ``units`` s_t says how much of a
    task is a distance of 1 (learn it on training animals, their spread for instance), ``weights`` are w_t. Pairs are
    ``positives``, or all of one label, each once. The distances of unit vectors end at 2; so ``normalise`` is off.
    Source: the weighted mean squared error of intra-class distances that O'Mahony et al. 2021 propose in section 7,
    in a form of our own, since they give none.
    """

    takes = takes("labels scores", "positives scores")
    hinged = False
    weights: Tensor
    units: Tensor

    def __init__(
        self,
        weights: Sequence[float],
        units: Sequence[float],
        *,
        reduction: Reduction = "mean",
        normalise: bool = False,
    ) -> None:
        if len(weights) != len(units) or not all(unit > 0 for unit in units):
            raise ValueError("there must be as many units as weights, all above 0")
        super().__init__(reduction=reduction, normalise=normalise)
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float64))
        self.register_buffer("units", torch.tensor(units, dtype=torch.float64))

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each pair and task that is there."""
        scores = present(given.scores)
        if scores.shape[1] != len(self.weights):
            raise ValueError(f"there are {len(self.weights)} weights and {scores.shape[1]} scores")
        pairs = given.positives if given.labels is None else same_label(given.labels)
        first, second = present(pairs)
        wanted = (scores[first] - scores[second]).abs() / self.units
        there = ~torch.isnan(wanted)
        found = lengths.distance(embeddings[first], embeddings[second])[:, None].expand_as(wanted)
        missed = found[there] - wanted[there].to(found.dtype)
        return (self.weights.to(found.dtype).expand_as(wanted)[there] * missed.square(),)
