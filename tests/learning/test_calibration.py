"""Reading task dimensions in the tasks' units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.learning.calibration import FEWEST, calibrate


def error(values, labels, mean, slope):
    return np.nanmean(np.abs(labels - mean - slope * values))


@pytest.mark.parametrize("slope", [0.5, 3.0, 11.0])
def test_a_line_is_found_again(slope):
    values = np.random.default_rng(0).normal(size=400)
    mean, found = calibrate(values, 7.0 + slope * values, spread=3.0)
    assert found == pytest.approx(slope, rel=1e-3)
    assert mean == pytest.approx(7.0, abs=1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_not_seen_is_said_to_be_the_median(seed):
    chance = np.random.default_rng(seed)
    values, labels = chance.normal(size=2_000), chance.exponential(size=2_000)
    mean, slope = calibrate(values, labels, spread=1.0)
    assert slope < 0.05
    assert mean == pytest.approx(np.median(labels), abs=0.05)


def test_what_is_told_the_wrong_way_round_is_not_turned():
    values = np.random.default_rng(1).normal(size=300)
    _, slope = calibrate(values, -values, spread=2.0)
    assert 0 < slope < 1e-4


@given(st.integers(0, 10_000), st.floats(0.1, 5.0), st.floats(0.0, 3.0))
def test_never_worse_than_the_median_or_than_as_it_was_learnt(seed, spread, noise):
    chance = np.random.default_rng(seed)
    values = chance.normal(size=60)
    labels = 2.0 + values + noise * chance.standard_t(3, size=60)
    labels[:5] = np.nan
    mean, slope = calibrate(values, labels, spread=spread)
    best = error(values, labels, mean, slope)
    assert best <= error(values, labels, np.nanmedian(labels), 0.0) + 1e-4
    assert best <= error(values, labels, np.nanmedian(labels - spread * values), spread) + 1e-4


def test_too_few_labels_change_nothing():
    values = np.arange(100.0)
    labels = np.full(100, np.nan)
    labels[: FEWEST - 1] = 1.0
    assert calibrate(values, labels, spread=1.0) is None
