import numpy as np
import pandas as pd
import pytest

from explorer.errors import UserError
from explorer.learning.baselines import PIXELS, baselines, pixel_baselines
from explorer.learning.days import dates_of
from explorer.learning.encoders import build_encoder
from explorer.learning.evaluate import evaluate, unseen_animals
from explorer.learning.model_files import ModelInfo, save_model
from explorer.learning.trained_on import TrainedOn
from explorer.space.pixels import grey_pixels


def perfect(study):
    return np.eye(8, dtype=np.float32)[study.animal.cat.codes.to_numpy()]


def noise(study, dims=16, seed=0):
    return np.random.default_rng(seed).normal(size=(len(study), dims)).astype(np.float32)


def test_perfect_vectors_find_all_and_random_ones_as_many_as_chance(herd):
    study = herd.open()
    shuffled = {f"random {seed}": noise(study, seed=seed) for seed in range(40)}
    result = evaluate(study, {"perfect": perfect(study), **shuffled}, encoder="perfect")
    score = result.scores["perfect"]
    assert (score.recall.value, score.recall.low, score.precision.value) == (1.0, 1.0, 1.0)
    chance = 4 / 39  # each of the eight animals has four others among the 39
    recalls = [result.scores[name].recall.value for name in shuffled]
    assert np.mean(recalls) == pytest.approx(chance, abs=0.025)
    assert (result.observations, result.animals, result.queries) == (40, 8, 40)
    assert result.across_dates and result.warning is None
    assert score.recall.low <= score.recall.value <= score.recall.high


@pytest.mark.parametrize("unit", ["dates", "days", "visits"])
def test_observations_of_the_same_date_find_nothing(herd, unit):
    """Two observations on each date: hours apart for dates and days, equal numbers for visits."""
    hours = np.tile([0, 9], 20)
    when = np.repeat(np.tile(np.arange(5), 4), 2)
    rows = np.repeat(np.arange(0, 40, 10), 10)  # four animals, ten rows each
    herd.observations = herd.observations.iloc[np.sort(rows)].reset_index(drop=True)
    herd.observations["observation_id"] = [f"o-{row}" for row in range(40)]
    herd.scores = herd.events = None
    herd.spec["variables"] = {}
    if unit == "dates":
        herd.observations["captured_at"] = (
            np.datetime64("2024-01-10T08:00", "us") + when * np.timedelta64(7, "D") + hours * np.timedelta64(1, "h")
        )
    else:
        herd.observations["captured_at"] = when + (hours / 24 if unit == "days" else 0.0)
        herd.spec["columns"]["time_unit"] = unit
    study = herd.open()
    assert len(np.unique(dates_of(study))) == 5
    copies = noise(study)[::2].repeat(2, axis=0)  # the two of a date are one picture
    result = evaluate(study, {"copies": copies})
    assert result.scores["copies"].recall.value < 0.6
    assert (result.scores["copies"].found.relevant == 8).all()
    assert "same date" in result.protocol


def test_without_a_second_date_the_protocol_is_named(herd):
    herd.observations["captured_at"] = np.datetime64("2024-01-10", "us")
    study = herd.open()
    result = evaluate(study, {"perfect": perfect(study)})
    assert not result.across_dates
    assert result.protocol.startswith("Within the same date")
    assert result.scores["perfect"].recall.value == 1.0


def test_galleries_can_be_kept_apart_in_time_and_place(herd):
    study = herd.open()  # five visits, 61 days apart
    assert evaluate(study, {"perfect": perfect(study)}, apart=61).queries == 40
    result = evaluate(study, {"perfect": perfect(study)}, apart=200)
    assert result.queries == 16 and "200 days" in result.protocol
    assert any("24 observations have no other" in remark for remark in result.remarks)
    with pytest.raises(UserError, match="nothing to find"):
        evaluate(study, {"perfect": perfect(study)}, apart=400)
    with pytest.raises(UserError, match="nothing to find"):  # an animal has one breed
        evaluate(study, {"perfect": perfect(study)}, places=study.values("breed"))
    side = pd.Series(np.tile([0, 0, 1, 1, 1], 8), name="side")
    result = evaluate(study, {"perfect": perfect(study)}, places=side)
    assert set(result.scores["perfect"].found.relevant) == {2, 3} and "same side" in result.protocol


def test_a_gallery_of_earlier_observations(herd):
    study = herd.open()
    early = np.tile([True, True, False, False, False], 8)
    result = evaluate(study, {"perfect": perfect(study)}, queries=~early, gallery=early)
    assert result.queries == 24 and set(result.scores["perfect"].found.relevant) == {2}
    assert "among all others of the gallery" in result.protocol


