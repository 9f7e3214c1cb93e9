"""The probe: what it finds on animals held out, and what shuffled labels give."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from explorer.space import probes
from explorer.space.designs import orthonormal
from explorer.space.group_ridge import deal
from explorer.space.probes import probe
from explorer.space.varying import Varying

UNITS = np.repeat(np.arange(40), 6)


def found(places, x, units=UNITS, **more):
    places = np.asarray(places, dtype=float).reshape(len(x), -1)
    return probe(places, x, Varying(orthonormal(places), units), **more)


def herd(rng, d=4):
    return 1.5 * rng.normal(size=(40, d))[UNITS] + rng.normal(size=(240, d))


def test_it_predicts_what_the_vectors_say_and_not_what_they_do_not():
    rng = np.random.default_rng(0)
    x = herd(rng)
    said = found(x @ [1.0, 2.0, 0.0, 0.0] + 0.5 * rng.normal(size=240), x, shuffles=49)
    assert said.value > 0.8
    assert said.high < 0.3
    group = np.eye(3)[np.digitize(x[UNITS * 6, 0], [-0.7, 0.7])]
    assert found(group, x, shuffles=49).value > found(group, x, shuffles=49).high
    assert found(np.eye(3)[rng.integers(0, 3, 240)], x, shuffles=49).value < 0.05


def test_r_squared_is_that_of_scikit_learn_on_animals_held_out(monkeypatch):
    monkeypatch.setattr(probes, "PENALTIES", (0.1,))
    rng = np.random.default_rng(1)
    x = herd(rng)
    y = np.column_stack([x[:, 0] + rng.normal(size=240), 3 * (x[:, 1] + rng.normal(size=240))]) + herd(rng)[:, :2]
    folds = deal(UNITS, seed=0)
    weights = y.var(axis=0)
    missed, total = np.zeros(2), np.zeros(2)
    for fold in range(5):
        out, left = folds == fold, folds != fold
        scatter = ((x[left] - x[left].mean(axis=0)) ** 2).sum() / 4
        guess = Ridge(alpha=0.1 * scatter).fit(x[left], y[left]).predict(x[out])
        missed += ((y[out] - guess) ** 2).sum(axis=0)
        total += ((y[out] - y[left].mean(axis=0)) ** 2).sum(axis=0)
    wanted = ((1 - missed / total) * weights).sum() / weights.sum()
    assert found(y, x, shuffles=0).value == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("kind", ["animals", "visits", "courses"])
@pytest.mark.slow
def test_a_null_variable_lies_within_its_band(kind):
    rng = np.random.default_rng(2)
    outside = 0
    for run in range(40):
        x = herd(rng)
        own, each = rng.normal(size=40)[UNITS], rng.normal(size=240)
        one = found({"animals": own, "visits": each, "courses": own + each}[kind], x, shuffles=79, seed=run)
        outside += not one.low <= one.value <= one.high
    assert outside <= 6  # 2 expected


def test_of_many_observations_whole_animals_are_drawn(monkeypatch):
    monkeypatch.setattr(probes, "MOST", 100)
    x = herd(np.random.default_rng(3))
    assert found(x[:, 0], x, shuffles=0).observations == 96


def test_a_variable_by_visit_needs_animals_seen_twice_and_few_animals_are_not_probed():
    rng = np.random.default_rng(4)
    x, values = herd(rng), rng.normal(size=240)
    once = np.where(np.arange(240) < 60, 1000 + np.arange(240), UNITS)
    assert found(values, x, once, shuffles=0).observations == 180
    few = found(values[:54], x[:54], UNITS[:54], shuffles=9)
    assert np.isnan([few.value, few.low, few.high]).all()


def test_by_visit_only_ups_and_downs_are_asked_for():
    rng = np.random.default_rng(5)
    x = herd(rng)
    values = x[:, 0] - np.repeat(x[:, 0].reshape(40, 6).mean(axis=1), 6)
    own = 0.3 * rng.normal(size=40)[UNITS]
    one, other = found(values, x, shuffles=0), found(values + own, x + own[:, None], shuffles=0)
    assert one.value > 0.9
    assert other.value == pytest.approx(one.value)
