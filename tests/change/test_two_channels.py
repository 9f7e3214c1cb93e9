"""The normal-inverse-gamma channels: against plain loops and SciPy's t, memory, what stays out, and the limits."""

import numpy as np
import pytest
from scipy import stats

from explorer.change.backgrounds import YEAR, Backgrounds
from explorer.change.baseline import fit_baseline
from explorer.change.calibrating import alarm_rate, healthy_of, limits_at, made_healthy, years_of
from explorer.change.normal_inverse_gamma import Prior, follow, follow_frozen
from explorer.change.panel import panel_of
from explorer.change.prior import fit_prior
from explorer.change.reference import Settings, fit_reference

PRIOR = Prior(a=3.0, b=5.0, k=0.4)


def ragged(seed, animals=7):
    rng = np.random.default_rng(seed)
    visits = rng.integers(1, 15, animals)
    animal = np.repeat(np.arange(animals) * 3, visits)
    day = np.concatenate([np.cumsum(rng.integers(1, 40, one)) for one in visits]).astype(float)
    return panel_of(animal, day), rng.normal(size=len(animal)) * 3


@pytest.mark.parametrize("memory", [None, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_each_visit_is_judged_as_a_plain_loop_over_the_sheet_does(seed, memory):
    panel, values = ragged(seed)
    trace = follow(panel, values, PRIOR, memory=memory)
    for animal in np.unique(panel.animal):
        m, k, a, b, e = 0.0, PRIOR.k, PRIOR.a, PRIOR.b, 0.0
        for t, row in enumerate(np.flatnonzero(panel.animal == animal), start=1):
            r = values[row]
            z = stats.norm.ppf(stats.t.cdf(r, 2 * a, loc=m, scale=np.sqrt(b / a * (1 + 1 / k))))
            e = 0.7 * e + 0.3 * z
            assert trace.z[row] == pytest.approx(z, rel=1e-9)
            assert trace.shift[row] == pytest.approx(e / np.sqrt(0.3 / 1.7 * (1 - 0.7 ** (2 * t))), rel=1e-9)
            b += k * (r - m) ** 2 / (2 * (k + 1))
            m = (k * m + r) / (k + 1)
            k, a = k + 1, a + 0.5
            if memory and k > memory:
                k, a, b = memory, a * memory / k, b * memory / k


def test_memory_keeps_the_weight_of_the_past_at_so_many_visits():
    panel = panel_of(np.zeros(200, dtype=int), np.arange(200.0))
    values = np.where(np.arange(200) < 100, 0.0, 10.0)
    capped, never = (follow(panel, values, PRIOR, memory=one).before for one in (10.0, None))
    assert capped.k.max() == 10 and never.k[-1] == pytest.approx(PRIOR.k + 199)
    assert capped.a[-1] == pytest.approx(5.0, abs=0.1)
    assert capped.m[-1] > 9.9 and never.m[-1] < 5.1


def test_far_tails_keep_their_sign_and_their_order():
    panel = panel_of(np.arange(5), np.zeros(5))
    z = follow(panel, np.array([-1e9, -1e3, 0.0, 1e3, 1e9]), Prior(200.0, 200.0, 5.0)).z
    assert np.isfinite(z).all() and (np.diff(z) >= 0).all() and z[2] == 0
    np.testing.assert_allclose(z, -z[::-1])


def test_an_alerted_visit_stays_out_of_the_baseline_until_it_is_called_a_false_alarm():
    values = np.append(np.zeros(10), 4.5)
    values = np.append(values, 0.0)
    panel = panel_of(np.zeros(12, dtype=int), np.arange(12.0))
    held = follow(panel, values, PRIOR, limits=(3.0, 50.0))
    assert held.alerted.tolist() == [False] * 10 + [True, False]
    assert held.held.tolist() == held.alerted.tolist()
    assert held.before.m[11] == held.before.m[10]
    decided = np.full(12, -1, dtype=np.int8)
    decided[10] = 0
    back = follow(panel, values, PRIOR, limits=(3.0, 50.0), decided=decided)
    assert back.alerted[10] and not back.held[10]
    assert back.before.m[11] == pytest.approx(4.5 / (10 + PRIOR.k + 1))
    values[10] = 1e300  # a slip of the pen is called a false alarm, too
    back = follow(panel, values, PRIOR, limits=(3.0, 50.0), decided=decided)
    assert 0 < back.before.m[11] < 1 and back.before.spread[11] < 2.5 * back.before.spread[10]


def test_the_frozen_baseline_learns_no_more():
    panel = panel_of(np.zeros(30, dtype=int), np.arange(30.0))
    slow = 0.2 * np.arange(30)
    trace = follow(panel, slow, PRIOR)
    frozen = follow_frozen(panel, slow, PRIOR)
    assert (frozen.before.m[:6] == trace.before.m[:6]).all()
    assert (frozen.before.m[5:] == trace.before.m[5]).all()
    assert frozen.shift[-1] > trace.shift[-1] > 0


def test_nothing_is_alerted_while_an_animal_is_learning():
    panel = panel_of(np.zeros(8, dtype=int), np.arange(8.0))
    trace = follow(panel, np.array([0, 0, 900.0, 0, 900, 0, 0, 900]), PRIOR, limits=(0.1, 0.1), learning=5)
    assert not trace.alerted[:5].any() and trace.alerted[5:].all()


def herd_of(rng, animals, visits, phi=0.0, gap=YEAR / 15):
    errors = rng.standard_normal((animals, visits))
    for visit in range(1, visits):
        errors[:, visit] = phi * errors[:, visit - 1] + np.sqrt(1 - phi**2) * errors[:, visit]
    values = rng.standard_normal((animals, 1)) / 0.6 + errors
    panel = panel_of(np.repeat(np.arange(animals), visits), np.tile(np.arange(visits) * gap, animals))
    return panel, values.ravel()


@pytest.mark.parametrize("phi", [0.0, 0.3])
def test_limits_keep_their_promise_on_animals_not_seen_before(phi):
    realised, caught = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        panel, values = herd_of(rng, 300, 20, phi)
        baseline = fit_baseline(panel, values, Backgrounds(rows=len(values)))
        residual = values - baseline.beta[0]
        prior = fit_prior(panel, residual, baseline)
        made = made_healthy(panel, residual, baseline, prior, seed=seed)
        trace = follow(made.panel, made.values, prior)
        limits = limits_at([np.abs(trace.z), np.abs(trace.shift)], made, 0.05)
        test, others = herd_of(rng, 3000, 20, phi)
        others -= baseline.beta[0]
        judged = follow(test, others, prior, limits=limits)
        realised.append(alarm_rate(judged.alerted, healthy_of(test, others)))
        stepped = follow(test, others + 2 * (test.visit >= 10), prior, limits=limits).alerted.reshape(3000, 20)
        caught.append(stepped[:, 10:16].any(axis=1).mean())
    assert np.mean(realised) == pytest.approx(0.05, abs=0.015)
    assert np.mean(caught) > (0.6 if phi == 0 else 0.45)


@pytest.mark.parametrize(("slope", "sick"), [(0.0, 0.0), (0.0, 0.1), (2.0, 0.0), (4.0, 0.0)])
def test_limits_rise_where_animals_go_their_own_ways_and_nowhere_else(slope, sick):
    """Each animal grows by its own slope, which no made series does; a tenth that falls sick is no such reason."""

    def drifting(rng, animals):
        panel, values = herd_of(rng, animals, 20)
        values = values + slope * np.repeat(rng.standard_normal(animals), 20) * panel.visit / 19
        return panel, values

    realised, unraised, times = [], [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        panel, values = drifting(rng, 400)
        fallen = (panel.animal < 400 * sick) & (panel.visit >= 14)
        every = np.ones(len(values), dtype=bool)
        backgrounds = Backgrounds(rows=len(values))
        settings = Settings(memory=None, calendar=False)
        found = fit_reference(panel, values - 3 * fallen, backgrounds, every, settings, float(panel.day.max()))
        test, others = drifting(rng, 2000)
        others -= found.baseline.beta[0]
        bare = np.array(found.limits) / found.raised
        for limits, into in ((found.limits, realised), (tuple(bare), unraised)):
            alerted = follow(test, others, found.herd.prior, limits=limits).alerted
            into.append(alarm_rate(alerted, healthy_of(test, others)))
        times.append(found.raised)
    if slope == 0:
        assert np.max(times) < 1.02
    else:
        assert np.mean(unraised) > 0.09
        assert np.mean(realised) == pytest.approx(0.05, abs=0.02)


def test_years_begin_with_the_last_learning_visit_and_parts_count_as_parts():
    panel = panel_of(np.repeat([0, 1], [9, 6]), np.concatenate([np.arange(9) * YEAR / 2, np.arange(6) * YEAR / 4]))
    year, years = years_of(panel, 5)
    assert year.tolist() == [-1] * 5 + [0, 0, 1, 1] + [-1] * 5 + [2]
    assert years == pytest.approx(2.25)


def test_limits_are_those_that_few_animal_years_reach():
    panel = panel_of(np.repeat(np.arange(1000), 2), np.tile([0.0, YEAR], 1000))
    sizes = np.zeros(2000)
    sizes[1::2] = np.arange(1000)
    healthy = healthy_of(panel, sizes, learning=1)
    (limit,) = limits_at([sizes], healthy, 0.1, careful=False)
    assert (sizes > limit).sum() == 100
    (careful,) = limits_at([sizes], healthy, 0.1)
    beyond = (sizes > careful).sum()
    assert beyond + np.sqrt(beyond) <= 100 < (beyond + 1) + np.sqrt(beyond + 1)
    other = np.zeros(2000)
    other[1::2] = np.arange(1000)[::-1]
    both = limits_at([sizes, other], healthy, 0.1, careful=False)
    assert both == (949.0, 949.0) and ((sizes > both[0]) | (other > both[1])).sum() == 100
    with pytest.raises(ValueError, match="between 0 and 1"):
        limits_at([sizes], healthy, 1.0)


def test_a_prior_is_found_again():
    rng = np.random.default_rng(3)
    animals, visits = 800, 15
    spread = np.sqrt(4.0 / rng.gamma(5.0, size=animals))
    values = np.repeat(rng.normal(0, 2, animals), visits) + np.repeat(spread, visits) * rng.normal(
        size=animals * visits
    )
    panel = panel_of(np.repeat(np.arange(animals), visits), np.tile(np.arange(visits) * 10.0, animals))
    baseline = fit_baseline(panel, values, Backgrounds(rows=len(values)))
    prior = fit_prior(panel, values - baseline.beta[0], baseline)
    assert prior.a == pytest.approx(5.0, rel=0.25)
    assert prior.b / prior.a == pytest.approx(4.0 / 5.0, rel=0.1)
    assert prior.k == pytest.approx(1.0 / 4.0, rel=0.25)


def test_a_slip_of_the_pen_makes_no_shift_of_the_visits_after_it():
    panel = panel_of(np.zeros(20, dtype=int), np.arange(20.0))
    values = np.zeros(20)
    values[12] = 1e6
    found = follow(panel, values, PRIOR, limits=(4.0, 3.8))
    assert np.flatnonzero(found.alerted).tolist() == [12]
    assert np.abs(found.shift[13:]).max() < 3.8 < found.z[12]
