import numpy as np
import pytest

from explorer.engine import Job
from explorer.errors import UserError
from explorer.space import stability
from explorer.space.projections import cache_path, project
from explorer.space.stability import (
    measure_stability,
    other_choices,
    read_stability,
    stability_at,
    stability_of,
    stability_path,
)
from explorer.view import MapChoice

TSNE = MapChoice(method="tsne", neighbours=5)


def places(seed, n=200):
    return np.random.default_rng(seed).normal(size=(n, 2)).astype(np.float32)


def test_identical_maps_are_stable_however_they_are_turned():
    one = places(0)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2)))[0]
    found = measure_stability(one, [one, 3 * one[:, ::-1] - 2, one @ turn])
    np.testing.assert_allclose(found.stability, 1, atol=1e-5)
    assert found.overall.value == pytest.approx(1, abs=1e-5)
    assert found.overall.low > found.overall.null_high


def test_one_point_that_moves_is_told_in_units_of_the_spread():
    one = places(0, n=2_000)
    other = one.copy()
    other[5] += 3
    found = measure_stability(one, [other, one])
    spread = np.median(np.linalg.norm(one - one.mean(axis=0), axis=1))
    # Root mean square of the two maps: moved in one, not in the other.
    assert found.displacement[5] == pytest.approx(np.sqrt(2 * 9 / 2) / spread, rel=0.01)
    assert np.delete(found.displacement, 5).max() < 0.02
    assert found.stability[5] == max(0, 1 - found.displacement[5] / found.unrelated)


def test_unrelated_maps_lie_in_their_null_band():
    inside = 0
    for run in range(100):
        found = measure_stability(places(run, 50), [places(1_000 + run, 50), places(2_000 + run, 50)], seed=run)
        inside += not found.overall.beyond_chance
        # Points in the middle are not stable because a badly fitting map would shrink: they are as far away as others.
        assert 0.8 < np.sqrt(np.square(found.displacement).mean()) / found.unrelated < 1.2
    assert 88 <= inside <= 100


def test_a_noisier_map_is_less_stable():
    one = places(0)
    values = [
        measure_stability(one, [one + noise * places(seed) for seed in (1, 2, 3)]).overall.value
        for noise in (0.1, 0.5, 2)
    ]
    assert values == sorted(values, reverse=True)


def test_points_without_a_place_have_no_stability():
    one, other = places(0), places(0)
    one[3], other[4] = np.nan, np.nan
    found = measure_stability(one, [other])
    assert np.flatnonzero(np.isnan(found.stability)).tolist() == [3, 4]
    np.testing.assert_allclose(found.stability[5:], 1, atol=1e-5)


def test_the_interval_is_over_animals():
    one = places(0)
    rng = np.random.default_rng(0)
    other = one + np.repeat(rng.exponential(1, 20), 10)[:, None] * rng.normal(size=(200, 2))
    own, by_animal = (
        measure_stability(one, [other], groups=groups).overall for groups in (None, np.repeat(np.arange(20), 10))
    )
    assert by_animal.high - by_animal.low > 1.3 * (own.high - own.low)


# --- of a study --------------------------------------------------------------------------------------------


def test_pca_is_exactly_stable(herd):
    study = herd.open()
    embedding = study.embedding("features")
    assert other_choices(MapChoice()) == ()
    found = stability_of(study, embedding, project(study, embedding, MapChoice(dims=3)))
    assert (found.stability == 1).all()
    assert (found.displacement == 0).all()
    assert found.seeds == ()
    assert found.overall.null_high < 0.5


def test_the_other_maps_have_other_seeds_and_nothing_else():
    choice = MapChoice(method="umap", seed=2**31 - 2, keep_places=True, neighbours=9)
    others = other_choices(choice)
    assert [one.seed for one in others] == [2**31 - 1, 0, 1]
    assert {one.model_copy(update={"seed": 0}) for one in others} == {MapChoice(method="umap", neighbours=9)}


def test_the_stability_of_a_study_is_that_of_its_maps_and_is_kept(herd, monkeypatch):
    herd.observations.loc[7, "p_1"] = np.nan
    study = herd.open()
    embedding = study.embedding("features")
    shown = project(study, embedding, TSNE)
    told = []
    found = stability_of(study, embedding, shown, seeds=2, report=lambda fraction, note: told.append(fraction))
    maps = [project(study, embedding, TSNE.model_copy(update={"seed": seed})).coordinates for seed in (1, 2)]
    expected = measure_stability(shown.coordinates, maps, groups=study.animal.cat.codes.to_numpy().astype(np.int64))
    np.testing.assert_array_equal(found.stability, expected.stability)
    assert found.overall == expected.overall
    assert found.seeds == (1, 2)
    assert np.flatnonzero(np.isnan(found.stability)).tolist() == [7]
    assert told == sorted(told)
    assert told[-1] == 1
    monkeypatch.setattr(stability, "project", None)  # whatever is computed again fails
    again = stability_of(study, embedding, shown, seeds=2)
    np.testing.assert_array_equal(again.displacement, found.displacement)
    assert again.overall == found.overall
    assert again.disparity == found.disparity
    path = stability_path(study, embedding, shown, seeds=2)
    assert path != stability_path(study, embedding, shown, seeds=3)
    path.write_bytes(path.read_bytes()[:200])
    assert read_stability(path) is None


@pytest.mark.slow
def test_a_worker_leaves_it_in_the_cache(herd):
    study = herd.open()
    embedding = study.embedding("features")
    Job(stability_at, study.path, "features", TSNE, seeds=1).result()
    assert cache_path(study, embedding, TSNE.model_copy(update={"seed": 1})).exists()
    found = read_stability(stability_path(study, embedding, project(study, embedding, TSNE), seeds=1))
    assert found is not None
    assert found.seeds == (1,)


def test_without_seeds_or_with_all_points_at_one_place_it_is_refused(herd):
    vectors = np.ones((40, 3))
    study = herd.embed("same", vectors)
    embedding = study.embedding("same")
    shown = project(study, embedding, MapChoice())
    with pytest.raises(ValueError, match="at least one"):
        stability_of(study, embedding, shown, seeds=0)
    with pytest.raises(UserError, match="one place"):
        stability_of(study, embedding, shown)
