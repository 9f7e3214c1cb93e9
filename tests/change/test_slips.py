"""A slip of the pen is judged, and hardly learnt from."""

import numpy as np
import pytest
from change.watched import watched

from explorer.change.alerts import alerts_of
from explorer.change.backgrounds import Backgrounds
from explorer.change.clock import Clock
from explorer.change.following import follow_series
from explorer.change.panel import panel_of
from explorer.change.reference import Settings
from explorer.change.series import Series
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


@pytest.mark.parametrize("visits", [60, 120, 400, 1_000])
def test_however_short_the_past_a_slip_is_one(visits):
    """Also that of an animal which has been seen once or twice only."""
    panel, values = made(seed=visits)
    known = np.arange(len(panel)) < visits
    for at in (visits - 1, visits - 12, 0):
        slipped = values.copy()
        slipped[at] *= 100
        panel_ = panel.only(known)
        moved = bounded(panel_, slipped[known])
        assert np.flatnonzero(moved != slipped[known]).tolist() == [at]
        assert abs(moved[at] - 30) < 120
    few = panel_of(np.append(panel.animal[:60], 99), np.append(panel.day[:60], 500.0))
    newcomer = np.append(values[:60], 3_000.0)
    assert abs(bounded(few, newcomer)[-1] - 30) < 250


def test_values_that_are_often_far_off_are_no_slips():
    panel, values = made()
    values[::30] += 500
    np.testing.assert_array_equal(bounded(panel, values), values)


@pytest.mark.parametrize("values", [np.ones(1_000), np.r_[np.ones(999), 90.0]])
def test_without_a_spread_nothing_is_far(values):
    panel, _ = made()
    np.testing.assert_array_equal(bounded(panel, values), values)


@pytest.mark.slow
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


def weighed(slips, *, animals=40, visits=30, ill="a07"):
    """A herd by the fortnight whose animal ``ill`` loses 80 kg from visit 20 on; ``slips``: factors by row."""
    rng = np.random.default_rng(0)
    own, visit = np.repeat(np.arange(animals), visits), np.tile(np.arange(visits), animals)
    value = 500 + rng.normal(0, 50, animals)[own] + rng.normal(0, 10, len(own))
    value[(own == int(ill[1:])) & (visit >= 20)] -= 80
    for row, factor in slips.items():
        value[row] *= factor
    names = tuple(f"a{place:02}" for place in range(animals))
    one, none = np.ones(len(own), dtype=np.int64), np.full(len(own), -1)
    return Series("weight", "Weight", "kg", 40.0, Clock(None), names, own, visit * 14.0, value, one, none)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slips", "ill"),
    [
        ({2 * 30 + 8: 100.0, 31 * 30 + 17: 100.0}, "a07"),  # of others, before there are 500 visits, and later
        ({3 * 30 + 2: 10.0}, "a03"),  # of itself, while it is being learnt
        ({3 * 30: 1e300}, "a03"),  # its very first
    ],
)
def test_a_slip_hides_no_animal_that_falls_ill(slips, ill):
    """Alerted at all of its last ten visits, as without the slips."""
    series = weighed(slips, ill=ill)
    found = follow_series(series, Backgrounds(rows=len(series)), Settings())
    own = series.animal == int(ill[1:])
    assert found.alerted[own][20:].sum() >= 9
    assert (found.high - found.low)[own][20:].max() < 160, "as wide as a slip would make it"
