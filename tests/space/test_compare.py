import numpy as np
import pytest
from scipy.stats import spearmanr

from explorer.errors import UserError
from explorer.space import compare
from explorer.space.compare import (
    compare_maps,
    compare_of,
    compare_points,
    comparison_path,
    read_comparison,
)
from explorer.space.neighbours import find
from explorer.space.projections import project
from explorer.view import MapChoice


def cloud(seed, n=40, d=4):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def both(herd, a, b):
    herd.embed("one", a)
    study = herd.embed("two", b)
    return study, study.embedding("one"), study.embedding("two")


def plain(a, b, k):
    out = []
    for i in range(len(a)):
        near = []
        for points in (a.astype(float), b.astype(float)):
            far = np.linalg.norm(points - points[i], axis=1)
            far[i] = np.inf
            near.append(set(np.argsort(far)[:k].tolist()))
        out.append(len(near[0] & near[1]) / k)
    return np.array(out)


def test_it_is_a_plain_count_and_scipys_correlation(herd):
    a = cloud(0)
    b = (a + cloud(1)).astype(np.float32)
    study, one, two = both(herd, a, b)
    found = compare_of(study, one, two, k=6)
    np.testing.assert_array_equal(found.neighbours_kept, plain(a, b, 6))
    assert found.overall.value == pytest.approx(plain(a, b, 6).mean())
    first, second = np.triu_indices(40, 1)
    distances = [np.linalg.norm(x[first].astype(float) - x[second], axis=1) for x in (a, b)]
    assert found.distances.value == pytest.approx(spearmanr(*distances).statistic, abs=1e-9)
    assert (found.k, found.n, found.chance, found.pairs) == (6, 40, 6 / 39, 780)
    assert (found.units, found.by_animal) == (8, True)
    assert found.overall.low < found.overall.value < found.overall.high


def test_only_those_with_a_vector_in_both_are_compared_and_the_others_counted(herd):
    a, b = cloud(0), cloud(1)
    b[20:] += a[20:, :4] * 3
    a[[0, 1, 2]], b[[2, 3]] = np.nan, np.nan
    study, one, two = both(herd, a, b)
    found = compare_of(study, one, two, k=5)
    assert (found.n, found.only_a, found.only_b) == (36, 1, 2)
    assert np.flatnonzero(np.isnan(found.neighbours_kept)).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(found.neighbours_kept[4:], plain(a[4:], b[4:], 5))


@pytest.mark.slow
def test_an_embedding_is_like_itself_and_noise_like_chance(herd):
    a = cloud(0)
    study, one, two = both(herd, a, 2 * a)
    found = compare_of(study, one, two)
    assert found.overall.value == 1
    assert found.distances.value == pytest.approx(1)
    near = [find(cloud(seed, 300), 15) for seed in (1, 2)]
    inside = 0
    for run in range(60):
        points = cloud(2 * run, 120), cloud(2 * run + 1, 120)
        near = [find(one, 8).indices for one in points]
        other = compare_points(*points, *near, seed=run)
        inside += not other.overall.beyond_chance
        assert other.overall.null == pytest.approx(8 / 119, abs=0.01)
    assert inside >= 52


def test_it_is_kept(herd, monkeypatch):
    study, one, two = both(herd, cloud(0), cloud(1))
    compare_of(study, one, two, k=4)
    kept = read_comparison(comparison_path(study, one, two, k=4))
    assert kept is not None
    monkeypatch.setattr(compare, "searched", None)  # whatever is computed again fails
    again = compare_of(study, one, two, k=4)
    assert again.overall == kept.overall
    assert again.remarks == kept.remarks
    with pytest.raises(TypeError):
        compare_of(study, two, one, k=4)
    with pytest.raises(TypeError):
        compare_of(study, one, two, k=5)


def test_too_few_are_refused_and_k_is_lowered_with_a_word(herd):
    a, b = cloud(0), cloud(1)
    b[11:] = np.nan
    study, one, two = both(herd, a, b)
    found = compare_of(study, one, two)
    assert found.k == 5
    assert found.remarks == ("compared among 5 neighbours instead of 15, the most that make sense",)
    b[9:] = np.nan
    study, one, two = both(herd, a, b)
    with pytest.raises(UserError, match="only 9 observations have a vector in both 'one' and 'two'"):
        compare_of(study, one, two)


def test_wide_vectors_are_compared_by_their_components_which_is_said(herd):
    study, one, two = both(herd, cloud(0, d=300), cloud(1))
    assert compare_of(study, one, two).remarks[0].startswith("one: computed on the first 50 principal components")


def test_two_maps_are_compared(herd):
    study = herd.embed("one", cloud(0))
    embedding = study.embedding("one")
    a = project(study, embedding, MapChoice())
    b = project(study, embedding, MapChoice(method="tsne", neighbours=5))
    found = compare_maps(a, b, k=5)
    np.testing.assert_array_equal(found.neighbours_kept, plain(a.coordinates, b.coordinates, 5))
