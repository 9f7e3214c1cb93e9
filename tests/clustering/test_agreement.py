"""Agreement of partitions, beside scikit-learn; against identity; two clusterings side by side."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

from explorer.clustering.against_identity import _information, _rand, against_identity
from explorer.clustering.agreement import adjusted_information, rand_of_tables
from explorer.clustering.clusters import Clusters
from explorer.clustering.comparing import contingency
from explorer.clustering.conditioned import assign
from explorer.errors import UserError


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n", "r", "c"), [(12, 3, 3), (60, 20, 4), (3_000, 5, 7), (400, 1, 3)])
def test_the_same_as_scikit_learn(seed, n, r, c):
    rng = np.random.default_rng(seed)
    a = rng.integers(r, size=n)
    b = np.where(rng.random(n) < 0.5, a % c, rng.integers(c, size=n))
    table = contingency_matrix(a, b).astype(float)
    assert rand_of_tables(table[None])[0] == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)
    assert adjusted_information(table) == pytest.approx(adjusted_mutual_info_score(a, b), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_row_that_is_there_twice_is_two_groups(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 5, size=(6, 3)).astype(float)
    times = np.array([0.0, 2.0, 1.0, 3.0, 1.0, 0.0])
    copied = np.repeat(table, times.astype(int), axis=0)
    cells = np.argwhere(copied >= 0)
    labels = np.repeat(cells, copied.astype(int).ravel(), axis=0)
    assert adjusted_information(table, times) == pytest.approx(adjusted_mutual_info_score(*labels.T), abs=1e-9)


@pytest.fixture
def study(herd):
    vectors = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32) * 0.1
    vectors += np.repeat(np.eye(3, dtype=np.float32)[np.arange(8) % 3] * np.arange(1, 9)[:, None] * 9, 5, axis=0)
    vectors[7] = np.nan
    return herd.embed("apart", vectors)


def test_clusters_that_are_the_animals(study):
    found = against_identity(study, assign(study, Clusters("kmeans", 8, "apart")))
    assert (found.ari.value, found.ari.low, found.ari.high) == (1, 1, 1)
    assert (found.ami.value, found.ami.low, found.ami.high) == pytest.approx((1, 1, 1))
    assert (found.animals, found.observations) == (8, 39)
    assert "1.000" in found.sentence


def test_against_identity_is_scikit_learns_of_the_animals_held_out(study):
    made = assign(study, Clusters("kmeans", 3, "apart"))
    chosen = ["cow-1", "cow-2", "cow-3", "cow-5", "cow-6", "not there"]
    found = against_identity(study, made, chosen)
    rows = study.animal.isin(chosen).to_numpy() & (made.labels > -2)
    names = study.animal[rows].astype(str)
    assert found.ari.value == pytest.approx(adjusted_rand_score(names, made.labels[rows]))
    assert found.ami.value == pytest.approx(adjusted_mutual_info_score(names, made.labels[rows]))
    assert found.ari.low <= found.ari.value <= found.ari.high
    assert "5 animals that no encoder has learnt from" in found.sentence
    with pytest.raises(UserError, match="1 of those held out has a vector"):
        against_identity(study, made, ["cow-1"])


@pytest.mark.slow
def test_by_chance_the_agreement_is_about_nothing(study):
    made = assign(study, Clusters("kmeans", 3, "apart"))
    values = []
    for seed in range(30):
        labels = np.random.default_rng(seed).permutation(made.labels)
        values.append(against_identity(study, replace(made, labels=labels)).ari.value)
    assert abs(np.mean(values)) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("liking", [0.2, 1.0, 1e6])
def test_the_intervals_hold_the_value_of_herds_of_this_size(liking):
    """Animals with a liking for some clusters (1e6: with none); the mean of many herds is what they estimate."""
    rng = np.random.default_rng(0)
    tables = [
        np.stack([rng.multinomial(8, rng.dirichlet(np.full(5, liking))) for _ in range(30)]).astype(float)
        for _ in range(60)
    ]
    for interval in (_rand, _information):
        found = [interval(table, 0) for table in tables]
        truth = np.mean([one.value for one in found])
        held = np.mean([one.low <= truth <= one.high for one in found])
        assert held > 0.83  # 0.95, less three standard deviations of 60 herds and some for so few animals


def test_two_clusterings_side_by_side(study):
    three, eight = (assign(study, Clusters("kmeans", k, "apart")) for k in (3, 8))
    found = contingency(study, three, eight)
    both = three.labels > -2
    assert found.counts.sum() == found.observations == 39
    assert found.first == ("1", "2", "3")
    for i, one in enumerate(found.first):
        for j, other in enumerate(found.second):
            there = (three.labels == int(one) - 1) & (eight.labels == int(other) - 1)
            assert found.counts[i, j] == there.sum()
    assert not found.moved[~both].any()
    assert found.ari.value == pytest.approx(adjusted_rand_score(three.labels[both], eight.labels[both]))
    same = contingency(study, eight, replace(eight, labels=np.where(eight.labels >= 0, 7 - eight.labels, -2)))
    assert not same.moved.any()
    assert same.ari.value == 1


def test_who_is_not_where_most_of_its_cluster_went_has_moved(study):
    """Two clusters may go to the same one: then only those of them have moved that are elsewhere."""
    made = assign(study, Clusters("kmeans", 3, "apart"))
    labels = [
        np.array([*halves, *[-2] * 24], dtype=np.int32)
        for halves in ([0] * 10 + [1] * 6, [0] * 7 + [1] * 3 + [0] * 4 + [2] * 2)
    ]
    found = contingency(study, *(replace(made, labels=one) for one in labels))
    assert np.flatnonzero(found.moved).tolist() == [7, 8, 9, 14, 15]
    assert found.went.tolist() == [0, 0]
    back = contingency(study, *(replace(made, labels=one) for one in labels[::-1]))
    assert np.flatnonzero(back.moved).tolist() == [10, 11, 12, 13]


def test_noise_is_no_cluster_to_move_into(study):
    made = assign(study, Clusters("kmeans", 3, "apart"))
    found = contingency(study, made, replace(made, labels=np.where(made.labels == 0, -1, made.labels)))
    assert found.second == ("2", "3", "noise")
    assert np.array_equal(found.moved, made.labels == 0)
    with pytest.raises(UserError, match="no observation is in both"):
        contingency(study, made, replace(made, labels=np.full_like(made.labels, -2)))
