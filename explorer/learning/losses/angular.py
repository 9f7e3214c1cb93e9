"""The angular loss of triplets: the angle at the negative at most alpha."""

from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.angles import slope
from explorer.learning.losses.base import Given, Loss, Reduction, present, takes


class AngularLoss(Loss):
    """``[|a-p|^2 - 4 tan^2(alpha) |n-c|^2]_+`` of each triplet, c = (a+p)/2, alpha in degrees.

    It is 0 where the angle at the negative, in the triangle of n, c and a point |a-p|/2 beside c, is at most alpha.
    Right for vectors of any length, without ``normalise`` too. Source: Wang, Zhou, Wen, Liu & Lin 2017, the form for
    one triplet.
    """

    takes = takes("triplets")

    def __init__(self, alpha: float = 45.0, *, reduction: Reduction = "mean", normalise: bool = True) -> None:
        super().__init__(reduction=reduction, normalise=normalise)
        self.slope = slope(alpha)

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each triplet."""
        a, p, n = (embeddings[rows] for rows in present(given.triplets))
        return ((lengths.squared(a, p) - self.slope * lengths.squared(n, (a + p) / 2)).relu(),)
