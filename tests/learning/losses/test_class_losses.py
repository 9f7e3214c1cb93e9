from itertools import product

import numpy as np
import pytest
import torch
from loss_batches import close, plain, reduced, unit
from pytorch_metric_learning import losses as peers

from explorer.learning.losses.angular_batch import AngularBatchLoss
from explorer.learning.losses.center import CenterLoss
from explorer.learning.losses.magnet import MagnetLoss
from explorer.learning.losses.n_pair import NPairLoss
from explorer.learning.losses.triplet_center import TripletCenterLoss

REDUCTIONS = ["mean", "nonzero", "sum"]


@pytest.mark.parametrize("alpha", [35.0, 45.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_angular_batch_equals_plain_loops(vectors, labels, dtype, reduction, alpha):
    x, names = unit(plain(vectors)), labels.tolist()
    tan = np.tan(np.deg2rad(alpha)) ** 2
    expected = [
        np.log1p(
            sum(
                np.exp(4 * tan * (x[a] + x[p]) @ x[n] - 2 * (1 + tan) * x[a] @ x[p])
                for n in range(14)
                if names[n] != names[a]
            )
        )
        for a, p in product(range(14), range(14))
        if a != p and names[a] == names[p]
    ]
    found = float(AngularBatchLoss(alpha, reduction=reduction)(vectors, labels=labels).detach())
    assert found == pytest.approx(reduced(expected, reduction), **close(dtype))


def test_angular_batch_and_triplet_form_are_linked_for_unit_vectors():
    """|a-p|^2 - 4 tan^2 |n-c|^2 = f + 2 - 6 tan^2, and a batch of one triplet gives log(1 + exp f)."""
    vectors = torch.nn.functional.normalize(torch.randn(3, 4, dtype=torch.float64), dim=1)
    a, p, n = vectors
    tan = float(np.tan(np.deg2rad(50)) ** 2)
    z = (a - p).square().sum() - 4 * tan * (n - (a + p) / 2).square().sum()
    found = AngularBatchLoss(50)(vectors, labels=torch.tensor([0, 0, 1]))
    assert float(found) == pytest.approx(float(torch.log1p(torch.exp(z - 2 + 6 * tan))), rel=1e-12)


def first_pairs(names):
    rows = {name: [row for row, other in enumerate(names) if other == name] for name in sorted(set(names))}
    return [(own[0], own[1]) for own in rows.values() if len(own) > 1]


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("regularisation", [0.0, 0.02])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_n_pair_equals_plain_loops(vectors, labels, dtype, reduction, regularisation, normalise):
    x = unit(plain(vectors)) if normalise else plain(vectors)
    pairs = first_pairs(labels.tolist())
    expected = []
    for i, (a, p) in enumerate(pairs):
        others = [x[a] @ x[q] - x[a] @ x[p] for j, (_, q) in enumerate(pairs) if j != i]
        expected.append(np.logaddexp.reduce([0.0, *others]))
    total = reduced(expected, reduction) + reduced(regularisation * (x**2).sum(axis=1), reduction)
    loss = NPairLoss(regularisation=regularisation, reduction=reduction, normalise=normalise)
    assert float(loss(vectors, labels=labels).detach()) == pytest.approx(total, **close(dtype))


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_center_equals_plain_loops_and_moves_its_centers(vectors, labels, dtype, reduction, normalise):
    torch.manual_seed(1)
    loss = CenterLoss(5, 6, rate=0.4, reduction=reduction, normalise=normalise)
    x = unit(plain(vectors)) if normalise else plain(vectors)
    before, names = plain(loss.centers), labels.tolist()
    expected = [((x[row] - before[names[row]]) ** 2).sum() / 2 for row in range(14)]
    found = loss(vectors, labels=labels)
    found.backward()
    assert float(found.detach()) == pytest.approx(reduced(expected, reduction), **close(dtype))
    after = before.copy()
    for name in range(5):
        own = [row for row in range(14) if names[row] == name]
        after[name] -= 0.4 * sum(before[name] - x[row] for row in own) / (1 + len(own)) if own else 0.0
    assert np.allclose(plain(loss.centers), after, rtol=1e-4, atol=1e-5)
    assert not np.allclose(before[:4], after[:4])
    loss.eval()(vectors, labels=labels)
    assert np.allclose(plain(loss.centers), after, rtol=1e-4, atol=1e-5)  # looking moves nothing


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_triplet_center_equals_plain_loops(vectors, labels, dtype, reduction, normalise):
    torch.manual_seed(1)
    loss = TripletCenterLoss(5, 6, 0.7, reduction=reduction, normalise=normalise)
    x, centers, names = unit(plain(vectors)) if normalise else plain(vectors), plain(loss.centers), labels.tolist()
    expected = []
    for row in range(14):
        away = [((x[row] - center) ** 2).sum() / 2 for center in centers]
        own = away.pop(names[row])
        expected.append(max(0.0, own + 0.7 - min(away)))
    found = loss(vectors, labels=labels)
    assert float(found.detach()) == pytest.approx(reduced(expected, reduction), **close(dtype))
    found.backward()
    assert torch.isfinite(loss.centers.grad).all()
    assert (loss.centers.grad.abs().sum() > 0) == (float(found.detach()) > 0)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("with_clusters", [True, False])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_magnet_equals_plain_loops(vectors, labels, dtype, reduction, with_clusters, normalise):
    x, names = unit(plain(vectors)) if normalise else plain(vectors), labels.tolist()
    clusters = [row % 2 for row in range(14)] if with_clusters else [0] * 14
    keys = list(zip(names, clusters, strict=True))
    means = {key: np.mean([x[row] for row in range(14) if keys[row] == key], axis=0) for key in set(keys)}
    variance = sum(((x[row] - means[keys[row]]) ** 2).sum() for row in range(14)) / 13
    expected = []
    for row in range(14):
        near = -((x[row] - means[keys[row]]) ** 2).sum() / (2 * variance) - 0.8
        others = [-((x[row] - mean) ** 2).sum() / (2 * variance) for key, mean in means.items() if key[0] != names[row]]
        expected.append(max(0.0, np.logaddexp.reduce(others) - near))
    more = {"clusters": torch.tensor(clusters)} if with_clusters else {}
    loss = MagnetLoss(0.8, reduction=reduction, normalise=normalise)
    found = float(loss(vectors, labels=labels, **more).detach())
    assert found == pytest.approx(reduced(expected, reduction), **close(dtype))


def test_magnet_does_not_change_with_the_unit_of_the_embeddings():
    vectors, labels = torch.randn(12, 3, dtype=torch.float64), torch.arange(12) % 3
    loss = MagnetLoss()
    assert float(loss(7 * vectors, labels=labels)) == pytest.approx(float(loss(vectors, labels=labels)), rel=1e-9)


def test_angular_batch_is_the_peer_where_that_is_right():
    vectors = torch.nn.functional.normalize(torch.randn(9, 4, dtype=torch.float64), dim=1)
    labels = torch.arange(9) % 3
    expected = peers.AngularLoss(40)(vectors, labels)
    assert float(AngularBatchLoss(40)(vectors, labels=labels)) == pytest.approx(float(expected), rel=1e-12)
    assert float(AngularBatchLoss(40)(3 * vectors, labels=labels)) == pytest.approx(float(expected), rel=1e-12)
    assert float(peers.AngularLoss(40)(3 * vectors, labels)) != pytest.approx(float(expected), rel=1e-3)  # its defect
