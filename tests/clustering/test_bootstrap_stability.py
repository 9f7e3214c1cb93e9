"""Clusters that come back when animals are drawn again, and those that do not."""

import numpy as np
import pytest

from explorer.clustering.bootstrap_stability import Stability, best_jaccard, read_stability, stability
from explorer.clustering.clusters import Clusters
from explorer.errors import UserError


def test_the_best_jaccard_of_sets():
    rng = np.random.default_rng(0)
    labels, again = (rng.integers(-1, 4, size=80).astype(np.int32) for _ in range(2))
    found = best_jaccard(labels, again, 5)
    for one in range(4):
        own = set(np.flatnonzero(labels == one))
        others = [set(np.flatnonzero(again == other)) for other in range(4)]
        assert found[one] == pytest.approx(max(len(own & other) / len(own | other) for other in others))
    assert np.isnan(found[4])


@pytest.fixture
def study(herd):
    """Eight animals in two groups far apart, of two breeds each."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 3)) + 30 * np.repeat([0, 0, 1, 1] * 2, 5)[:, None]
    return herd.embed("apart", vectors.astype(np.float32))


@pytest.mark.parametrize(
    "wanted",
    [
        Clusters("kmeans", 2, "apart"),
        Clusters("hdbscan", 8, "apart"),
        Clusters("kmeans", 2, "apart", way="residual", by=("season",)),
    ],
)
def test_groups_far_apart_come_back(study, wanted):
    found = stability(study, wanted, draws=8)
    assert (np.median(found.jaccard, axis=0) == 1).all()  # a draw may be of one group alone
    assert found.readings == ("stable", "stable")
    assert "8 draws of 8 animals" in found.sentence
    assert np.array_equal(read_stability(study, wanted, draws=8).jaccard, found.jaccard, equal_nan=True)
    assert read_stability(study, wanted, draws=8, seed=1) is None


def test_it_is_made_anew_when_it_is_corrected_which_animal_is_which(study, herd):
    wanted = Clusters("kmeans", 2, "apart")
    stability(study, wanted, draws=3)
    herd.observations.loc[0, "animal_id"] = "cow-7"
    assert read_stability(herd.open(), wanted, draws=3) is None


def test_what_hangs_on_single_animals_dissolves(herd):
    """Five clusters of one round cloud are cut elsewhere each time."""
    vectors = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)
    found = stability(herd.embed("cloud", vectors), Clusters("kmeans", 5, "cloud"), draws=12)
    assert "stable" not in found.readings


def test_readings_and_bounds():
    found = Stability(np.array([[0.9, 0.7, 0.2, np.nan], [0.8, 0.6, 0.4, np.nan]]), 9)
    assert found.readings == ("stable", "doubtful", "dissolved", "unknown")
    assert found.interval(0) == pytest.approx((0.8025, 0.8975))
    assert np.isnan(found.interval(3)).all()


def test_without_animals_it_says_that_observations_were_drawn(herd):
    del herd.spec["columns"]["animal"]
    herd.observations = herd.observations.drop(columns="animal_id")
    herd.scores, herd.events, herd.animals = None, None, None
    study = herd.embed("cloud", np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32))
    for _ in range(2):  # made, then read
        assert "in 3 draws of 40 observations" in stability(study, Clusters("kmeans", 2, "cloud"), draws=3).sentence


def test_too_few_animals_are_refused(herd):
    vectors = np.full((40, 2), np.nan, dtype=np.float32)
    vectors[:15] = np.random.default_rng(0).normal(size=(15, 2))
    with pytest.raises(UserError, match="3 are too few"):
        stability(herd.embed("few", vectors), Clusters("kmeans", 2, "few"))
