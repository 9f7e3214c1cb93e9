"""The ladder loss: what is more relevant is more similar, rung by rung."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from explorer.learning.losses.base import Given, Loss, Reduction, present, takes
from explorer.learning.miners.matches import MatchRule


class LadderLoss(Loss):
    """``weight [margin - min_(r >= t) s + max_(r < t) s]_+`` of each row and each rung t, all rungs added.

    s is the dot product of two rows (their cosine with ``normalise``), r their relevance: the share of all labels
    (columns of ``scores``) that match: both are there and differ by at most the label's tolerance (``MatchRule`` says
    what ``periods`` are). A row counts on a rung that has others on both sides. ``thresholds`` fall: t_1 > t_2 > ...;
    ``margins`` and ``weights`` have one entry for each. Each rung is reduced on its own. Memory: n by n. Source: Zhou,
    Niu, Wang, Gao, Zhang & Hua 2020, with their hardest samples; within one kind of data its two directions are one.
    """

    takes = takes("scores")

    def __init__(
        self,
        tolerances: Sequence[float],
        thresholds: Sequence[float],
        margins: Sequence[float],
        weights: Sequence[float] | None = None,
        *,
        periods: Sequence[float | None] = (),
        reduction: Reduction = "mean",
        normalise: bool = True,
    ) -> None:
        weights = [1.0] * len(thresholds) if weights is None else weights
        if not len(thresholds) == len(margins) == len(weights) > 0:
            raise ValueError("a ladder needs at least one threshold, and as many margins and weights")
        if any(not later < sooner for sooner, later in pairwise(thresholds)):
            raise ValueError(f"thresholds must fall, not {list(thresholds)}")
        super().__init__(reduction=reduction, normalise=normalise)
        self.rungs = tuple(zip(thresholds, margins, weights, strict=True))
        self.rule = MatchRule(tolerances, periods, min_matches=1)  # how many match is all that is asked of it

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each row that counts, for each rung."""
        relevance = self.relevance(present(given.scores))
        similarity = embeddings @ embeddings.mT
        itself = torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
        return tuple(
            weight
            * (margin + _gap(similarity, (relevance >= threshold) & ~itself, (relevance < threshold) & ~itself)).relu()
            for threshold, margin, weight in self.rungs
        )

    def relevance(self, scores: Tensor) -> Tensor:
        """The share of matching labels of each two rows; (n, labels) -> float64 (n, n)."""
        return self.rule.count(scores).double() / len(self.rule.tolerances)


def _gap(similarity: Tensor, relevant: Tensor, others: Tensor) -> Tensor:
    """The most similar other row less the least similar relevant one, of rows that have both."""
    counts = relevant.any(dim=1) & others.any(dim=1)
    least = similarity.masked_fill(~relevant, torch.inf)[counts].amin(dim=1)
    return similarity.masked_fill(~others, -torch.inf)[counts].amax(dim=1) - least
