"""Which way a task rises on a map, and whether that is sure: closed forms, chance, and animals seen again and again."""

import numpy as np
import pandas as pd
import pytest

from explorer.space.compass import FEWEST, direction, directions


def seen_often(animals, times, seed=0):
    """Each of ``animals`` seen ``times`` times at places at random: (generator, animal of each row, places)."""
    rng = np.random.default_rng(seed)
    animal = np.repeat(np.arange(animals), times)
    return rng, animal, rng.normal(size=(len(animal), 2)) * [3, 1]


def share_of_seeds_that_hold(made, seeds):
    held = [made(seed).holds for seed in range(seeds)]
    return np.mean(held)


# --- closed forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slope", [(1, 0), (0, -2), (3, 4), (-1e-6, 1e-6), (5e8, -1e8)])
def test_a_task_that_is_a_plane_over_the_map_rises_along_its_slope(slope):
    _, animal, places = seen_often(15, 6)
    found = direction("task", 7 + places @ np.array(slope, dtype=float), places, animal)
    assert (found.x, found.y) == pytest.approx(np.array(slope) / np.hypot(*slope), abs=1e-9)
    assert found.share == pytest.approx(1)
    assert found.low == pytest.approx(1)
    assert found.holds
    assert (found.observations, found.animals) == (90, 15)


def test_half_of_the_variance_is_told_as_about_half():
    rng, animal, places = seen_often(400, 10)
    places = rng.normal(size=places.shape)
    found = direction("task", places[:, 0] + rng.normal(size=len(animal)), places, animal)
    assert found.share == pytest.approx(0.5, abs=0.03)
    assert found.low < found.share < found.high
    assert found.x == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("turn", [0.3, np.pi / 2, np.pi, 4.0])
def test_a_turned_map_turns_the_direction_and_changes_nothing_else(turn):
    rng, animal, places = seen_often(20, 8)
    values = places @ [1.0, 2.0] + rng.normal(size=len(animal)) * 3
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    before, after = (direction("task", values, where, animal) for where in (places, places @ matrix.T))
    assert (after.x, after.y) == pytest.approx(matrix @ [before.x, before.y], abs=1e-9)
    assert (after.share, after.low, after.high) == pytest.approx((before.share, before.low, before.high))


def test_units_and_zero_of_the_task_and_the_scale_of_the_map_do_not_matter():
    rng, animal, places = seen_often(20, 8)
    values = places @ [1.0, 2.0] + rng.normal(size=len(animal)) * 3
    one = direction("task", values, places, animal)
    other = direction("task", 1e6 - 1e-3 * values, 1e5 + places * 1e3, animal)
    assert (other.x, other.y) == pytest.approx((-one.x, -one.y), abs=1e-6)
    assert (other.share, other.low, other.high) == pytest.approx((one.share, one.low, one.high), abs=1e-6)


# --- chance, and animals seen again and again --------------------------------------------------------------


@pytest.mark.parametrize(("animals", "times"), [(10, 1), (12, 20), (60, 5)])
@pytest.mark.slow
def test_pure_noise_seldom_holds_and_explains_nothing(animals, times):
    def made(seed):
        rng, animal, places = seen_often(animals, times, seed)
        return direction("task", rng.normal(size=len(animal)), places, animal)

    assert share_of_seeds_that_hold(made, 150) <= 0.10
    assert np.median([made(seed).share for seed in range(40)]) < 0.01


def naively_holds(values, places):
    """What counting each row as one of its own would say: the lower end of R squared's interval, rows resampled."""
    design = np.column_stack([np.ones(len(values)), places])
    missed = (values - design @ np.linalg.lstsq(design, values, rcond=None)[0]) ** 2
    total = (values - values.mean()) ** 2
    drawn = np.random.default_rng(0).integers(0, len(values), size=(200, len(values)))
    return np.percentile(1 - missed[drawn].sum(axis=1) / total[drawn].sum(axis=1), 2.5) > 0


@pytest.mark.parametrize("animals", [10, 20, 40])
@pytest.mark.slow
def test_a_value_of_the_animal_is_not_taken_for_one_of_the_place(animals):
    """Each animal has its place and a value that has nothing to do with it. Many pictures of it add no evidence."""

    def material(seed):
        rng = np.random.default_rng(seed)
        animal = np.repeat(np.arange(animals), 20)
        places = rng.normal(size=(animals, 2))[animal] + rng.normal(size=(len(animal), 2)) * 0.2
        return rng.normal(size=animals)[animal], places, animal

    assert share_of_seeds_that_hold(lambda seed: direction("task", *material(seed)), 200) <= 0.05
    assert np.mean([naively_holds(*material(seed)[:2]) for seed in range(30)]) > 0.5  # the trap is one


@pytest.mark.slow
def test_a_value_of_the_animal_at_places_of_no_animal_does_not_hold():
    def made(seed):
        rng, animal, places = seen_often(20, 20, seed)
        return direction("task", rng.normal(size=20)[animal], places, animal)

    assert share_of_seeds_that_hold(made, 200) <= 0.05


@pytest.mark.slow
def test_animals_photographed_unequally_often_do_not_decide():
    def made(seed):
        rng = np.random.default_rng(seed)
        animal = np.repeat(np.arange(20), 1 + rng.geometric(0.08, size=20))
        places = rng.normal(size=(20, 2))[animal] + rng.normal(size=(len(animal), 2)) * 0.2
        return direction("task", rng.normal(size=20)[animal], places, animal)

    assert share_of_seeds_that_hold(made, 200) <= 0.08


