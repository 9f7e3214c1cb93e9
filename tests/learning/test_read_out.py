"""Kernel regression against a plain loop, and what it must not look at."""

import numpy as np
import pytest

from explorer.errors import UserError
from explorer.learning.read_out import BANDWIDTHS, read_out


def data(seed=0, animals=20, times=8, dims=3):
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), times)
    x = rng.normal(size=(animals, dims))[animal] + 0.7 * rng.normal(size=(len(animal), dims))
    return rng, animal, x, np.sin(2 * x[:, 0]) * 10 + 50 + rng.normal(size=len(animal))


def plain(x, y, animal, train, row, width):
    others = np.flatnonzero(train & (animal != animal[row]) & np.isfinite(y))
    weights = np.exp(-((x[others] - x[row]) ** 2).sum(axis=1) / (2 * width**2))
    return weights @ y[others] / weights.sum()


def test_it_is_the_weighted_mean_of_the_training_labels_and_its_bandwidth_the_best_of_them():
    _, animal, x, y = data()
    y[::7] = np.nan
    train = animal < 14
    found = read_out(x, {"task": y}, animal, train)
    width = found.bandwidths["task"]
    expected = [plain(x, y, animal, train, row, width) for row in range(len(y))]
    np.testing.assert_allclose(found.predicted["task"], expected, rtol=1e-4)
    distances = [
        np.linalg.norm(x[i] - x[j])
        for i in np.flatnonzero(train)
        for j in np.flatnonzero(train & (animal != animal[i]))
    ]
    widths = np.median(distances) * np.array(BANDWIDTHS)
    tried = [row for row in np.flatnonzero(train) if np.isfinite(y[row])]
    errors = [sum((plain(x, y, animal, train, row, one) - y[row]) ** 2 for row in tried) for one in widths]
    assert width == pytest.approx(widths[int(np.argmin(errors))], rel=1e-3)


def test_it_follows_what_no_plane_can():
    _, animal, x, y = data(animals=60)
    x[:, 0] = np.abs(x[:, 0])
    y = (x[:, 1] ** 2) + 0.1 * np.random.default_rng(1).normal(size=len(y))
    train = animal < 40
    told = read_out(x, {"task": y}, animal, train).predicted["task"][~train]
    assert np.corrcoef(told, y[~train])[0, 1] > 0.8


def test_labels_of_other_animals_are_never_looked_at():
    _, animal, x, y = data()
    train = animal < 14
    changed = np.where(train, y, -1e6)
    one, other = (read_out(x, {"task": label}, animal, train).predicted["task"] for label in (y, changed))
    np.testing.assert_array_equal(one, other)


def test_an_animal_is_not_read_off_itself():
    """Copies of one picture would tell training animals their own labels."""
    rng = np.random.default_rng(0)
    animal = np.repeat(np.arange(30), 5)
    x = rng.normal(size=(30, 4))[animal]
    y = rng.normal(size=30)[animal]
    told = read_out(x, {"task": y}, animal, np.ones(150, bool)).predicted["task"]
    assert np.corrcoef(told, y)[0, 1] < 0.3


def test_each_task_has_its_own_bandwidth():
    rng, animal, x, _ = data(animals=60)
    found = read_out(x, {"sharp": np.sign(x[:, 0]), "noise": rng.normal(size=len(x))}, animal, animal < 50)
    assert found.bandwidths["sharp"] < found.bandwidths["noise"]


def test_what_is_far_from_everything_is_told_by_its_nearest_labelled_neighbour():
    _, animal, x, y = data()
    train = animal < 14
    x[-1] = 1e4
    y[np.flatnonzero(train)[np.argmin(((x[train] - x[-1]) ** 2).sum(axis=1))]] = np.nan
    told = read_out(x, {"task": y}, animal, train).predicted["task"][-1]
    labelled = np.flatnonzero(train & np.isfinite(y))
    assert told == pytest.approx(y[labelled[np.argmin(((x[labelled] - x[-1]) ** 2).sum(axis=1))]], rel=1e-3)


def test_gaps_and_too_little_to_read_off():
    _, animal, x, y = data()
    train = animal < 14
    x[[0, 159]] = np.nan
    only_one = np.where(animal == 3, y, np.nan)
    found = read_out(x, {"task": y, "none": np.full(160, np.nan), "one": only_one, "flat": np.ones(160)}, animal, train)
    assert np.isnan(found.predicted["task"][[0, 159]]).all() and np.isnan(found.predicted["task"]).sum() == 2
    assert np.isnan(found.predicted["none"]).all() and np.isnan(found.predicted["one"]).all()
    np.testing.assert_allclose(found.predicted["flat"][1:-1], 1)
    assert [remark.split(" ")[0] for remark in found.remarks] == ["none", "one"]
    assert list(found.bandwidths) == ["task", "flat"]
    with pytest.raises(UserError, match="no training observation"):
        read_out(x, {"task": y}, animal, np.zeros(160, bool))
    same = read_out(np.ones((160, 2)), {"task": y}, animal, train).predicted["task"]
    assert np.isfinite(same).all(), "all at one place: the mean of the others"


def test_blocks_give_the_same(monkeypatch):
    _, animal, x, y = data()
    whole = read_out(x, {"task": y}, animal, animal < 14).predicted["task"]
    monkeypatch.setattr("explorer.learning.read_out._AT_ONCE", 112 * 7)
    told = []
    parts = read_out(x, {"task": y}, animal, animal < 14, report=lambda f, _: told.append(f)).predicted["task"]
    np.testing.assert_allclose(parts, whole, rtol=1e-5)
    assert told == sorted(told) and len(told) > 20
