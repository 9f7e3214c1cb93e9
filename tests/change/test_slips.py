"""A slip of the pen is judged, and hardly learnt from."""

import numpy as np
import pytest
from change.watched import watched

from explorer.change.alerts import alerts_of
from explorer.change.panel import panel_of
from explorer.change.slips import bounded


def made(seed=0, animals=50, visits=20):
    rng = np.random.default_rng(seed)
    panel = panel_of(np.repeat(np.arange(animals), visits), np.tile(np.arange(visits) * 7.0, animals))
    return panel, (rng.normal(30, 5, animals)[:, None] + rng.normal(0, 1, (animals, visits))).ravel()


def test_only_the_slip_is_moved_and_to_its_own_side():
    panel, values = made()
    for odd in (2_530.0, -2_530.0):
        slipped = values.copy()
        slipped[105] = odd
        moved = bounded(panel, slipped)
        assert np.flatnonzero(moved != slipped).tolist() == [105]
        assert 10 < np.sign(odd) * (moved[105] - np.median(values[100:120])) < 20
    np.testing.assert_array_equal(bounded(panel, values), values)


def test_values_that_are_often_far_off_are_no_slips():
    panel, values = made()
    values[::100] += 500
    np.testing.assert_array_equal(bounded(panel, values), values)


@pytest.mark.parametrize("values", [np.ones(1_000), np.r_[np.ones(999), 90.0]])
def test_without_a_spread_nothing_is_far(values):
    panel, _ = made()
    np.testing.assert_array_equal(bounded(panel, values), values)


def test_one_slip_does_not_blind_the_herd(herd):
    """A cow at 60,000 kg once: alerted, told of, and the bands of all others are as they were."""
    herd = watched(herd)
    before = alerts_of(herd.open(), ["weight"])
    at = herd.observations.index[(herd.observations["animal_id"] == "cow-30")][15]
    herd.observations.loc[at, "weight"] = 60_000.0
    found = alerts_of(herd.open(), ["weight"])
    assert any(one.startswith("weight: 1 value lies so far") for one in found.remarks)
    assert not any("so far from" in one for one in before.remarks)
    assert (found.table["value"] == 60_000).any()
    was, now = (one.followed["weight"] for one in (before, found))
    later = (now.panel.day > now.panel.day.min() + 330) & (now.judged_by >= 0) & (now.series.value < 1_000)
    wider = (now.high - now.low)[later] / (was.high - was.low)[later]
    assert 0.9 < np.median(wider) < 1.15