def test_what_lacks_a_vector_or_a_time_is_left_out_of_all_and_counted(herd):
    herd.observations.loc[7, "captured_at"] = pd.NaT
    study = herd.open()
    gappy = perfect(study)
    gappy[[0, 1, 2]] = np.nan
    result = evaluate(study, {"gappy": gappy, "whole": noise(study)})
    assert result.observations == 36
    assert result.scores["whole"].found.rows.size == result.scores["gappy"].found.rows.size == 36
    text = str(result)
    assert "3 observations left out: they lack a vector" in text
    assert "1 observations left out: they have no time" in text


def test_only_the_asked_animals_and_queries_count(herd):
    study = herd.open()
    result = evaluate(study, {"perfect": perfect(study)}, animals=["cow-1", "cow-2", "cow-3"])
    assert (result.observations, result.animals) == (15, 3)
    half = np.arange(40) % 2 == 0
    result = evaluate(study, {"perfect": perfect(study)}, queries=half)
    assert result.queries == 20 and result.observations == 40
    assert (result.scores["perfect"].found.relevant == 4).all()
    with pytest.raises(UserError, match="fewer than two animals"):
        evaluate(study, {"perfect": perfect(study)}, animals=["cow-1"])


def test_losing_to_pixels_is_said_in_a_sentence(herd):
    study = herd.open()
    lost = evaluate(study, {"mine": noise(study), PIXELS: perfect(study)}, encoder="mine")
    assert lost.warning == (
        "On these pictures the encoder finds the same animal less often than plain pixels: do not use it here."
    )
    assert lost.warning in str(lost)
    assert lost.scores["mine"].lead.value == pytest.approx(lost.scores["mine"].recall.value - 1)
    equal = evaluate(study, {"mine": noise(study), PIXELS: noise(study, seed=1)}, encoder="mine")
    assert "does not reliably" in equal.warning
    assert evaluate(study, {"mine": perfect(study), PIXELS: noise(study)}, encoder="mine").warning is None


def test_the_table_holds_figures_intervals_and_sample_sizes(herd):
    study = herd.open()
    result = evaluate(study, {"mine": noise(study), "theirs": noise(study, seed=1)}, encoder="mine")
    table = result.table()
    assert table["method"].tolist() == ["mine", "theirs"]
    assert (table["recall_at_1_low"] <= table["recall_at_1"]).all()
    assert table[["queries", "animals"]].iloc[0].tolist() == [40, 8]
    again = evaluate(study, {"mine": noise(study), "theirs": noise(study, seed=1)}, encoder="mine")
    pd.testing.assert_frame_equal(again.table(), table)


def test_intervals_are_those_of_a_bootstrap_over_animals(herd):
    study = herd.open()
    score = evaluate(study, {"mine": noise(study)}).scores["mine"]
    of_animals = score.found.precision.reshape(8, 5).mean(axis=1)
    draws = np.random.default_rng(1).choice(of_animals, (20_000, 8)).mean(axis=1)
    np.testing.assert_allclose(
        [score.precision.low, score.precision.high], np.quantile(draws, [0.025, 0.975]), atol=0.02
    )


def test_the_pixels_are_those_of_the_pixels_embedding(coats):
    study = coats.open()
    found = pixel_baselines(study, workers=0)
    expected = np.stack([grey_pixels(study.picture(row)) for row in range(40)])
    np.testing.assert_allclose(found[PIXELS], expected, atol=2 / 255)
    fitted = pixel_baselines(study, train_animals=["cow-0", "cow-1"], workers=0)
    assert [vectors.shape[1] for vectors in fitted.values()] == [1024, 9]


def test_features_are_the_baseline_of_a_study_without_pictures(herd):
    study = herd.open()
    ((name, vectors),) = baselines(study).items()
    assert name == "features, z-scored"
    np.testing.assert_array_equal(vectors, study.embedding("features").vectors)


def test_animals_that_a_model_has_seen_are_known_even_in_an_edited_copy(herd, tmp_path, features):
    study = herd.open()
    info = ModelInfo(
        name="x",
        config=features,
        features=("p_0", "p_1", "p_2", "p_3"),
        trained_on=(
            TrainedOn(study="s", data_hash="other", ids_hash=study.ids_hash, train=("cow-0",), validation=("cow-5",)),
        ),
    )
    model = save_model(tmp_path / "m", build_encoder(features), info, "")
    assert unseen_animals(study, model) == ("cow-1", "cow-2", "cow-3", "cow-4", "cow-6", "cow-7")
    herd.observations["observation_id"] += "-new"
    assert len(unseen_animals(herd.open(), model)) == 8
