"""Batches that losses are tried on: unit and raw embeddings, both dtypes, several seeds."""

import numpy as np
import pytest
import torch

LENGTHS = {"unit": None, "raw": 3.0, "long": 40.0}


@pytest.fixture(params=LENGTHS)
def lengths(request):
    """How long the embeddings are: all 1, or up to so much."""
    return LENGTHS[request.param]


@pytest.fixture(params=[0, 1])
def seed(request):
    return request.param


@pytest.fixture(params=[torch.float32, torch.float64], ids=str)
def dtype(request):
    return request.param


@pytest.fixture
def vectors(lengths, seed, dtype):
    """Embeddings (14, 6) of four classes of 4, 4, 3 and 3 rows."""
    rng = np.random.default_rng(seed)
    made = rng.normal(size=(14, 6))
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    if lengths is not None:
        made *= rng.uniform(0.3, lengths, (14, 1))
    return torch.from_numpy(made).to(dtype).requires_grad_()


@pytest.fixture
def labels(seed):
    return torch.from_numpy(np.random.default_rng(seed).permutation([0] * 4 + [1] * 4 + [2] * 3 + [3] * 3))
