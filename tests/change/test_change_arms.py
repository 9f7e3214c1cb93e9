"""The arms against plain loops; effects, trends and Benjamini-Hochberg against closed forms; change points."""

import numpy as np
import pytest
from scipy import stats

from explorer.change.arms import METHODS, Herd, channels
from explorer.change.effects import benjamini_hochberg, effects, trends
from explorer.change.normal_inverse_gamma import Prior, follow
from explorer.change.panel import panel_of
from explorer.change.retrospective import change_points
from explorer.errors import UserError

HERD = Herd(between=4.0, within=1.0, prior=Prior(3.0, 3.0, 0.25))


def plain(method, r):
    """The statistic of one animal's last visit, from its whole series."""
    before, now = r[:-1], r[-1]
    if method in ("rcv", "since-last"):
        return (now - before[-1]) / (np.sqrt(2) if method == "rcv" else 1)
    if method == "since-first":
        return now - r[0]
    if method == "own-best":
        fall, rise = now - before.max(), now - before.min()
        return min(fall, 0) if -min(fall, 0) >= max(rise, 0) else max(rise, 0)
    if method == "population":
        return now / np.sqrt(5)
    if method == "own-history":
        return (now - before.mean()) / before.std(ddof=1)
    z = [(r[t] - r[:t].sum() / (0.25 + t)) / np.sqrt(1 + 1 / (0.25 + t)) for t in range(len(r))]
    if method == "ewma":
        e = 0.0
        for one in z:
            e = 0.7 * e + 0.3 * one
        return e / np.sqrt(0.3 / 1.7 * (1 - 0.7 ** (2 * len(z))))
    up = down = 0.0
    for one in z:
        up, down = max(0, up + one - 0.5), max(0, down - one - 0.5)
    return up if up >= down else -down


