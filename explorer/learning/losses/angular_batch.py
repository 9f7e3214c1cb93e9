"""The angular loss of a batch: every pair of one label against all other labels at once."""

from pytorch_metric_learning import losses
from pytorch_metric_learning.reducers import DoNothingReducer
from torch import Tensor

from explorer.learning.losses.angles import slope
from explorer.learning.losses.base import Given, Loss, Reduction, present, takes
from explorer.learning.losses.peer import elements


class AngularBatchLoss(Loss):
    """``log(1 + sum_n exp f)`` of each (a, p) of one label, ``f = 4 tan^2(alpha) (a+p)' n - 2 (1+tan^2(alpha)) a' p``.

    n are all rows of other labels, alpha is in degrees, and all vectors are brought to unit length, for which alone
    the form is defined: pytorch-metric-learning, which computes it, leaves n as it comes. A pair counts in both
    directions. Memory: pairs by n. Source: Wang, Zhou, Wen, Liu & Lin 2017, the form
    for a batch.
    """

    takes = takes("labels")
    hinged = False

    def __init__(self, alpha: float = 45.0, *, reduction: Reduction = "mean") -> None:
        slope(alpha)  # refuses what is no angle
        super().__init__(reduction=reduction, normalise=True)
        self.peer = losses.AngularLoss(alpha, reducer=DoNothingReducer())

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each pair of one label."""
        return (elements(self.peer(embeddings, present(given.labels)), embeddings),)
