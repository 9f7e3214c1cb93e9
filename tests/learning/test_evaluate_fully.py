"""A whole evaluation: protocols, baselines, controls, the long table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from flock import flock, names

from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig, build_encoder
from explorer.learning.evaluate import evaluate
from explorer.learning.evaluate_fully import DIMENSION, KERNEL, LINE, evaluate_fully
from explorer.learning.full_evaluation import COLUMNS, COMMONEST, MEDIAN
from explorer.learning.model_files import ModelInfo, load_model, save_model
from explorer.learning.network_baselines import IDENTITY, TASK_NET
from explorer.learning.read_out import read_out
from explorer.learning.recipe import Recipe
from explorer.learning.scored_tasks import from_scores, tasks_to_score
from explorer.learning.task_baselines import FOREST, HOG_RIDGE, PIXELS_RIDGE, RIDGE
from explorer.learning.train import train
from explorer.space.task_values import units_of
from explorer.study.embeddings import EmbeddingNote, write_embedding

TINY = EncoderConfig(architecture="multilayer", input_size=6, dims=8, widths=(16,))
SHORT = Recipe(
    steps=100,
    animals=6,
    each=4,
    warm_up=5,
    look_every=50,
    shares=(0.4, 0.2, 0.4),
    rate=2e-2,
    regress=("weight",),
    weight=1.0,
)
MINE = "encoder mine"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study, and an encoder that learnt from fourteen of its animals."""
    folder = tmp_path_factory.mktemp("whole")
    herd = flock(folder / "flock")
    study = herd.open()
    train([study], TINY, folder / "m", name="mine", recipe=SHORT)
    return study, folder / "m"


