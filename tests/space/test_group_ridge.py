"""Sums by fold give the ridge that a plain loop over folds and penalties gives."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from explorer.space.group_ridge import PENALTIES, GroupRidge, deal


def data(noise=3.0, seed=0):
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(20), rng.integers(2, 15, size=20))
    x = rng.normal(size=(len(animal), 6)) * [3, 2, 1, 1, 0.5, 0.1] + 5
    return rng, animal, x, 100 + x @ rng.normal(size=6) + noise * rng.normal(size=len(animal))


def plain(x, y, rows, penalty):
    moved = x[rows] - x[rows].mean(axis=0)
    return Ridge(alpha=penalty * np.linalg.eigvalsh(moved.T @ moved).mean()).fit(x[rows], y[rows])


@pytest.mark.parametrize("noise", [0.1, 3.0, 30.0])
def test_nested_cross_validation_equals_a_loop(noise):
    _, animal, x, y = data(noise)
    fold = deal(animal)
    predicted, mean = np.empty(len(y)), np.empty(len(y))
    for out in range(5):
        errors = []
        for penalty in PENALTIES:
            fits = [(k, plain(x, y, (fold != out) & (fold != k), penalty)) for k in range(5) if k != out]
            errors.append(sum(((y - fit.predict(x))[fold == k] ** 2).sum() for k, fit in fits))
        best = PENALTIES[int(np.argmin(errors))]
        predicted[fold == out] = plain(x, y, fold != out, best).predict(x[fold == out])
        mean[fold == out] = y[fold != out].mean()
    ridge = GroupRidge(x, fold)
    held = ridge.held_out(y)
    np.testing.assert_allclose(held.predicted, predicted, atol=1e-8)
    np.testing.assert_allclose(held.mean, mean, atol=1e-10)
    explained = 1 - ((y - predicted) ** 2).sum() / ((y - mean) ** 2).sum()
    assert ridge.explained(y[:, None])[0] == pytest.approx(explained, abs=1e-9)
    fitted = ridge.fit(y)
    np.testing.assert_allclose(
        fitted.predict(x), plain(x, y, np.ones(len(y), bool), fitted.penalty).predict(x), atol=1e-8
    )


def test_many_responses_at_once_are_those_one_by_one():
    rng, animal, x, y = data()
    ridge = GroupRidge(x, deal(animal))
    many = np.column_stack([y, rng.normal(size=(len(y), 3)), np.ones(len(y))])
    together = ridge.explained(many)
    np.testing.assert_allclose(together[:4], [ridge.explained(many[:, [k]])[0] for k in range(4)])
    assert np.isnan(together[4])


def test_no_animal_is_in_two_folds_and_folds_are_even():
    _, animal, _, _ = data()
    fold = deal(animal, seed=4)
    folds_of = [np.unique(fold[animal == one]) for one in range(20)]
    assert all(len(one) == 1 for one in folds_of)
    assert np.bincount(np.concatenate(folds_of)).tolist() == [4] * 5
    assert len(np.unique(deal(np.array([1, 1, 2, 2, 3])))) == 3


def test_turning_moving_and_scaling_the_vectors_changes_no_prediction():
    rng, animal, x, y = data()
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    one = GroupRidge(x, deal(animal)).held_out(y).predicted
    other = GroupRidge(1e3 * (x @ turn) - 7e4, deal(animal)).held_out(y).predicted
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_without_a_penalty_it_is_least_squares_even_when_columns_repeat():
    _, animal, x, y = data()
    table = np.column_stack([np.ones(len(y)), x])
    expected = table @ np.linalg.lstsq(table, y, rcond=None)[0]
    for vectors in (x, np.hstack([x, x, np.ones((len(y), 1))])):
        found = GroupRidge(vectors, deal(animal), penalties=(0.0,)).fit(y).predict(vectors)
        np.testing.assert_allclose(found, expected, atol=1e-8)


def test_one_animal_is_fitted_but_held_out_from_nothing():
    _, _, x, y = data()
    ridge = GroupRidge(x, deal(np.zeros(len(y), dtype=int)))
    assert np.isfinite(ridge.fit(y).predict(x)).all()
