"""What holds on every manifold, after the suite of geoopt: float64, several seeds and shapes."""

import numpy as np
import pytest
import torch
from pymanopt.manifolds import Stiefel as StiefelPeer

from explorer.learning.manifolds import Stiefel, polar, qf, random_orthonormal

KINDS = {
    "stiefel-qf": Stiefel("qf"),
    "stiefel-polar": Stiefel("polar"),
}


@pytest.fixture(params=KINDS)
def manifold(request):
    return KINDS[request.param]


@pytest.fixture(params=[(7, 3), (5, 1), (4, 4)], ids=str)
def shape(request):
    return request.param


@pytest.fixture(params=range(3))
def generator(request):
    return torch.Generator().manual_seed(request.param)


@pytest.fixture
def point(shape, generator):
    return random_orthonormal(*shape, generator)


@pytest.fixture
def vector(shape, generator, point):
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def off(point):
    return float((point.mT @ point - torch.eye(point.shape[1], dtype=torch.float64)).abs().max())


def sym(matrix):
    return (matrix + matrix.mT) / 2


def test_a_random_point_is_on_the_manifold(point):
    assert off(point) < 1e-14


def test_a_projection_is_tangent(manifold, point, vector):
    tangent = manifold.project(point, vector)
    assert float(sym(point.mT @ tangent).abs().max()) < 1e-14


def test_projecting_twice_is_projecting_once(manifold, point, vector):
    tangent = manifold.project(point, vector)
    assert torch.allclose(manifold.project(point, tangent), tangent, atol=1e-14)


def test_what_a_projection_takes_away_is_orthogonal_to_what_it_leaves(manifold, point, vector, generator):
    other = manifold.project(point, torch.randn(vector.shape, generator=generator, dtype=torch.float64))
    assert float(((vector - manifold.project(point, vector)) * other).sum()) == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0])
def test_a_step_stays_on_the_manifold(manifold, point, vector, size):
    assert off(manifold.retract(point, size * manifold.project(point, vector))) < 1e-13


def test_no_step_leads_nowhere(manifold, point):
    assert torch.allclose(manifold.retract(point, torch.zeros_like(point)), point, atol=1e-14)


def test_a_step_sets_off_along_its_tangent(manifold, point, vector):
    """The retraction agrees with the tangent to first order: halving the step quarters what is missed."""
    tangent = manifold.project(point, vector)
    missed = [float((manifold.retract(point, t * tangent) - point - t * tangent).norm()) for t in (1e-3, 5e-4)]
    assert missed[1] <= missed[0] / 3.9 + 1e-14


def test_a_transport_is_tangent_where_it_arrives(manifold, point, vector):
    tangent = manifold.project(point, vector)
    arrived = manifold.retract(point, tangent)
    assert float(sym(arrived.mT @ manifold.project(arrived, tangent)).abs().max()) < 1e-13


def test_the_gradient_on_the_manifold_says_how_a_function_changes(manifold, point, vector, generator):
    """f(X) = trace(X' S X)."""
    s = torch.randn(len(point), len(point), generator=generator, dtype=torch.float64)
    s = s + s.T

    def value(x):
        return float(torch.trace(x.mT @ s @ x))

    gradient, tangent = manifold.project(point, 2 * s @ point), manifold.project(point, vector)
    t = 1e-5
    change = (value(manifold.retract(point, t * tangent)) - value(manifold.retract(point, -t * tangent))) / (2 * t)
    assert change == pytest.approx(float((gradient * tangent).sum()), abs=1e-6)


def test_it_is_what_pymanopt_does(manifold, shape, point, vector):
    peer = StiefelPeer(*shape, retraction="qr" if manifold.retraction == "qf" else "polar")
    tangent = manifold.project(point, vector)
    assert np.allclose(tangent, peer.projection(point.numpy(), vector.numpy()), atol=1e-14)
    arrived, expected = manifold.retract(point, tangent).numpy(), peer.retraction(point.numpy(), tangent.numpy())
    assert np.allclose(arrived, expected, atol=1e-13)


def test_qf_has_a_positive_diagonal_and_polar_is_the_closest(vector):
    q, u = qf(vector), polar(vector)
    assert (torch.diagonal(q.mT @ vector) > 0).all()
    triangle = q.mT @ vector
    assert float((triangle - triangle.triu()).abs().max()) < 1e-13
    assert float((u - vector).norm()) <= float((q - vector).norm()) + 1e-12


@pytest.mark.parametrize("columns", [0, 4])
def test_too_many_columns_are_refused(columns):
    with pytest.raises(ValueError, match=f"from 1 to 3 orthonormal columns fit into 3 dimensions, not {columns}"):
        random_orthonormal(3, columns, torch.Generator())


def test_an_unknown_retraction_is_refused():
    with pytest.raises(ValueError, match="retraction must be 'qf' or 'polar', not 'exp'"):
        Stiefel("exp")
