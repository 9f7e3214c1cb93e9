"""The measures of a map against oracles: zadu where it is installed, scikit-learn and plain loops always."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from explorer.space import quality_ranks
from explorer.space.quality import LOCAL, measure_map, most_neighbours, sample_size
from explorer.space.quality_pairs import pair_distances, unscaled_stress
from explorer.space.quality_points import kept, map_neighbours, point_errors
from explorer.space.quality_ranks import Space, excess, nearest_rows, ranks

try:
    import zadu.measures as zadu_measures
except ImportError:
    zadu_measures = None
    warnings.warn(
        "zadu is not installed: the measures are compared with scikit-learn and plain loops only", stacklevel=1
    )
needs_zadu = pytest.mark.skipif(zadu_measures is None, reason="zadu IS NOT INSTALLED: pip install zadu==0.5.4")


def cloud(seed, n=120, d=6, noise=0.5):
    """Vectors and a map that has something to do with them."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    return vectors, (vectors[:, :2] + noise * rng.normal(size=(n, 2))).astype(np.float32)


def lattice(seed, n=120):
    """Whole numbers with many equal distances, and rows that are there more than once."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(0, 4, (n, 3)).astype(np.float32)
    places = rng.integers(0, 5, (n, 2)).astype(np.float32)
    vectors[10], vectors[50], places[50] = vectors[3], vectors[4], places[4]
    return vectors, places


def orders(points):
    """Each point's others from near to far, of equally near ones the earlier first: a plain sort."""
    away = squareform(pdist(points.astype(float), "sqeuclidean"))
    np.fill_diagonal(away, -1)
    return np.argsort(away, axis=1, kind="stable")[:, 1:]


def plain(vectors, places, k):
    """Trustworthiness, continuity and overlap of each point, by loops over the definitions."""
    n = len(vectors)
    latent, shown = orders(vectors).tolist(), orders(places).tolist()
    out = []
    for i in range(n):
        sums = []
        for base, target in ((latent[i], shown[i]), (shown[i], latent[i])):
            sums.append(sum(base.index(j) + 1 - k for j in target[:k] if j not in base[:k]))
        unit = 2 / (k * (2 * n - 3 * k - 1))
        share = len(set(latent[i][:k]) & set(shown[i][:k])) / k
        out.append((1 - unit * sums[0], 1 - unit * sums[1], share))
    return np.array(out)


@pytest.mark.parametrize("make", [cloud, lattice])
@pytest.mark.parametrize(("seed", "k"), [(0, 1), (1, 7), (2, 15), (3, 59)])
def test_each_point_is_as_the_definitions_say(make, seed, k):
    vectors, places = make(seed)
    found = measure_map(vectors, places, k=k, shuffles=2)
    expected = plain(vectors, places, k)
    for name, own in zip(LOCAL, expected.T, strict=True):
        np.testing.assert_allclose(found.points[name], own, rtol=0, atol=1e-12)
        assert found.measures[name].value == pytest.approx(own.mean(), abs=1e-12)


