"""The study that a simulated herd is written as: what it holds, and that it is the same every time."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from explorer.errors import UserError
from explorer.study.check import check
from explorer.study.simulating import simulate_herd, truth_of
from explorer.study.study import open_study


@pytest.fixture(scope="module")
def herd(tmp_path_factory):
    """The sample herd without its pictures, which are the slow part."""
    return open_study(simulate_herd(tmp_path_factory.mktemp("herd") / "study", pictures=False))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "study"
    return open_study(simulate_herd(folder, animals=6, seed=3, workers=0))


def files_of(study):
    return {path.name: path.read_bytes() for folder in (study, truth_of(study)) for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_it_opens_and_nothing_is_wrong(herd, small):
    for study in (herd, small):
        assert {finding.severity for finding in check(study, pictures=True)} <= {"note"}
        assert study.spec.study.simulated
        assert "simulated" in study.spec.study.description.lower()


def test_all_variables_are_declared(herd):
    assert {name: variable.source for name, variable in herd.tasks.items()} == {
        "weight": "automatic",
        "milk": "automatic",
        "activity": "automatic",
        "body_condition": "expert",
        "body_condition_forward": "derived",
        "body_condition_backward": "derived",
        "locomotion": "expert",
        "locomotion_forward": "derived",
        "locomotion_backward": "derived",
    }
    assert set(herd.variables) - set(herd.tasks) == {"age", "season", "parity", "breed", "camera"}
    for name in herd.variables:
        assert herd.values(name).notna().mean() > 0.8
    assert herd.values("age").between(2, 13).all()
    assert set(herd.values("season").cat.categories) == {"winter", "spring", "summer", "autumn"}
    assert herd.values("breed").nunique() == 4


def test_animals_are_seen_weekly_for_20_to_50_weeks(herd):
    seen = herd.animal.value_counts()
    assert len(seen) == 228
    assert seen.min() >= 20
    assert seen.max() <= 50
    assert seen.nunique() > 15
    assert 7_200 <= len(herd) <= 8_800
    days = pd.Series(herd.time).dt.normalize()
    assert (days.max() - days.min()).days <= 546
    between = days.groupby(herd.animal.to_numpy()).diff().dropna().dt.days
    assert between.min() >= 6
    assert (between <= 8).mean() > 0.9
    both = herd.values("camera").groupby(herd.animal.to_numpy()).nunique()
    assert (both == 2).mean() > 0.9


def test_some_join_late_and_some_leave_early(herd):
    start, end = herd.time.min(), herd.time.max()
    late = (pd.to_datetime(herd.animals["entry"]) > start + np.timedelta64(28, "D")).mean()
    early = (pd.to_datetime(herd.animals["exit"]) < end - np.timedelta64(28, "D")).mean()
    assert 0.3 < late < 0.7
    assert 0.3 < early < 0.7


def test_one_label_in_twenty_is_missing_and_some_for_a_reason(herd):
    truth = pq.read_table(truth_of(herd.path) / "observations.parquet").to_pandas()
    automatic = herd.observations[["weight_kg", "milk_kg", "activity"]]
    missing = automatic.isna().to_numpy().sum() + herd.scores["value"].isna().sum()
    assert 0.04 < missing / (automatic.size + len(herd.scores)) < 0.06
    dry = truth["milk"].isna().to_numpy()
    assert dry.any()
    assert automatic["milk_kg"][dry].isna().all()
    assert automatic["milk_kg"][~dry].isna().mean() < 0.02
    gone = automatic["activity"].isna().groupby(herd.animal.to_numpy()).sum()
    assert (gone >= 3).sum() > 5  # a broken sensor takes several weeks in a row


def test_scores_have_dates_of_their_own_on_their_scales(herd):
    scores = herd.scores
    days = scores["time"].dt.normalize()
    photographed = set(zip(herd.animal, pd.Series(herd.time).dt.normalize(), strict=True))
    assert not photographed & set(zip(scores["animal"], days, strict=True))
    assert set(np.diff(np.sort(days.unique())) // np.timedelta64(1, "D")) == {21}
    assert scores["value"].dropna().between(1, 5).all()
    for task, step in (("body_condition", 0.25), ("locomotion", 1.0)):
        steps = scores.loc[scores["task"] == task, "value"].dropna() / step
        assert len(steps) > 2_500
        assert (steps == steps.round()).all()
        assert steps.nunique() >= 4


def test_observers_differ_by_their_bias_and_repeat_themselves(herd):
    scores = herd.scores[herd.scores["task"] == "body_condition"].dropna()
    keys = ["animal", "time"]
    by_observer = scores.groupby([*keys, "observer"], observed=True)["value"]
    pairs = by_observer.mean().unstack("observer").dropna()
    assert len(pairs) > 200
    difference = pairs["A"] - pairs["B"]
    assert abs(difference.mean() - 0.18) < 4 * difference.std() / np.sqrt(len(pairs))
    spread = {}
    for observer in "AB":
        again = by_observer.agg(["count", np.ptp]).xs(observer, level="observer")
        again = again.loc[again["count"] == 2, "ptp"]
        assert len(again) > 40
        spread[observer] = np.sqrt((again**2).mean() / 2)
    assert 0.10 < spread["A"] < spread["B"] < 0.27


def test_the_diary_agrees_with_the_table(herd):
    events = herd.events
    assert set(events["kind"].astype(str)) == {"calving", "treatment", "move", "exit"}
    calvings = events[events["kind"] == "calving"]
    parity = herd.values("parity").groupby(herd.animal.to_numpy()).agg(["min", "max"])
    inside = calvings[calvings["time"] > herd.time.min()]
    grown = parity.index[parity["max"] > parity["min"]]
    assert set(grown) <= set(inside["animal"].astype(str))
    assert len(grown) > 50
    exits = events[events["kind"] == "exit"].set_index("animal")["time"]
    told = herd.animals.set_index("animal")["exit"].dropna()
    assert (exits.sort_index() == pd.to_datetime(told).sort_index()).all()


def test_labels_follow_the_truth(herd):
    truth = pq.read_table(truth_of(herd.path) / "observations.parquet").to_pandas()
    own = herd.animal.to_numpy()
    condition = truth["condition"] - truth["condition"].groupby(own).transform("mean")
    weight = herd.values("weight") - herd.values("weight").groupby(own).transform("mean")
    assert condition.corr(weight) > 0.6
    assert herd.values("milk").corr(truth["milk"]) > 0.95
    assert herd.values("body_condition").corr(truth["condition"]) > 0.85
    assert herd.values("locomotion").corr(truth["locomotion"]) > 0.5


def test_row_groups_and_columns(herd, small):
    meta = pq.ParquetFile(herd.table.path).metadata
    assert {meta.row_group(i).num_rows for i in range(meta.num_row_groups - 1)} == {1_024}
    assert herd.embedding("features").vectors.shape == (len(herd), 32)
    assert not herd.has_pictures
    assert small.picture(0).size == (64, 64)
    assert small.embedding_names == []
    assert small.table.path.stat().st_size / len(small) < 1_500


@pytest.mark.parametrize("pictures", [True, False])
@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(tmp_path, pictures):
    def made(name, **options):
        return files_of(simulate_herd(tmp_path / name, animals=3, pictures=pictures, **options))

    first, again, other = made("a", workers=0), made("b", workers=2), made("c", workers=0, seed=1)
    assert first == again
    for name in ("observations.parquet", "scores.parquet", "events.parquet", "animals.parquet"):
        assert first[name] != other[name]


def test_an_animal_is_the_same_in_a_herd_of_another_size(small, tmp_path):
    larger = open_study(simulate_herd(tmp_path / "larger", animals=9, seed=3, pictures=False))
    count = len(small)
    pd.testing.assert_frame_equal(
        small.observations, larger.observations[small.observations.columns].iloc[:count], check_exact=True
    )
    names = small.animals["animal"].astype(str)
    same = larger.scores[larger.scores["animal"].isin(names)].reset_index(drop=True)
    assert same["value"].equals(small.scores["value"])


def test_progress_is_told_to_the_end(tmp_path):
    told = []
    simulate_herd(tmp_path / "study", animals=2, workers=0, report=lambda fraction, note: told.append((fraction, note)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert all(note for _, note in told)


@pytest.mark.parametrize(
    "options", [{"animals": 0}, {"animals": 10_000}, {"seed": -1}, {"without": ["seasons"]}], ids=str
)
def test_what_makes_no_herd_is_refused(tmp_path, options):
    with pytest.raises(UserError):
        simulate_herd(tmp_path / "study", pictures=False, **{"animals": 2} | options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["study", "study-truth"])
def test_nothing_is_overwritten(tmp_path, taken):
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        simulate_herd(tmp_path / "study", animals=2, pictures=False)
    assert [path.name for path in tmp_path.iterdir()] == [taken]


@pytest.mark.slow
def test_a_hundred_thousand_observations(tmp_path):
    study = open_study(simulate_herd(tmp_path / "study", animals=2_900, pictures=False))
    assert len(study) >= 100_000
    assert study.animal.nunique() == 2_900
    assert not [finding for finding in check(study) if finding.severity != "note"]
