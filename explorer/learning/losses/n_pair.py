"""The n-pair loss: each anchor must find its positive among those of all other classes."""

from pytorch_metric_learning import losses
from pytorch_metric_learning.distances import DotProductSimilarity
from pytorch_metric_learning.reducers import DoNothingReducer
from torch import Tensor

from explorer.learning.losses.base import Given, Loss, Reduction, present, takes
from explorer.learning.losses.peer import elements


class NPairLoss(Loss):
    """``log(1 + sum_(j != i) exp(x_i' p_j - x_i' p_i))`` of one pair (x_i, p_i) of each label: its first two rows.

    Computed by pytorch-metric-learning on dot products of the vectors. Not brought to unit length, vectors can lower
    it by growing: ``regularisation`` times the mean of ``|x|^2`` over the batch is added. Labels of a single row have
    no pair. Source: Sohn 2016, section 3.
    """

    takes = takes("labels")
    hinged = False

    def __init__(self, *, regularisation: float = 0.0, reduction: Reduction = "mean", normalise: bool = False) -> None:
        if regularisation < 0:
            raise ValueError(f"regularisation must be at least 0, not {regularisation}")
        super().__init__(reduction=reduction, normalise=normalise)
        self.regularisation = regularisation
        self.peer = losses.NPairsLoss(
            distance=DotProductSimilarity(normalize_embeddings=False), reducer=DoNothingReducer()
        )

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each label with two rows, and the length of each vector."""
        found = elements(self.peer(embeddings, present(given.labels)), embeddings)
        return found, self.regularisation * embeddings.square().sum(dim=1)
