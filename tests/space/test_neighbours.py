from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from explorer.space import neighbours as module
from explorer.space.neighbours import Neighbours, cache_path, find, find_among, is_cheap, neighbours, searched
from explorer.study.embeddings import Embedding, EmbeddingNote


def embedding(vectors, fingerprint="f"):
    note = EmbeddingNote(observations="", encoder="test")
    return Embedding("net", np.asarray(vectors, dtype=np.float32), note, fingerprint)


def cloud(seed, n, d):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def check(found, vectors, k):
    """Every distance is that of the pair named and as small as it can be; nobody is a neighbour of itself."""
    points = vectors.astype(np.float64)
    n = len(points)
    assert (found.indices.dtype, found.distances.dtype) == (np.int32, np.float32)
    assert found.indices.shape == found.distances.shape == (n, k)
    assert found.k == k
    assert (found.indices != np.arange(n)[:, None]).all()
    assert all(len(set(row)) == k for row in found.indices.tolist())
    assert (np.diff(found.distances, axis=1) >= 0).all()
    apart = np.linalg.norm(points[:, None] - points[found.indices], axis=2)
    np.testing.assert_allclose(found.distances, apart, rtol=2e-6)
    everyone = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(everyone, np.inf)
    return apart, np.sort(everyone, axis=1)[:, :k]


@pytest.mark.parametrize(("n", "d", "k"), [(300, 7, 15), (40, 1, 5), (9, 3, 20), (2, 2, 1), (500, 128, 90)])
@pytest.mark.slow
def test_exact_neighbours_are_those_of_every_pair(n, d, k):
    vectors = cloud(n, n, d)
    found = find(vectors, k)
    assert found.exact
    assert found.recall is None
    k = min(k, n - 1)
    apart, best = check(found, vectors, k)
    np.testing.assert_allclose(apart, best, rtol=1e-6)
    theirs, _ = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(vectors.astype(np.float64)).kneighbors()
    np.testing.assert_allclose(found.distances, theirs, rtol=1e-5)


@pytest.mark.parametrize("exact", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_identical_vectors_are_each_others_neighbours_at_distance_zero(exact):
    vectors = np.repeat(cloud(0, 60, 5), 12, axis=0)[np.random.default_rng(0).permutation(720)] + np.float32(30)
    found = find(vectors, 20, exact=exact)
    apart, best = check(found, vectors, 20)
    np.testing.assert_array_equal(found.distances[:, :11], 0.0)
    assert (found.distances[:, 11:] > 0.01).all()
    if exact:
        np.testing.assert_allclose(apart, best, rtol=1e-6)
    everyone = find(np.ones((40, 3), dtype=np.float32), 15, exact=exact)
    assert (everyone.distances == 0).all()
    assert (everyone.indices != np.arange(40)[:, None]).all()


def test_differences_far_below_the_size_of_the_vectors_are_seen():
    """|x|^2 - 2xy + |y|^2 in float32 would be rounding alone here."""
    vectors = (1_000 + np.arange(400)[:, None] * np.float32([0.002, 0.001])).astype(np.float32)
    found = find(vectors, 4)
    apart, best = check(found, vectors, 4)
    np.testing.assert_allclose(apart, best, rtol=1e-9)
    tight = cloud(1, 400, 3) * np.float32(1e-5)
    tight[:200] += np.float32(1)
    apart, best = check(find(tight, 4), tight, 4)
    np.testing.assert_allclose(apart, best, rtol=1e-4)


def test_many_blocks_equal_one(monkeypatch):
    vectors = cloud(0, 300, 4)
    whole = find(vectors, 9)
    heard = []
    monkeypatch.setattr(module, "_BLOCK", 64)
    parts = find(vectors, 9, report=lambda fraction, note: heard.append(fraction))
    np.testing.assert_array_equal(whole.indices, parts.indices)
    assert heard == [start / 300 for start in range(0, 300, 64)]


def test_one_vector_has_no_neighbours():
    with pytest.raises(ValueError, match="at least two"):
        find(cloud(0, 1, 3), 3)


@pytest.mark.slow
@pytest.mark.parametrize("d", [4, 40])
def test_the_recall_that_is_told_is_true(d):
    vectors = cloud(d, 6_000, d)
    found = find(vectors, 15, exact=False)
    check_indices = found.indices
    true = find(vectors, 15, exact=True).indices
    recall = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(check_indices.tolist(), true.tolist(), strict=True)])
    assert not found.exact
    # Misses come bunched: the spread of a point's own recall, over the points of the sample.
    assert found.recall == pytest.approx(recall, abs=4 * 0.2 / np.sqrt(module.SAMPLE))
    assert 0.7 < recall < 1
    np.testing.assert_array_equal(find(vectors, 15, exact=False).indices, found.indices)


@pytest.mark.slow
def test_gaps_that_the_descent_leaves_are_filled(monkeypatch):
    import pynndescent

    class Gappy(pynndescent.NNDescent):
        @property
        def neighbor_graph(self):
            near, far = (part.copy() for part in super().neighbor_graph)
            near[7, 3:], far[7, 3:] = -1, np.inf
            return near, far

    monkeypatch.setattr(pynndescent, "NNDescent", Gappy)
    vectors = cloud(0, 400, 3)
    found = find(vectors, 10, exact=False)
    apart, best = check(found, vectors, 10)
    np.testing.assert_allclose(apart[7], best[7])


