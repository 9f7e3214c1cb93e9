"""The mixed model: against statsmodels, against the dense likelihood, and what it must refuse."""

import numpy as np
import pytest
from scipy.optimize import minimize

from explorer.change.backgrounds import Backgrounds, fit_terms
from explorer.change.baseline import NEAREST, fit_baseline, whitened
from explorer.change.panel import panel_of


def herd(seed, animals=60, phi=0.0):
    rng = np.random.default_rng(seed)
    visits = rng.integers(2, 16, animals)
    animal = np.repeat(np.arange(animals), visits)
    day = np.concatenate([np.cumsum(rng.integers(5, 60, one)) for one in visits]).astype(float)
    age = rng.uniform(1, 9, animals)[animal] + day / 365.25
    sex = np.where(animal % 2, "male", "female").astype(object)
    panel = panel_of(animal, day)
    error = rng.normal(size=len(animal))
    for row in range(1, len(animal)):
        if panel.visit[row]:
            rho = phi ** ((day[row] - day[row - 1]) / 30) if phi else 0.0
            error[row] = rho * error[row - 1] + np.sqrt(1 - rho**2) * error[row]
    values = 10 + 0.5 * age + 2 * (animal % 2) + rng.normal(0, 3, animals)[animal] + 2 * error
    return panel, values, Backgrounds({"age": age}, day / 365.25 % 1, {"sex": sex}, len(values))


@pytest.mark.parametrize("seed", range(2))
def test_without_autocorrelation_it_is_the_mixed_model_of_statsmodels(seed):
    statsmodels = pytest.importorskip("statsmodels.api")
    panel, values, backgrounds = herd(seed)
    found = fit_baseline(panel, values, backgrounds, autocorrelated=False)
    theirs = statsmodels.MixedLM(values, found.terms.columns(backgrounds), groups=panel.animal).fit(reml=True)
    assert found.phi == 0
    assert found.within == pytest.approx(theirs.scale, rel=1e-3)
    assert found.between == pytest.approx(float(np.asarray(theirs.cov_re)[0, 0]), rel=5e-3)
    expected = found.terms.columns(backgrounds) @ np.asarray(theirs.fe_params)
    np.testing.assert_allclose(found.expected(backgrounds), expected, atol=0.01)


def test_with_autocorrelation_it_is_the_most_likely_of_the_dense_model():
    panel, values, _ = herd(1, animals=40, phi=0.5)
    found = fit_baseline(panel, values, Backgrounds(rows=len(values)))
    same = panel.animal[:, None] == panel.animal[None]
    along = np.cumsum(np.maximum(np.nan_to_num(panel.gaps / found.gap, nan=1.0), NEAREST))
    apart = np.abs(along[:, None] - along[None])
    ones = np.ones(len(values))

    def criterion(point):
        between, within, phi = np.exp(point[0]), np.exp(point[1]), 1 / (1 + np.exp(-point[2]))
        v = np.where(same, between + within * phi**apart, 0.0)
        inverse = np.linalg.inv(v)
        mean = (ones @ inverse @ values) / (ones @ inverse @ ones)
        left = values - mean
        return np.linalg.slogdet(v)[1] + left @ inverse @ left + np.log(ones @ inverse @ ones)

    start = [np.log(found.between), np.log(found.within), np.log(found.phi / (1 - found.phi))]
    best = minimize(criterion, start, method="Nelder-Mead", options={"maxiter": 200, "xatol": 1e-3, "fatol": 1e-5})
    assert criterion(start) <= best.fun + 1e-3
    assert found.phi > 0.2


def test_a_few_mistaken_pairs_on_following_days_do_not_hide_the_autocorrelation():
    panel, values, _ = herd(2, animals=200, phi=0.6)
    twice = np.arange(0, len(panel), 40)  # measured again the day after, as if another animal stood on the scale
    order = np.argsort(np.append(panel.animal * 1e6 + panel.day, panel.animal[twice] * 1e6 + panel.day[twice] + 1))
    animal = np.append(panel.animal, panel.animal[twice])[order]
    day = np.append(panel.day, panel.day[twice] + 1)[order]
    wrong = values[twice] + np.random.default_rng(0).normal(0, 5, len(twice))
    both = np.append(values, wrong)[order]
    without = fit_baseline(panel, values, Backgrounds(rows=len(values)))
    found = fit_baseline(panel_of(animal, day), both, Backgrounds(rows=len(both)))
    assert without.phi > 0.5
    assert found.phi > 0.25


