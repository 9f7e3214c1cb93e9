from dataclasses import replace

import numpy as np
import pytest

from explorer.engine import Job
from explorer.errors import UserError
from explorer.space import quality_study
from explorer.space.projections import project
from explorer.space.quality import LOCAL, measure_map
from explorer.space.quality_said import said_of, said_of_comparison, said_of_stability
from explorer.space.quality_study import (
    points_at,
    points_of,
    points_path,
    quality_at,
    quality_of,
    quality_path,
    read_points,
    read_quality,
)
from explorer.space.stability import stability_of
from explorer.view import MapChoice


def opened(herd, n=40, d=4, gaps=()):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n, d)).astype(np.float32)
    vectors[list(gaps)] = np.nan
    study = herd.embed("net", vectors)
    embedding = study.embedding("net")
    return study, embedding, project(study, embedding, MapChoice())


def test_rows_without_a_vector_are_left_out_and_counted(herd):
    study, embedding, shown = opened(herd, gaps=(3, 7))
    found = quality_of(study, embedding, shown, k=6)
    used = np.delete(np.arange(40), [3, 7])
    animals = study.animal.cat.codes.to_numpy().astype(np.int64)
    expected = measure_map(embedding.vectors[used], shown.coordinates[used], k=6, groups=animals[used])
    assert found.measures == expected.measures
    np.testing.assert_array_equal(found.rows, used)
    assert (found.n, found.units, found.by_animal) == (38, 8, True)
    assert found.remarks == ("2 of 40 observations have no vector and were left out",)


def test_what_is_shown_is_measured_as_if_nothing_else_were_there(herd):
    study, embedding, shown = opened(herd, gaps=(3,))
    mask = np.arange(40) % 3 != 0
    found = quality_of(study, embedding, shown, shown=mask, k=5)
    used = mask & embedding.complete
    animals = study.animal.cat.codes.to_numpy().astype(np.int64)
    expected = measure_map(embedding.vectors[used], shown.coordinates[used], k=5, groups=animals[used])
    assert found.measures == expected.measures
    assert found.n == used.sum()
    points = points_of(study, embedding, shown, shown=mask, k=5)
    np.testing.assert_array_equal(np.isfinite(points.knn_overlap), used)
    for name in LOCAL:
        own = getattr(points, name)
        np.testing.assert_allclose(own[found.rows], found.points[name], rtol=0, atol=points.off + 1e-12)


def test_the_mean_of_the_points_is_the_whole(herd):
    study, embedding, shown = opened(herd)
    found = quality_of(study, embedding, shown, sample=17)
    assert len(found.rows) == 17
    for name in LOCAL:
        assert found.points[name].mean() == pytest.approx(found.measures[name].value, abs=1e-12)


def test_too_few_say_why_and_few_are_measured_among_fewer_neighbours(herd):
    study, embedding, shown = opened(herd)
    mask = np.arange(40) < 9
    for measure in (quality_of, points_of):
        with pytest.raises(UserError, match=r"only 9 of the observations shown have a place.*Loosen the filters"):
            measure(study, embedding, shown, shown=mask)
    found = quality_of(study, embedding, shown, shown=np.arange(40) < 11)
    assert found.k == 5
    assert found.remarks == ("measured among 5 neighbours instead of 15, the most that 11 observations allow",)
    assert points_of(study, embedding, shown, shown=np.arange(40) < 11).k == 5


def test_wide_vectors_are_measured_by_their_components_which_is_said(herd):
    study, embedding, shown = opened(herd, d=300)
    assert quality_of(study, embedding, shown).remarks[0].startswith("computed on the first 50 principal components")


