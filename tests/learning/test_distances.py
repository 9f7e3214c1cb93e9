from typing import get_args

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from explorer.learning.distances import Distance, distances

COVARIANCE = np.array([[2.0, 0.3, 0.0, 0.1], [0.3, 1.0, 0.2, 0.0], [0.0, 0.2, 0.5, 0.0], [0.1, 0.0, 0.0, 3.0]])
VARIANCES = np.array([0.5, 1.0, 2.0, 4.0])
OPTIONS = {
    "mahalanobis": {"covariance": COVARIANCE},
    "minkowski": {"order": 3.0},
    "standardised_euclidean": {"variances": VARIANCES},
}
PLAIN = {
    "euclidean": lambda x, y: np.sqrt(sum(d**2 for d in x - y)),
    "squared_euclidean": lambda x, y: sum(d**2 for d in x - y),
    "manhattan": lambda x, y: sum(abs(d) for d in x - y),
    "cosine": lambda x, y: 1 - (x @ y) / np.sqrt((x @ x) * (y @ y)),
    "dot": lambda x, y: -sum(c for c in x * y),
    "mahalanobis": lambda x, y: np.sqrt((x - y) @ np.linalg.solve(COVARIANCE, x - y)),
    "minkowski": lambda x, y: sum(abs(d) ** 3 for d in x - y) ** (1 / 3),
    "chebyshev": lambda x, y: max(abs(d) for d in x - y),
    "correlation": lambda x, y: 1 - pearsonr(x, y).statistic,
    "standardised_euclidean": lambda x, y: np.sqrt(sum(d**2 for d in (x - y) / np.sqrt(VARIANCES))),
    "spearman": lambda x, y: 1 - spearmanr(x, y).statistic,
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", get_args(Distance))
def test_each_distance_equals_its_formula(name, dtype):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4)).astype(dtype), rng.normal(size=(3, 4)).astype(dtype)
    x[0, 1] = x[0, 2]  # equal ranks
    found = distances(x, y, name, **OPTIONS.get(name, {}))
    expected = [[PLAIN[name](a.astype(float), b.astype(float)) for b in y] for a in x]
    assert found.shape == (5, 3) and found.dtype == np.float64
    assert np.allclose(found, expected, rtol=1e-10)


def test_vectors_without_direction_or_spread_have_no_coefficient():
    x, y = np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[3.0, 1.0]])
    assert np.isnan(distances(x, y, "cosine")[:, 0]).tolist() == [True, False]
    assert np.isnan(distances(x + 1, y, "correlation")[:, 0]).tolist() == [True, False]
    assert np.isnan(distances(x + 1, y, "spearman")[:, 0]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("hamming", {}, "no distance is named 'hamming'; there are euclidean, "),
        ("mahalanobis", {}, "mahalanobis needs covariance; it was given none"),
        ("euclidean", {"order": 2}, "euclidean needs no option; it was given order"),
        ("minkowski", {"order": 0.5}, "order must be at least 1, not 0.5"),
        ("mahalanobis", {"covariance": np.eye(2)}, r"covariance must be symmetric \(4, 4\)"),
        ("mahalanobis", {"covariance": -np.eye(4)}, "positive definite"),
        ("standardised_euclidean", {"variances": np.zeros(4)}, "all above 0"),
    ],
)
def test_what_cannot_be_computed_is_told(name, options, told):
    with pytest.raises(ValueError, match=told):
        distances(np.ones((2, 4)), np.ones((3, 4)), name, **options)


def test_vectors_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"the vectors must be \(n, d\) and \(m, d\), not \(2, 4\) and \(3, 5\)"):
        distances(np.ones((2, 4)), np.ones((3, 5)))
