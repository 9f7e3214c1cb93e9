import numpy as np
import pytest
from scipy.spatial import procrustes

from explorer.space.procrustes import align


def maps(seed, dims=2, n=60, noise=0.3):
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(n, dims)) * [3, 1, 2][:dims] + 4
    turn = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
    return one, 2.5 * one @ turn - 7 + noise * rng.normal(size=(n, dims))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_scipy(seed, dims):
    one, other = maps(seed, dims)
    first, second, disparity = procrustes(one, other)
    found = align(one, other)
    size = np.linalg.norm(one - one.mean(axis=0))
    np.testing.assert_allclose((one - one.mean(axis=0)) / size, first, atol=1e-12)
    fits = np.sqrt(1 - disparity)  # scipy's has the least squared distance, ours the same spread
    np.testing.assert_allclose((found.apply(other) - one.mean(axis=0)) / size * fits, second, atol=1e-12)
    assert found.disparity == pytest.approx(disparity, abs=1e-12)


def test_a_turned_mirrored_moved_and_scaled_map_is_found_again():
    one, other = maps(0, noise=0)
    mirrored = other * [1, -1]
    found = align(one, mirrored)
    np.testing.assert_allclose(found.apply(mirrored), one, atol=1e-9)
    assert found.disparity == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found.turn @ found.turn.T, np.eye(2), atol=1e-12)


def test_unrelated_maps_keep_their_size():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 4_000, 2))
    assert align(one, other).apply(other).std() == pytest.approx(one.std(), rel=0.02)
    assert align(one, other).disparity > 0.99


def test_rows_without_a_place_are_left_out_and_stay_so():
    one, other = maps(1)
    full = align(one[3:], other[3:])
    one[0], other[1:3] = np.nan, np.nan
    found = align(one, other)
    np.testing.assert_allclose(found.turn, full.turn)
    assert np.isnan(found.apply(other)[1:3]).all()
    assert np.isfinite(found.apply(other)[0]).all()


def test_what_cannot_be_aligned_is_refused():
    one, other = maps(0)
    with pytest.raises(ValueError, match="shapes"):
        align(one, other[:5])
    with pytest.raises(ValueError, match="shapes"):
        align(one, np.zeros((60, 3)))
    with pytest.raises(ValueError, match="one place"):
        align(one, np.ones_like(one))
    with pytest.raises(ValueError, match="no point"):
        align(one, np.full_like(one, np.nan))
