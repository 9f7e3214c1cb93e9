"""OPML without a network: an orthogonal map of vectors that satisfies given triplets as well as it can."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from explorer.learning.losses.opml import Weighting, first_maps, minimise_opml

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OpmlFit:
    """The map ``L`` and the weights' ``A``, (d, l) each; A is None without weights.

    ``history`` are J, above log 2, and ``gradient_norms`` the norms of its Riemannian gradient, at the start and after
    each step; both (steps taken + 1,).
    """

    L: Matrix
    A: Matrix | None
    history: Matrix
    gradient_norms: Matrix

    def transform(self, vectors: npt.ArrayLike) -> Matrix:
        """L'x of each vector; (n, d) -> float64 (n, l)."""
        return np.asarray(vectors, dtype=np.float64) @ self.L


def fit_opml(
    a: npt.ArrayLike,
    p: npt.ArrayLike,
    n: npt.ArrayLike,
    dims: int,
    *,
    alpha: float = 45.0,
    steps: int = 30,
    weighting: Weighting = "free",
    seed: int = 0,
    tolerance: float = 1e-8,
) -> OpmlFit:
    """The L (d, dims) with L'L = I that minimises J of the triplets a, p, n: (t, d) each, taken as they are.

    By full Riemannian conjugate gradient in float64, from a random start that is the same for a seed; at most ``steps``
    steps, fewer once the norm of the gradient is at most ``tolerance``. A is minimised over too ("free"), kept at its
    start ("fixed"), or left out ("none": every weight is 1). Formulas and source: ``OpmlObjective``. Raises ValueError
    for shapes that do not fit, values that are not finite, and no triplets.
    """
    anchors, positives, negatives = (np.array(part, dtype=np.float64) for part in (a, p, n))
    if anchors.ndim != 2 or not anchors.shape == positives.shape == negatives.shape or not len(anchors):
        shapes = ", ".join(str(part.shape) for part in (anchors, positives, negatives))
        raise ValueError(f"a, p and n must be (t, d) each, with at least one triplet, not {shapes}")
    if not all(np.isfinite(part).all() for part in (anchors, positives, negatives)):
        raise ValueError("a, p and n must be finite")
    L, A = first_maps(anchors.shape[1], dims, weighting, seed)
    found = minimise_opml(
        torch.from_numpy(anchors),
        torch.from_numpy(positives),
        torch.from_numpy(negatives),
        L,
        A,
        alpha=alpha,
        weighting=weighting,
        steps=steps,
        tolerance=tolerance,
    )
    if len(found.point) == 2:
        A = found.point[1]
    return OpmlFit(
        found.point[0].numpy(),
        None if A is None else A.numpy(),
        np.array(found.values),
        np.array(found.gradient_norms),
    )
