"""Regressions that a metric must beat: they learn from training animals alone."""

import numpy as np
import pytest

from explorer.errors import UserError
from explorer.learning.task_baselines import (
    FOREST,
    HOG_RIDGE,
    PIXELS_RIDGE,
    RIDGE,
    forest_predictions,
    ridge_predictions,
    standard_features,
    task_baselines,
)


def data(seed=0, animals=30, times=8, features=6):
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), times)
    x = rng.normal(size=(animals, features))[animal] + rng.normal(size=(len(animal), features))
    return rng, animal, x


def test_ridge_finds_a_plane_and_the_forest_what_is_none():
    rng, animal, x = data()
    train = animal < 20
    plane = x @ [2.0, -1, 0, 0, 0, 0] + 7
    told = ridge_predictions(x, plane, animal, train)
    np.testing.assert_allclose(told, plane, atol=0.01)
    bent = np.abs(x[:, 0]) * 3 + 0.1 * rng.normal(size=len(x))
    of_ridge = np.corrcoef(ridge_predictions(x, bent, animal, train)[~train], bent[~train])[0, 1]
    of_forest = np.corrcoef(forest_predictions(x, bent, train)[~train], bent[~train])[0, 1]
    assert of_forest > 0.8 > 0.5 > of_ridge


@pytest.mark.parametrize("predict", ["ridge", "forest"])
def test_only_training_labels_are_looked_at(predict):
    rng, animal, x = data()
    y = x[:, 0] + rng.normal(size=len(x))
    train = animal < 20
    y[::11] = np.nan
    hidden = np.where(train, y, 1e6)

    def told(label):
        if predict == "ridge":
            return ridge_predictions(x, label, animal, train)
        return forest_predictions(x, label, train)

    np.testing.assert_array_equal(told(y), told(hidden))
    assert np.isfinite(told(y)).all()


def test_an_ordinal_task_is_told_in_its_own_unit():
    _, animal, x = data()
    steps = np.clip(np.round(x[:, 0]), -1, 2) + 3
    told = ridge_predictions(x, steps, animal, animal < 20, ordinal=True)
    assert told.min() >= 2 and told.max() <= 5
    assert np.abs(told - steps).mean() < 0.5


def test_missing_features_are_put_at_the_mean_by_one_and_sorted_out_by_the_other():
    rng, animal, x = data()
    train = animal < 20
    y = x[:, 0].copy()
    x = 1e3 * x + 5e4
    x[rng.random(x.shape) < 0.1] = np.nan
    x[7] = np.nan
    x = np.column_stack([x, np.full(len(x), 3.0), np.where(train, np.nan, 1.0)])
    x[7, 6:] = np.nan
    standard = standard_features(x, train)
    own = standard[train][:, :6]
    known = np.isfinite(x[train][:, :6])
    for column in range(6):
        values = own[known[:, column], column]
        assert values.mean() == pytest.approx(0, abs=1e-9) and values.std() == pytest.approx(1)
    there = np.delete(np.arange(len(x)), 7)
    assert (standard[there][:, :6][~np.isfinite(x[there][:, :6])] == 0).all()
    assert (standard[there][:, 6:] == 0).all(), "one value, and none among training animals"
    assert np.isnan(standard[7]).all()
    of_ridge, of_forest = ridge_predictions(standard, y, animal, train), forest_predictions(x, y, train)
    for told in (of_ridge, of_forest):
        assert np.isnan(told[7]) and np.isfinite(np.delete(told, 7)).all()
        rest = ~train
        assert np.corrcoef(told[rest], y[rest])[0, 1] > 0.8


def test_nothing_to_learn_from_tells_nothing_and_one_value_tells_that():
    _, animal, x = data()
    none = np.zeros(len(x), bool)
    assert np.isnan(ridge_predictions(x, x[:, 0], animal, none)).all()
    assert np.isnan(forest_predictions(x, x[:, 0], none)).all()
    flat = np.full(len(x), 2.5)
    np.testing.assert_allclose(ridge_predictions(x, flat, animal, animal < 9), 2.5)
    np.testing.assert_allclose(forest_predictions(x, flat, animal < 9), 2.5)
    one = ridge_predictions(x, x[:, 0], animal, animal == 0)
    assert np.isfinite(one).all(), "one animal cannot be held out, but can be learnt from"


def test_a_study_of_features_has_a_ridge_and_a_forest(herd):
    herd.observations["p_0"] = herd.observations["weight"] / 10
    herd.spec["variables"]["weight"]["role"] = "task"
    study = herd.open()
    told = []
    found = task_baselines(
        study,
        ["weight", "bcs"],
        train_animals=["cow-0", "cow-1", "cow-2", "cow-3", "cow-4"],
        report=lambda f, _: told.append(f),
    )
    assert list(found) == [RIDGE, FOREST] and list(found[RIDGE]) == ["weight", "bcs"]
    weight = study.values("weight").to_numpy()
    assert np.corrcoef(found[RIDGE]["weight"][25:], weight[25:])[0, 1] > 0.95
    alone = forest_predictions(study.table.numbers(study.feature_columns), weight, np.arange(40) < 25)
    np.testing.assert_array_equal(found[FOREST]["weight"], alone)
    assert told == sorted(told)
    with pytest.raises(UserError, match="'breed' is nominal"):
        task_baselines(study, ["breed"], train_animals=["cow-0"])


@pytest.mark.slow
def test_a_study_of_pictures_has_a_ridge_on_pixels(coats):
    study = coats.open()
    grey = np.array([np.asarray(study.picture(row).convert("L")).mean() for row in range(40)])
    coats.observations["shade"] = grey
    coats.spec["columns"]["features"] = []
    coats.spec["variables"]["shade"] = {"column": "shade", "kind": "continuous", "role": "task"}
    names = [f"cow-{one}" for one in range(7)]
    found = task_baselines(coats.open(), ["shade"], train_animals=names, workers=0)
    assert list(found) == [PIXELS_RIDGE, HOG_RIDGE]
    assert np.corrcoef(found[PIXELS_RIDGE]["shade"][:35], grey[:35])[0, 1] > 0.99
    assert np.isfinite(found[PIXELS_RIDGE]["shade"]).all()