@pytest.mark.parametrize(
    "method", ["rcv", "since-last", "since-first", "own-best", "population", "own-history", "ewma", "cusum"]
)
def test_each_simple_arm_is_what_a_loop_makes_of_each_animal(method):
    rng = np.random.default_rng(4)
    visits = rng.integers(4, 12, 20)
    animal = np.repeat(np.arange(20), visits)
    panel = panel_of(animal, np.arange(len(animal), dtype=float))
    values = rng.normal(size=len(animal)) + 5 * (animal % 2)
    (found,) = channels(method, panel, values, HERD)
    for one in range(20):
        rows = np.flatnonzero(animal == one)
        for end in range(4, len(rows) + 1):
            assert found[rows[end - 1]] == pytest.approx(plain(method, values[rows[:end]]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_no_arm_looks_ahead(method):
    rng = np.random.default_rng(5)
    animal = np.repeat(np.arange(6), 10)
    panel = panel_of(animal, np.tile(np.arange(10.0), 6))
    values = rng.normal(size=60)
    early = panel.visit < 6
    whole = channels(method, panel, values, HERD)
    part = channels(method, panel.only(early), values[early], HERD)
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_allclose(one[early], other, rtol=1e-12, atol=1e-12)


def test_an_unknown_arm_is_refused():
    with pytest.raises(ValueError, match="no method 'magic'"):
        channels("magic", panel_of(np.array([0]), np.array([0.0])), np.zeros(1), HERD)


def test_an_effect_is_the_posterior_of_the_difference():
    rng = np.random.default_rng(6)
    panel = panel_of(np.zeros(12, dtype=int), np.arange(12.0))
    values = rng.normal(size=12)
    values[9:] += 8
    trace = follow(panel, values, HERD.prior)
    last = panel.visit == 11
    found = effects(panel, values, trace, 2.0, run=last, alerted=last)
    began = int(found.since[11])
    n = 11 - began + 1
    m, k, a, b = (float(getattr(trace.before, name)[began]) for name in ("m", "k", "a", "b"))
    posterior = stats.t(2 * a, loc=values[began:].mean() - m, scale=np.sqrt(b / a * (1 / n + 1 / k)))
    assert found.estimate[11] == pytest.approx(posterior.mean())
    assert (found.low[11], found.high[11]) == pytest.approx(posterior.interval(0.95))
    assert found.probability[11] == pytest.approx(posterior.cdf(-2) + posterior.sf(2))
    assert found.severity[11] == pytest.approx(abs(found.estimate[11]) / 2)
    assert (began, found.since[5]) == (9, 5)
    none = np.zeros(12, dtype=bool)
    untold = effects(panel, values, trace, None, run=none, alerted=none)
    assert np.isnan(untold.probability).all() and (untold.severity >= 0).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lasts", [1, 3, 10, 25])
def test_a_change_began_where_it_began_however_long_ago(seed, lasts):
    """Not with normal visits that happen to lie on the same side, and not a few visits ago."""
    rng = np.random.default_rng(seed)
    visits = 20 + lasts
    panel = panel_of(np.zeros(visits, dtype=int), np.arange(float(visits)))
    values = rng.normal(size=visits) - 0.3
    values[20:] -= 7
    trace = follow(panel, values, HERD.prior, limits=(3.0, 3.0))
    last = panel.visit == visits - 1
    assert trace.alerted[-1]
    found = effects(panel, values, trace, None, run=last, alerted=last)
    assert found.since[-1] == 20
    assert found.estimate[-1] == pytest.approx(values[20:].mean() - trace.before.m[20])


def test_one_slip_among_the_visits_of_a_change_does_not_make_its_size():
    values = np.append(np.random.default_rng(0).normal(size=20), [-7.0, -7.0, -1e9, -7.0])
    panel = panel_of(np.zeros(24, dtype=int), np.arange(24.0))
    trace = follow(panel, values, HERD.prior, limits=(3.0, 3.0))
    last = panel.visit == 23
    found = effects(panel, values, trace, None, run=last, alerted=last)
    assert found.since[-1] == 20 and -15 < found.estimate[-1] < -5


def test_intervals_of_effects_hold_the_truth():
    rng = np.random.default_rng(7)
    animals, visits = 4000, 12
    panel = panel_of(np.repeat(np.arange(animals), visits), np.tile(np.arange(visits, dtype=float), animals))
    spread = np.sqrt(3.0 / rng.gamma(3.0, size=animals))
    level = spread / np.sqrt(0.25) * rng.normal(size=animals)
    values = (level[:, None] + spread[:, None] * rng.normal(size=(animals, visits))).ravel()
    values[panel.visit == 11] += 5.0
    none = np.zeros(len(values), dtype=bool)
    found = effects(panel, values, follow(panel, values, HERD.prior), None, run=none, alerted=none)
    last = panel.visit == 11
    # One visit tells of the change and of its own error: both are in the interval.
    assert ((found.low[last] < 5) & (found.high[last] > 5)).mean() == pytest.approx(0.95, abs=0.015)


def test_a_trend_is_the_clear_direction_of_the_last_visits():
    day = np.array([0.0, 10, 25, 30, 50, 60, 90])
    panel = panel_of(np.zeros(7, dtype=int), day)
    values = np.array([9.0, -4, 1, 2, 4, 5, 8])
    assert trends(panel, values, np.array([6, 1]), np.array([0.1, 0.1])).tolist() == [1, 0]
    assert trends(panel, -values, np.array([6]), np.array([0.1])).tolist() == [-1]
    # Two standard errors of the slope, 0.5 / sqrt of the sum of squared days, are what it must exceed.
    slope, width = np.polyfit(day[2:], values[2:], 1)[0], np.sqrt(((day[2:] - day[2:].mean()) ** 2).sum())
    at = slope * width / 2
    assert trends(panel, values, np.array([6, 6]), np.array([0.99 * at, 1.01 * at])).tolist() == [1, 0]


def test_false_discovery_rates_are_those_of_scipy():
    p = np.random.default_rng(8).uniform(size=50) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    with_gap = benjamini_hochberg(np.insert(p, 10, np.nan))
    assert np.isnan(with_gap[10])
    np.testing.assert_allclose(np.delete(with_gap, 10), stats.false_discovery_control(p))
    assert len(benjamini_hochberg(np.empty(0))) == 0


@pytest.mark.parametrize("search", ["pelt", "binary segmentation", "window"])
def test_a_plain_change_of_level_is_found_and_noise_is_left_alone(search):
    rng = np.random.default_rng(9)
    stepped = np.append(rng.normal(size=30), 6 + rng.normal(size=30))
    assert change_points(stepped, search=search).tolist() == [30]
    assert change_points(np.insert(stepped, 10, np.nan), search=search).tolist() == [31]
    quiet = sum(len(change_points(np.random.default_rng(seed).normal(size=40), search=search)) for seed in range(20))
    assert quiet <= 3
    assert len(change_points(np.ones(20), search=search)) == 0


def test_change_points_refuse_what_they_cannot_use():
    with pytest.raises(UserError, match="no search 'magic'"):
        change_points(np.zeros(9), search="magic")
    with pytest.raises(UserError, match="infinite"):
        change_points(np.array([1, 2, np.inf, 3, 4.0]))
    with pytest.raises(UserError, match="penalty"):
        change_points(np.arange(9.0), penalty=0.0)
