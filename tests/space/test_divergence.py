"""Divergences between the subgroups of a task, dimension by dimension."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from explorer.space.divergence import divergences, subgroups
from explorer.study.schema import Variable

UNITS = np.repeat(np.arange(40), 5)


def groups(values, ordered=False):
    return pd.Categorical(values, ordered=ordered)


def test_both_are_what_their_definitions_say():
    rng = np.random.default_rng(0)
    own = np.where(np.arange(200) % 2 == 0, "a", "b")
    x = rng.normal(size=(200, 2))
    x[own == "b"] = x[own == "b"] * [2.0, 1.0] + [0.0, 3.0]
    found = divergences("v", groups(own), x, UNITS)
    assert (found.first, found.second, found.observations, found.animals) == ("a", "b", (100, 100), (40, 40))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for place, one in enumerate(found.dimensions):
        (m1, s1), (m2, s2) = ((z[own == g, place].mean(), z[own == g, place].std()) for g in "ab")
        p, q = norm(m1, s1), norm(m2, s2)
        jeffrey = quad(lambda t, p=p, q=q: (p.pdf(t) - q.pdf(t)) * (p.logpdf(t) - q.logpdf(t)), -12, 12)[0]
        share = (np.arange(20_000) + 0.5) / 20_000
        assert one.jeffrey.value == pytest.approx(jeffrey, rel=1e-4)
        assert one.w2.value == pytest.approx(((p.ppf(share) - q.ppf(share)) ** 2).mean(), rel=1e-2)
    assert [one.dimension for one in found.widest] == [1, 0]


@pytest.mark.parametrize(("shift", "wider"), [(0.0, 1.0), (0.5, 1.0), (1.5, 1.5)])
def test_the_intervals_hold_what_is_true_of_all_animals(shift, wider):
    rng = np.random.default_rng(0)
    runs, held = 60, np.zeros(2)
    v1, v2 = 2.0, 2 * wider**2
    apart = shift**2 + (v1**0.5 - v2**0.5) ** 2
    jeffrey = (v1 / v2 + v2 / v1 - 2 + shift**2 * (1 / v1 + 1 / v2)) / 2
    truth = apart / ((v1 + v2) / 2 + shift**2 / 4), jeffrey
    for run in range(runs):
        own = (rng.permutation(40) % 2)[UNITS]
        x = np.where(own == 1, wider, 1) * (rng.normal(size=40)[UNITS] + rng.normal(size=200)) + shift * own
        (one,) = divergences("v", groups(own), x[:, None], UNITS, seed=run).dimensions
        held += [found.low <= true <= found.high for found, true in zip((one.w2, one.jeffrey), truth, strict=True)]
    assert (held >= 0.85 * runs).all()


def test_the_unit_of_a_dimension_does_not_matter_and_alike_groups_reach_nothing():
    rng = np.random.default_rng(1)
    own, x = np.where(np.arange(200) % 2 == 0, "a", "b"), rng.normal(size=(200, 8))
    one, other = divergences("v", groups(own), x, UNITS), divergences("v", groups(own), 7 - 50 * x, UNITS)
    for a, b in zip(one.dimensions, other.dimensions, strict=True):
        assert a.w2.value == pytest.approx(b.w2.value)
        assert a.jeffrey.high == pytest.approx(b.jeffrey.high)
    assert np.mean([a.jeffrey.low == 0 for a in one.dimensions]) >= 0.75


def test_ordered_groups_are_compared_at_their_ends_and_others_by_size():
    x = np.random.default_rng(2).normal(size=(200, 1))
    ordered = groups(np.array(["1", "2", "3"])[np.arange(200) % 3], ordered=True)
    found = divergences("v", ordered, x, UNITS)
    assert (found.first, found.second) == ("1", "3")
    named = groups(np.array(["a", "b", "b", "c", "c"])[np.arange(200) % 5])
    found = divergences("v", named, x, UNITS)
    assert (found.first, found.second) == ("b", "c")


def test_groups_of_few_animals_and_vectors_with_gaps_are_left_out():
    x = np.random.default_rng(3).normal(size=(200, 2))
    own = np.where(UNITS < 4, "few", np.where(np.arange(200) % 2 == 0, "a", "b"))
    assert divergences("v", groups(own), x, UNITS).first == "a"
    assert divergences("v", groups(np.where(UNITS < 4, "few", "a")), x, UNITS) is None
    x[own == "a", 0] = np.nan
    assert divergences("v", groups(own), x, UNITS) is None


def test_numbers_are_taken_in_thirds():
    values = pd.Series(np.arange(90.0))
    thirds = subgroups(values, Variable(column="v", kind="continuous"))
    assert thirds.ordered
    assert pd.Series(thirds).value_counts().tolist() == [30, 30, 30]
    hours = subgroups(values % 24, Variable(column="v", kind="cyclic", period=24.0))
    assert not hours.ordered
    assert list(hours.categories) == ["0 to 8", "8 to 16", "16 to 0"]
    breeds = pd.Series(pd.Categorical(["a", "b"], categories=["a", "b", "gone"]))
    assert list(subgroups(breeds, Variable(column="v", kind="nominal")).categories) == ["a", "b"]