@pytest.mark.slow
def test_an_animal_is_predicted_from_other_animals_only():
    """Told that each row is an animal of its own, the same rows give themselves away; kept together they do not."""
    together, apart = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        animal = np.repeat(np.arange(12), 15)
        places = rng.normal(size=(12, 2))[animal] + rng.normal(size=(len(animal), 2)) * 0.05
        values = rng.normal(size=12)[animal]
        together.append(direction("task", values, places, animal).share)
        apart.append(direction("task", values, places, np.arange(len(animal))).share)
    assert np.median(together) < 0
    assert np.median(apart) > 0.05


def test_repeating_every_picture_changes_neither_share_nor_interval():
    """A picture stored twice is no new evidence; the interval must not become narrower by it."""
    rng, animal, places = seen_often(25, 4)
    values = places[:, 0] + 4 * rng.normal(size=len(animal))
    once = direction("task", values, places, animal)
    ten = direction("task", np.tile(values, 10), np.tile(places, (10, 1)), np.tile(animal, 10))
    assert (ten.share, ten.low, ten.high) == pytest.approx((once.share, once.low, once.high))
    assert ten.observations == 10 * once.observations


# --- what is left out --------------------------------------------------------------------------------------


def test_rows_without_a_value_or_a_place_are_as_if_they_were_not_there():
    rng, animal, places = seen_often(20, 6)
    values = places[:, 1] + rng.normal(size=len(animal))
    keep = np.ones(len(animal), dtype=bool)
    keep[[3, 50, 77]] = False
    gaps, nowhere = values.copy(), places.copy()
    gaps[[3, 50]] = [np.nan, np.inf]
    nowhere[77] = [np.nan, 1e9]
    assert direction("task", gaps, nowhere, animal) == direction("task", values[keep], places[keep], animal[keep])


@pytest.mark.parametrize("animals", [1, FEWEST - 1, FEWEST])
def test_with_too_few_animals_no_direction_is_told(animals):
    _, animal, places = seen_often(animals, 50)
    assert (direction("task", places[:, 0], places, animal) is None) == (animals < FEWEST)


def test_animals_without_a_value_do_not_count_as_animals():
    _, animal, places = seen_often(20, 5)
    values = np.where(animal < FEWEST - 1, places[:, 0], np.nan)
    assert direction("task", values, places, animal) is None


@pytest.mark.parametrize("values", [np.full(60, 3.0), np.full(60, np.nan)])
def test_a_task_that_does_not_vary_has_no_direction(values):
    _, animal, places = seen_often(12, 5)
    assert direction("task", values, places, animal) is None


def test_points_that_all_lie_at_one_place_point_nowhere():
    rng, animal, _ = seen_often(12, 5)
    found = direction("task", rng.normal(size=60), np.ones((60, 2)), animal)
    assert found is None or not found.holds


# --- a study's tasks ---------------------------------------------------------------------------------------

N, ANIMALS = 84, 12


def tasked(herd, **variables):
    """A study of twelve animals, seven times each, with variables as (values, description)."""
    herd.observations = pd.DataFrame(
        {
            "observation_id": [f"o-{row}" for row in range(N)],
            "animal_id": [f"cow-{row % ANIMALS}" for row in range(N)],
            "p_0": np.arange(N, dtype=float),
            **{name: values for name, (values, _) in variables.items()},
        }
    )
    herd.scores = herd.events = herd.animals = None
    del herd.spec["columns"]["time"]
    herd.spec["variables"] = {name: {"column": name, **said} for name, (_, said) in variables.items()}
    return herd.open()


def task(kind, **more):
    return {"kind": kind, "role": "task", **more}


def test_only_tasks_with_an_order_have_a_direction_and_the_sure_ones_come_first(herd):
    rng = np.random.default_rng(4)
    places = rng.normal(size=(N, 2))
    study = tasked(
        herd,
        noise=(rng.normal(size=N), task("continuous")),
        rough=(places[:, 0] + rng.normal(size=N), task("continuous")),
        steps=(np.round(places[:, 0] * 4), task("ordinal")),
        group=(np.where(places[:, 0] > 0, "a", "b"), task("nominal")),
        hour=(np.mod(places[:, 0], 24), task("cyclic", period=24)),
        weight=(places[:, 0], {"kind": "continuous"}),
        constant=(np.ones(N), task("continuous")),
    )
    found = directions(study, places)
    assert [one.name for one in found] == ["steps", "rough", "noise"]
    assert [one.holds for one in found] == [True, True, False]
    assert {one.animals for one in found} == {ANIMALS}


def test_an_ordinal_task_of_words_rises_in_the_order_that_the_study_gives(herd):
    rng = np.random.default_rng(4)
    places = rng.normal(size=(N, 2))
    words = np.select([places[:, 1] < -0.5, places[:, 1] < 0.5], ["thin", "good"], "fat").astype(object)
    words[rng.random(N) < 0.1] = None
    study = tasked(herd, condition=(words, task("ordinal", order=["thin", "good", "fat"])))
    (found,) = directions(study, places)
    assert found.y > 0.95
    assert found.holds
    assert found.observations == sum(word is not None for word in words)


def test_observations_of_unknown_animals_count_for_themselves(herd):
    places = np.random.default_rng(5).normal(size=(N, 2))
    study = tasked(herd, rough=(places[:, 0], task("continuous")))
    herd.observations.loc[[0, 1, 2], "animal_id"] = None
    (found,) = directions(herd.open(), places)
    assert found.animals == ANIMALS + 3
    assert directions(study, places)[0].animals == ANIMALS
    del herd.spec["columns"]["animal"]  # nobody says whose they are: each stands for itself
    assert directions(herd.open(), places)[0].animals == N
