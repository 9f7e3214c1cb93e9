"""How variables hang together, against textbook formulas, and which cannot be separated."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, spearmanr

from explorer.space.association import association, cramers_v
from explorer.space.designs import design_of
from explorer.study.schema import Variable

RNG = np.random.default_rng(0)
N = 300


def made(**columns):
    """Designs of columns given as (kind, values), and the association among them."""
    designs = {}
    for name, (kind, values) in columns.items():
        series = pd.Series(values)
        variable = Variable(column=name, kind=kind, period=12.0 if kind == "cyclic" else None)
        designs[name] = design_of(name, series.astype("category") if kind == "nominal" else series, variable)
    return association(designs, {name: one.columns for name, one in designs.items()})


def only(**columns):
    (pair,) = made(**columns).pairs
    return pair


def test_each_pair_of_kinds_has_its_measure():
    x = RNG.normal(size=N)
    y = x + RNG.normal(size=N)
    group = np.where(x + RNG.normal(size=N) > 0, "a", "b")
    angle = RNG.uniform(0, 12, N)
    swing = np.sin(angle * np.pi / 6) + RNG.normal(size=N)
    one = only(x=("continuous", x), y=("continuous", -y))
    assert one.measure == "rank correlation"
    assert one.value == pytest.approx(abs(spearmanr(x, y).statistic))
    one = only(x=("continuous", x), g=("nominal", group))
    between = sum((group == g).sum() * (x[group == g].mean() - x.mean()) ** 2 for g in "ab")
    assert one.value == pytest.approx(np.sqrt(between / ((x - x.mean()) ** 2).sum()))
    assert only(g=("nominal", group), x=("continuous", x)).value == pytest.approx(one.value)
    one = only(s=("continuous", swing), m=("cyclic", angle))
    basis = np.column_stack([np.ones(N), np.sin(angle * np.pi / 6), np.cos(angle * np.pi / 6)])
    left = swing - basis @ np.linalg.lstsq(basis, swing)[0]
    assert one.value == pytest.approx(np.sqrt(1 - left.var() / swing.var()))
    assert only(a=("cyclic", angle), b=("cyclic", angle + 3)).value == pytest.approx(1)
    assert made(x=("continuous", x)).pairs == ()


def test_cramers_v_is_corrected_for_chance():
    table = np.array([[30.0, 10, 5], [4, 25, 26]])
    n = table.sum()
    phi = chi2_contingency(table, correction=False).statistic / n
    corrected = max(0, phi - 2 / (n - 1))
    least = min(2 - 1 / (n - 1), 3 - 4 / (n - 1)) - 1
    assert cramers_v(table) == pytest.approx(np.sqrt(corrected / least))
    assert cramers_v(np.diag([20.0, 30, 50])) == pytest.approx(1)
    assert np.mean([cramers_v(RNG.multinomial(60, np.full(9, 1 / 9)).reshape(3, 3) * 1.0) for _ in range(300)]) < 0.09
    assert np.isnan(cramers_v(np.array([[3.0, 0], [4, 0]])))


def test_the_inflation_is_the_vif():
    x = RNG.normal(size=N)
    noise = RNG.normal(size=N)
    found = made(two=("nominal", np.where(x > 0, "a", "b")), three=("nominal", np.where(x + noise > 0, "c", "d")))
    a, b = (x > 0) * 1.0, (x + noise > 0) * 1.0
    assert found.inflation["two"] == pytest.approx(1 / (1 - np.corrcoef(a, b)[0, 1] ** 2))
    assert made(x=("continuous", x)).inflation == {"x": 1.0}
    assert made(a=("nominal", a), b=("nominal", 1 - a)).inflation["a"] == np.inf


def test_what_says_the_same_cannot_be_separated_either_way_round():
    group = RNG.integers(0, 6, N)
    coarse = group // 3
    one = only(fine=("nominal", group), coarse=("nominal", coarse))
    assert one.second_by_first == pytest.approx(1)
    assert one.first_by_second == pytest.approx(1 / 5)
    assert not one.separable
    assert only(a=("nominal", group), b=("nominal", RNG.integers(0, 2, N))).separable


def test_where_two_are_hardly_known_together_they_cannot_be_separated():
    x, y = RNG.normal(size=N), RNG.normal(size=N)
    x[: N // 2] = np.nan
    y[N // 2 :] = 3.0
    one = only(x=("continuous", x), y=("continuous", y))
    assert (one.n, one.overlaps, one.separable) == (N // 2, False, False)
    assert np.isnan(one.value)
