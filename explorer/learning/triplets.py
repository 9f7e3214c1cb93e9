"""The triplet loss: one animal's observations nearer to each other than to any other animal's."""

from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import TripletMarginMiner
from torch import Tensor, nn


class SemihardTriplets(nn.Module):
    """Mean over the semi-hard triplets (a, p, n) of a batch of ``[d(a,p) - d(a,n) + margin]_+``.

    d is the unsquared Euclidean distance of the vectors brought to unit length, so that raw and unit vectors give the
    same. Semi-hard: ``0 < d(a,n) - d(a,p) <= margin``. The mean is over triplets with a loss above 0; without any
    the loss is 0. Source: Schroff, Kalenichenko & Philbin 2015, equations 1 and 4, there with squared distances.
    """

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.miner = TripletMarginMiner(margin=margin, type_of_triplets="semihard")
        self.loss = TripletMarginLoss(margin=margin)

    def forward(self, vectors: Tensor, animals: Tensor) -> Tensor:
        """The loss of ``vectors`` (n, d) of ``animals`` int (n,); a scalar."""
        return self.loss(vectors, animals, self.miner(vectors, animals))
