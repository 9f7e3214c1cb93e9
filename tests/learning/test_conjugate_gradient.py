from itertools import pairwise

import pytest
import torch

from explorer.learning.conjugate_gradient import minimise
from explorer.learning.manifolds import Euclidean, Stiefel, random_orthonormal


def symmetric(seed, d=12):
    s = torch.randn(d, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return s + s.T


def rayleigh(s):
    def at(point):
        (x,) = point
        return float(torch.trace(x.mT @ s @ x)), lambda: (2 * s @ x,)

    return at


@pytest.mark.parametrize("manifold", [Stiefel("qf"), Stiefel("polar")])
@pytest.mark.parametrize("seed", range(3))
def test_the_least_trace_is_the_sum_of_the_least_eigenvalues(manifold, seed):
    s = symmetric(seed)
    start = random_orthonormal(12, 4, torch.Generator().manual_seed(seed))
    found = minimise(rayleigh(s), (start,), (manifold,), steps=500, tolerance=1e-6)
    assert found.values[-1] == pytest.approx(float(torch.linalg.eigvalsh(s)[:4].sum()), abs=1e-9)
    assert found.gradient_norms[-1] <= 1e-6 and len(found.values) < 500
    assert all(after < before for before, after in pairwise(found.values))


def test_on_a_quadratic_it_is_far_faster_than_steepest_descent():
    """Condition number 10,000 in 30 dimensions: steepest descent would need a hundred thousand steps."""
    scales = torch.logspace(0, 4, 30, dtype=torch.float64)

    def at(point):
        return float((scales * point[0].square()).sum() / 2), lambda: (scales * point[0],)

    start = torch.ones(30, dtype=torch.float64)
    found = minimise(at, (start,), (Euclidean(),), steps=2000, tolerance=1e-6)
    assert found.gradient_norms[-1] <= 1e-6


def test_tensors_on_different_manifolds_move_together():
    """min |B - X C|^2 over X orthonormal and C free: what the first singular vectors leave over."""
    b = torch.randn(10, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def at(point):
        x, c = point
        rest = b - x @ c
        return float(rest.square().sum()), lambda: (-2 * rest @ c.mT, -2 * x.mT @ rest)

    start = (random_orthonormal(10, 3, torch.Generator().manual_seed(0)), torch.ones(3, 8, dtype=torch.float64))
    found = minimise(at, start, (Stiefel(), Euclidean()), steps=500, tolerance=1e-7)
    assert found.values[-1] == pytest.approx(float(torch.linalg.svdvals(b)[3:].square().sum()), rel=1e-9)


def test_at_the_optimum_it_stays():
    s = torch.diag(torch.arange(5, dtype=torch.float64))
    start = torch.eye(5, dtype=torch.float64)[:, :2]
    found = minimise(rayleigh(s), (start,), (Stiefel(),), steps=10)
    assert found.values == (1.0,) and found.gradient_norms == (0.0,) and torch.equal(found.point[0], start)


def test_a_gradient_that_lies_ends_the_search_where_it_began():
    def at(point):
        return float(point[0].square().sum()), lambda: (-point[0],)

    start = torch.ones(3, dtype=torch.float64)
    found = minimise(at, (start,), (Euclidean(),), steps=10)
    assert len(found.values) == 1 and torch.equal(found.point[0], start)


def test_the_steps_are_at_most_those_asked_for():
    s, start = symmetric(0), random_orthonormal(12, 4, torch.Generator())
    found = minimise(rayleigh(s), (start,), (Stiefel(),), steps=3)
    assert len(found.values) == len(found.gradient_norms) == 4
    assert len(minimise(rayleigh(s), (start,), (Stiefel(),), steps=0).values) == 1
    with pytest.raises(ValueError, match="steps must be at least 0, not -1"):
        minimise(rayleigh(s), (start,), (Stiefel(),), steps=-1)
