"""What the benchmarks of change count by: F1 and cover, matched controls, limits at equal false alerts."""

import numpy as np
import pytest

from benchmarks.change_points import cover_of, f1_of, matched
from benchmarks.matched import (
    CASE,
    CONTROL,
    EARLIER,
    Spans,
    Windows,
    folds_of,
    largest,
    limits_of,
    matched_windows,
    rows_before,
    shares_at,
    tails,
)
from explorer.change.panel import panel_of


def test_f1_and_cover_of_what_can_be_counted_by_hand():
    annotators = [[10], [10, 20], []]
    # Said 12 and 50, and the start: of three two are near one of the annotators' 0, 10, 20.
    precision = 2 / 3
    recall = (2 / 2 + 2 / 3 + 1 / 1) / 3
    assert f1_of(annotators, [12, 50]) == pytest.approx(2 * precision * recall / (precision + recall))
    assert f1_of([[10]], [10]) == 1 and cover_of([[10]], [10], 30) == 1
    # Saying nothing of 30 values: the whole covers parts of 10 and 20 by 1/3 and 2/3 of it.
    assert cover_of([[10]], [], 30) == pytest.approx((10 * 10 / 30 + 20 * 20 / 30) / 30)
    assert cover_of([[10], []], [], 30) == pytest.approx((5 / 9 + 1) / 2)


def test_a_change_point_counts_once_and_only_within_the_margin():
    assert matched({10, 12}, {11}) == 1
    assert matched({10}, {15}) == 1 and matched({10}, {16}) == 0
    assert matched({0, 10, 20}, {0, 9, 21, 40}) == 3


def herd(seed, animals=80, visits=14):
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), visits)
    born = rng.integers(0, 300, animals).astype(float)
    day = born[animal] + 40.0 * np.tile(np.arange(visits), animals) + rng.integers(0, 20, animals * visits)
    known = born + 40 * visits + 20
    spans = Spans(np.arange(animals), born, born, known, known, rng.integers(0, 3, animals))
    return panel_of(animal, day), spans


@pytest.mark.parametrize("seed", range(3))
def test_controls_are_other_animals_of_the_same_age_and_stratum_that_stay(seed):
    panel, spans = herd(seed)
    case = np.arange(0, 40)
    end = spans.start[case] + 330.0
    found = matched_windows(
        panel, spans, case, end, width=60, free=200, earlier=100, learning=5, near=150, most=3, seed=seed
    )
    assert (found.kind == CASE).sum() > 10 and (found.kind == EARLIER).any()
    of_case = np.cumsum(found.kind == CASE) - 1
    cases = np.flatnonzero(found.kind == CASE)
    weight = np.bincount(of_case[found.kind == CONTROL], found.weight[found.kind == CONTROL])
    np.testing.assert_allclose(weight, 1.0)  # the controls of a case weigh as much as it does
    for at in range(len(found.kind)):
        rows = np.arange(found.first[at], found.last[at])
        animal, own = found.animal[at], found.animal[cases[of_case[at]]]
        assert len(rows) and (panel.animal[rows] == animal).all() and (panel.visit[rows] >= 5).all()
        age = panel.day[rows] - spans.start[animal]
        back = 100 if found.kind[at] == EARLIER else 0
        assert (age >= 270 - back).all() and (age < 330 - back).all()
        if found.kind[at] == CONTROL:
            assert animal != own and spans.stratum[animal] == spans.stratum[own]
            assert spans.known[animal] - (spans.start[animal] + 330) > 200
            assert abs(spans.start[animal] - spans.start[own]) <= 150


def test_rows_before_a_day_are_those_of_a_plain_search():
    panel, _ = herd(5)
    rng = np.random.default_rng(0)
    animal = rng.integers(0, 80, 200)
    day = rng.uniform(-100, 1200, 200)
    first, last = rows_before(panel, animal, day, 75.0, 5)
    for at in range(200):
        mine = (panel.animal == animal[at]) & (panel.day >= day[at] - 75) & (panel.day < day[at]) & (panel.visit >= 5)
        assert list(range(first[at], last[at])) == np.flatnonzero(mine).tolist()
    values = rng.normal(size=len(panel))
    expected = [values[low:high].max(initial=-np.inf) for low, high in zip(first, last, strict=True)]
    np.testing.assert_array_equal(largest(values, first, last), expected)


@pytest.mark.parametrize("seed", range(4))
def test_no_more_than_the_rate_lies_beyond_limits_and_equal_scores_stay_together(seed):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.normal(size=(300, 1 + seed % 3)), 1)  # with ties
    weights = rng.integers(1, 4, 300).astype(float)
    for rate in (0.01, 0.05, 0.3):
        limits = limits_of(scores, weights, rate)
        beyond = (scores > limits).any(axis=1)
        assert weights[beyond].sum() / weights.sum() <= rate + 1e-12
        if scores.shape[1] == 1:  # the next lower score would be too many
            more = scores[:, 0] >= limits[0]
            assert weights[more].sum() / weights.sum() > rate
    assert not (np.zeros((9, 1)) > limits_of(np.zeros((9, 1)), np.ones(9), 0.1)).any()
    np.testing.assert_allclose(tails(np.array([1.0, 3.0, 3.0, 2.0]), np.ones(4)), [1.0, 0.5, 0.5, 0.75])


def test_without_a_signal_cases_are_alerted_as_often_as_controls_and_with_one_more_often():
    rng = np.random.default_rng(0)
    animal = np.arange(4000)
    kind = np.where(animal % 2 == 0, CASE, CONTROL)
    nothing = np.zeros(4000, dtype=int)
    windows = Windows(kind, animal, nothing, nothing, np.ones(4000))
    noise = rng.normal(size=4000)
    scores = {"noise": noise[:, None], "signal": (noise + (kind == CASE))[:, None]}
    found = shares_at(scores, windows, folds_of(4000), 0.05, draws=60)
    low, high = np.quantile(found["noise"].case[1:], [0.025, 0.975])
    assert low <= 0.05 <= high
    assert found["noise"].control[0] == pytest.approx(0.05, abs=0.01)
    assert found["signal"].case[0] == pytest.approx(0.26, abs=0.03)  # 1 less the normal share below 1.645 - 1
