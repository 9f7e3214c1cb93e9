"""Searches, own distances, s-norm and thresholds of single animals against plain loops."""

import numpy as np
import pytest

from explorer.recognition import distances as module
from explorer.recognition.adaptive import SHRINKAGE, SPREADS, own_taus
from explorer.recognition.normalising import cohort_of, normalising
from explorer.recognition.pairs import NotCompared
from explorer.recognition.search import own_distances, search


@pytest.fixture
def made():
    rng = np.random.default_rng(0)
    animals = rng.integers(0, 6, 60).astype(np.int64)
    days = rng.integers(0, 40, 60).astype(float)
    ids = rng.integers(-1, 5, 60).astype(np.int64)
    vectors = (rng.normal(size=(6, 4))[animals] + 0.5 * rng.normal(size=(60, 4)) + 100).astype(np.float32)
    return vectors, NotCompared(animals, days, apart=6, ids=(ids,))


def allowed(rule, i, j):
    """Whether two rows may be compared, written out."""
    if rule.animals[i] != rule.animals[j]:
        return True
    gap = abs(rule.days[i] - rule.days[j])
    return gap != 0 and gap >= 6 and not (rule.ids[0][i] == rule.ids[0][j] >= 0)


def distance(vectors, i, j):
    return np.linalg.norm(vectors[i].astype(float) - vectors[j].astype(float))


def test_the_best_match_is_that_of_a_loop(made, monkeypatch):
    vectors, rule = made
    monkeypatch.setattr(module, "_AT_ONCE", 100)  # several blocks
    queries, gallery = np.arange(0, 30), np.arange(20, 60)
    found = search(vectors, queries, gallery, rule)
    for place, query in enumerate(queries):
        far = {item: distance(vectors, query, item) for item in gallery if allowed(rule, query, item)}
        best = min(far, key=far.get)
        assert (found.item[place], found.score[place]) == (best, pytest.approx(far[best], rel=1e-9))
        assert found.has_own[place] == any(rule.animals[item] == rule.animals[query] for item in far)
    others = search(vectors, queries, gallery, rule, own=False)
    assert (rule.animals[others.item] != rule.animals[queries]).all()
    assert not others.has_own.any()


def test_without_anything_to_find_nothing_is_found(made):
    vectors, rule = made
    found = search(vectors, np.array([3]), np.array([3]), rule)
    assert (found.item[0], found.score[0], found.has_own[0]) == (-1, np.inf, False)
    assert search(vectors, np.array([3]), np.array([], dtype=np.int64), rule).item[0] == -1


def test_own_distances_pass_over_what_may_not_be_compared(made):
    vectors, rule = made
    gallery = np.arange(0, 60, 2)
    found = own_distances(vectors, gallery, rule)
    for place, row in enumerate(gallery):
        far = [
            distance(vectors, row, other)
            for other in gallery
            if rule.animals[other] == rule.animals[row] and allowed(rule, row, other)
        ]
        assert found[place] == pytest.approx(min(far), rel=1e-9) if far else np.isnan(found[place])
    assert np.isnan(found).any() or len(gallery) > 25
    free = own_distances(vectors, gallery, NotCompared(rule.animals, rule.days + np.arange(60) / 100))
    assert np.nanmean(free) < np.nanmean(found)


def test_s_norm_is_its_formula(made):
    vectors, rule = made
    cohort, queries, gallery = np.array([1, 5, 9, 13, 17]), np.arange(20, 30), np.arange(30, 60)
    terms = normalising(vectors, np.arange(20, 60), cohort)
    found = search(vectors, queries, gallery, rule, terms=terms)

    def moments(row):
        far = np.array([distance(vectors, row, other) for other in cohort])
        return far.mean(), far.std()

    for place, query in enumerate(queries):
        (m_q, s_q), scores = moments(query), []
        for item in gallery:
            if allowed(rule, query, item):
                m_g, s_g = moments(item)
                far = distance(vectors, query, item)
                scores.append(((far - m_q) / s_q + (far - m_g) / s_g) / 2)
        assert found.score[place] == pytest.approx(min(scores), rel=1e-6)
    with pytest.raises(ValueError, match="two animals"):
        normalising(vectors, queries, cohort[:1])


def test_a_cohort_has_one_observation_of_each_animal(made):
    _, rule = made
    rows = np.arange(10, 50)
    cohort = cohort_of(rows, rule.animals[rows], 0)
    assert sorted(rule.animals[cohort]) == sorted(set(rule.animals[rows]))
    assert np.isin(cohort, rows).all()


def test_an_animals_own_threshold_is_the_formula_of_the_sheet(made):
    vectors, rule = made
    gallery, common = np.arange(60), 1.0
    found = own_taus(vectors, gallery, rule, common, 8)
    own = own_distances(vectors, gallery, rule)
    assert (found[6:] == common).all(), "animals that are not in the gallery"
    for animal in range(6):
        rows = np.flatnonzero(rule.animals == animal)
        known = own[rows][~np.isnan(own[rows])]
        spread = 1.4826 * np.median(np.abs(known - np.median(known)))
        share = len(known) / (len(known) + SHRINKAGE)
        wanted = share * (np.median(known) + SPREADS * spread) + (1 - share) * common
        nearest = min(distance(vectors, i, j) for i in rows for j in range(60) if rule.animals[j] != animal)
        assert found[animal] == pytest.approx(min(wanted, nearest / 2))
