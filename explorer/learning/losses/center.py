"""The center loss: each row near the center of its class."""

import torch
from torch import Tensor

from explorer.learning.losses.base import Given, Loss, Reduction, check_classes, check_dims, present, takes


class CenterLoss(Loss):
    """``|f - c_y|^2 / 2`` of each row f of class y.

    The centers, a buffer (classes, dims), are random at first (PyTorch's own generator). In training mode each call
    then moves those of the batch: ``c <- c + rate * sum(f - c) / (1 + rows of the class)``; no gradient flows through
    that. The loss by itself is least where all embeddings are one: use it beside another. Source: Wen, Zhang, Li & Qiao
    2016, equations 2 to 4, there summed over the batch.
    """

    takes = takes("labels")
    hinged = False
    centers: Tensor

    def __init__(
        self,
        classes: int,
        dims: int,
        *,
        rate: float = 0.5,
        reduction: Reduction = "mean",
        normalise: bool = False,
    ) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, not {rate}")
        super().__init__(reduction=reduction, normalise=normalise)
        self.rate = rate
        self.register_buffer("centers", torch.randn(classes, dims) / dims**0.5)

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each row."""
        labels = present(given.labels).long()
        check_classes(labels, len(self.centers))
        check_dims(embeddings, self.centers.shape[1])
        away = embeddings - self.centers[labels].to(embeddings.dtype)
        if self.training:
            self._move(away.detach().to(self.centers.dtype), labels)
        return (away.square().sum(dim=1) / 2,)

    @torch.no_grad()
    def _move(self, away: Tensor, labels: Tensor) -> None:
        counts = torch.bincount(labels, minlength=len(self.centers)).to(away.dtype)
        total = torch.zeros_like(self.centers).index_add_(0, labels, away)
        self.centers += self.rate * total / (1 + counts)[:, None]
