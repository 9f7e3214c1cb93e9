"""The triplet-center loss: each row nearer to the center of its class than to any other center."""

import torch
from torch import Tensor, nn

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, check_classes, check_dims, present, takes


class TripletCenterLoss(Loss):
    """``[|f - c_y|^2 / 2 + margin - min_(j != y) |f - c_j|^2 / 2]_+`` of each row f of class y.

    The centers are a parameter (classes, dims), random at first (PyTorch's own generator): the optimiser must be given
    the parameters of the loss beside those of the network. Source: He, Zhou, Zhou, Bai & Bai 2018, there
    summed over the batch.
    """

    takes = takes("labels")

    def __init__(
        self,
        classes: int,
        dims: int,
        margin: float = 1.0,
        *,
        reduction: Reduction = "mean",
        normalise: bool = False,
    ) -> None:
        if classes < 2:
            raise ValueError(f"there must be at least 2 classes, not {classes}")
        super().__init__(reduction=reduction, normalise=normalise)
        self.margin = margin
        self.centers = nn.Parameter(torch.randn(classes, dims) / dims**0.5)

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each row."""
        labels = present(given.labels).long()
        check_classes(labels, len(self.centers))
        check_dims(embeddings, self.centers.shape[1])
        squares = lengths.matrix(embeddings, self.centers.to(embeddings.dtype)).square() / 2
        own = squares.gather(1, labels[:, None])
        others = squares.scatter(1, labels[:, None], torch.inf).amin(dim=1)
        return ((own[:, 0] + self.margin - others).relu(),)
