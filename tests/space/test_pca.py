import numpy as np
import pytest
from sklearn.decomposition import PCA

from explorer.space.pca import fit_pca

SEEDS = range(4)


def cloud(seed, n, d, offset=0.0):
    """Correlated rows whose variances fall off clearly, so that each axis is well defined."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (rng.normal(size=(n, d)) * 2.0 ** -np.arange(d) @ turn + offset).astype(np.float32)


def same_up_to_sign(ours, theirs, tolerance):
    for one, other in zip(ours.T, theirs.T, strict=True):
        sign = np.sign(one @ other)
        np.testing.assert_allclose(one, sign * other, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("n", "d", "k", "offset"),
    [(200, 5, 3, 0.0), (200, 5, 5, 3.0), (12, 40, 3, 0.0), (500, 8, 3, 1e4), (3, 2, 2, 0.0), (60, 1, 1, 5.0)],
)
def test_coordinates_and_shares_equal_those_of_scikit_learn(seed, n, d, k, offset):
    vectors = cloud(seed, n, d, offset)
    ours = fit_pca(vectors, np.ones(n, dtype=bool), k)
    theirs = PCA(k, svd_solver="full").fit(vectors.astype(np.float64))
    coordinates = ours.transform(vectors)
    assert coordinates.dtype == np.float32
    same_up_to_sign(coordinates, theirs.transform(vectors.astype(np.float64)), 2e-4)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-4)
    np.testing.assert_allclose(ours.mean, theirs.mean_, atol=1e-3)
    np.testing.assert_allclose(ours.axes @ ours.axes.T, np.eye(k), atol=1e-9)


def test_many_chunks_equal_one_matrix():
    vectors = cloud(0, 40_000, 6, 10.0)
    complete = np.random.default_rng(0).random(len(vectors)) < 0.7
    vectors[~complete, 3] = np.nan
    ours = fit_pca(vectors, complete, 3)
    theirs = PCA(3, svd_solver="full").fit(vectors[complete].astype(np.float64))
    same_up_to_sign(ours.transform(vectors)[complete], theirs.transform(vectors[complete]), 1e-3)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(ours.transform(vectors)).all(axis=1), ~complete)


def test_rows_in_order_of_what_sets_them_apart_lose_nothing():
    vectors = cloud(2, 40_000, 6)
    vectors[20_000:] += np.float32(100)
    complete = np.ones(len(vectors), dtype=bool)
    ours = fit_pca(vectors, complete, 3)
    theirs = PCA(3, svd_solver="full").fit(vectors.astype(np.float64))
    same_up_to_sign(ours.transform(vectors), theirs.transform(vectors.astype(np.float64)), 5e-3)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=1e-2)


def test_a_memory_mapped_file_gives_the_same(tmp_path):
    vectors = cloud(1, 300, 7)
    np.save(tmp_path / "v.npy", vectors)
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    complete = np.ones(300, dtype=bool)
    one, other = fit_pca(vectors, complete, 2), fit_pca(mapped, complete, 2)
    np.testing.assert_array_equal(one.transform(vectors), other.transform(mapped))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_largest_part_of_each_axis_is_positive(seed):
    vectors = cloud(seed, 100, 6)
    for flipped in (vectors, -vectors):
        axes = fit_pca(flipped, np.ones(100, dtype=bool), 6).axes
        assert (axes[np.arange(6), np.abs(axes).argmax(axis=1)] > 0).all()


def test_axes_beyond_the_rank_explain_nothing():
    line = np.outer(np.arange(10), [1, 2, 2]).astype(np.float32)
    pca = fit_pca(line, np.ones(10, dtype=bool), 5)
    assert pca.axes.shape == (3, 3)
    np.testing.assert_allclose(pca.explained, [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(np.diff(pca.transform(line)[:, 0]), 3.0, rtol=1e-5)


def test_identical_rows_have_no_variance():
    pca = fit_pca(np.full((5, 3), 0.1, np.float32), np.ones(5, dtype=bool), 2)
    assert pca.explained.tolist() == [0.0, 0.0]
    assert np.abs(pca.transform(np.full((5, 3), 0.1, np.float32))).max() < 1e-6


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_rows_make_no_axes(rows):
    complete = np.arange(5) < rows
    with pytest.raises(ValueError, match=f"at least two vectors, not {rows}"):
        fit_pca(np.ones((5, 3), np.float32), complete, 2)
