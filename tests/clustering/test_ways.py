"""Background variables taken out of vectors, or put beside them: by how much."""

import numpy as np
import pytest

from explorer.clustering.ways import beside, changes_within, without
from explorer.space.conditions import conditions
from explorer.space.task_values import units_of

ROWS = np.arange(40)


@pytest.fixture
def study(herd):
    """Jersey cows (every other one) are seen mostly in winter."""
    rng = np.random.default_rng(0)
    jersey = np.repeat([1, 0] * 4, 5).astype(bool)
    herd.observations["where"] = np.where(rng.random(40) < np.where(jersey, 0.8, 0.2), "barn", "pasture")
    herd.observations.loc[::13, "where"] = None
    herd.spec["variables"]["where"] = {"column": "where", "kind": "nominal"}
    return herd.open()


def of_animals(seed=0):
    return (np.random.default_rng(seed).normal(size=(8, 3)) * 5)[np.repeat(np.arange(8), 5)]


def test_what_varies_within_animals_is_taken_out_to_the_last_bit_whoever_was_seen(study):
    own, barn = of_animals(), (study.values("where") == "barn").to_numpy()
    known = study.values("where").notna().to_numpy()
    vectors = (own + np.outer(barn, [4.0, -2.0, 1.0])).astype(np.float32)
    left = without(vectors[known], conditions(study, ["where"]), ROWS[known], units_of(study))
    moved = left - own[known]
    assert np.allclose(moved, moved[0], atol=1e-5)
    assert left.dtype == np.float32


def test_what_is_fixed_to_an_animal_is_taken_out_across_animals_and_the_rest_within(study):
    vectors = of_animals().astype(np.float32)
    chosen = conditions(study, ["breed", "where"])
    units = units_of(study)
    assert [changes_within(one, ROWS, units) for one in chosen] == [False, True]
    left = without(vectors, chosen, ROWS, units)
    jersey = (study.values("breed") == "Jersey").to_numpy()
    assert np.allclose(left[jersey].mean(axis=0), left[~jersey].mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("weight", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("names", [["breed"], ["weight", "where", "month"], ["calved", "age", "sex", "season"]])
def test_beside_vectors_each_variable_has_its_share_of_the_weight(study, names, weight):
    vectors = of_animals(1).astype(np.float32)
    joined = beside(vectors, conditions(study, names), ROWS, weight)
    assert np.array_equal(joined[:, :3], vectors)
    added = joined[:, 3:].astype(np.float64)
    assert added.var(axis=0).sum() == pytest.approx(weight * vectors.var(axis=0).sum(), rel=1e-5)
    assert np.allclose(added.mean(axis=0), 0, atol=1e-4)
    alone = [beside(vectors, conditions(study, [name]), ROWS, weight)[:, 3:].var(axis=0).sum() for name in names]
    assert alone == pytest.approx([weight * vectors.var(axis=0).sum()] * len(names), rel=1e-5)


def test_what_is_missing_lies_in_the_middle(study):
    added = beside(of_animals().astype(np.float32), conditions(study, ["where"]), ROWS, 1.0)[:, 3:]
    assert np.allclose(added[study.values("where").isna()], 0, atol=1e-6)


def test_nothing_is_added_of_no_weight_or_what_does_not_vary(herd):
    herd.observations["parity"] = 2
    study = herd.open()
    vectors = of_animals().astype(np.float32)
    assert beside(vectors, conditions(study, ["breed"]), ROWS, 0.0) is vectors
    assert beside(vectors, conditions(study, ["parity"]), ROWS, 1.0) is vectors
