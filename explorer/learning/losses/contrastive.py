"""The contrastive loss: similar pairs together, others a margin apart."""

from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, takes


class ContrastiveLoss(Loss):
    """``d^2`` of each similar pair, ``[margin - d]_+^2`` of each other pair, d the Euclidean distance.

    Similar and dissimilar pairs are reduced apart and added, so that the many dissimilar ones do not drown the others.
    Source: Hadsell, Chopra & LeCun 2006, equation 4, without its factor 1/2. ``squared=False`` is d and
    ``[margin - d]_+`` instead, as in pytorch-metric-learning. Pairs are those given, or all of the labels, each once.
    Memory: n by n.
    """

    takes = takes("labels", "positives negatives")

    def __init__(
        self,
        margin: float = 1.0,
        *,
        squared: bool = True,
        reduction: Reduction = "mean",
        normalise: bool = True,
    ) -> None:
        super().__init__(reduction=reduction, normalise=normalise)
        self.margin = margin
        self.power = 2 if squared else 1

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of the similar and one of the dissimilar pairs."""
        distances = lengths.matrix(embeddings, embeddings)
        similar, others = given.pairs()
        apart = (self.margin - distances[others]).relu()
        return distances[similar] ** self.power, apart**self.power
