import math

import numpy as np
import pymanopt
import pytest
import torch
from pymanopt.manifolds import Euclidean, Product, Stiefel
from pymanopt.optimizers import ConjugateGradient

from explorer.learning.losses.opml import OpmlObjective, first_maps
from explorer.learning.manifolds import Stiefel as OurStiefel
from explorer.learning.opml import fit_opml

WEIGHTINGS = ["free", "fixed", "none"]


def triplets(seed, count=300, d=10, scale=1.0):
    """Of eight classes that differ in the first three of ``d`` dimensions; the others are louder."""
    rng = np.random.default_rng(seed)
    centers = np.zeros((8, d))
    centers[:, :3] = rng.normal(size=(8, 3)) * 1.5
    classes = rng.integers(0, 8, count)
    noise = np.r_[np.full(3, 0.2), np.full(d - 3, 1.0)]
    a, p = (centers[classes] + rng.normal(size=(count, d)) * noise for _ in range(2))
    n = centers[(classes + rng.integers(1, 8, count)) % 8] + rng.normal(size=(count, d)) * noise
    return a * scale, p * scale, n * scale


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("scale", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(2))
def test_every_step_lowers_the_loss_and_keeps_the_columns_orthonormal(seed, scale, weighting):
    a, p, n = triplets(seed, scale=scale)
    fit = fit_opml(a, p, n, 3, weighting=weighting, steps=40, seed=seed)
    assert np.abs(fit.L.T @ fit.L - np.eye(3)).max() < 1e-12
    assert (np.diff(fit.history) < 0).all() and fit.history[-1] >= math.log(2)
    assert len(fit.history) == len(fit.gradient_norms) > 5
    assert (fit.A is None) == (weighting == "none")


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_what_it_says_of_its_end_is_true(weighting):
    a, p, n = triplets(0)
    fit = fit_opml(a, p, n, 3, weighting=weighting, alpha=50)
    L, A = torch.from_numpy(fit.L), None if fit.A is None else torch.from_numpy(fit.A)
    objective = OpmlObjective(*(torch.from_numpy(part) for part in (a, p, n)), alpha=50)
    assert fit.history[-1] == pytest.approx(float(objective.terms(L, A).mean()), rel=1e-12)
    by_l, by_a = objective.gradients(L, A)
    xi = OurStiefel().project(L, by_l)
    assert float((L.mT @ xi + xi.mT @ L).abs().max()) < 1e-14
    square = float(xi.square().sum()) + (float(by_a.square().sum()) if weighting == "free" else 0.0)
    assert fit.gradient_norms[-1] == pytest.approx(math.sqrt(square), rel=1e-9)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_it_finds_the_dimensions_that_tell_the_classes_apart(weighting):
    a, p, n = triplets(3, count=1000)
    fit = fit_opml(a, p, n, 3, weighting=weighting, steps=100)
    assert np.linalg.svd(fit.L[:3])[1].min() > 0.85  # cosine of the largest angle between the spaces

    assert np.allclose(fit.transform(a.tolist()), a @ fit.L, atol=1e-12)

    def violated(*parts):
        a, p, n = parts
        return float((np.linalg.norm(a - p, axis=1) > np.linalg.norm(a - n, axis=1)).mean())

    assert violated(*(fit.transform(part) for part in (a, p, n))) < 0.5 * violated(a, p, n)


@pytest.mark.parametrize("with_weights", [True, False])
def test_it_ends_as_low_as_pymanopt(with_weights):
    a, p, n = triplets(1)
    objective = OpmlObjective(*(torch.from_numpy(part) for part in (a, p, n)), alpha=45.0)
    start = [part.numpy() for part in first_maps(10, 3, "free", 0) if part is not None]
    manifold = Product([Stiefel(10, 3), Euclidean(10, 3)]) if with_weights else Stiefel(10, 3)

    def maps(arrays):
        return torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1]) if with_weights else None

    @pymanopt.function.numpy(manifold)
    def cost(*arrays):
        return float(objective.terms(*maps(arrays)).mean())

    @pymanopt.function.numpy(manifold)
    def gradient(*arrays):
        found = [part.numpy() for part in objective.gradients(*maps(arrays)) if part is not None]
        return found if with_weights else found[0]

    steps = 60
    problem = pymanopt.Problem(manifold, cost, euclidean_gradient=gradient)
    optimiser = ConjugateGradient(max_iterations=steps, verbosity=0)
    peer = optimiser.run(problem, initial_point=start if with_weights else start[0])
    fit = fit_opml(a, p, n, 3, weighting="free" if with_weights else "none", steps=steps)
    assert fit.history[0] == pytest.approx(cost(*start), rel=1e-12)
    assert fit.history[-1] < peer.cost + 1e-4


def test_weights_that_are_free_end_below_those_that_are_fixed():
    a, p, n = triplets(2)
    ends = {weighting: fit_opml(a, p, n, 3, weighting=weighting, steps=60).history[-1] for weighting in WEIGHTINGS}
    assert ends["free"] < ends["fixed"] < ends["none"]


def test_a_fixed_weight_keeps_its_start():
    a, p, n = triplets(0)
    assert np.array_equal(fit_opml(a, p, n, 3, weighting="fixed").A, first_maps(10, 3, "fixed", 0)[1].numpy())


def test_the_same_seed_gives_the_same_fit_and_the_triplets_stay_as_they_are():
    a, p, n = triplets(0)
    before = [part.copy() for part in (a, p, n)]
    one, same, other = (fit_opml(a, p, n, 3, seed=seed, steps=5) for seed in (0, 0, 1))
    assert np.array_equal(one.L, same.L) and np.array_equal(one.A, same.A) and not np.array_equal(one.L, other.L)
    assert all(np.array_equal(part, old) for part, old in zip((a, p, n), before, strict=True))


def test_it_stops_where_the_gradient_is_small():
    a, p, n = triplets(0)
    fit = fit_opml(a, p, n, 3, weighting="none", steps=1000, tolerance=1e-3)
    assert fit.gradient_norms[-1] <= 1e-3 < fit.gradient_norms[-2] and len(fit.history) < 1000


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda a, p, n: (a, p[:-1], n), r"\(t, d\) each, with at least one triplet, not \(300, 10\), \(299, 10\)"),
        (lambda a, p, n: (a[:0], p[:0], n[:0]), "at least one triplet"),
        (lambda a, p, n: (a[0], p[0], n[0]), r"\(t, d\) each"),
        (lambda a, p, n: (a, np.full_like(p, np.nan), n), "must be finite"),
    ],
)
def test_triplets_that_do_not_fit_are_told(change, told):
    with pytest.raises(ValueError, match=told):
        fit_opml(*change(*triplets(0)), 3)


@pytest.mark.parametrize("dims", [0, 11])
def test_more_dimensions_than_there_are_cannot_be_kept(dims):
    with pytest.raises(ValueError, match=f"from 1 to 10 orthonormal columns fit into 10 dimensions, not {dims}"):
        fit_opml(*triplets(0), dims)
