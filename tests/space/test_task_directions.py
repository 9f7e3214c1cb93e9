"""Linear task directions: found where they are, tested on other animals, and not found in what is only chance."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, rankdata

from explorer.errors import UserError
from explorer.space.task_directions import FEWEST, direction, scale_of, task_directions
from explorer.space.task_values import units_of


def seen(animals=30, times=8, dims=5, seed=0):
    """(generator, animal of each row, vectors): animals differ, and so do their observations."""
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), times)
    return rng, animal, rng.normal(size=(animals, dims))[animal] + rng.normal(size=(len(animal), dims))


AXIS = np.array([3.0, 0, -4, 0, 0]) / 5


# --- what is there is found --------------------------------------------------------------------------------


def test_a_task_along_an_axis_is_found_and_told_in_its_unit():
    _, animal, x = seen()
    weight = 600 + 40 * x @ AXIS
    found = direction("weight", weight, x, animal, permutations=99)
    np.testing.assert_allclose(found.axis, AXIS, atol=1e-3)
    np.testing.assert_allclose(found.predict(x), weight, atol=0.1)
    assert found.explained.value == pytest.approx(1, abs=1e-6)
    assert found.spearman.value == pytest.approx(1, abs=1e-6)
    assert found.chance == 0.01
    assert found.within.explained.value == pytest.approx(1, abs=1e-6) and found.within.chance == 0.01
    assert (found.observations, found.animals) == (240, 30)


def test_half_of_the_variance_is_told_as_about_half():
    rng, animal, x = seen(200, 10)
    y = x @ AXIS + np.sqrt(2) * rng.normal(size=len(animal))
    found = direction("task", y, x, animal, permutations=0)
    assert found.explained.value == pytest.approx(0.5, abs=0.05)
    assert found.explained.low < found.explained.value < found.explained.high
    assert np.isnan(found.chance)


def test_an_ordinal_task_is_ranked_so_that_its_steps_do_not_matter():
    _, animal, x = seen(60, 10)
    steps = np.clip(np.round(x @ AXIS), -2, 2)
    stretched = np.array([1.0, 1.1, 5, 20, 21])[steps.astype(int) + 2]
    one = direction("score", steps, x, animal, ordinal=True, permutations=19)
    other = direction("score", stretched, x, animal, ordinal=True, permutations=19)
    np.testing.assert_array_equal(one.axis, other.axis)
    assert (one.explained, one.spearman, one.chance) == (other.explained, other.spearman, other.chance)
    assert one.axis @ AXIS > 0.98
    told = other.predict(x)
    assert told.min() >= 1 and told.max() <= 21
    assert np.abs(told - stretched).mean() < 0.5 * np.abs(stretched - np.median(stretched)).mean()


def test_ranks_and_back():
    values = np.array([2.0, 2, 2, 3, 5, 5])
    scale = scale_of(values)
    np.testing.assert_allclose(scale.to_ranks(values), (rankdata(values) - 0.5) / 6)
    np.testing.assert_allclose(scale.from_ranks(scale.to_ranks(values)), values)
    assert scale.from_ranks(np.array([-1.0, 2.0, np.nan]))[:2].tolist() == [2, 5]
    assert np.isnan(scale.from_ranks(np.array([np.nan]))).all()


def test_ups_and_downs_in_an_animal_are_found_apart_from_differences_between_animals():
    rng, animal, x = seen(40, 10)
    mean = np.stack([x[animal == one].mean(axis=0) for one in range(40)])[animal]
    between = direction("between", mean @ AXIS + 0.5 * rng.normal(size=400), x, animal, permutations=99)
    within = direction("within", (x - mean) @ AXIS + 0.5 * rng.normal(size=400), x, animal, permutations=99)
    assert between.chance == 0.01 and between.within.chance > 0.05
    assert within.within.chance == 0.01
    assert within.within.explained.low > 0.5 > 0.05 > between.within.explained.low
    assert within.between < 0.2 < 0.6 < between.between
    constant = direction("constant", (mean @ AXIS), x, animal, permutations=9)
    assert constant.within is None and constant.between == pytest.approx(1)


# --- chance ------------------------------------------------------------------------------------------------


def course(rng, animal, columns):
    """Random courses with memory in each animal (n, columns)."""
    out = rng.normal(size=(len(animal), columns))
    for row in range(1, len(animal)):
        if animal[row] == animal[row - 1]:
            out[row] = 0.7 * out[row - 1] + 0.7 * out[row]
    return out


@pytest.mark.parametrize("kind", ["constant", "mixed", "within"])
@pytest.mark.slow
def test_chance_is_seldom_taken_for_a_direction(kind):
    """Vectors and labels that differ between animals and remember, without any relation: at most 5 % are below 0.05."""
    trials, level = 80, 0.05
    taken, taken_within = 0, 0
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        animal = np.repeat(np.arange(20), rng.integers(3, 12, size=20))
        x = course(rng, animal, 3) + 1.5 * rng.normal(size=(20, 3))[animal]
        own = rng.normal(size=20)[animal]
        y = {"constant": own, "mixed": own + course(rng, animal, 1)[:, 0], "within": course(rng, animal, 1)[:, 0]}[kind]
        found = direction("task", y, x, animal, permutations=39, seed=seed)
        taken += found.chance <= level
        taken_within += found.within is not None and found.within.chance <= level
    most = binom.ppf(0.999, trials, level)
    assert taken <= most and taken_within <= most


@pytest.mark.slow
def test_vectors_that_drift_are_seldom_taken_to_follow_the_weeks():
    """Turning each animal's labels in time, as was done once, called 19 % of these weeks more than chance."""
    trials, level = 100, 0.05
    animal, week = np.repeat(np.arange(12), 20), np.tile(np.arange(20.0), 12)
    taken = 0
    for seed in range(trials):
        x = np.random.default_rng(seed).normal(size=(12, 20, 3)).cumsum(axis=1).reshape(240, 3)
        taken += direction("task", week, x, animal, permutations=39, seed=seed).within.chance <= level
    assert taken <= binom.ppf(0.99, trials, level)