def test_the_wide_search_is_exact_where_that_is_cheap():
    assert is_cheap(10_000, 128)
    assert not is_cheap(200_000, 128)


def test_neighbours_among_others():
    known, new = cloud(0, 50, 4), cloud(1, 30, 4)
    new[3] = known[7]
    found = find_among(known, new, 6)
    theirs, rows = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(known).kneighbors(new)
    np.testing.assert_array_equal(found.indices, rows)
    np.testing.assert_allclose(found.distances, theirs, atol=1e-5)
    assert found.indices[3, 0] == 7
    assert find_among(known, new, 99).k == 50


# --- of an embedding ---------------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path):
    return SimpleNamespace(cache=tmp_path / "cache")


@pytest.fixture
def searches(monkeypatch):
    calls = []
    real = module.find
    monkeypatch.setattr(module, "find", lambda *given, **more: calls.append(given[1]) or real(*given, **more))
    return calls


def test_they_are_found_once_and_serve_for_fewer(study, searches):
    net = embedding(cloud(0, 200, 6))
    first = neighbours(study, net, 15)
    again = neighbours(study, net, 30)
    assert searches == [90]
    np.testing.assert_array_equal(first.indices, again.indices[:, :15])
    np.testing.assert_array_equal(first.distances, again.distances[:, :15])
    assert (first.k, again.k, again.exact) == (15, 30, True)
    more = neighbours(study, net, 120)
    assert searches == [90, 120]
    np.testing.assert_array_equal(more.indices[:, :30], again.indices)
    assert neighbours(study, net, 10_000).k == 199
    assert neighbours(study, net, 10_000).k == 199
    assert searches == [90, 120, 199]


def test_an_approximate_search_has_a_file_for_each_step(study, searches, monkeypatch):
    """What is asked for first must not change what comes second."""
    monkeypatch.setattr(module, "_PAIRS", 0)
    monkeypatch.setattr(module, "_descent", lambda vectors, k: module._all_pairs(vectors, np.arange(300), k, None))
    net = embedding(cloud(0, 300, 4))
    assert neighbours(study, net, 40).recall == 1
    assert neighbours(study, net, 15).k == 15
    assert neighbours(study, net, 30).k == 30
    assert neighbours(study, net, 99).k == 99
    assert neighbours(study, net, 299).k == 299
    assert searches == [100, 30, 300]
    assert len({cache_path(study, net, k) for k in (2, 30, 31, 100, 101, 300)}) == 3


def test_other_vectors_have_other_neighbours(study, searches):
    one = neighbours(study, embedding(cloud(0, 100, 4), "one"), 5)
    other = neighbours(study, embedding(cloud(1, 100, 4), "other"), 5)
    assert len(searches) == 2
    assert (one.indices != other.indices).any()


def test_what_the_cache_has_is_told_as_it_was(study, monkeypatch):
    net = embedding(cloud(0, 100, 4))
    half = Neighbours(np.zeros((100, 30), np.int32), np.zeros((100, 30), np.float32), 0.5)
    monkeypatch.setattr(module, "find", lambda *given, **more: half)
    assert neighbours(study, net, 5).recall == 0.5
    monkeypatch.undo()
    assert neighbours(study, net, 5).recall == 0.5
    assert not neighbours(study, net, 5).exact


def test_a_spoilt_file_is_made_again(study, searches):
    net = embedding(cloud(0, 100, 4))
    first = neighbours(study, net, 5)
    path = cache_path(study, net, 5)
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole[: len(whole) // 2], b"spoilt"):
        path.write_bytes(content)
        np.testing.assert_array_equal(neighbours(study, net, 5).indices, first.indices)
    assert len(searches) == 5
    with np.load(path) as stored:
        good = dict(stored)
    for change in (
        {"indices": good["indices"][:-1]},
        {"indices": good["indices"].astype(np.int64)},
        {"distances": good["distances"].astype(np.float64)},
        {"facts": np.array("{}")},
    ):
        np.savez(path, **good | change)
        np.testing.assert_array_equal(neighbours(study, net, 5).indices, first.indices)
    assert len(searches) == 9


def test_rows_without_a_vector_are_left_out(study):
    vectors = cloud(0, 120, 4)
    whole = vectors.copy()
    vectors[::5] = np.nan
    found = neighbours(study, embedding(vectors), 6)
    kept = whole[np.arange(120) % 5 != 0]
    np.testing.assert_array_equal(found.indices, find(kept, 6).indices)
    np.testing.assert_array_equal(searched(embedding(vectors))[0], kept)


def test_many_dimensions_are_reduced_and_it_is_said():
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 257))
    wide[4] = np.nan
    vectors, said = searched(embedding(wide))
    assert vectors.shape == (299, 50)
    assert said == ("computed on the first 50 principal components, which hold 100% of the variance",)
    kept = np.delete(wide, 4, axis=0).astype(np.float32)
    np.testing.assert_array_equal(find(vectors, 5).indices, find(kept, 5).indices)
    assert searched(embedding(wide[:, :256]))[1] == ()
