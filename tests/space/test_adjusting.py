"""Residuals against least squares by another route, and what is done where a background is missing or new."""

import numpy as np
import pandas as pd
import pytest

from explorer.space.adjusting import fit_adjustment, linear_columns
from explorer.space.conditions import Condition
from explorer.study.schema import Variable

N = 200


def made(seed=0):
    rng = np.random.default_rng(seed)
    age, hour = rng.uniform(1, 12, N), rng.uniform(0, 24, N)
    camera = rng.integers(0, 3, N)
    chosen = [
        Condition("age", Variable(column="a", kind="continuous"), pd.Categorical(np.zeros(N)), age, None),
        Condition("hour", Variable(column="h", kind="cyclic", period=24), pd.Categorical(np.zeros(N)), hour, None),
        Condition(
            "camera",
            Variable(column="c", kind="nominal"),
            pd.Categorical.from_codes(camera, ["x", "y", "z"]),
            None,
            None,
        ),
    ]
    vectors = rng.normal(size=(N, 5)) + np.outer(1000 * age, rng.normal(size=5)) + rng.normal(size=(3, 5))[camera]
    return chosen, vectors


def test_residuals_are_those_of_least_squares():
    chosen, vectors = made()
    rows = np.arange(N) < 120
    fitted = fit_adjustment(vectors, chosen, rows)
    columns = linear_columns(chosen).columns
    table = np.column_stack([np.ones(N), columns])
    solved = np.linalg.lstsq(table[rows] / np.abs(table[rows]).max(axis=0), vectors[rows], rcond=None)[0]
    own = vectors[rows] - (table[rows] / np.abs(table[rows]).max(axis=0)) @ solved
    got = fitted.residuals(vectors, chosen)
    np.testing.assert_allclose(got[rows] - got[rows].mean(axis=0), own, atol=1e-6)
    np.testing.assert_allclose(got[rows].mean(axis=0), vectors[rows].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(fitted.residuals(vectors, chosen, np.array([7, 3])), got[[7, 3]])


def test_only_the_rows_learnt_from_matter():
    chosen, vectors = made()
    rows = np.arange(N) < 120
    other = np.where(rows[:, None], vectors, np.nan)
    assert np.array_equal(fit_adjustment(other, chosen, rows).slopes, fit_adjustment(vectors, chosen, rows).slopes)


def test_a_missing_background_is_taken_for_the_mean_one():
    chosen, vectors = made()
    age = chosen[0].numbers.copy()
    age[5] = np.nan
    gone = [Condition("age", chosen[0].variable, chosen[0].values, age, None)]
    fitted = fit_adjustment(vectors, gone, np.ones(N, dtype=bool))
    got = fitted.residuals(vectors, gone)
    np.testing.assert_allclose(got[5], vectors[5])
    assert np.isfinite(got).all() and not np.allclose(got[6], vectors[6])


def test_of_a_category_never_learnt_from_nothing_is_taken():
    chosen, vectors = made()
    camera = chosen[2]
    new = np.asarray(camera.values.codes) == 2
    fitted = fit_adjustment(vectors, [camera], ~new)
    got = fitted.residuals(vectors, [camera])
    np.testing.assert_allclose(got[new], vectors[new])
    assert not np.allclose(got[~new], vectors[~new])


def test_nothing_to_learn_from_is_refused():
    chosen, vectors = made()
    with pytest.raises(ValueError, match="nothing to learn"):
        fit_adjustment(vectors, chosen, np.zeros(N, dtype=bool))


def test_within_animals_the_effect_is_found_whoever_is_seen_when():
    """Old animals are seen in winter mostly: what tells them apart must not be taken for the season."""
    rng = np.random.default_rng(0)
    animals = np.repeat(np.arange(20), 10)
    winter = rng.random(N) < np.where(animals < 10, 0.9, 0.1)
    effect, own = np.array([1.0, 0, -2]), 5 * rng.normal(size=(20, 3))
    season = Condition(
        "season", Variable(column="s", kind="nominal"), pd.Categorical(np.where(winter, "w", "s")), None, None
    )
    breed = Condition("breed", Variable(column="b", kind="nominal"), pd.Categorical(animals % 3), None, None)
    vectors = own[animals] + np.outer(winter, effect)
    everyone = np.ones(N, dtype=bool)
    fitted = fit_adjustment(vectors, [season, breed], everyone, animals)
    np.testing.assert_allclose(fitted.slopes[1] - fitted.slopes[0], effect, atol=1e-9)
    assert (fitted.slopes[2:] == 0).all(), "what never changes in an animal stays"
    spread = [np.ptp(fitted.residuals(vectors, [season, breed])[animals == one], axis=0).max() for one in range(20)]
    assert max(spread) < 1e-9
    pooled = fit_adjustment(vectors, [season, breed], everyone)
    assert np.abs(pooled.slopes[1] - pooled.slopes[0] - effect).max() > 0.5