def stranger(folder):
    """An encoder that has learnt nothing, and from nobody."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = build_encoder(TINY)
    info = ModelInfo(name="mine", config=TINY, features=tuple(f"p_{place}" for place in range(6)))
    return save_model(folder, encoder, info, "").folder


def value(table, method, measure, task=None):
    rows = table[(table["method"] == method) & (table["measure"] == measure)]
    rows = rows[rows["task"].isna()] if task is None else rows[rows["task"] == task]
    assert len(rows) == 1, f"{method}, {measure}, {task}"
    return rows.iloc[0]


@pytest.mark.slow
def test_an_encoder_is_scored_on_the_animals_it_has_not_seen(trained):
    study, folder = trained
    told = []
    found = evaluate_fully(study, model=folder, report=lambda fraction, _: told.append(fraction))
    model = load_model(folder)
    unseen = model.info.trained_on[0].test
    assert len(unseen) == 10 and found.retrieval.animals == 10 and found.tasks.test_animals == 10
    assert "has learnt from, or was chosen by, 14 of the 24 animals" in found.protocol
    assert "learn from these 14" in found.protocol
    assert told == sorted(told) and told[-1] == 1

    table = found.table()
    assert tuple(table.columns) == COLUMNS
    rows = study.animal.isin(unseen).to_numpy()
    weight = study.values("weight").to_numpy()
    vectors = model.encode(study.table.numbers(list(model.info.features)).astype(np.float32))
    missed = np.abs(model.task_values(vectors)["weight"] - weight)[rows].mean()
    own = value(table, f"{MINE}, {DIMENSION}", "mae", "weight")
    assert own["value"] == pytest.approx(missed, rel=1e-4)
    assert (own["observations"], own["animals"]) == (40, 10) and own["low"] < own["value"] < own["high"]
    read = read_out(vectors, {"weight": weight}, units_of(study), ~rows).predicted["weight"]
    assert value(table, f"{MINE}, {KERNEL}", "mae", "weight")["value"] == pytest.approx(
        np.abs(read - weight)[rows].mean(), rel=1e-4
    )
    median = np.median(weight[~rows])
    assert value(table, MEDIAN, "mae", "weight")["value"] == pytest.approx(np.abs(weight[rows] - median).mean())
    lead = value(table, RIDGE, "mae_lead", "weight")["value"]
    assert lead == pytest.approx(value(table, RIDGE, "mae", "weight")["value"] - own["value"])
    assert {f"{MINE}, {LINE}", FOREST} <= set(table["method"])
    assert value(table, MINE, "recall_at_1")["observations"] == 40
    angles = table[table["measure"] == "angle"]
    assert set(angles["task"]) <= {"weight, dimension 0"} and found.directions == {}


@pytest.mark.slow
def test_what_features_say_is_told_and_noise_is_not(trained):
    """luck and line are noise: whoever tells them better than the median, or the commonest, has looked."""
    study, folder = trained
    table = evaluate_fully(study, model=folder).table()
    for method in (f"{MINE}, {DIMENSION}", f"{MINE}, {KERNEL}", f"{MINE}, {LINE}", RIDGE, FOREST):
        assert value(table, method, "spearman", "weight")["low"] > 0.2
        assert value(table, method, "mae_gain", "weight")["value"] > 0
    assert value(table, RIDGE, "mae_gain", "weight")["low"] > 0
    for method in (f"{MINE}, {KERNEL}", f"{MINE}, {LINE}", RIDGE, FOREST):
        assert value(table, method, "mae_gain", "luck")["low"] < 0.05
        noise = table[(table["method"] == method) & (table["task"] == "luck") & (table["measure"] == "spearman")]
        assert (noise["low"] < 0.2).all()
    assert value(table, FOREST, "nearest_alike", "kind")["value"] == 1
    assert value(table, FOREST, "nearest_alike", "line")["low"] < 0.7
    assert value(table, COMMONEST, "nearest_alike", "kind")["value"] < 0.8


@pytest.mark.slow
def test_shuffled_labels_give_no_gain(trained, tmp_path):
    """With the weights of other animals nothing is left, for the encoder no more than for the baselines."""
    herd = flock(tmp_path / "flock")
    by_animal = herd.observations["weight"].to_numpy().reshape(24, 4)
    herd.observations["weight"] = by_animal[np.random.default_rng(0).permutation(24)].ravel()
    study = herd.open()
    train([study], TINY, tmp_path / "m", name="mine", recipe=SHORT)
    table = evaluate_fully(study, model=tmp_path / "m", tasks=["weight"]).table()
    gains = table[table["measure"] == "mae_gain"]
    assert len(gains) == 5 and (gains["low"] < 0).all()


@pytest.mark.slow
def test_networks_are_trained_when_asked_for(trained):
    study, folder = trained
    found = evaluate_fully(study, model=folder, tasks=["weight"], compared="all", steps=30)
    table = found.table()
    assert value(table, TASK_NET, "mae", "weight")["animals"] == 10
    assert value(table, f"{IDENTITY}, {KERNEL}", "mae", "weight")["observations"] == 40
    assert value(table, IDENTITY, "recall_at_1")["animals"] == 10
    again = evaluate_fully(study, model=folder, tasks=["weight"], compared="all", steps=30).table()
    pd.testing.assert_frame_equal(again, table)


def test_without_tasks_and_baselines_only_retrieval_is_left(trained):
    study, folder = trained
    found = evaluate_fully(study, model=folder, tasks=[], compared="none")
    assert found.tasks is None and found.labels == {} and list(found.retrieval.scores) == [MINE]
    assert set(found.table()["measure"]) == {"recall_at_1", "map_at_r"}
    model = load_model(folder)
    vectors = model.encode(study.table.numbers(list(model.info.features)).astype(np.float32))
    alone = evaluate(study, {MINE: vectors}, animals=model.info.trained_on[0].test, encoder=MINE)
    pd.testing.assert_frame_equal(found.retrieval.table(), alone.table())


@pytest.mark.slow
def test_an_encoder_of_other_studies_is_scored_on_a_half(trained, tmp_path):
    study, _ = trained
    folder = stranger(tmp_path / "m")
    found = evaluate_fully(study, model=folder, seed=3)
    assert "has learnt from other studies and has seen none of the 24 animals" in found.protocol
    assert "learn from 12 of the animals, drawn with seed 3" in found.protocol
    assert found.retrieval.animals == 24, "nobody's identity was learnt"
    assert found.tasks.test_animals == 12 and found.directions["weight"].animals == 24
    table = found.table()
    assert value(table, MINE, "direction_explained", "weight")["low"] > 0.2
    assert value(table, MINE, "direction_chance", "weight")["value"] == pytest.approx(1 / 200)
    assert value(table, MINE, "direction_chance", "luck")["value"] > 0.02
    plain = evaluate_fully(study, model=folder, tasks=[])
    assert plain.retrieval.animals == 24
    assert "drawn" not in plain.protocol
    networks = evaluate_fully(study, model=folder, tasks=[], compared="all", steps=5, seed=3)
    assert networks.retrieval.animals == 12, "whose identity was learnt is not looked up"


@pytest.mark.slow
def test_an_embedding_from_elsewhere(trained, tmp_path):
    herd = flock(tmp_path / "flock")
    study = herd.open()
    rng = np.random.default_rng(0)
    weight = study.values("weight").to_numpy()
    vectors = np.column_stack([weight - 60, 6 * rng.normal(size=(96, 3))]).astype(np.float32)
    write_embedding(study.path, "theirs", vectors, EmbeddingNote(observations=study.ids_hash, encoder="theirs"))
    found = evaluate_fully(study, embedding="theirs", tasks=["weight", "luck"])
    assert "Which animals 'theirs' has learnt from is not known here" in found.protocol
    table = found.table()
    assert value(table, "embedding theirs", "direction_explained", "weight")["value"] > 0.99
    np.testing.assert_allclose(np.abs(found.directions["weight"].axis), [1, 0, 0, 0], atol=0.05)
    assert value(table, "embedding theirs", "direction_chance", "luck")["value"] > 0.02
    assert value(table, f"embedding theirs, {LINE}", "mae", "weight")["value"] < 0.2
    assert "Linear directions" in str(found)
    plain = evaluate_fully(study, embedding="features", tasks=["weight"])
    assert plain.protocol.startswith("The measured features have learnt nothing")
    assert list(plain.retrieval.scores) == ["embedding features"]


def test_later_time_is_scored_by_what_was_before(trained):
    study, folder = trained
    found = evaluate_fully(study, model=folder, tasks=["weight"], after="2024-05-09")
    assert found.retrieval.queries == 20 and "gallery" in found.retrieval.protocol
    assert set(found.retrieval.scores[MINE].found.relevant) == {2}
    table = found.table()
    assert value(table, RIDGE, "mae", "weight")["observations"] == 20
    assert "Only what was seen before 2024-05-09 teaches or is found" in found.protocol
    early = study.time < np.datetime64("2024-05-09")
    seen = ~study.animal.isin(load_model(folder).info.trained_on[0].test).to_numpy()
    median = np.median(study.values("weight").to_numpy()[early & seen])
    late = study.values("weight").to_numpy()[~early & ~seen]
    assert value(table, MEDIAN, "mae", "weight")["value"] == pytest.approx(np.abs(late - median).mean())


@pytest.mark.slow
def test_pictures_bring_their_own_baselines(coats, tmp_path, pictures, recipe):
    grey = np.repeat(np.arange(8.0), 5)
    coats.observations["shade"] = grey
    coats.spec["variables"] = {"shade": {"column": "shade", "kind": "continuous", "role": "task"}}
    coats.scores = coats.events = coats.animals = None
    coats.spec["columns"]["features"] = []
    study = coats.open()
    model = train([study], pictures, tmp_path / "m", recipe=replace(recipe, steps=3, regress=("shade",))).model
    found = evaluate_fully(study, model=model.folder, workers=0)
    assert {PIXELS_RIDGE, HOG_RIDGE} <= set(found.tasks.scores["shade"])
    assert len(found.retrieval.scores) == 4 and found.retrieval.animals == 2
    assert "6 animals are few to learn from" in str(found)


def test_a_study_in_which_nothing_can_be_found_again_has_tasks_all_the_same(tmp_path):
    herd = flock(tmp_path / "flock")
    herd.observations["animal_id"] = [f"ewe-{row}" for row in range(96)]
    study = herd.open()
    folder = stranger(tmp_path / "m")
    found = evaluate_fully(study, model=folder, tasks=["weight"])
    assert found.retrieval is None and found.tasks.test_animals == 48
    assert "there is nothing to find again" in str(found)
    with pytest.raises(UserError, match="nothing to find again"):
        evaluate_fully(study, model=folder, tasks=[])


def test_which_tasks_are_scored(trained, tmp_path):
    study, _ = trained
    assert tasks_to_score(study, None) == (["weight", "luck"], ["kind", "line"], [])
    assert tasks_to_score(study, ["line", "luck", "line"]) == (["luck"], ["line"], [])
    ordered, _, remarks = tasks_to_score(study, None, ["height"])
    assert ordered == ["weight", "luck"] and "no height, which the encoder tells" in remarks[0]
    with pytest.raises(UserError, match="no variable 'height'"):
        tasks_to_score(study, ["height"])
    herd = flock(tmp_path / "flock")
    herd.spec["variables"]["month"] = {
        "derive": {"from": "captured_at", "as": "month"},
        "kind": "cyclic",
        "role": "task",
    }
    assert "cyclic" in tasks_to_score(herd.open(), None)[2][0]
    with pytest.raises(UserError, match="'month' is cyclic"):
        tasks_to_score(herd.open(), ["month"])


def test_labels_that_come_from_other_dates_are_known(herd):
    study = herd.open()
    assert [name for name in study.variables if from_scores(study, name)] == ["bcs", "trend"]


def test_an_encoder_that_has_seen_all_is_refused(trained, tmp_path):
    study, _ = trained
    everyone = tmp_path / "everyone"
    train([study], TINY, everyone, recipe=replace(SHORT, steps=2, shares=(0.8, 0.2, 0.0)))
    assert len(names(study)) == 24
    with pytest.raises(UserError, match="has seen all animals of Small herd but 0"):
        evaluate_fully(study, model=everyone)
    with pytest.raises(UserError, match="no embedding 'none'"):
        evaluate_fully(study, embedding="none")
    with pytest.raises(ValueError, match="either"):
        evaluate_fully(study)
