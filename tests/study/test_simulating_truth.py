"""What is true of a simulated herd: its episodes, where the truth lies, and leaving an effect out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import explorer
from explorer.study.simulating import VARIABLES, simulate_herd, truth_of
from explorer.study.simulating.animals import DAYS, share_of_winter
from explorer.study.simulating.health import Episode
from explorer.study.simulating.herd import make_herd
from explorer.study.study import open_study


@pytest.fixture(scope="module")
def herd():
    return make_herd(400, 5)


@pytest.fixture(scope="module")
def without():
    """The same herd without each of the effects."""
    return {name: make_herd(400, 5, [name]) for name in VARIABLES}


def test_the_truth_lies_beside_the_study_and_not_in_it(tmp_path):
    study = simulate_herd(tmp_path / "study", animals=8, pictures=False)
    truth = truth_of(study)
    assert truth.parent == study.parent
    assert sorted(path.name for path in truth.iterdir()) == [
        "animals.parquet",
        "episodes.json",
        "herd.json",
        "observations.parquet",
    ]
    assert sorted(path.name for path in study.iterdir()) == [
        "animals.parquet",
        "events.parquet",
        "observations.parquet",
        "scores.parquet",
        "study.toml",
    ]
    opened = open_study(study)
    known = pq.read_table(truth / "observations.parquet").to_pandas()
    assert list(known["observation_id"]) == opened.ids.to_pylist()
    assert not {"condition", "frame", "identity_01"} & set(opened.table.columns)
    assert json.loads((truth / "herd.json").read_text())["seed"] == 0


def test_no_product_module_reads_the_truth():
    package = Path(explorer.__file__).parent
    pages = package.parent / "pages"
    sources = [path for path in [*package.rglob("*.py"), *pages.rglob("*.py")] if path.parent.name != "simulating"]
    assert len(sources) > 50
    for path in sources:
        text = path.read_text(encoding="utf-8")
        assert "truth_of" not in text
        assert "-truth" not in text


def test_a_third_of_the_animals_fall_ill(herd):
    ill = {episode.animal for episode in herd.episodes}
    assert abs(len(ill) / 400 - 1 / 3) < 3 * np.sqrt(2 / 9 / 400)
    assert {episode.kind for episode in herd.episodes} == {"lameness", "ketosis", "mastitis"}
    sudden = [episode.sudden for episode in herd.episodes]
    assert 0.3 < np.mean(sudden) < 0.8
    assert 0.02 < np.mean([episode.recovery is None for episode in herd.episodes]) < 0.3
    for episode in herd.episodes:
        days = herd.visits.day[herd.rows(episode.animal)]
        assert days[0] + 28 <= episode.onset <= days[-1] - 28
        assert episode.rise <= 3 if episode.sudden else episode.rise >= 25


def test_an_episode_rises_holds_and_recovers():
    course = Episode(0, "lameness", 100, False, 2.0, rise=30, hold=10, recovery=14, treated=None).course(400)
    assert (course[:100] == 0).all()
    assert (np.diff(course[99:130]) > 0).all()
    assert course[129:140] == pytest.approx(1)
    assert course[130 + 10 + 14] == pytest.approx(0.5)
    assert course[-1] < 0.01
    lasting = Episode(0, "lameness", 100, True, 2.0, rise=2, hold=10, recovery=None, treated=None).course(400)
    assert (lasting[102:] == 1).all()


@pytest.mark.slow
def test_episodes_do_what_they_say(herd, without):
    healthy = without["episodes"].days
    for episode in herd.episodes:
        alone = sum(other.animal == episode.animal for other in herd.episodes) == 1
        worst = min(episode.onset + max(episode.rise, 14), DAYS - 1)
        if not alone:
            continue
        before = slice(0, episode.onset)
        assert np.array_equal(herd.days.locomotion[episode.animal, before], healthy.locomotion[episode.animal, before])
        at = episode.animal, worst
        if episode.kind == "lameness" and episode.hold > 14 and healthy.locomotion[at] < 2:
            assert herd.days.locomotion[at] - healthy.locomotion[at] == pytest.approx(episode.size, abs=1e-9)
        if episode.kind == "mastitis" and np.isfinite(healthy.milk[at]):
            assert herd.days.milk[at] < healthy.milk[at]
        if episode.kind == "ketosis":
            assert herd.days.condition[at] < healthy.condition[at]


def test_leaving_one_effect_out_moves_no_other_draw(herd, without):
    for name, other in without.items():
        assert np.array_equal(other.visits.day, herd.visits.day)
        assert np.array_equal(other.visits.camera, herd.visits.camera)
        assert np.array_equal(other.animals.identity, herd.animals.identity)
        assert np.array_equal(other.animals.breed, herd.animals.breed)
        assert (other.episodes == herd.episodes) == (name != "episodes")
    assert not without["episodes"].episodes


def test_without_episodes_the_healthy_are_as_they_were(herd, without):
    ill = np.isin(np.arange(400), [episode.animal for episode in herd.episodes])
    same = (herd.days.locomotion == without["episodes"].days.locomotion).all(axis=1)
    assert same[~ill].all()
    assert not same[ill & np.isin(np.arange(400), _animals_with(herd, "lameness"))].any()


def test_without_season_nothing_follows_the_calendar(herd, without):
    winter = share_of_winter(np.arange(DAYS))

    def follows(values):
        own = values - np.nanmean(values, axis=1, keepdims=True)
        return np.corrcoef(np.nanmean(own, axis=0), winter)[0, 1]

    assert follows(herd.days.activity) < -0.9
    assert follows(herd.days.condition) > 0.8
    assert abs(follows(without["season"].days.activity)) < 0.35
    assert np.ptp(without["season"].looks.winter) == 0
    off, on = (h.days.activity.mean(axis=0) for h in (without["season"], herd))
    assert np.corrcoef(on - off, winter)[0, 1] == pytest.approx(-1, abs=0.02)


def test_labels_of_the_study_lose_the_season(tmp_path):
    def by_season(name, without):
        study = open_study(simulate_herd(tmp_path / name, animals=150, seed=2, pictures=False, without=without))
        activity = study.values("activity")
        own = activity - activity.groupby(study.animal.to_numpy()).transform("mean")
        means = own.groupby(study.values("season"), observed=True).mean()
        return means["summer"] - means["winter"]

    assert by_season("with", ()) > 10
    assert abs(by_season("without", ["season"])) < 2


def test_without_age_and_parity_nobody_grows(herd):
    still = make_herd(400, 5, ["age", "parity"])
    assert np.ptp(still.days.frame, axis=1).max() == 0
    assert np.ptp(still.days.barrel) == 0
    assert (np.ptp(herd.days.frame, axis=1) > 0).all()
    age = -herd.animals.birth
    assert np.corrcoef(age, herd.days.frame[:, 0])[0, 1] > 0.3
    assert abs(np.corrcoef(age, still.days.frame[:, 0])[0, 1]) < 0.2


def test_without_breed_breeds_do_not_differ(herd, without):
    def between(values):
        means = pd.Series(np.nanmean(values, axis=1)).groupby(herd.animals.breed).mean()
        return np.ptp(means)

    assert between(herd.days.milk) > 3
    assert between(without["breed"].days.milk) < 2
    coats = [without["breed"].to_draw(animal).coat for animal in range(40)]
    assert {tuple(coat.light) for coat in coats} == {tuple(coats[0].light)}


def test_without_camera_only_the_camera_is_gone(herd, without):
    assert set(without["camera"].looks.camera) == {-1}
    assert set(herd.looks.camera) == {0, 1}
    assert np.array_equal(without["camera"].days.condition, herd.days.condition)
    other = replace(without["camera"].looks, camera=herd.looks.camera)
    for name in ("condition", "locomotion", "frame", "barrel", "winter"):
        assert np.array_equal(getattr(other, name), getattr(herd.looks, name))


def test_vectors_know_the_truth_that_acts(tmp_path):
    """A linear fit reads the camera off the vectors where it acts, and cannot where it does not."""

    def read(name, without):
        study = open_study(simulate_herd(tmp_path / name, animals=120, seed=4, pictures=False, without=without))
        vectors = np.column_stack([study.embedding("features").vectors, np.ones(len(study))])
        camera = study.values("camera").cat.codes.to_numpy() * 2.0 - 1
        train = study.animal.cat.codes.to_numpy() < 80
        fit, *_ = np.linalg.lstsq(vectors[train], camera[train], rcond=None)
        return np.corrcoef(vectors[~train] @ fit, camera[~train])[0, 1]

    assert read("with", ()) > 0.6
    assert abs(read("without", ["camera"])) < 0.2


def _animals_with(herd, kind):
    return [episode.animal for episode in herd.episodes if episode.kind == kind]
