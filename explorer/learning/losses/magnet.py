"""The magnet loss: clusters within each class, away from the clusters of other classes."""

import torch
from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, present, takes


class MagnetLoss(Loss):
    """``[|r - mu|^2 / (2 s) + margin + log(sum exp(-|r - mu'|^2 / (2 s)))]_+`` of each row r, mu its cluster's mean.

    mu' are the means of the clusters of other classes, ``s = sum |r - mu|^2 / (n - 1)`` is the variance over the batch
    (already squared: it is not squared again). ``clusters`` names each row's cluster, a number of its own within each
    class; without it a class is one cluster. 0 for a batch of a single class. Meant for batches of a few clusters
    with as many rows each. Source: Rippel, Paluri, Dollar & Bourdev 2016.
    """

    takes = takes("labels", "labels clusters")

    def __init__(self, margin: float = 1.0, *, reduction: Reduction = "mean", normalise: bool = False) -> None:
        super().__init__(reduction=reduction, normalise=normalise)
        self.margin = margin

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each row."""
        labels = present(given.labels)
        within = torch.zeros_like(labels) if given.clusters is None else given.clusters.to(labels.dtype)
        keys, own = torch.unique(torch.stack([labels, within], dim=1), dim=0, return_inverse=True)
        if not len(keys) or bool((keys[:, 0] == keys[0, 0]).all()):
            return ()
        counts = torch.bincount(own, minlength=len(keys)).to(embeddings.dtype)
        means = embeddings.new_zeros(len(keys), embeddings.shape[1]).index_add(0, own, embeddings) / counts[:, None]
        squares = lengths.matrix(embeddings, means).square()
        near = lengths.squared(embeddings, means[own])
        same = labels[:, None] == keys[None, :, 0]
        return (magnet_terms(near, squares, same, spread(near), self.margin),)


def spread(near: Tensor) -> Tensor:
    """The variance s of n rows, of whose squared distances from their clusters' means ``near`` (n,) tells."""
    return (near.sum() / (len(near) - 1)).clamp(min=torch.finfo(near.dtype).eps)  # 0: all rows are means


def magnet_terms(near: Tensor, squares: Tensor, same: Tensor, variance: Tensor, margin: float) -> Tensor:
    """The loss of each row (k,), of its squared distances from its own mean (k,) and from all means (k, c).

    same: bool (k, c), the means of the row's own class. variance: that of all rows.
    """
    others = torch.logsumexp((-squares / (2 * variance)).masked_fill(same, -torch.inf), dim=1)
    return (near / (2 * variance) + margin + others).relu()
