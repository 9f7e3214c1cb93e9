"""How many clusters there are by the gap statistic."""

import numpy as np
import pytest

from explorer.clustering.clusters import Clusters
from explorer.clustering.gap import gap_statistic, number_by_gap
from explorer.errors import UserError


def blobs(count, seed, n=40, dims=3):
    rng = np.random.default_rng(seed)
    middles = 12 * np.eye(max(count, dims))[:count, :dims] if count <= dims else 12 * rng.normal(size=(count, dims))
    return np.concatenate([middle + rng.normal(size=(n, dims)) for middle in middles]).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [2, 3])
def test_blobs_far_apart_are_counted(seed, count):
    found = gap_statistic(blobs(count, seed), up_to=4, references=5, seed=seed)
    assert found.k == count
    assert found.settled
    assert f"{count} clusters" in found.sentence


def test_one_cloud_has_no_clusters():
    ks = [
        gap_statistic(np.random.default_rng(seed).uniform(size=(100, 2)), up_to=3, references=5, seed=seed).k
        for seed in range(6)
    ]
    assert ks.count(1) >= 5


def test_the_gap_is_that_of_the_paper():
    """With one cluster, W is the scatter about the mean, and the references' can be told from the same draws."""
    vectors = np.random.default_rng(3).normal(size=(50, 2)) * [3, 1]
    found = gap_statistic(vectors, up_to=1, references=5, seed=7)
    centred = vectors - vectors.mean(axis=0)
    placed = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    rng = np.random.default_rng(7)
    logs = []
    for _ in range(5):
        cloud = rng.uniform(placed.min(axis=0), placed.max(axis=0), size=placed.shape)
        logs.append(np.log(((cloud - cloud.mean(axis=0)) ** 2).sum()))
    assert found.gaps[0] == pytest.approx(np.mean(logs) - np.log((centred**2).sum()))
    assert found.errors[0] == pytest.approx(np.std(logs) * np.sqrt(1.2))
    with pytest.raises(ValueError, match="four"):
        gap_statistic(vectors[:3])


@pytest.fixture
def study(herd):
    """Two groups in each breed, far apart."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 3)).astype(np.float32)
    vectors[:, 0] += np.tile([0.0, 40.0], 20)
    return herd.embed("two", vectors)


@pytest.mark.slow
def test_in_strata_each_is_counted(study):
    k, said = number_by_gap(study, Clusters("kmeans", 2, "two", way="strata", by=("breed",)))
    assert k == 2
    assert len(said) == 2
    assert said[0].startswith("breed = Holstein: gap statistic: 2 clusters")


@pytest.mark.slow
def test_where_there_are_none_it_says_so(herd):
    herd.spec["columns"]["features"] = ["weight"]
    herd.observations["weight"] = np.random.default_rng(1).permutation(40.0 + np.arange(40))
    with pytest.raises(UserError, match="only one cloud"):
        number_by_gap(herd.open(), Clusters("kmeans", 2, "features"))


def test_of_a_handful_of_vectors_nothing_is_said(herd):
    """Of five, one cloud is all that would be tried, which is no finding."""
    vectors = np.full((40, 2), np.nan, dtype=np.float32)
    vectors[:5] = np.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(UserError, match="too few vectors"):
        number_by_gap(herd.embed("few", vectors), Clusters("kmeans", 2, "few"))