def test_it_is_kept_by_content(herd, monkeypatch):
    study, embedding, shown = opened(herd, gaps=(3,))
    first = quality_of(study, embedding, shown)
    points = points_of(study, embedding, shown)
    paths = {
        quality_path(study, embedding, shown, **changed)
        for changed in (
            {},
            {"k": 14},
            {"seed": 1},
            {"sample": 20},
            {"shown": np.arange(40) < 30},
            {"shown": np.arange(40) % 5 < 2},
            {"shown": np.isin(np.arange(40) % 5, (1, 2))},  # as many, of the same animals
        )
    }
    assert len(paths) == 7
    # All 39 are measured either way, and those that are shown are all.
    assert quality_path(study, embedding, shown, sample=99) in paths
    assert quality_path(study, embedding, shown, shown=np.arange(40) != 3) in paths
    monkeypatch.setattr(quality_study, "searched", None)  # whatever is computed again fails
    again = quality_of(study, embedding, shown)
    assert again.measures == first.measures
    assert (again.remarks, again.units, again.pairs) == (first.remarks, first.units, first.pairs)
    np.testing.assert_array_equal(again.rows, first.rows)
    np.testing.assert_array_equal(points_of(study, embedding, shown).continuity, points.continuity)
    with pytest.raises(TypeError):
        quality_of(study, embedding, shown, k=14)
    path = quality_path(study, embedding, shown)
    for spoilt in (b"", path.read_bytes()[:300]):
        path.write_bytes(spoilt)
        assert read_quality(path) is None


@pytest.mark.slow
def test_workers_leave_it_in_the_cache(herd):
    study, embedding, shown = opened(herd)
    mask = np.arange(40) < 30
    Job(quality_at, study.path, "net", MapChoice(), shown=mask, k=4).result()
    found = read_quality(quality_path(study, embedding, shown, shown=mask, k=4))
    assert found is not None
    assert found.n == 30
    Job(points_at, study.path, "net", MapChoice(), k=4).result()
    assert read_points(points_path(study, embedding, shown, k=4)) is not None


def test_a_study_without_animals_has_intervals_over_points(herd):
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {}
    study, embedding, shown = opened(herd)
    found = quality_of(study, embedding, shown)
    assert (found.units, found.by_animal) == (40, False)
    assert "animals" not in "".join(said_of(found).values())


# --- in words ----------------------------------------------------------------------------------------------


def test_each_measure_is_one_plain_sentence(herd):
    study, embedding, shown = opened(herd)
    found = quality_of(study, embedding, shown, sample=20, k=6)
    said = said_of(found)
    assert set(said) == set(found.measures)
    one = found.measures["trustworthiness"]
    assert said["trustworthiness"] == (
        f"Is what is near on the map near in the latent space too? Trustworthiness {one.value:.1%} (95% interval over "
        f"8 animals {one.low:.1%} to {one.high:.1%}; a shuffled map: {one.null:.1%}, {one.null_low:.1%} to "
        f"{one.null_high:.1%}; 20 of 40 points measured, k = 6)"
    )
    assert "780 pairs of 40 points" in said["stress"]
    assert "PCA has no seed" in said_of_stability(stability_of(study, embedding, shown))
    assert callable(said_of_comparison)


def test_no_share_below_nothing_is_said(herd):
    study, embedding, shown = opened(herd)
    found = quality_of(study, embedding, shown, k=5)
    low = replace(found.measures["knn_overlap"], null=0.0002, null_low=-0.0011, null_high=0.0014)
    said = said_of(replace(found, measures=found.measures | {"knn_overlap": low}))
    assert "a shuffled map: 0.0%, 0.0% to 0.1%" in said["knn_overlap"]


def test_a_map_like_a_shuffled_one_is_said_to_be_so_and_what_is_not_defined_too(herd):
    study, embedding, shown = opened(herd)
    shown.coordinates[:] = np.random.default_rng(2).normal(size=(40, 2))
    assert "no more than by chance" in said_of(quality_of(study, embedding, shown, k=5))["shepard"]
    shown.coordinates[:] = 0
    said = said_of(quality_of(study, embedding, shown, k=5))
    assert "is not defined: all distances are the same" in said["stress"]
    assert "nan" not in "".join(said.values())
