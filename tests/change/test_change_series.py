"""Series: averages of a day, gaps, scores on their own dates, task dimensions, the distance from oneself; agreement."""

import numpy as np
import pandas as pd
import pytest
from change.watched import watched

from explorer.change.agreement import agreement
from explorer.change.clock import Clock, clock_of
from explorer.change.series import followable, series_of
from explorer.errors import UserError
from explorer.study.embeddings import EmbeddingNote, TaskScale, write_embedding


def test_values_of_one_day_are_averaged_and_counted_and_missing_ones_are_gaps(herd):
    rows = herd.observations
    rows.loc[1, "captured_at"] = rows.loc[0, "captured_at"] + pd.Timedelta(hours=3)
    rows.loc[3, "weight"] = np.nan
    herd.observations = rows.sample(frac=1, random_state=1)
    found = series_of(herd.open(), "weight")
    own = found.animal == found.animals.index("cow-0")
    assert found.value[own].tolist() == pytest.approx([rows["weight"][:2].mean(), rows["weight"][2], rows["weight"][4]])
    assert found.merged[own].tolist() == [2, 1, 1]
    assert len(found) == 38 and "averaged" in found.remarks[0]
    assert (found.panel().gaps[own][1:] > 100).all()
    assert found.clock.write(found.day[own][0]) == "2024-01-10" and found.clock.say(found.day[own][0]) == "10 Jan 2024"


def test_scores_count_on_their_own_dates_and_are_never_filled(herd):
    study = herd.open()
    found = series_of(study, "bcs")
    assert len(found) == 24
    assert {found.clock.write(day) for day in found.day} == {"2024-02-01", "2024-06-01", "2024-09-01"}
    early = found.clock.read("2024-06-01")
    assert series_of(study, "bcs", as_of=early).day.max() == early
    rows = found.row[found.animal == 0]
    assert (study.time[rows] <= np.datetime64("2024-09-02")).all() and (rows >= 0).all()


def test_numeric_times_are_ages(herd):
    found = series_of(herd.numbered().open(), "weight")
    assert found.clock == Clock("days") and found.clock.say(9.0) == "day 9"
    assert (Clock("weeks").say(527.0), Clock("years").say(1000.0)) == ("week 75.29", "year 2.738")
    assert found.clock.read("9.7") == 9.0
    with pytest.raises(UserError, match="'soon' is no time"):
        found.clock.read("soon")
    assert Clock("years").write(Clock("years").days(np.array([2.0]))[0]) == "1.99863"


@pytest.mark.parametrize("text", ["", "yesterday-ish", "2024-13-01", "NaT", "nan"])
def test_a_date_that_is_none_is_refused(herd, text):
    with pytest.raises(UserError, match="is no time of this study"):
        clock_of(herd.open()).read(text)


def embedded(herd):
    rng = np.random.default_rng(0)
    study = herd.open()
    vectors = rng.normal(size=(len(study), 5)).astype(np.float32)
    note = EmbeddingNote(
        observations=study.ids_hash,
        encoder="made",
        task_dimensions={"weight": 2},
        task_scales={"weight": TaskScale(mean=500.0, spread=20.0, unit="kg")},
    )
    write_embedding(study.path, "net", vectors, note)
    return herd.open(), vectors


def test_a_task_dimension_is_followed_in_its_unit_and_so_is_its_difference(herd):
    study, _ = embedded(herd)
    assert {"weight", "bcs", "net:weight", "net:own-baseline"} <= set(followable(study))
    assert not {"trend", "age", "month", "breed"} & set(followable(study))
    level = series_of(study, "net:weight")
    assert level.unit == "kg"
    np.testing.assert_allclose(level.value[:5], study.embedding("net").task_values("weight")[:5])
    change = series_of(study, "net:difference:weight")
    assert len(change) == 32 and change.unit == "kg/day"
    np.testing.assert_allclose(change.value[:4], np.diff(level.value[:5]) / np.diff(level.day[:5]))


def test_what_an_encoder_sees_is_never_called_as_what_was_measured(herd):
    study, _ = embedded(herd)
    called = followable(study)
    for name in ("weight", "net:weight", "net:own-baseline"):
        assert series_of(study, name).label == called[name]
    assert called["net:weight"].endswith(", as net sees it")
    assert series_of(study, "net:difference:weight").label == f"{called['net:weight']}: change a day"


def test_the_distance_from_oneself_is_from_earlier_vectors_only(herd):
    study, vectors = embedded(herd)
    found = series_of(study, "net:own-baseline")
    own = vectors[:5].astype(float)
    expected = [np.linalg.norm(own[t] - own[:t].mean(axis=0)) for t in range(1, 5)]
    np.testing.assert_allclose(found.value[:4], expected)
    with pytest.raises(UserError, match="scaled by all of their rows"):
        series_of(study, "features:own-baseline")


@pytest.mark.parametrize("name", ["net", "net:", "ghost:weight", "net:milk", "breed", "month", "trend"])
def test_what_cannot_be_followed_is_refused(herd, name):
    study, _ = embedded(herd)
    with pytest.raises(UserError):
        series_of(study, name)


def test_agreement_finds_the_bias_and_says_which_change_to_believe(herd):
    found = agreement(watched(herd).open(), "bcs")
    (pair,) = found.inter
    assert pair.observers == ("Ann", "Bob") and pair.pairs == 600 and pair.animals == 40
    assert pair.bias.low < 0.25 < pair.bias.high
    assert pair.absolute.value < pair.consistent.value
    assert pair.absolute.low < pair.absolute.value < pair.absolute.high
    assert pair.smallest_change == pytest.approx(1.96 * np.sqrt(2) * pair.error.value)
    # Each score is off by a quarter up, down or not at all; Bob is a quarter higher.
    assert pair.error.value == pytest.approx(np.sqrt(2 / 3 / 16 + 0.25**2 / 2), rel=0.1)
    assert not found.overall.bias.known and found.overall.pairs == 600


def test_agreement_needs_scores_and_observers(herd):
    with pytest.raises(UserError, match="not read from the scores"):
        agreement(herd.open(), "weight")
    assert "not known" in agreement(herd.open(), "bcs").remarks[0]
    herd.scores = herd.scores.drop(columns="observer")
    with pytest.raises(UserError, match="who gave them"):
        agreement(herd.open(), "bcs")
