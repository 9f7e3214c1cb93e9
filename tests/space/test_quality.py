import numpy as np
import pytest

from explorer.space.quality import knn_overlap


def cloud(seed, n, d):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize(("n", "k"), [(200, 15), (10, 15), (2, 1)])
def test_a_map_that_is_the_space_keeps_all(n, k):
    points = cloud(0, n, 2)
    found = knn_overlap(points, 3 * points[:, ::-1] - 7, np.arange(n), k=k)
    assert found.share == 1
    assert (found.k, found.sample) == (min(k, n - 1), n)


def test_a_map_without_relation_keeps_what_chance_keeps():
    n, k = 1_500, 15
    found = knn_overlap(cloud(0, n, 5), cloud(1, n, 2), np.arange(n), k=k)
    assert found.chance == k / (n - 1)
    # Hypergeometric, for each point; the points are nearly independent.
    deviation = np.sqrt(k * k / (n - 1) * (1 - k / (n - 1))) / k / np.sqrt(n)
    assert abs(found.share - found.chance) < 5 * deviation


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_a_plain_count(seed):
    rng = np.random.default_rng(seed)
    space = cloud(seed, 150, 3)
    place = (space[:, :2] + 0.5 * rng.normal(size=(150, 2))).astype(np.float32)
    rows = rng.choice(150, 40, replace=False)
    shared = []
    for row in rows:
        near = []
        for points in (space.astype(float), place.astype(float)):
            far = np.linalg.norm(points - points[row], axis=1)
            far[row] = np.inf
            near.append(set(np.argsort(far)[:7].tolist()))
        shared.append(len(near[0] & near[1]) / 7)
    found = knn_overlap(space, place, rows, k=7)
    assert found.share == pytest.approx(np.mean(shared))
    assert 0.1 < found.share < 0.9


def test_identical_points_do_not_count_themselves():
    same = np.zeros((30, 3), dtype=np.float32)
    found = knn_overlap(same, cloud(0, 30, 2), np.arange(30), k=29)
    assert found.share == 1


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        knn_overlap(cloud(0, 9, 2), cloud(0, 9, 2), np.empty(0, dtype=np.int64))
    with pytest.raises(ValueError, match="two points"):
        knn_overlap(cloud(0, 1, 2), cloud(0, 1, 2), np.arange(1))
