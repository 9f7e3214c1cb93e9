"""Errors and rank correlations of tasks, by hand."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from explorer.learning.task_scores import score_task

TRUE = np.array([1.0, 2.0, 4.0, np.nan, 3.0, 5.0])
ANIMALS = np.array([0, 0, 1, 1, 2, 2])


def test_errors_by_hand():
    mine = np.array([1.5, 2.0, 3.0, 9.0, np.nan, 5.0])
    plain = np.array([2.0, 2.0, 2.0, 2.0, 2.0, 6.0])
    found = score_task({"mine": mine, "plain": plain}, TRUE, ANIMALS, trivial=3.0, against="plain")
    one, other = found["mine"], found["plain"]
    assert (one.observations, one.animals) == (4, 3), "without the row that lacks a label, and the one 'mine' lacks"
    assert one.mae.value == pytest.approx((0.5 + 0 + 1 + 0) / 4)
    assert other.mae.value == pytest.approx((1 + 0 + 2 + 1) / 4)
    assert one.trivial.value == other.trivial.value == pytest.approx((2 + 1 + 1 + 2) / 4)
    assert one.mae_gain.value == pytest.approx(1.5 - 0.375)
    assert one.mae_lead.value == pytest.approx(0.375 - 1.0) and other.mae_lead is None
    used = [0, 1, 2, 5]
    assert one.spearman.value == pytest.approx(spearmanr(mine[used], TRUE[used])[0])
    assert one.mae.low <= one.mae.value <= one.mae.high


def test_a_perfect_method_and_one_that_says_the_median():
    rng = np.random.default_rng(0)
    animals = np.repeat(np.arange(30), 6)
    true = rng.normal(size=30)[animals] + rng.normal(size=180)
    found = score_task({"perfect": true, "median": np.full(180, 0.2)}, true, animals, trivial=0.2)
    assert (found["perfect"].mae.value, found["perfect"].mae.high) == (0, 0)
    assert found["perfect"].spearman.value == pytest.approx(1) and found["perfect"].mae_gain.low > 0
    assert found["median"].mae == found["median"].trivial
    assert found["median"].mae_gain.value == 0 and not found["median"].spearman.known


def test_without_a_training_median_only_what_is_trivial_is_missing():
    found = score_task({"mine": TRUE + 1}, TRUE, ANIMALS, trivial=np.nan)["mine"]
    assert found.mae.value == 1 and not found.trivial.known and not found.mae_gain.known


def test_one_animal_has_no_interval_and_no_row_no_figure():
    one = score_task({"mine": TRUE + 1}, TRUE, np.zeros(6, int), trivial=3.0)["mine"]
    assert one.mae.value == 1 and np.isnan([one.mae.low, one.mae.high, one.spearman.low]).all()
    none = score_task({"mine": np.full(6, np.nan)}, TRUE, ANIMALS, trivial=3.0)["mine"]
    assert none.observations == 0 and not none.mae.known and not none.spearman.known
