import math

import numpy as np
import pytest
import torch
from loss_batches import all_triplets, close, plain, triplets_of, unit

from explorer.learning.losses.opml import OpmlLoss, OpmlObjective, first_maps
from explorer.learning.manifolds import qf

LOG2 = math.log(2)
WEIGHTINGS = ["free", "fixed", "none"]


def sigmoid(t):
    return math.exp(-np.logaddexp(0, -t))


def loops(x, triplets, L, A, alpha):
    """The sheet's formulas, one triplet and one scalar at a time: losses and both gradients."""
    k = 4 * math.tan(math.radians(alpha)) ** 2
    losses, by_l, by_a = [], np.zeros_like(L), np.zeros_like(L)
    for a, p, n in (x[list(rows)] for rows in triplets):
        c = (a + p) / 2
        z = ((L.T @ (a - p)) ** 2).sum() - k * ((L.T @ (n - c)) ** 2).sum()
        m = np.logaddexp(0, z)
        alike, unlike = (0.5, 0.5) if A is None else (sigmoid(a @ A @ A.T @ p), sigmoid(c @ A @ A.T @ n))
        w = 1.0 if A is None else (alike + 1 - unlike) / 2
        losses.append(np.logaddexp(0, w * m))
        t0 = sigmoid(w * m)
        by_l += 2 * t0 * w * sigmoid(z) * (np.outer(a - p, a - p) - k * np.outer(n - c, n - c)) @ L
        if A is not None:
            up, down = t0 * m * alike * (1 - alike) / 2, -t0 * m * unlike * (1 - unlike) / 2
            by_a += (up * (np.outer(a, p) + np.outer(p, a)) + down * (np.outer(c, n) + np.outer(n, c))) @ A
    return np.array(losses), by_l / len(losses), by_a / len(losses)


