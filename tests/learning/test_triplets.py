import numpy as np
import pytest
import torch

from explorer.learning.triplets import SemihardTriplets


def oracle(vectors, animals, margin):
    """Plain loops over all semi-hard triplets of the vectors brought to unit length."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    losses = []
    for a in range(len(unit)):
        for p in range(len(unit)):
            for n in range(len(unit)):
                if a == p or animals[a] != animals[p] or animals[a] == animals[n]:
                    continue
                gap = np.linalg.norm(unit[a] - unit[n]) - np.linalg.norm(unit[a] - unit[p])
                if 0 < gap < margin:
                    losses.append(margin - gap)
    return np.mean(losses) if losses else 0.0


@pytest.mark.parametrize("scale", [None, 1.0, 30.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_loss_equals_plain_loops_for_unit_and_for_raw_vectors(seed, scale):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(16, 5)) * (1.0 if scale is None else rng.uniform(0.1, scale, (16, 1)))
    if scale is None:
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    animals = np.repeat(np.arange(4), 4)
    found = SemihardTriplets(0.2)(torch.from_numpy(vectors), torch.from_numpy(animals))
    assert float(found) == pytest.approx(oracle(vectors, animals, 0.2), abs=1e-6)


def test_without_any_triplet_the_loss_is_zero_and_still_has_a_gradient():
    vectors = torch.eye(4).repeat_interleave(4, dim=0).requires_grad_()
    loss = SemihardTriplets(0.2)(vectors, torch.arange(4).repeat_interleave(4))
    loss.backward()
    assert float(loss.detach()) == 0 and torch.isfinite(vectors.grad).all()
