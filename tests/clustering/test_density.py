"""Density clusters from the neighbour graph, beside SciPy's tree over all pairs and the hdbscan library."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from explorer.clustering.density import hdbscan
from explorer.clustering.spanning_tree import spanning_tree
from explorer.space.neighbours import find


def blobs(seed, n=400, dims=5, groups=4, spread=0.4):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(groups, dims)) * 4
    return (middles[rng.integers(groups, size=n)] + spread * rng.normal(size=(n, dims))).astype(np.float32)


def whole_tree(vectors, min_samples):
    """The weights of the minimum spanning tree over all pairs, ascending."""
    far = cdist(vectors.astype(np.float64), vectors.astype(np.float64))
    core = np.sort(far, axis=1)[:, min_samples]
    reach = np.maximum(np.maximum(far, core[:, None]), core)
    np.fill_diagonal(reach, 0)
    return np.sort(minimum_spanning_tree(reach).data)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("k", "min_samples"), [(5, 5), (15, 5), (40, 15), (399, 10)])
def test_the_tree_is_the_lightest_over_all_pairs(seed, k, min_samples):
    vectors = blobs(seed)
    edges, weights = spanning_tree(vectors, find(vectors, k), min_samples)
    assert edges.shape == (399, 2)
    assert np.allclose(np.sort(weights), whole_tree(vectors, min_samples), rtol=1e-5)
    reached = {0}
    for _ in range(399):  # it spans: from the first point all others are reached
        reached |= {b for a, b in edges.tolist() if a in reached} | {a for a, b in edges.tolist() if b in reached}
        if len(reached) == 400:
            break
    assert len(reached) == 400


def test_groups_far_apart_with_all_their_neighbours_inside_are_joined_all_the_same():
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.normal(size=(60, 3)) + place for place in (0, 1e3, 5e3)]).astype(np.float32)
    edges, weights = spanning_tree(vectors, find(vectors, 10), 5)
    assert len(edges) == 179
    assert np.allclose(np.sort(weights), whole_tree(vectors, 5), rtol=1e-4)


def test_points_that_coincide():
    vectors = np.repeat(blobs(0, n=40), 10, axis=0)
    edges, weights = spanning_tree(vectors, find(vectors, 15), 5)
    assert len(edges) == 399
    assert (weights == 0).sum() == 360
    labels, strength = hdbscan(vectors, find(vectors, 15), min_cluster_size=10)
    assert labels.max() >= 1
    assert ((strength >= 0) & (strength <= 1)).all()
    assert all(len(set(labels[place : place + 10])) == 1 for place in range(0, 400, 10))
    labels, _ = hdbscan(
        np.zeros((20, 3), dtype=np.float32), find(np.zeros((20, 3), dtype=np.float32), 5), min_cluster_size=5
    )
    assert len(labels) == 20


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [5, 12])
def test_the_same_clusters_as_the_hdbscan_library(seed, size):
    library = pytest.importorskip("hdbscan")
    vectors = blobs(seed, n=600, spread=1.0)
    ours, strength = hdbscan(vectors, find(vectors, 60), min_cluster_size=size, min_samples=size)
    theirs = library.HDBSCAN(size, approx_min_span_tree=False, core_dist_n_jobs=1).fit(vectors.astype(np.float64))
    # Mutual reachability has many equal lengths, whose order decides at the edges of clusters.
    assert adjusted_rand_score(ours, theirs.labels_) > 0.95
    both = (ours >= 0) & (theirs.labels_ >= 0)
    assert np.corrcoef(strength[both], theirs.probabilities_[both])[0, 1] > 0.95


def test_the_largest_cluster_comes_first_and_noise_is_below_all():
    rng = np.random.default_rng(1)
    sizes = (30, 120, 60)
    groups = [rng.normal(size=(size, 2)) * 0.05 + 3 * place for place, size in enumerate(sizes)]
    vectors = np.concatenate([*groups, [[50.0, -50.0]]]).astype(np.float32)
    labels, strength = hdbscan(vectors, find(vectors, 30), min_cluster_size=20)
    assert [int(np.bincount(labels[labels >= 0])[one]) for one in range(3)] == sorted(sizes, reverse=True)
    assert labels[-1] == -1
    assert strength[-1] == 0


def test_what_cannot_be_done_is_refused():
    vectors = blobs(0, n=30)
    with pytest.raises(ValueError, match="20 neighbours"):
        spanning_tree(vectors, find(vectors, 10), 20)
    with pytest.raises(ValueError, match="at least two"):
        spanning_tree(vectors[:1], find(vectors, 10), 5)
    with pytest.raises(ValueError, match="from 2 to 30"):
        hdbscan(vectors, find(vectors, 10), min_cluster_size=31)
