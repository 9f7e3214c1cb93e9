"""Plain loops that the miners are held against, and batches to hold them against them on."""

import numpy as np
import torch

from explorer.learning.miners.base import distances
from explorer.learning.miners.matches import Matches, class_matches


def batch(seed=0, *, classes=5, each=4, dims=6, how="raw", dtype=torch.float32):
    """Embeddings and their matches: ``raw`` with an offset, of ``unit`` length, or on a ``grid`` with many ties."""
    rng = np.random.default_rng(seed)
    n = classes * each
    vectors = rng.normal(size=(n, dims)) * rng.uniform(0.5, 5) + (3.0 if how == "raw" else 0.0)
    if how == "unit":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if how == "grid":
        vectors = rng.integers(0, 2, (n, dims)).astype(float)
    names = rng.permutation(np.repeat(np.arange(classes), each))
    return torch.from_numpy(vectors).to(dtype), class_matches(torch.from_numpy(names))


def loose_matches(n, seed=0):
    """Symmetric matches that are no classes, with pairs that are neither positive nor negative."""
    kind = torch.from_numpy(np.random.default_rng(seed).integers(0, 3, (n, n))).triu(1)
    kind = kind + kind.T
    off = ~torch.eye(n, dtype=torch.bool)
    return Matches((kind == 1) & off, (kind == 2) & off)


def told(triplets):
    """Triplets as a list of tuples, in order."""
    return list(zip(*(rows.tolist() for rows in triplets), strict=True))


def semi_hard(embeddings, matches, band=None):
    """For each positive pair the closest farther negative, and the number of pairs without one."""
    apart, n = distances(embeddings, matches), len(matches)
    found, without = {}, 0
    for a in range(n):
        if not matches.negative[a].any():
            continue
        for p in range(n):
            if not matches.positive[a, p]:
                continue
            best = None
            for x in range(n):
                inside = band is None or apart[a, x] < apart[a, p] + band
                if matches.negative[a, x] and apart[a, x] > apart[a, p] and inside:
                    best = x if best is None or apart[a, x] < apart[a, best] else best
            if best is None:
                without += 1
            else:
                found[a, p] = best
    return found, without