@pytest.mark.slow
def test_shuffling_single_rows_would_have_been_wrong():
    """What the restriction is for: told that every row is an animal of its own, chance is often taken for more."""
    taken = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        animal = np.repeat(np.arange(20), 8)
        x = 0.3 * rng.normal(size=(160, 3)) + rng.normal(size=(20, 3))[animal]
        found = direction("task", rng.normal(size=20)[animal], x, np.arange(160), permutations=39)
        taken += found.chance <= 0.05
    assert taken > 20


@pytest.mark.slow
def test_noise_has_no_rank_correlation_either_way():
    """Predictions that are but the mean of the other folds must not count as falling where the label rises."""
    values = []
    for seed in range(40):
        rng, animal, x = seen(20, 5, seed=seed)
        values.append(direction("task", rng.normal(size=20)[animal], x, animal, permutations=0).spearman.value)
    assert abs(np.nanmean(values)) < 3 * np.nanstd(values) / np.sqrt(40) + 0.02


# --- what is left out --------------------------------------------------------------------------------------


def test_rows_without_a_value_or_a_vector_are_as_if_they_were_not_there():
    rng, animal, x = seen()
    y = x @ AXIS + rng.normal(size=len(animal))
    keep = np.ones(len(y), dtype=bool)
    keep[[3, 50, 77]] = False
    gaps, nowhere = y.copy(), x.copy()
    gaps[[3, 50]] = [np.nan, np.inf]
    nowhere[77, 2] = np.nan
    one, other = (
        direction("task", gaps, nowhere, animal, permutations=19),
        direction("task", y[keep], x[keep], animal[keep], permutations=19),
    )
    np.testing.assert_array_equal(one.axis, other.axis)
    assert (one.explained, one.spearman, one.chance, one.within) == (
        other.explained,
        other.spearman,
        other.chance,
        other.within,
    )
    assert np.isnan(one.predict(nowhere)[77]) and np.isfinite(one.predict(nowhere)[3])


@pytest.mark.parametrize("animals", [1, FEWEST - 1, FEWEST])
def test_with_too_few_animals_no_direction_is_told(animals):
    _, animal, x = seen(animals, 10)
    assert (direction("task", x[:, 0], x, animal, permutations=0) is None) == (animals < FEWEST)


def test_a_label_that_does_not_vary_or_vectors_that_do_not():
    rng, animal, x = seen()
    assert direction("task", np.full(len(x), 2.5), x, animal) is None
    assert direction("task", np.full(len(x), np.nan), x, animal) is None
    found = direction("task", rng.normal(size=len(x)), np.ones_like(x), animal, permutations=19)
    assert not found.axis.any() and not found.spearman.known and found.chance == 1
    assert found.explained.value <= 0


# --- a study -----------------------------------------------------------------------------------------------


def tasked(herd, n=120, animals=12):
    rng, animal, x = seen(animals, n // animals)
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(n)],
            "animal_id": [f"cow-{one}" for one in animal],
            "captured_at": np.tile(np.arange(n // animals), animals)[::-1],
            "rough": x[:, 0] + rng.normal(size=n),
            "condition": np.select([x[:, 1] < -0.5, x[:, 1] < 0.5], ["thin", "good"], "fat"),
            "group": np.where(x[:, 0] > 0, "a", "b"),
            "flat": np.ones(n),
        }
    )
    herd.scores = herd.events = herd.animals = None
    herd.spec["columns"] = {"observation": "observation_id", "animal": "animal_id", "time": "captured_at"}
    herd.spec["columns"]["time_unit"] = "visits"
    herd.spec["variables"] = {
        "rough": {"column": "rough", "kind": "continuous", "role": "task"},
        "condition": {"column": "condition", "kind": "ordinal", "role": "task", "order": ["thin", "good", "fat"]},
        "group": {"column": "group", "kind": "nominal", "role": "task"},
        "flat": {"column": "flat", "kind": "continuous", "role": "task"},
    }
    return herd.open(), x


def test_every_task_with_an_order_has_its_direction_and_others_a_sentence(herd):
    study, x = tasked(herd)
    found = task_directions(study, x, permutations=19)
    assert list(found.found) == ["rough", "condition"]
    assert found.found["condition"].axis[1] > 0.9, "in the order that the study gives"
    assert [remark.split(" ")[0] for remark in found.remarks] == ["'group'", "flat"]
    some = task_directions(study, x, animals=[f"cow-{one}" for one in range(11)], permutations=0)
    assert some.found["rough"].animals == 11
    with pytest.raises(UserError, match="'group' is nominal"):
        task_directions(study, x, tasks=["group"])
    with pytest.raises(UserError, match="no variable 'height'"):
        task_directions(study, x, tasks=["height"])
    with pytest.raises(ValueError, match="119 vectors for 120"):
        task_directions(study, x[1:])


def test_without_animals_each_observation_stands_for_itself(herd):
    study, x = tasked(herd)
    del herd.spec["columns"]["animal"]
    alone = herd.open()
    assert len(np.unique(units_of(alone))) == 120
    assert task_directions(alone, x, permutations=0).found["rough"].animals == 120
    with pytest.raises(UserError, match="which animal"):
        task_directions(alone, x, animals=["cow-1"])
    assert study.animal is not None
