"""Negatives that come too near, by a margin that follows the batch."""

import torch
from torch import Tensor

from explorer.learning.miners.base import Mined, Miner, distances
from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets


class AdaptiveMarginMiner(Miner):
    """For each anchor and positive the anchor's nearest negative n, if d(a,n)^2 < d(a,p)^2 + margin.

    The margin is ``weight`` times (mean d^2 over the batch's negative pairs - mean d^2 over its positive pairs): it
    grows as the two come apart, and is below 0 while negatives are the nearer ones. d is the Euclidean distance of the
    vectors as given; of negatives equally far, the first. Pairs that keep to the margin are counted. Source: Chen,
    Chen, Zhang & Huang 2017 (margin-based online hard negative mining), there with a learned similarity.
    """

    def __init__(self, *, weight: float = 1.0) -> None:
        if not weight > 0:
            raise ValueError(f"weight must be above 0, not {weight}")
        self.weight = weight

    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """Triplets by anchor and positive in the order of the batch."""
        squared = distances(embeddings, matches).square_()
        anchors, positives = (matches.positive & matches.has_negative[:, None]).nonzero().unbind(dim=1)
        if not len(anchors):
            return Mined(Triplets(anchors, anchors, anchors), matches.anchors_dropped)
        margin = self.weight * (squared[matches.negative].mean() - squared[matches.positive].mean())
        near, nearest = squared.where(matches.negative, torch.inf).min(dim=1)
        kept = near[anchors] < squared[anchors, positives] + margin
        dropped = len(anchors) - int(kept.sum())
        anchors, positives = anchors[kept], positives[kept]
        return Mined(Triplets(anchors, positives, nearest[anchors]), matches.anchors_dropped, dropped)
