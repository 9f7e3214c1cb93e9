"""Tasks of unseen animals, on a simulated herd whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from explorer.errors import UserError
from explorer.learning.evaluate_tasks import evaluate_tasks
from explorer.learning.read_out import read_out
from explorer.learning.splits import split_animals
from explorer.learning.task_baselines import FOREST, RIDGE, task_baselines
from explorer.space.task_values import ordered_task, units_of
from explorer.study.simulating import simulate_herd, truth_of
from explorer.study.study import open_study

CHANGE = "body_condition_forward"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """(study, its truth, training animals, test animals): 60 cows with features in place of pictures."""
    path = simulate_herd(tmp_path_factory.mktemp("tasks") / "herd", animals=60, seed=5, pictures=False, workers=0)
    study = open_study(path)
    truth = pd.read_parquet(truth_of(path) / "observations.parquet")
    assert truth["observation_id"].tolist() == study.ids.to_pylist()
    split = split_animals(study.animal.cat.categories, seed=0, shares=(0.6, 0.0, 0.4))
    return study, truth, split.train, split.test


@pytest.mark.slow
def test_methods_stand_on_the_same_rows_and_better_ones_have_smaller_errors(simulated):
    study, truth, train, test = simulated
    tasks = ["weight", "body_condition", "locomotion"]
    rows = study.animal.isin(train).to_numpy()
    units = units_of(study)
    values = {task: ordered_task(study, task) for task in tasks}
    read = read_out(study.embedding("features").vectors, values, units, rows).predicted
    oracle = {"weight": truth["weight"], "body_condition": truth["condition"], "locomotion": truth["locomotion"]}
    baselines = task_baselines(study, tasks, train_animals=train)
    found = evaluate_tasks(
        study,
        {"truth": oracle, "read-out": read, **baselines},
        train_animals=train,
        test_animals=test,
        against=FOREST,
    )
    table = found.table().set_index(["task", "method"])
    for task in tasks:
        of_task = table.loc[task]
        assert of_task["n"].nunique() == 1 and of_task["animals"].unique().tolist() == [24]
        assert of_task["mae"].idxmin() == "truth"
        assert of_task.loc["truth", "mae_gain_low"] > 0
        assert (of_task["mae_low"] < of_task["mae"]).all() and (of_task["mae"] < of_task["mae_high"]).all()
        lead = of_task["mae"] - of_task.loc[FOREST, "mae"]
        np.testing.assert_allclose(of_task["mae_lead"].drop(FOREST), lead.drop(FOREST))
        assert np.isnan(of_task.loc[FOREST, "mae_lead"])
    condition = table.loc["body_condition"]
    assert (condition.loc[[RIDGE, FOREST, "read-out"], "mae_gain_low"] > 0).all(), "the features show it"
    labels = values["body_condition"][study.animal.isin(test).to_numpy()]
    median = np.nanmedian(values["body_condition"][rows])
    assert condition["trivial_mae"].iloc[0] == pytest.approx(np.nanmean(np.abs(labels - median)))
    assert table.loc[("weight", "truth"), "unit"] == "kg"


def test_the_truth_can_stand_in_for_the_labels(simulated):
    study, truth, train, test = simulated
    condition = truth["condition"].to_numpy()
    found = evaluate_tasks(
        study,
        {"truth": {"body_condition": condition}},
        train_animals=train,
        test_animals=test,
        labels={"body_condition": condition},
    )
    score = found.scores["body_condition"]["truth"]
    assert score.mae.value == 0 and score.spearman.value == pytest.approx(1)
    assert score.observations == int(study.animal.isin(test).sum())


def test_change_has_its_controls(simulated):
    study, _, train, test = simulated
    change = ordered_task(study, CHANGE)
    level = ordered_task(study, "body_condition")
    rng = np.random.default_rng(0)
    predictions = {
        "oracle": {CHANGE: change + 0.5 * np.nanstd(change) * rng.normal(size=len(change))},
        "level": {CHANGE: -level + 0.2 * rng.normal(size=len(level)), "body_condition": level},
        "noise": {CHANGE: rng.normal(size=len(change))},
    }
    found = evaluate_tasks(study, predictions, train_animals=train, test_animals=test)
    assert found.levels == {CHANGE: "body_condition"}
    oracle, of_level, noise = (found.changes[CHANGE][method] for method in ("oracle", "level", "noise"))
    assert oracle.given_level.low > 0.7 and abs(oracle.shuffled.value) < 0.1 and oracle.given_levels is None
    assert of_level.correlation.low > 0.1 > abs(of_level.given_level.value)
    assert of_level.given_levels is not None
    assert noise.correlation.low < 0 < noise.correlation.high
    assert noise.level_alone == oracle.level_alone and noise.level_alone.low > 0.1
    row = found.table().set_index(["task", "method"]).loc[(CHANGE, "level")]
    assert row["level"] == "body_condition" and row["change_correlation"] == of_level.correlation.value
    assert row["change_given_levels_high"] == of_level.given_levels.high
    assert np.isnan(found.table().set_index(["task", "method"]).loc[("body_condition", "level"), "change_correlation"])


def test_shuffled_dates_leave_nothing_of_even_the_true_change(simulated):
    study, _, train, test = simulated
    change = ordered_task(study, CHANGE)
    found = evaluate_tasks(study, {"oracle": {CHANGE: change}}, train_animals=train, test_animals=test)
    assert found.changes[CHANGE]["oracle"].shuffled.high < 0.15
    assert found.changes[CHANGE]["oracle"].correlation.value == pytest.approx(1)


def test_a_task_can_be_named_the_change_of_another(simulated):
    study, truth, train, test = simulated
    found = evaluate_tasks(
        study,
        {"mine": {"activity": truth["activity"]}},
        train_animals=train,
        test_animals=test,
        levels={"activity": "weight"},
    )
    assert found.levels == {"activity": "weight"}
    assert found.changes["activity"]["mine"].given_level.low > 0


@pytest.mark.slow
def test_angles_are_told_for_tasks_that_rise_somewhere(simulated):
    study, truth, train, test = simulated
    condition, frame = truth["condition"].to_numpy(), truth["frame"].to_numpy()
    rng = np.random.default_rng(1)
    vectors = np.column_stack([condition, 10 * frame, rng.normal(size=(len(study), 2))])
    predictions = {"mine": {"body_condition": condition, "weight": truth["weight"], "locomotion": truth["locomotion"]}}
    found = evaluate_tasks(
        study,
        predictions,
        train_animals=train,
        test_animals=test,
        embeddings={"mine": vectors},
        dimensions={"mine": {"body_condition": 0}},
    )
    told = {(one.first, one.second): one.angle for one in found.angles["mine"]}
    assert told["body_condition", "dimension 0"].value < 25
    weight = told["body_condition", "weight"]
    assert weight.low <= weight.value <= weight.high and 5 < weight.value < 90
    assert any("locomotion" in remark and "no angle" in remark for remark in found.remarks)


def test_the_text_holds_what_the_tables_hold(simulated):
    study, truth, train, test = simulated
    predictions = {
        "mine": {"body_condition": truth["condition"], CHANGE: ordered_task(study, CHANGE)},
        "other": {"body_condition": truth["condition"] + 0.3},
    }
    found = evaluate_tasks(study, predictions, train_animals=train, test_animals=test, against="other")
    text = str(found)
    assert text.startswith("Sample herd\nAnimals that were not learnt from: 24, beside 36")
    score = found.scores["body_condition"]["mine"]
    assert f"| body_condition (points) | mine | {score.mae} | {score.mae_lead} | {score.spearman} |" in text
    assert "| body_condition_forward | the true body_condition alone |" in text
    for line in text.splitlines():
        assert not line.startswith("|") or line.count("|") in (8, 9)
    pd.testing.assert_frame_equal(
        found.table(),
        evaluate_tasks(study, predictions, train_animals=train, test_animals=test, against="other").table(),
    )
    assert not found.angles


# --- what is missing, and mistakes -------------------------------------------------------------------------


def small(herd):
    """The small herd: tasks bcs (scored), trend (its change), and weight."""
    herd.spec["variables"]["weight"]["role"] = "task"
    return herd.open()


TRAIN, TEST = ["cow-0", "cow-1", "cow-2", "cow-3"], ["cow-4", "cow-5", "cow-6", "cow-7"]


def test_rows_that_some_method_does_not_tell_are_left_out_and_counted(herd):
    herd.observations.loc[20:22, "weight"] = np.nan
    study = small(herd)
    whole, gappy = np.arange(40.0), np.arange(40.0)
    gappy[25:29] = np.nan
    found = evaluate_tasks(
        study,
        {"whole": {"weight": whole}, "gappy": {"weight": gappy}, "none": {"weight": np.full(40, np.nan)}},
        train_animals=TRAIN,
        test_animals=TEST,
    )
    assert list(found.scores["weight"]) == ["whole", "gappy"]
    assert found.scores["weight"]["whole"].observations == 20 - 3 - 4
    assert any("4 of 17 labelled observations lack a prediction" in remark for remark in found.remarks)
    assert any(remark.startswith("none tells weight for no labelled") for remark in found.remarks)
    assert any("with so few, intervals are too narrow" in remark for remark in found.remarks)


def test_constant_and_missing_labels_and_one_animal_are_remarks(herd):
    herd.observations["flat"] = 3.0
    herd.observations["gone"] = np.nan
    for name in ("flat", "gone"):
        herd.spec["variables"][name] = {"column": name, "kind": "continuous", "role": "task"}
    study = small(herd)
    rows = np.arange(40.0)
    mine = {"flat": rows, "gone": rows, "weight": np.full(40, 500.0), "trend": rows, "bcs": rows}
    found = evaluate_tasks(study, {"mine": mine}, train_animals=TRAIN, test_animals=["cow-4"])
    assert "gone" not in found.scores
    assert found.scores["flat"]["mine"].mae.value == pytest.approx(np.abs(rows[20:25] - 3).mean())
    text = "\n".join(found.remarks)
    for said in (
        "no test animal has a label of gone",
        "flat has one value in all test animals",
        "weight is labelled in one test animal only",
        "mine tells the same weight for all",
    ):
        assert said in text
    assert "nan" not in found.markdown().lower()
    assert found.table()["mae_low"].isna().all()


def test_without_training_animals_only_what_needs_them_is_missing(herd):
    study = small(herd)
    rows = np.arange(40.0)
    found = evaluate_tasks(study, {"mine": {"weight": rows, "trend": rows}}, train_animals=[], test_animals=TEST)
    assert found.scores["weight"]["mine"].mae.known and not found.scores["weight"]["mine"].trivial.known
    assert not found.changes["trend"]["mine"].level_alone.known
    text = "\n".join(found.remarks)
    assert "no training animal has a label of weight" in text and "change from the level alone" in text


def test_mistakes_are_one_sentence(herd):
    study = small(herd)
    rows = np.arange(40.0)

    def asked(predictions=None, train=TRAIN, test=TEST, **more):
        return evaluate_tasks(
            study, predictions or {"mine": {"weight": rows}}, train_animals=train, test_animals=test, **more
        )

    with pytest.raises(UserError, match="cow-4 is both to learn from and to test on"):
        asked(train=[*TRAIN, "cow-4"])
    with pytest.raises(UserError, match="none of the animals to test on"):
        asked(test=["horse"])
    with pytest.raises(UserError, match="no predictions by 'theirs'"):
        asked(against="theirs")
    with pytest.raises(UserError, match="no variable 'height'"):
        asked({"mine": {"height": rows}})
    with pytest.raises(UserError, match="'breed' is nominal"):
        asked({"mine": {"breed": rows}})
    with pytest.raises(UserError, match="no variable 'height'"):
        asked(levels={"weight": "height"})
    with pytest.raises(ValueError, match=r"predictions of weight by mine have the shape \(39,\)"):
        asked({"mine": {"weight": rows[1:]}})
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {"weight": herd.spec["variables"]["weight"]}
    herd.scores = herd.events = herd.animals = None
    (herd.folder / "scores.parquet").unlink(missing_ok=True)
    with pytest.raises(UserError, match="does not say which animal"):
        evaluate_tasks(herd.open(), {"mine": {"weight": rows}}, train_animals=TRAIN, test_animals=TEST)
