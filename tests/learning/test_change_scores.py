"""Change, and what only looks like it: the controls say so on scores whose making is known."""

import numpy as np
import pytest

from explorer.learning.change_scores import DEGREE, change_from_level, powers, score_change


def scored(seed, animals=60, dates=10, noise=0.5):
    """Levels that wander in each animal, scored with error: animals, true level, scores, and their forward change."""
    rng = np.random.default_rng(seed)
    level = np.empty((animals, dates + 1))
    level[:, 0] = rng.normal(size=animals)
    for date in range(dates):
        level[:, date + 1] = 0.8 * level[:, date] + 0.6 * rng.normal(size=animals)
    scores = level + noise * rng.normal(size=level.shape)
    change = np.diff(scores, axis=1)
    return rng, np.repeat(np.arange(animals), dates), level[:, :-1].ravel(), scores[:, :-1].ravel(), change.ravel()


def test_the_true_change_is_told_as_such_and_not_by_its_level():
    _, animals, _, score, change = scored(0)
    found = score_change({"oracle": change}, change, score, animals)["oracle"]
    assert found.correlation.value == pytest.approx(1) and found.given_level.value == pytest.approx(1)
    assert found.given_levels is None
    assert (found.observations, found.animals) == (600, 60)


def test_regression_to_the_mean_scores_by_itself():
    """Who knows the score alone correlates with its change, and has nothing left at one level."""
    kept = []
    for seed in range(30):
        rng, animals, _, score, change = scored(seed)
        knows = -score + 0.3 * rng.normal(size=len(score))
        train = animals < 30
        alone = change_from_level(change, score, train)
        test = ~train
        found = score_change({"knows": knows[test]}, change[test], score[test], animals[test], level_alone=alone[test])
        one = found["knows"]
        assert one.correlation.low > 0.2
        assert one.level_alone.value == pytest.approx(np.corrcoef(alone[test], change[test])[0, 1])
        assert one.level_alone.low > 0.2
        kept.append((one.given_level.value, one.given_level.low <= 0 <= one.given_level.high))
    values, covered = np.array(kept).T
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(30)
    assert covered.mean() >= 0.8


def test_levels_that_bend_are_accounted_for():
    """At both ends of a scale change turns; a method that knows the scale's middle from its ends knows no change."""
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        animals = np.repeat(np.arange(40), 10)
        level = rng.uniform(-1, 1, size=400)
        change = level**2 + 0.3 * rng.normal(size=400)
        knows = level**2 + 0.1 * rng.normal(size=400)
        found = score_change({"knows": knows}, change, level, animals)["knows"]
        assert found.correlation.value > 0.4
        values.append(found.given_level.value)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(20)


def test_seeing_the_level_without_the_scores_error_is_not_seeing_change():
    """Of two animals with one score the fatter was scored too low: it will rise, and nobody saw it change."""
    given_level, given_levels = [], []
    for seed in range(20):
        rng, animals, level, score, change = scored(seed)
        seen = level + 0.1 * rng.normal(size=len(level))
        tells = level + 0.1 * rng.normal(size=len(level))
        found = score_change({"knows": tells}, change, score, animals, predicted_levels={"knows": seen})["knows"]
        given_level.append(found.given_level.value)
        given_levels.append(found.given_levels.value)
    assert np.mean(given_level) > 0.1
    assert abs(np.mean(given_levels)) < np.mean(given_level) / 3


@pytest.mark.slow
def test_shuffled_dates_leave_nothing_of_change_and_all_of_what_animals_differ_by():
    covered = []
    for seed in range(40):
        rng, animals, _, score, change = scored(seed, animals=40, dates=20)
        sees = change + rng.normal(size=len(change))
        unrelated = rng.normal(size=40)[animals] + rng.normal(size=len(change))
        found = score_change({"sees": sees, "unrelated": unrelated}, change, score, animals)
        assert found["sees"].correlation.low > 0.3
        assert abs(found["sees"].shuffled.value) < found["sees"].correlation.value / 10
        covered.append(found["unrelated"].shuffled.low <= 0 <= found["unrelated"].shuffled.high)
    assert np.mean(covered) >= 0.85
    trend = rng.normal(size=40)[animals]
    found = score_change({"animal": trend}, change + 2 * trend, score, animals)["animal"]
    assert found.shuffled.value == pytest.approx(found.correlation.value) and found.shuffled.low > 0.5


def test_change_from_level_is_learnt_from_training_rows_alone():
    _, animals, _, score, change = scored(3)
    train = animals < 20
    told = change_from_level(change, score, train)
    other = change_from_level(np.where(train, change, 99.0), score, train)
    np.testing.assert_array_equal(told, other)
    table = np.vander(score[train], DEGREE + 1)
    fitted = np.linalg.lstsq(table, change[train], rcond=None)[0]
    inside = (score >= score[train].min()) & (score <= score[train].max())
    np.testing.assert_allclose(told[inside], (np.vander(score, DEGREE + 1) @ fitted)[inside], atol=1e-8)
    assert np.abs(told).max() <= np.abs(told[train]).max() + 1e-9, "nothing beyond the levels seen"
    gap = score.copy()
    gap[[0, 100]] = np.nan
    assert np.isnan(change_from_level(change, gap, train)[[0, 100]]).all()
    assert np.isnan(change_from_level(change, score, np.arange(600) < 9)).all()


def test_missing_parts_leave_out_their_rows_and_constants_have_no_figure():
    _, animals, _, score, change = scored(1)
    gaps, levels = change.copy(), score.copy()
    gaps[:5] = np.nan
    levels[5:8] = np.nan
    tells = change.copy()
    tells[8] = np.nan
    found = score_change({"a": tells, "flat": np.ones(600)}, gaps, levels, animals)
    assert found["a"].observations == found["flat"].observations == 591
    assert found["a"].correlation.value == pytest.approx(1)
    assert not found["flat"].correlation.known and not found["flat"].shuffled.known
    none = score_change({"a": change}, change, np.full(600, np.nan), animals)["a"]
    assert none.observations == 0 and not none.correlation.known and not none.given_level.known
    flat = score_change({"a": tells}, change, np.full(600, 3.0), animals)["a"]
    assert flat.given_level.value == pytest.approx(flat.correlation.value), "one level is nothing to account for"
    one = score_change({"a": change}, change, score, np.zeros(600, int))["a"]
    assert one.correlation.value == pytest.approx(1) and np.isnan(one.correlation.low)


def test_powers_are_of_the_standardised_level():
    level = np.array([1.0, 2.0, 3.0])
    z = (level - 2) / level.std()
    np.testing.assert_allclose(powers(level), np.stack([z, z**2, z**3], axis=1))
