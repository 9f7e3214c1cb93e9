"""The triplet loss: the positive nearer to the anchor than the negative, by a margin."""

from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, present, takes


class TripletLoss(Loss):
    """``[d(a,p) - d(a,n) + margin]_+`` of each triplet, d the Euclidean distance.

    ``squared=True`` takes the squared distances, as the paper does: Schroff, Kalenichenko & Philbin 2015. Not
    pytorch-metric-learning's loss, which is equal for unit vectors: it finds distances by products, which in float32
    lose digits of small ones between long vectors.
    """

    takes = takes("triplets")

    def __init__(
        self,
        margin: float = 0.2,
        *,
        squared: bool = False,
        reduction: Reduction = "nonzero",
        normalise: bool = True,
    ) -> None:
        super().__init__(reduction=reduction, normalise=normalise)
        self.margin = margin
        self.measure = lengths.squared if squared else lengths.distance

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each triplet."""
        a, p, n = (embeddings[rows] for rows in present(given.triplets))
        return ((self.measure(a, p) - self.measure(a, n) + self.margin).relu(),)
