"""Angles between directions: known ones are found, in spite of the chance that draws all towards 90 degrees."""

import numpy as np
import pytest

from explorer.space.task_angles import task_angles


def two(angle, seed=0, animals=40, times=8, dims=6, noise=1.0):
    """(vectors, labels of two tasks that rise at ``angle`` degrees, animals)."""
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), times)
    x = rng.normal(size=(animals, dims))[animal] + rng.normal(size=(len(animal), dims))
    turned = np.radians(angle)
    other = np.cos(turned) * x[:, 0] + np.sin(turned) * x[:, 1]
    return (
        x,
        {"a": x[:, 0] + noise * rng.normal(size=len(x)), "b": 7 * other + 7 * noise * rng.normal(size=len(x))},
        animal,
    )


@pytest.mark.parametrize("angle", [0, 30, 90, 135, 180])
def test_a_known_angle_is_found(angle):
    x, values, animal = two(angle, noise=0.01)
    (found,) = task_angles(x, values, animal).found
    assert (found.first, found.second, found.animals) == ("a", "b", 40)
    assert found.angle.value == pytest.approx(angle, abs=1)
    assert found.as_fitted == pytest.approx(angle, abs=1)
    assert found.certainty == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("angle", [20, 90, 150])
@pytest.mark.slow
def test_intervals_hold_the_true_angle_and_the_correction_is_needed(angle):
    found = [task_angles(*two(angle, seed, noise=2.5), draws=100, seed=seed).found for seed in range(40)]
    told = [one[0] for one in found if one]
    assert len(told) > 35
    held = np.mean([one.angle.low <= angle <= one.angle.high for one in told])
    assert held >= 0.8
    if angle == 20:
        assert np.mean([one.as_fitted for one in told]) > 23
        assert np.median([one.angle.value for one in told]) < 23


def test_each_task_is_compared_with_its_own_dimension():
    x, values, animal = two(60, noise=0.01)
    found = task_angles(x, values, animal, dimensions={"a": 0, "b": 0, "c": 3}).found
    assert [(one.first, one.second) for one in found] == [("a", "b"), ("a", "dimension 0"), ("b", "dimension 0")]
    assert [one.angle.value for one in found] == pytest.approx([60, 0, 60], abs=1)


def test_ordinal_tasks_do_not_mind_their_scale():
    x, values, animal = two(60)
    steps = {name: np.round(task / task.std()) for name, task in values.items()}
    cubes = {name: task**3 for name, task in steps.items()}
    one, other = (task_angles(x, labels, animal, ordinal=["a", "b"]).found for labels in (steps, cubes))
    assert one == other and one[0].angle.low < 60 < one[0].angle.high


def test_what_rises_nowhere_has_no_angle():
    x, values, animal = two(60)
    rng = np.random.default_rng(9)
    values |= {"noise": rng.normal(size=40)[animal], "flat": np.ones(len(x)), "none": np.full(len(x), np.nan)}
    found = task_angles(x, values, animal)
    assert found.nowhere == ("noise", "flat", "none")
    assert len(found.found) == 1
    few = task_angles(x[animal < 9], {"a": values["a"][animal < 9]}, animal[animal < 9])
    assert few.nowhere == ("a",) and not few.found
    assert task_angles(x[:0], {}, animal[:0]).found == ()


def test_missing_labels_leave_out_their_rows_alone_and_shared_animals_are_counted():
    x, values, animal = two(60)
    values["b"][animal < 10] = np.nan
    x[5] = np.nan
    (found,) = task_angles(x, values, animal).found
    assert found.animals == 30
    assert found.angle.low < 60 < found.angle.high


def test_many_dimensions_are_worked_off_in_parts(monkeypatch):
    x, values, animal = two(60, animals=20)
    whole = task_angles(x, values, animal, draws=30).found
    monkeypatch.setattr("explorer.space.task_angles._AT_ONCE", 36 * 7)
    parts = task_angles(x, values, animal, draws=30).found
    assert parts[0].angle.value == pytest.approx(whole[0].angle.value)
    assert (parts[0].angle.low, parts[0].angle.high) == pytest.approx((whole[0].angle.low, whole[0].angle.high))
