"""Negatives drawn so that near and far ones come alike often."""

import torch
from torch import Tensor
from torch.nn import functional

from explorer.learning.miners.base import Mined, check, distances
from explorer.learning.miners.chance import ChanceMiner
from explorer.learning.miners.matches import Matches
from explorer.learning.tuples import Triplets


class DistanceWeightedMiner(ChanceMiner):
    """For each anchor and each of its positives one negative, drawn with a probability in proportion to 1 / q(d).

    d is the Euclidean distance of the vectors *brought to unit length*, and q(d) = d^(D-2) (1 - d^2/4)^((D-3)/2) its
    density between uniform points on the sphere in D dimensions. Distances below ``nearest`` count as ``nearest``,
    which bounds the weights and with them the noise of gradients; negatives at ``furthest`` or beyond are never drawn,
    as most losses are 0 there. Pairs whose anchor has no negative nearer than that are counted. Source: Wu, Manmatha,
    Smola & Krähenbühl 2017, section 4, there with a bound on the weight instead of ``nearest``; the defaults are those
    of its authors' code.
    """

    def __init__(self, *, nearest: float = 0.5, furthest: float = 1.4, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if not 0 < nearest < furthest <= 2:
            raise ValueError(f"0 < nearest < furthest <= 2 must hold, not {nearest} and {furthest}")
        self.nearest, self.furthest = nearest, furthest

    def __call__(self, embeddings: Tensor, matches: Matches) -> Mined:
        """Triplets by anchor and positive in the order of the batch."""
        weights = self.weights(embeddings, matches)
        anchors, positives = (matches.positive & matches.has_negative[:, None]).nonzero().unbind(dim=1)
        possible = (weights > 0).any(dim=1)[anchors]
        dropped = len(anchors) - int(possible.sum())
        anchors, positives = anchors[possible], positives[possible]
        return Mined(Triplets(anchors, positives, self._draw(weights, anchors)), matches.anchors_dropped, dropped)

    def weights(self, embeddings: Tensor, matches: Matches) -> Tensor:
        """How likely each negative is drawn for each anchor, float32 (n, n): in each row 1 for the likeliest.

        Raises ValueError for embeddings of one dimension, whose sphere has no such density.
        """
        check(embeddings, matches)
        dims = embeddings.shape[1]
        if dims < 2:
            raise ValueError("distance-weighted mining needs embeddings of at least two dimensions")
        apart = distances(functional.normalize(embeddings.detach().float(), dim=1), matches)
        allowed = matches.negative & (apart < self.furthest)
        apart.clamp_(min=self.nearest, max=self.furthest)
        rest = (1 - apart.square() / 4).clamp_(min=torch.finfo(apart.dtype).tiny)
        logs = (2 - dims) * apart.log() + (3 - dims) / 2 * rest.log()
        logs = logs.where(allowed, -torch.inf)
        if not len(logs):
            return logs
        highest = logs.amax(dim=1, keepdim=True)
        return (logs - highest.where(highest.isfinite(), 0.0)).exp()
