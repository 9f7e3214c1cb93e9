"""The largest distance within animals and the smallest between them, in each group."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from explorer.clustering.clusters import Clusters
from explorer.clustering.conditioned import assign
from explorer.clustering.distances_inside import distances_inside


@pytest.fixture
def study(herd):
    """Animals 1 apart, each within 0.2 of itself in a season; the seasons 50 apart."""
    rng = np.random.default_rng(0)
    animal = np.repeat(np.arange(8), 5)
    season = np.tile([0, 0, 1, 1, 1], 8)
    herd.observations["weight"] = season.astype(float)
    herd.observations["parity"] = np.repeat([0, 1], 20)
    vectors = np.column_stack([animal, 50 * season, np.zeros(40)]) + rng.uniform(-0.05, 0.05, size=(40, 3))
    return herd.embed("e", vectors.astype(np.float32))


def test_they_are_those_of_all_pairs(study):
    made = assign(study, Clusters("kmeans", 3, "e", way="strata", by=("parity",)))
    vectors = study.embedding("e").vectors.astype(np.float64)
    animal = study.animal.cat.codes.to_numpy()
    groups = {"all": np.ones(40, dtype=bool)}
    groups |= {label: np.asarray(made.stratum == label) for label in made.stratum.categories}
    groups |= {str(one + 1): made.labels == one for one in range(made.count)}
    found = distances_inside(study, made)
    assert [one.group for one in found] == list(groups)
    for one in found:
        own = groups[one.group]
        far = cdist(vectors[own], vectors[own])
        same = animal[own][:, None] == animal[own]
        pairs = far[same & ~np.eye(len(far), dtype=bool)]
        assert one.observations == own.sum()
        assert one.pairs == len(pairs) / 2
        if len(pairs):
            assert one.largest_within == pytest.approx(pairs.max())
        if one.animals > 1:
            assert one.smallest_between == pytest.approx(far[~same].min())
            assert one.confused == pytest.approx((pairs > far[~same].min()).mean())


def test_inside_a_season_there_is_a_threshold_where_there_is_none_in_all(study):
    made = assign(study, Clusters("kmeans", 2, "e", way="strata", by=("weight",), bins=(("weight", (0.5,)),)))
    whole, first, second, *_ = distances_inside(study, made)
    assert whole.has_tau is False
    assert whole.confused == pytest.approx(0.6)  # 6 of an animal's 10 pairs are of both seasons
    assert first.has_tau is second.has_tau is True


def test_of_one_animal_there_is_nothing_to_tell(herd):
    herd.observations["animal_id"] = "only"
    herd.scores = herd.events = herd.animals = None
    herd.spec["variables"] = {}
    made = assign(herd.embed("e", np.random.default_rng(0).normal(size=(40, 2))), Clusters("kmeans", 2, "e"))
    whole = distances_inside(herd.open(), made)[0]
    assert np.isnan(whole.smallest_between)
    assert whole.has_tau is None
