"""Selected-dimension regression: chosen dimensions of the embedding say the scores."""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.learning.losses.base import Given, Loss, Reduction, present, takes


class SelectedDimensions(Loss):
    """``weight_t (f_k - (y_t - mean_t) / spread_t)^2``, k the dimension of score t, of each row that has it.

    The columns of ``scores``, in their own units, are whatever is to be said: the level of a task, its change. Each
    is reduced on its own over the rows where it is not NaN, then all are added. ``dimensions`` are the embedding's, one
    of each column. ``means`` and ``spreads`` are buffers; ``learnt`` takes them from training rows. The embeddings must
    be raw: of unit vectors no dimension goes beyond 1. Source: O'Mahony et al. 2021, section 5.
    """

    takes = takes("scores")
    hinged = False
    dimensions: Tensor
    means: Tensor
    spreads: Tensor
    weights: Tensor

    def __init__(
        self,
        dimensions: Sequence[int],
        means: Sequence[float],
        spreads: Sequence[float],
        weights: Sequence[float] | None = None,
        *,
        reduction: Reduction = "mean",
    ) -> None:
        weights = [1.0] * len(dimensions) if weights is None else weights
        if not len(dimensions) == len(means) == len(spreads) == len(weights):
            raise ValueError("there must be as many means, spreads and weights as dimensions")
        if len(set(dimensions)) < len(dimensions) or min(dimensions, default=0) < 0:
            raise ValueError(f"dimensions must be different ones from 0 on, not {list(dimensions)}")
        if not all(spread > 0 for spread in spreads):
            raise ValueError(f"spreads must be above 0, not {list(spreads)}")
        super().__init__(reduction=reduction)
        self.register_buffer("dimensions", torch.tensor(dimensions, dtype=torch.int64))
        for name, values in {"means": means, "spreads": spreads, "weights": weights}.items():
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))

    @classmethod
    def learnt(
        cls,
        dimensions: Sequence[int],
        scores: Tensor,
        weights: Sequence[float] | None = None,
        *,
        reduction: Reduction = "mean",
    ) -> "SelectedDimensions":
        """With the means and spreads (ddof 0) of ``scores`` (n, columns): rows of training animals only.

        Raises ValueError for a column without two different values.
        """
        there = ~torch.isnan(scores)
        counts = there.sum(dim=0).double()
        means = scores.double().nan_to_num(0.0).sum(dim=0) / counts
        spreads = (torch.where(there, scores.double() - means, 0.0).square().sum(dim=0) / counts).sqrt()
        flat = [column for column, spread in enumerate(spreads.tolist()) if not spread > 0]
        if flat:
            raise ValueError(f"column {flat[0]} of the scores has no two different values to learn its scale from")
        return cls(dimensions, means.tolist(), spreads.tolist(), weights, reduction=reduction)

    def terms(self, embeddings: Tensor, given: Given) -> tuple[Tensor, ...]:
        """One of each row that has the score, for each score."""
        scores = present(given.scores)
        if scores.shape[1] != len(self.dimensions):
            raise ValueError(f"there are {len(self.dimensions)} dimensions and {scores.shape[1]} scores")
        said = self._read(embeddings)
        wanted = ((scores - self.means) / self.spreads).to(said.dtype)
        there = ~torch.isnan(wanted)
        return tuple(
            weight * (said[rows, column] - wanted[rows, column]).square()
            for column, (rows, weight) in enumerate(zip(there.T, self.weights.to(said.dtype), strict=True))
        )

    def predict(self, embeddings: Tensor) -> Tensor:
        """What raw ``embeddings`` (n, m) say, in the scores' own units; (n, columns)."""
        said = self._read(embeddings)
        return said * self.spreads.to(said.dtype) + self.means.to(said.dtype)

    def _read(self, embeddings: Tensor) -> Tensor:
        most = int(self.dimensions.max()) if self.dimensions.device.type == "cpu" and len(self.dimensions) else 0
        if most >= embeddings.shape[1]:
            raise ValueError(f"the embeddings have {embeddings.shape[1]} dimensions, none of number {most}")
        return embeddings[:, self.dimensions]
