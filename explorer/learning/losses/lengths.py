"""Euclidean distances with gradients that stay finite where two embeddings coincide (there they are 0)."""

import torch
from torch import Tensor


def squared(first: Tensor, second: Tensor) -> Tensor:
    """Squared distances row by row; (k, m) both -> (k,)."""
    return (first - second).square().sum(dim=-1)


def distance(first: Tensor, second: Tensor) -> Tensor:
    """Distances row by row; (k, m) both -> (k,)."""
    return root(squared(first, second))


def root(squares: Tensor) -> Tensor:
    """Square roots, with gradient 0 instead of infinity at 0."""
    apart = squares > 0
    return torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0)


def matrix(first: Tensor, second: Tensor) -> Tensor:
    """All distances; (n, m), (k, m) -> (n, k).

    By differences: products of the vectors, which PyTorch takes above 25 rows, lose digits of small distances
    between long vectors in float32.
    """
    return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