def made(seed, scale=1.0, count=40, d=7, size=3):
    rng = np.random.default_rng(seed)
    a, p, n = (torch.from_numpy(rng.normal(size=(count, d)) * scale) for _ in range(3))
    L, A = first_maps(d, size, "free", seed)
    return a, p, n, L, A


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("alpha", [35.0, 45.0, 60.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_loss_equals_plain_loops(vectors, labels, dtype, seed, weighting, alpha, reduction):
    chosen = all_triplets(labels.tolist())[::5]
    loss = OpmlLoss(6, 2, alpha, weighting=weighting, seed=seed, reduction=reduction)
    found = float(loss(vectors, triplets=triplets_of(chosen)).detach())
    A = None if loss.A is None else loss.A.numpy()
    losses, _, _ = loops(unit(plain(vectors)), chosen, loss.L.numpy(), A, alpha)
    assert found == pytest.approx(losses.mean() if reduction == "mean" else losses.sum(), **close(dtype))


@pytest.mark.parametrize("with_weights", [True, False])
@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_written_gradients_are_those_of_autograd_and_of_loops(seed, scale, with_weights):
    a, p, n, L, A = made(seed, scale)
    L, A = L.requires_grad_(), A.requires_grad_() if with_weights else None
    objective = OpmlObjective(a, p, n, alpha=50.0)
    objective.terms(L, A).mean().backward()
    by_l, by_a = objective.gradients(L.detach(), None if A is None else A.detach())
    assert torch.allclose(by_l, L.grad, rtol=1e-12, atol=1e-14 * float(by_l.abs().max()))
    assert (by_a is None) == (A is None)
    x, rows = np.concatenate([a, p, n]), [(t, 40 + t, 80 + t) for t in range(40)]
    _, loop_l, loop_a = loops(x, rows, L.detach().numpy(), None if A is None else A.detach().numpy(), 50.0)
    assert np.allclose(by_l, loop_l, rtol=1e-10, atol=1e-13 * float(by_l.abs().max()))
    if A is not None:
        assert torch.allclose(by_a, A.grad, rtol=1e-12, atol=1e-14 * float(by_a.abs().max()))
        assert np.allclose(by_a, loop_a, rtol=1e-10, atol=1e-14) and by_a.abs().sum() > 0


@pytest.mark.parametrize("seed", range(3))
def test_the_written_gradients_are_those_of_finite_differences(seed):
    a, p, n, L, A = made(seed)
    objective = OpmlObjective(a, p, n, alpha=45.0)
    gradients = objective.gradients(L, A)
    step = 1e-6
    for number in (0, 1):
        for place in ((0, 0), (3, 1), (6, 2)):
            values = []
            for sign in (1, -1):
                moved = [L.clone(), A.clone()]
                moved[number][place] += sign * step
                values.append(float(objective.terms(*moved).mean()))
            assert float(gradients[number][place]) == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-8)


def test_the_loss_is_differentiable_in_the_embeddings_through_the_weights_too():
    a, p, n, L, A = made(1, count=5)
    inputs = [part.requires_grad_() for part in (a, p, n)]
    assert torch.autograd.gradcheck(lambda *x: OpmlObjective(*x, alpha=45.0).terms(L, A), inputs)
    near, flat = (torch.autograd.grad(OpmlObjective(a, p, n, alpha=45.0).terms(L, B).mean(), a)[0] for B in (A, None))
    assert not torch.allclose(near, flat)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("with_weights", [True, False])
def test_no_triplet_costs_less_than_log_2(scale, with_weights):
    a, p, n, L, A = made(2, scale, count=500)
    terms = OpmlObjective(a, p, n, alpha=45.0).terms(L, A if with_weights else None)
    assert torch.isfinite(terms).all() and float(terms.min()) >= LOG2


def test_a_triplet_met_by_far_costs_log_2():
    a, n = torch.zeros(1, 3, dtype=torch.float64), torch.full((1, 3), 50.0, dtype=torch.float64)
    L, A = first_maps(3, 2, "free", 0)
    assert float(OpmlObjective(a, a, n, alpha=45.0).terms(L, A)) == pytest.approx(LOG2, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_does_not_change_when_the_map_is_turned(seed):
    a, p, n, L, A = made(seed)
    turn = qf(torch.randn(3, 3, dtype=torch.float64))
    objective = OpmlObjective(a, p, n, alpha=45.0)
    assert torch.allclose(objective.terms(L @ turn, A), objective.terms(L, A), rtol=1e-12)
    stretched = turn * torch.tensor([2.0, 1.0, 1.0], dtype=torch.float64)
    assert not torch.allclose(objective.terms(L @ stretched, A), objective.terms(L, A), rtol=1e-6)


def test_the_loss_rises_with_the_weight():
    a, p, n, L, A = made(3)
    objective = OpmlObjective(a, p, n, alpha=45.0)
    gain = objective.terms(L, None) - objective.terms(L, A)  # with A every w is below 1
    assert (gain >= 0).all() and float(gain.max()) > 0.1


def test_raw_embeddings_cost_what_they_do_at_unit_length(vectors, labels, dtype):
    chosen, loss = triplets_of(all_triplets(labels.tolist())), OpmlLoss(6, 3)
    at_unit = loss(torch.nn.functional.normalize(vectors, dim=1), triplets=chosen)
    assert float(loss(vectors, triplets=chosen).detach()) == pytest.approx(float(at_unit.detach()), **close(dtype))


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_refining_lowers_the_loss_of_the_batch_and_leaves_the_network_alone(vectors, labels, weighting):
    chosen = triplets_of(all_triplets(labels.tolist()))
    loss = OpmlLoss(6, 3, weighting=weighting)
    L, A = loss.L.clone(), None if loss.A is None else loss.A.clone()
    before = float(loss(vectors, triplets=chosen).detach())
    found = loss.refine(vectors, chosen, steps=5)
    after = float(loss(vectors, triplets=chosen).detach())
    assert len(found.values) == 6
    assert (found.values[0], found.values[-1]) == pytest.approx((before, after), rel=1e-5)
    assert after < before
    assert float((loss.L.T @ loss.L - torch.eye(3)).abs().max()) < 1e-12 and not torch.equal(loss.L, L)
    assert vectors.grad is None
    if weighting == "fixed":
        assert torch.equal(loss.A, A)
    if weighting == "free":
        assert not torch.equal(loss.A, A)


def test_refining_goes_on_from_the_last_optimum():
    vectors, chosen = torch.randn(12, 6), triplets_of(all_triplets([row // 3 for row in range(12)]))
    loss = OpmlLoss(6, 3)
    first = loss.refine(vectors, chosen, steps=3)
    assert loss.refine(vectors, chosen, steps=3).values[0] == pytest.approx(first.values[-1], rel=1e-12)


def test_without_triplets_refining_changes_nothing():
    loss = OpmlLoss(6, 3)
    L = loss.L.clone()
    assert loss.refine(torch.randn(4, 6), triplets_of([])) is None
    assert torch.equal(loss.L, L)


def test_alternating_with_a_network_teaches_both():
    """A linear network and (L, A) in turn: the classes' first axis is hidden among noise."""
    torch.manual_seed(0)
    labels = [row % 4 for row in range(24)]
    inputs = torch.randn(24, 10)
    inputs[:, :2] += 3 * torch.eye(4)[labels][:, :2] - 3 * torch.eye(4)[labels][:, 2:]
    network, loss = torch.nn.Linear(10, 8), OpmlLoss(8, 3)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    chosen, values = triplets_of(all_triplets(labels)), []
    for _ in range(25):
        loss.refine(network(inputs), chosen, steps=2)
        value = loss(network(inputs), triplets=chosen)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    assert LOG2 < values[-1] < 0.5 * (values[0] - LOG2) + LOG2


def test_what_is_compared_is_the_map_of_the_unit_embedding():
    loss, vectors = OpmlLoss(6, 3), torch.randn(4, 6)
    expected = unit(plain(vectors)) @ loss.L.numpy()
    assert np.allclose(loss.project(vectors).numpy(), expected, atol=1e-6)
    assert loss.project(vectors).dtype == torch.float32


def test_the_maps_are_kept_with_the_model_and_the_same_for_a_seed():
    one, same, other = OpmlLoss(6, 3, seed=1), OpmlLoss(6, 3, seed=1), OpmlLoss(6, 3, seed=2)
    assert torch.equal(one.L, same.L) and torch.equal(one.A, same.A) and not torch.equal(one.L, other.L)
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.L, other.L) and torch.equal(one.A, other.A)
    assert OpmlLoss(6, 3, weighting="none").A is None
