"""Bias-corrected distance correlation against dcor and plain loops."""

import warnings

import numpy as np
import pytest

from explorer.space import distance_correlation as module
from explorer.space.designs import orthonormal
from explorer.space.distance_correlation import distance_correlation
from explorer.space.varying import Varying

try:
    import dcor
except ImportError:
    dcor = None
    warnings.warn("dcor is not installed: distance correlation is compared with plain loops only", stacklevel=1)


def found(places, x, units=None):
    places = np.asarray(places, dtype=float).reshape(len(x), -1)
    return distance_correlation(places, x, Varying(orthonormal(places), np.arange(len(x)) if units is None else units))


def by_loops(a, b):
    """Székely and Rizzo (2013), definition 2, number by number."""

    def centred(x):
        n = len(x)
        far = [[float(np.sqrt(((one - other) ** 2).sum())) for other in x] for one in x]
        rows = [sum(row) for row in far]
        return [
            [
                0 if i == j else far[i][j] - (rows[i] + rows[j]) / (n - 2) + sum(rows) / ((n - 1) * (n - 2))
                for j in range(n)
            ]
            for i in range(n)
        ]

    one, other = np.array(centred(a)), np.array(centred(b))
    return (one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum())


def test_as_by_plain_loops():
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(25, 3)), rng.normal(size=(25, 2))
    assert found(z, x) == (pytest.approx(by_loops(z, x), abs=1e-12), 25)


@pytest.mark.skipif(dcor is None, reason="dcor IS NOT INSTALLED: pip install dcor")
@pytest.mark.parametrize("seed", range(3))
def test_as_dcor_has_it(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(120, 4))
    for z in (x[:, :1] ** 2, rng.normal(size=(120, 1)), np.eye(3)[rng.integers(0, 3, 120)]):
        assert found(z, x)[0] == pytest.approx(float(dcor.u_distance_correlation_sqr(z, x)), abs=1e-10)


def test_it_is_one_for_the_same_and_finds_what_is_not_straight():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 1))
    assert found(5 - 3 * x, x)[0] == pytest.approx(1)
    assert found(np.abs(x), x)[0] > 0.1


def test_it_is_nothing_on_average_for_a_null_variable_of_animals():
    """With all their observations, whose animals are far apart, it would be far above."""
    rng = np.random.default_rng(2)
    units = np.repeat(np.arange(30), 6)
    values = []
    for _ in range(60):
        x = 3 * rng.normal(size=(30, 3))[units] + rng.normal(size=(180, 3))
        value, rows = found(rng.normal(size=30)[units], x, units)
        assert rows == 30
        values.append(value)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(60)


def test_many_observations_are_a_sample_that_says_its_size(monkeypatch):
    monkeypatch.setattr(module, "MOST", 300)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2000, 2))
    value, rows = found(x[:, 0], x)
    assert rows == 300
    assert value == found(x[:, 0], x)[0]
    monkeypatch.setattr(module, "MOST", 2000)
    assert value == pytest.approx(found(x[:, 0], x)[0], abs=0.1)


def test_too_few_or_no_variation_is_nan():
    x = np.random.default_rng(0).normal(size=(3, 2))
    assert np.isnan(found([1, 2, 3], x)[0])
    assert np.isnan(found(np.arange(9), np.ones((9, 2)))[0])