@needs_zadu
@pytest.mark.parametrize("make", [cloud, lattice])
@pytest.mark.parametrize("seed", range(4))
def test_all_measures_are_those_of_zadu(make, seed):
    from zadu.measures import (
        local_continuity_meta_criteria,
        pearson_r,
        scale_normalized_stress,
        spearman_rho,
        stress,
        trustworthiness_continuity,
    )

    vectors, places = make(seed)
    n, k = len(vectors), 11
    found = measure_map(vectors, places, k=k, shuffles=2)
    whole, own = trustworthiness_continuity.measure(vectors, places, k, return_local=True)
    criteria = local_continuity_meta_criteria.measure(vectors, places, k)["lcmc"]
    theirs = {
        "trustworthiness": whole["trustworthiness"],
        "continuity": whole["continuity"],
        "knn_overlap": criteria + k / (n - 1),  # theirs is less what chance gives
        "shepard": spearman_rho.measure(vectors, places)["spearman_rho"],
        "pearson": pearson_r.measure(vectors, places)["pearson_r"],
        "stress": scale_normalized_stress.measure(vectors, places)["scale_normalized_stress"],
    }
    for name, value in theirs.items():
        assert found.measures[name].value == pytest.approx(value, abs=1e-9), name
    assert found.unscaled_stress == pytest.approx(stress.measure(vectors, places)["stress"], abs=1e-9)
    for name in ("trustworthiness", "continuity"):
        np.testing.assert_allclose(found.points[name], own[f"local_{name}"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_without_ties_they_are_those_of_scikit_learn_and_scipy(seed):
    vectors, places = cloud(seed)
    found = measure_map(vectors, places, k=9, shuffles=2).measures
    assert found["trustworthiness"].value == pytest.approx(trustworthiness(vectors, places, n_neighbors=9), abs=1e-9)
    assert found["continuity"].value == pytest.approx(trustworthiness(places, vectors, n_neighbors=9), abs=1e-9)
    x, y = pdist(vectors.astype(float)), pdist(places.astype(float))
    assert found["shepard"].value == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
    assert found["pearson"].value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    best = min(np.sqrt(np.square(x - a * y).sum() / np.square(x).sum()) for a in np.linspace(0, 5, 5001))
    assert found["stress"].value == pytest.approx(best, abs=1e-6)


# --- what must hold ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [cloud, lattice])
def test_a_map_that_is_the_space_is_perfect(make):
    places = make(0)[1]
    found = measure_map(places, 4 * places[:, ::-1], k=7, shuffles=2)
    for name in (*LOCAL, "shepard", "pearson"):
        assert found.measures[name].value == pytest.approx(1, abs=1e-12), name
    assert found.measures["stress"].value == pytest.approx(0, abs=1e-7)
    assert found.unscaled_stress == pytest.approx(3)


def test_far_made_near_is_worst():
    """Each point's nearest on the map are its farthest in the latent space: the one case of trustworthiness 0."""
    n, k = 40, 5
    ordered = np.arange(n)
    farthest = np.tile(np.arange(n - 1, n - 1 - k, -1), (n, 1))
    from explorer.space.quality import shares

    trust, overlap = shares(farthest.astype(float), k, n)
    np.testing.assert_allclose(trust, 0, atol=1e-12)
    assert overlap.max() == 0
    assert len(ordered) == n


def test_turning_and_scaling_the_map_changes_nothing():
    vectors, places = cloud(1, n=300)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0]
    one = measure_map(vectors, places, shuffles=2)
    other = measure_map(vectors, 17 * places @ turn + 5, shuffles=2)
    for name, found in one.measures.items():
        assert other.measures[name].value == pytest.approx(found.value, abs=1e-4), name


def test_far_from_the_origin_and_with_outliers_nothing_changes():
    vectors, places = cloud(2, n=300)
    vectors = np.round(vectors * 256) / 256
    far = vectors + np.float32(2**14)
    one, other = (measure_map(points, places, shuffles=2) for points in (vectors, far))
    for name in LOCAL:
        np.testing.assert_array_equal(one.points[name], other.points[name])


def test_too_many_neighbours_are_refused():
    vectors, places = cloud(0, n=31)
    assert most_neighbours(31) == 15
    measure_map(vectors, places, k=15, shuffles=2)
    for k in (0, 16, 40):
        with pytest.raises(ValueError, match="below half of 31 points"):
            measure_map(vectors, places, k=k)
        with pytest.raises(ValueError, match="below half of 31 points"):
            point_errors(vectors, places, np.zeros((31, k), dtype=np.int64))


def test_all_points_at_one_place():
    vectors, _ = cloud(0, n=60)
    found = measure_map(vectors, np.zeros((60, 2), dtype=np.float32), k=5, shuffles=3).measures
    assert np.isnan(found["shepard"].value)
    assert np.isnan(found["shepard"].low)
    assert np.isnan(found["stress"].value)
    assert 0.3 < found["trustworthiness"].value < 0.7


@pytest.mark.slow
def test_a_seed_gives_the_same_and_block_sizes_do_not_matter(monkeypatch):
    vectors, places = cloud(3, n=400)
    one = measure_map(vectors, places, sample=150, seed=4)
    monkeypatch.setattr(quality_ranks, "_NUMBERS", 400 * 7)
    again = measure_map(vectors, places, sample=150, seed=4)
    assert one.measures == again.measures
    assert len(one.rows) == 150
    assert (np.diff(one.rows) > 0).all()
    other = measure_map(vectors, places, sample=150, seed=5)
    assert not np.array_equal(other.rows, one.rows)


def test_progress_rises_to_one():
    told = []
    measure_map(*cloud(0), shuffles=2, report=lambda fraction, note: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_sample_grows_with_the_points_but_not_for_ever():
    assert [sample_size(n) for n in (50, 10_000, 10_001, 70_000, 200_000, 3_000_000)] == [
        *(50, 10_000, 2_000, 2_000, 1_000, 500),
    ]


# --- ranks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [cloud, lattice])
def test_neighbours_and_ranks_are_those_of_a_plain_sort(make):
    points = make(5)[0]
    order = orders(points)
    space = Space(points)
    rows = np.array([0, 3, 10, 77, 119])
    found = nearest_rows(space, rows, 8)
    assert [set(one) for one in found.tolist()] == [set(one) for one in order[rows, :8].tolist()]
    np.testing.assert_array_equal(ranks(space, rows, order[rows]), np.tile(np.arange(1.0, 120), (5, 1)))


def test_undecided_ties_share_their_middle_rank():
    line = np.array([0, 1, 1, 1, 5], dtype=np.float32)[:, None]
    columns = np.array([[1, 2, 3, 4]])
    assert ranks(Space(line), np.array([0]), columns, decided=1).tolist() == [[1, 2, 2, 4]]
    assert ranks(Space(line), np.array([0]), columns).tolist() == [[1, 2, 3, 4]]


@pytest.mark.parametrize("make", [cloud, lattice])
def test_float32_is_off_by_no_more_than_it_says(make):
    vectors = make(6)[0] + np.float32(3)
    columns = orders(make(7)[0])[:, :9]
    rows = np.arange(len(vectors))
    exact = np.maximum(ranks(Space(vectors), rows, columns) - 9, 0).sum(axis=1)
    found, off = excess(Space(vectors, exact=False), rows, columns, 9)
    assert (np.abs(found - exact) <= off + 1e-9).all()
    if make is cloud:
        assert off.max() < 3


# --- all points --------------------------------------------------------------------------------------------


def test_all_points_are_told_as_the_sample_is():
    vectors, places = cloud(8, n=500)
    near = orders(vectors)[:, :15]
    found = point_errors(vectors, places, near)
    exact = measure_map(vectors, places, shuffles=2)
    assert found.whole
    assert found.off <= 1e-3
    np.testing.assert_array_equal(found.knn_overlap, exact.points["knn_overlap"])
    for name in ("trustworthiness", "continuity"):
        np.testing.assert_allclose(getattr(found, name), exact.points[name], rtol=0, atol=found.off + 1e-12)


def test_points_that_float32_cannot_tell_apart_are_ranked_again():
    rng = np.random.default_rng(0)
    # Two tight groups far apart: within one, float32 squares of the distance to the middle leave nothing.
    vectors = rng.normal(size=(300, 5)).astype(np.float32)
    vectors[150:, 0] += 30_000
    places = vectors[:, :2] + rng.normal(size=(300, 2)).astype(np.float32)
    found = point_errors(vectors, places, orders(vectors)[:, :10])
    exact = measure_map(vectors, places, k=10, shuffles=2)
    np.testing.assert_allclose(found.trustworthiness, exact.points["trustworthiness"], rtol=0, atol=1e-3)
    rough, off = excess(Space(vectors, exact=False), np.arange(300), orders(places)[:, :10], 10)
    assert off.max() > 100
    assert np.isfinite(rough).all()


def test_of_very_many_points_only_the_overlap_is_told():
    vectors, places = cloud(8, n=100)
    near = orders(vectors)[:, :5]
    found = point_errors(vectors, places, near, whole=99)
    assert not found.whole
    assert np.isnan(found.trustworthiness).all()
    np.testing.assert_array_equal(found.knn_overlap, kept(near, map_neighbours(places, 5)))


def test_distances_of_pairs_are_plain():
    vectors, _ = cloud(0, n=50)
    first, second = np.triu_indices(50, 1)
    np.testing.assert_allclose(pair_distances(vectors, first, second), pdist(vectors.astype(float)), rtol=1e-12)
    assert np.isnan(unscaled_stress(np.zeros(3), np.ones(3)))
