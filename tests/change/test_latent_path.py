"""The way through the latent space is what plain loops give, and no day knows of a later one."""

from itertools import pairwise

import numpy as np
import pytest
from herds import Herd

from explorer.change.latent import path_of
from explorer.change.series import series_of
from explorer.errors import UserError


def vectors_of(herd, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(len(herd.observations), 3)).astype(np.float32)
    vectors[7] = np.nan
    return vectors


def twice_a_day(herd):
    """Visits 2 and 3 of each animal fall on one day."""
    when = herd.observations["captured_at"].to_numpy().copy()
    when[3::5] = when[2::5] + np.timedelta64(2, "h")
    herd.observations["captured_at"] = when
    return herd


def test_the_path_is_what_loops_give(herd):
    vectors = vectors_of(twice_a_day(herd))
    study = herd.embed("net", vectors)
    days = study.time.astype("datetime64[D]").astype(np.int64)
    for animal in ("cow-1", "cow-4"):
        rows = np.flatnonzero((study.animal == animal).to_numpy() & np.isfinite(vectors).all(axis=1))
        path = path_of(study, study.embedding("net"), animal)
        own = sorted(set(days[rows]))
        means = np.array([vectors[rows][days[rows] == day].astype(float).mean(axis=0) for day in own])
        assert path.days.tolist() == own
        assert path.rows.tolist() == [int(rows[days[rows] == day][-1]) for day in own]
        np.testing.assert_allclose(path.step[1:], [np.linalg.norm(b - a) for a, b in pairwise(means)])
        away = [np.linalg.norm(means[k] - means[:k].mean(axis=0)) for k in range(1, len(means))]
        np.testing.assert_allclose(path.from_own[1:], away)
        assert np.isnan(path.step[0]) and np.isnan(path.from_own[0])
        assert path.travelled == pytest.approx(np.sum(path.step[1:]))
        for place, day in enumerate(own):
            known = (days <= day) & np.isfinite(vectors).all(axis=1)
            others = np.flatnonzero((study.animal != animal).to_numpy() & known)
            far = np.linalg.norm(vectors[others].astype(float) - means[place], axis=1)
            assert path.alike[place] == study.animal.iloc[others[far.argmin()]]
            assert path.alike_away[place] == pytest.approx(far.min(), abs=1e-6)


def test_it_agrees_with_the_series_that_is_followed(herd):
    study = herd.embed("net", vectors_of(herd))
    series = series_of(study, "net:own-baseline")
    for place, name in enumerate(series.animals):
        path = path_of(study, study.embedding("net"), name)
        np.testing.assert_allclose(path.from_own[1:], series.value[series.animal == place])


def test_later_rows_change_no_earlier_day(tmp_path):
    whole, cut = Herd(tmp_path / "whole"), Herd(tmp_path / "cut")
    vectors = vectors_of(whole)
    kept = (whole.observations["captured_at"] < "2024-06-01").to_numpy()
    cut.observations = whole.observations[kept].reset_index(drop=True)
    late, early = whole.embed("net", vectors), cut.embed("net", vectors[kept])
    for animal in ("cow-0", "cow-5"):
        one, other = (path_of(study, study.embedding("net"), animal) for study in (late, early))
        n = len(other.days)
        assert 0 < n < len(one.days)
        np.testing.assert_array_equal(one.from_own[:n], other.from_own)
        assert one.alike[:n] == other.alike


def test_nothing_is_known_of_an_animal_that_is_not_there(herd):
    study = herd.embed("net", vectors_of(herd))
    path = path_of(study, study.embedding("net"), "cow-99")
    assert len(path.days) == 0 and path.alike == () and path.travelled == 0


def test_without_times_it_says_what_to_name(herd):
    study = herd.embed("net", vectors_of(herd))
    embedding = study.embedding("net")
    del herd.spec["columns"]["time"]
    for name in ("age", "season", "month", "calved", "bcs", "trend"):
        del herd.spec["variables"][name]
    with pytest.raises(UserError, match=r"\[columns\] as time"):
        path_of(herd.open(), embedding, "cow-1")
