import numpy as np
import pytest

from explorer.learning import retrieval
from explorer.learning.retrieval import retrieve


def oracle(vectors, animals, dates, apart, places, present=None):
    """Plain loops: for each query with anything to find, whether the nearest is right, and AP@R."""
    out = {}
    for q in range(len(vectors)):
        gallery = []
        for g in range(len(vectors)):
            same = animals[g] == animals[q]
            close = dates is not None and (dates[g] == dates[q] or abs(dates[g] - dates[q]) < apart)
            beside = places is not None and places[g] == places[q]
            if g != q and not (same and (close or beside)) and (present is None or present[g]):
                gallery.append((np.linalg.norm(vectors[q] - vectors[g]), g))
        hits = [animals[g] == animals[q] for _, g in sorted(gallery)]
        total = sum(hits)
        if total:
            precisions = [sum(hits[: rank + 1]) / (rank + 1) for rank in range(total) if hits[rank]]
            out[q] = (hits[0], sum(precisions) / total, total)
    return out


@pytest.mark.parametrize("apart", [0.0, 2.5])
@pytest.mark.parametrize("how", ["dates", "places", "both", "neither"])
@pytest.mark.parametrize("unit", [True, False])
def test_retrieval_equals_plain_loops(monkeypatch, how, apart, unit):
    monkeypatch.setattr(retrieval, "_QUERIES_AT_ONCE", 17)
    rng = np.random.default_rng(0)
    n = 90
    animals, dates, places = rng.integers(0, 9, n), rng.integers(0, 6, n).astype(float), rng.integers(0, 2, n)
    vectors = rng.normal(size=(n, 6)) + 0.8 * np.eye(9, 6)[animals]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if unit else 100 * vectors + 1000
    dates = dates if how in ("dates", "both") else None
    places = places if how in ("places", "both") else None
    found = retrieve(vectors, animals, dates, apart=apart, places=places)
    expected = oracle(vectors, animals, dates, apart, places)
    assert found.rows.tolist() == sorted(expected)
    assert found.without == n - len(expected)
    first, precision, relevant = zip(*(expected[row] for row in found.rows), strict=True)
    np.testing.assert_array_equal(found.first, first)
    np.testing.assert_allclose(found.precision, precision, atol=1e-12)
    np.testing.assert_array_equal(found.relevant, relevant)
    np.testing.assert_array_equal(found.animals, animals[found.rows])


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_only_the_gallery_is_found(share):
    rng = np.random.default_rng(3)
    n = 80
    animals, dates = rng.integers(0, 9, n), rng.integers(0, 6, n).astype(float)
    vectors = rng.normal(size=(n, 6)) + 0.8 * np.eye(9, 6)[animals]
    present = rng.random(n) < share
    found = retrieve(vectors, animals, dates, gallery=present)
    expected = oracle(vectors, animals, dates, 0.0, None, present)
    assert found.rows.tolist() == sorted(expected) and 0 < len(found.rows) < n
    first, precision, relevant = zip(*(expected[row] for row in found.rows), strict=True)
    np.testing.assert_array_equal(found.first, first)
    np.testing.assert_allclose(found.precision, precision, atol=1e-12)
    np.testing.assert_array_equal(found.relevant, relevant)


def test_a_copy_of_the_same_date_helps_nothing():
    animals, dates = np.repeat(np.arange(5), 4), np.tile([0.0, 0.0, 1.0, 1.0], 5)
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(10, 8)).repeat(2, axis=0)  # one picture twice for each date, unlike the other date's
    assert retrieve(vectors, animals, None).first.all()
    assert retrieve(vectors, animals, dates).first.mean() < 0.6


def test_equal_distances_go_by_order():
    animals = np.array([0, 1, 1, 0, 2, 2])
    found = retrieve(np.zeros((6, 3)), animals, None)
    assert found.first.tolist() == [False, False, False, True, False, False]
    np.testing.assert_allclose(found.precision, [0, 0, 0, 1, 0, 0])