def test_whitening_takes_the_autocorrelation_away_and_leaves_the_variance():
    rng = np.random.default_rng(0)
    n, phi = 40_000, 0.6
    error = rng.normal(size=n)
    for row in range(1, n):
        error[row] = phi * error[row - 1] + np.sqrt(1 - phi**2) * error[row]
    white = whitened(error, panel_of(np.zeros(n, dtype=int), np.arange(n) * 7.0), phi, 7.0)
    assert white.std() == pytest.approx(error.std(), rel=0.02)
    assert np.corrcoef(white[1:], white[:-1])[0, 1] == pytest.approx(0.0, abs=0.02)


def test_the_season_is_in_it_only_after_a_year_and_dependent_columns_are_left_out():
    day = np.arange(400.0)
    panel = panel_of(np.zeros(400, dtype=int), day)
    turn = Backgrounds({}, day / 365.25 % 1, {}, 400)
    assert fit_terms(turn, panel).columns(turn).shape[1] == 5
    short = turn.only(day < 300)
    assert fit_terms(short, panel.only(day < 300)).columns(short).shape[1] == 1
    twice = Backgrounds({"age": day, "old": 2 * day}, None, {"one": np.full(400, "a", dtype=object)}, 400)
    columns = fit_terms(twice, panel).columns(twice)
    assert np.linalg.matrix_rank(columns) == columns.shape[1] == 4


def test_a_season_that_age_cannot_be_told_from_waits_until_it_can():
    """All of one age: after 415 days what the season explains is as well explained by age. Of mixed ages it is not."""
    day = np.tile(np.arange(0.0, 415, 18), 40)
    animal = np.repeat(np.arange(40), len(day) // 40)
    panel, turn = panel_of(animal, day), day / 365.25 % 1
    for born, season in ((np.zeros(40), False), (np.linspace(0, 2_000, 40), True)):
        backgrounds = Backgrounds({"age": day + born[animal]}, turn, {}, len(day))
        assert fit_terms(backgrounds, panel).season is season
    long = np.tile(np.arange(0.0, 1_100, 18), 40)
    panel = panel_of(np.repeat(np.arange(40), len(long) // 40), long)
    assert fit_terms(Backgrounds({"age": long}, long / 365.25 % 1, {}, len(long)), panel).season


def test_an_unknown_category_or_age_is_still_expected_something():
    panel, values, backgrounds = herd(2)
    found = fit_baseline(panel, values, backgrounds)
    odd = Backgrounds(
        {"age": np.array([np.nan])},
        np.array([0.5]),
        {
            "sex": np.array(
                [
                    "",
                ],
                dtype=object,
            )
        },
        1,
    )
    assert np.isfinite(found.expected(odd)).all()
    low, high = found.population(backgrounds)
    assert ((low < values) & (values < high)).mean() == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize(("animals", "value", "sentence"), [(5, "noise", "too few"), (30, "same", "the same")])
def test_too_little_or_nothing_that_varies_is_refused(animals, value, sentence):
    panel = panel_of(np.repeat(np.arange(animals), 6), np.tile(np.arange(6.0), animals))
    values = np.ones(len(panel)) if value == "same" else np.random.default_rng(0).normal(size=len(panel))
    with pytest.raises(ValueError, match=sentence):
        fit_baseline(panel, values, Backgrounds(rows=len(panel)))


def test_visits_out_of_order_are_refused():
    with pytest.raises(ValueError, match="sorted"):
        panel_of(np.array([0, 0]), np.array([2.0, 1.0]))
    with pytest.raises(ValueError, match="one for each time"):
        panel_of(np.array([0, 0]), np.array([1.0, 1.0]))
