"""The hardest triplet of each anchor."""

import torch
from torch import Tensor

from explorer.learning.miners.base import Mined, Miner, distances
from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets


class HardMiner(Miner):
    """For each anchor its farthest positive and its nearest negative, by Euclidean distance of the vectors as given.

    Of equally far ones, the first. Source: Hermans, Beyer & Leibe 2017, equation 5 ("batch hard").
    """

    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """One triplet for each anchor, in the order of the batch."""
        apart = distances(embeddings, matches)
        anchors = matches.anchors
        if not len(anchors):
            return Mined(Triplets(anchors, anchors, anchors), matches.anchors_dropped)
        positives = apart.where(matches.positive, -torch.inf).argmax(dim=1)
        negatives = apart.where(matches.negative, torch.inf).argmin(dim=1)
        return Mined(Triplets(anchors, positives[anchors], negatives[anchors]), matches.anchors_dropped)
