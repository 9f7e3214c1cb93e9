import numpy as np
import pytest
import torch
from loss_batches import all_triplets, close, plain, quadruplets_of, reduced, triplets_of, unit
from pytorch_metric_learning import losses as peers

from explorer.learning.losses.angular import AngularLoss
from explorer.learning.losses.quadruplet import QuadrupletLoss
from explorer.learning.losses.triplet import TripletLoss

REDUCTIONS = ["mean", "nonzero", "sum"]


def squared(x, i, j):
    return float(((x[i] - x[j]) ** 2).sum())


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_triplet_equals_plain_loops(vectors, labels, dtype, reduction, power, normalise):
    chosen = all_triplets(labels.tolist())[::3]
    x = unit(plain(vectors)) if normalise else plain(vectors)
    gaps = [squared(x, a, p) ** (power / 2) - squared(x, a, n) ** (power / 2) for a, p, n in chosen]
    loss = TripletLoss(0.3, squared=power == 2, reduction=reduction, normalise=normalise)
    found = float(loss(vectors, triplets=triplets_of(chosen)).detach())
    assert found == pytest.approx(reduced([max(0.0, gap + 0.3) for gap in gaps], reduction), **close(dtype))


def test_triplet_is_the_peer(vectors, labels, dtype):
    found = TripletLoss(0.2)(vectors, triplets=triplets_of(all_triplets(labels.tolist())))
    assert float(found.detach()) == pytest.approx(
        float(peers.TripletMarginLoss(0.2)(vectors.detach(), labels)), **close(dtype)
    )


def test_small_distances_between_long_vectors_keep_their_digits():
    """Distances by products are noise here, and pytorch-metric-learning takes them above 25 rows."""
    exact = 1000 + torch.from_numpy(np.random.default_rng(0).normal(size=(30, 4))).mul(4).round() / 4
    chosen = triplets_of(all_triplets([row // 3 for row in range(30)]))
    loss = TripletLoss(0.2, normalise=False)
    assert float(loss(exact.float(), triplets=chosen)) == pytest.approx(float(loss(exact, triplets=chosen)), rel=1e-6)


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("alpha", [35.0, 45.0, 60.0])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_angular_equals_plain_loops(vectors, labels, dtype, reduction, alpha, normalise):
    chosen = all_triplets(labels.tolist())[::3]
    x = unit(plain(vectors)) if normalise else plain(vectors)
    tan = np.tan(np.deg2rad(alpha)) ** 2
    expected = [
        max(0.0, squared(x, a, p) - 4 * tan * float(((x[n] - (x[a] + x[p]) / 2) ** 2).sum())) for a, p, n in chosen
    ]
    loss = AngularLoss(alpha, reduction=reduction, normalise=normalise)
    found = float(loss(vectors, triplets=triplets_of(chosen)).detach())
    assert found == pytest.approx(reduced(expected, reduction), **close(dtype))


@pytest.mark.parametrize("length", [0.1, 1.0, 30.0])
def test_angular_is_zero_exactly_up_to_the_angle_at_the_negative(length):
    """a and p lie symmetric around c, n where the angle at it is what we choose."""
    for angle in (30.0, 44.9, 45.1, 60.0):
        n = 1 / np.tan(np.deg2rad(angle))
        vectors = torch.tensor([[0.0, 1.0], [0.0, -1.0], [n, 0.0]], dtype=torch.float64) * length
        loss = AngularLoss(45.0, normalise=False)(vectors, triplets=triplets_of([(0, 1, 2)]))
        assert (float(loss) > 0) == (angle > 45)


CHOSEN = [(0, 1, 5, 9), (2, 3, 9, 12), (4, 5, 0, 13), (8, 9, 1, 6), (12, 11, 3, 7)]


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("margins", [None, (0.8, 0.4)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_quadruplet_equals_plain_loops(vectors, dtype, reduction, margins, normalise):
    x = unit(plain(vectors)) if normalise else plain(vectors)
    alike = [squared(x, a, p) for a, p, _, _ in CHOSEN]
    near = [squared(x, a, n) for a, _, n, _ in CHOSEN]
    far = [squared(x, n, o) for _, _, n, o in CHOSEN]
    gap = np.mean(near + far) - np.mean(alike)
    first, second = margins or (gap, 0.5 * gap)
    expected = reduced([max(0.0, s - d + first) for s, d in zip(alike, near, strict=True)], reduction)
    expected += reduced([max(0.0, s - d + second) for s, d in zip(alike, far, strict=True)], reduction)
    loss = QuadrupletLoss(margins, reduction=reduction, normalise=normalise)
    assert float(loss(vectors, quadruplets=quadruplets_of(CHOSEN)).detach()) == pytest.approx(expected, **close(dtype))


def test_no_gradient_flows_through_adaptive_margins(vectors):
    with torch.no_grad():
        shift = 2 * vectors.abs().max() * torch.arange(5).repeat_interleave(2)
        vectors[[0, 1, 2, 3, 4, 5, 8, 9, 12, 11]] += shift[:, None]  # similar pairs far from each other
    x = plain(vectors)
    gap = np.mean([squared(x, a, n) for a, _, n, _ in CHOSEN] + [squared(x, n, o) for _, _, n, o in CHOSEN])
    gap -= np.mean([squared(x, a, p) for a, p, _, _ in CHOSEN])
    gradients = []
    for margins in (None, (gap, 0.5 * gap)):
        vectors.grad = None
        QuadrupletLoss(margins, normalise=False)(vectors, quadruplets=quadruplets_of(CHOSEN)).backward()
        gradients.append(vectors.grad)
    assert torch.allclose(*gradients, rtol=1e-4) and gradients[0].abs().sum() > 0
