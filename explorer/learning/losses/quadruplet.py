"""The quadruplet loss: similar pairs closer than any dissimilar pair, also one without the anchor."""

import torch
from torch import Tensor

from explorer.learning.losses import lengths
from explorer.learning.losses.base import Given, Loss, Reduction, present, takes


class QuadrupletLoss(Loss):
    """``[d^2(a,p) - d^2(a,n) + m_1]_+`` and ``[d^2(a,p) - d^2(n,o) + m_2]_+`` of each quadruplet, reduced apart.

    d is the Euclidean distance. ``margins`` are (m_1, m_2), m_2 < m_1. Without, they adapt to the batch:
    ``m_r = w_r (mean d^2 of dissimilar pairs - mean d^2 of similar pairs)``, ``weights`` w_r, over the pairs (a,n) and
    (n,o), and (a,p), of the quadruplets; no gradient flows through them. Source: Chen, Chen, Zhang & Huang 2017,
    with Euclidean distance in the place of their learned similarity.
    """

    takes = takes("quadruplets")

    def __init__(
        self,
        margins: tuple[float, float] | None = None,
        *,
        weights: tuple[float, float] = (1.0, 0.5),
        reduction: Reduction = "mean",
        normalise: bool = True,
    ) -> None:
        for name, (first, second) in {"margins": margins or (1.0, 0.5), "weights": weights}.items():
            if not second < first:
                raise ValueError(f"the second of {name} must be smaller than the first, not {second} and {first}")
        super().__init__(reduction=reduction, normalise=normalise)
        self.margins = margins
        self.weights = weights

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each quadruplet with the anchor's negative, and one with the other pair."""
        a, p, n, o = (embeddings[rows] for rows in present(given.quadruplets))
        similar, near, far = lengths.squared(a, p), lengths.squared(a, n), lengths.squared(n, o)
        if self.margins is None:
            gap = (torch.cat([near, far]).mean() - similar.mean()).detach()
            first, second = self.weights[0] * gap, self.weights[1] * gap
        else:
            first, second = similar.new_tensor(self.margins)
        return (similar - near + first).relu(), (similar - far + second).relu()
