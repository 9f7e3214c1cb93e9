"""Pairs, triplets and quadruplets of a batch as lists for plain loops, and as tensors."""

from itertools import product

import numpy as np
import torch

from explorer.learning.tuples import Pairs, Quadruplets, Triplets


def all_pairs(labels):
    """Similar and dissimilar pairs (i, j), i < j, as lists."""
    both = [(i, j) for i in range(len(labels)) for j in range(i + 1, len(labels))]
    return [p for p in both if labels[p[0]] == labels[p[1]]], [p for p in both if labels[p[0]] != labels[p[1]]]


def all_triplets(labels):
    rows = range(len(labels))
    return [
        (a, p, n)
        for a, p, n in product(rows, rows, rows)
        if a != p and labels[a] == labels[p] and labels[a] != labels[n]
    ]


def pairs_of(chosen):
    return Pairs(*torch.tensor(chosen, dtype=torch.int64).reshape(-1, 2).T)


def triplets_of(chosen):
    return Triplets(*torch.tensor(chosen, dtype=torch.int64).reshape(-1, 3).T)


def quadruplets_of(chosen):
    return Quadruplets(*torch.tensor(chosen, dtype=torch.int64).reshape(-1, 4).T)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def plain(tensor):
    return tensor.detach().double().numpy()


def reduced(losses, reduction):
    losses = np.asarray(losses, dtype=float)
    if reduction == "sum":
        return losses.sum()
    if reduction == "nonzero":
        losses = losses[losses > 0]
    return losses.mean() if len(losses) else 0.0


def close(dtype):
    """How equal numbers of a dtype must be."""
    return {"rel": 2e-4, "abs": 2e-4} if dtype == torch.float32 else {"rel": 1e-9, "abs": 1e-9}
