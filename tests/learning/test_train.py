import dataclasses
import itertools
import threading

import numpy as np
import pytest
import torch

from explorer.engine import Cancelled
from explorer.errors import UserError
from explorer.learning.batches import AnimalBatches
from explorer.learning.calibration import FEWEST
from explorer.learning.encoders import build_encoder
from explorer.learning.material import read_material, standardise
from explorer.learning.model_files import encode, load_model
from explorer.learning.run_folders import read_card
from explorer.learning.train import Recipe, rate_at, steps_of, train, usual_config
from explorer.study.study import open_study


@pytest.mark.parametrize("kind", ["pictures", "features"])
def test_training_reduces_the_loss(coats, kind, request):
    config = request.getfixturevalue(kind)
    if kind == "features":  # measured features that tell animals apart, but for their noise
        animal = np.repeat(np.arange(8), 5)
        for place in range(4):
            coats.observations[f"p_{place}"] += 6 * np.random.default_rng(place).normal(size=8)[animal]
    material = read_material([coats.open()], config, workers=0)
    recipe = Recipe(steps=60, animals=8, each=4, warm_up=1, rate=3e-3)
    torch.manual_seed(0)
    encoder = build_encoder(config)
    standardise(encoder, material.inputs)
    batches = AnimalBatches(material.codes, material.dates, animals=8, each=4, seed=0)
    before = loss_of_all_triplets(encoder, material)
    steps = steps_of(encoder, material, batches, recipe, 0, torch.device("cpu"))
    losses = [float(loss) for loss in itertools.islice(steps, 60)]
    assert np.isfinite(losses).all()
    assert loss_of_all_triplets(encoder, material) < 0.5 * before


def loss_of_all_triplets(encoder, material):
    """The mean hinge over all triplets, not only those whose loss is above 0."""
    vectors = torch.from_numpy(encode(encoder, material.inputs))
    distances = torch.cdist(vectors, vectors)
    same = torch.from_numpy(material.codes[:, None] == material.codes[None, :])
    positive = same & ~torch.eye(len(same), dtype=torch.bool)
    hinge = (distances[:, :, None] - distances[:, None, :] + 0.2).clamp(min=0)
    return float(hinge[positive[:, :, None] & ~same[:, None, :]].mean())


@pytest.mark.slow
def test_a_seed_gives_the_same_encoder_and_leaves_the_generator_alone(coats, tmp_path, pictures, recipe):
    study = coats.open()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = train([study], pictures, tmp_path / "a", recipe=recipe, seed=3, workers=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    second = train([study], pictures, tmp_path / "b", recipe=recipe, seed=3, workers=0)
    other = train([study], pictures, tmp_path / "c", recipe=recipe, seed=4, workers=0)
    assert first.model.hash == second.model.hash == load_model(tmp_path / "a").hash
    assert first.model.hash != other.model.hash
    assert first.looks == second.looks


def test_what_was_learnt_from_is_written_down(coats, tmp_path, pictures, recipe):
    study = coats.open()
    told = []
    trained = train(
        [study],
        pictures,
        tmp_path / "m",
        name="coats",
        recipe=recipe,
        report=lambda fraction, note: told.append((fraction, note)),
        workers=0,
    )
    info = load_model(tmp_path / "m").info
    (one,) = info.trained_on
    assert one.data_hash == study.data_hash and one.ids_hash == study.ids_hash
    assert sorted([*one.train, *one.validation, *one.test]) == study.animal.cat.categories.tolist()
    assert (len(one.train), len(one.validation), len(one.test)) == (4, 2, 2)
    assert info.recipe["steps"] == 40 and info.recipe["augmentation"]["degrees"] == 20.0
    assert info.task_dimensions == {} and info.seed == 0 and info.name == "coats"
    assert len(info.normalisation["mean"]) == 3
    assert info.normalisation["mean"] == pytest.approx(tuple(trained.model.encoder.mean.tolist()))
    card = (tmp_path / "m" / "card.md").read_text()
    assert card.startswith("# coats") and info.training_data in card and "Small herd" in card
    assert trained.across_dates and trained.best in trained.looks
    assert trained.best.rank == max(look.rank for look in trained.looks)
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert told[-1][0] == 1.0 and any("step 40 of 40" in note for _, note in told)


def test_equal_names_in_two_studies_are_two_animals(herd, coats, tmp_path, features):
    second = coats.open()
    material = read_material([second, open_study(second.path)], features, workers=0)
    assert len(material.labels) == 16 and material.labels[0] == "0/cow-0" and material.labels[8] == "1/cow-0"
    np.testing.assert_array_equal(material.codes[40:], material.codes[:40] + 8)


def test_training_ends_early_without_progress(coats, tmp_path, pictures):
    recipe = Recipe(steps=400, animals=4, rate=0.0, warm_up=1, look_every=2, patience=3, shares=(0.5, 0.25, 0.25))
    trained = train([coats.open()], pictures, tmp_path / "m", recipe=recipe, workers=0)
    assert trained.looks[-1].step < 100


def test_cancelling_leaves_nothing(coats, tmp_path, pictures, recipe):
    cancel = threading.Event()

    def report(fraction, note):
        if note.startswith("step"):
            cancel.set()

    with pytest.raises(Cancelled):
        train([coats.open()], pictures, tmp_path / "m", recipe=recipe, report=report, cancel=cancel, workers=0)
    assert not (tmp_path / "m").exists() and not list(tmp_path.glob(".*"))


def test_what_cannot_be_learnt_from_is_refused(herd, tmp_path, pictures, features, recipe):
    study = herd.open()
    with pytest.raises(UserError, match="has no pictures"):
        train([study], pictures, tmp_path / "m", recipe=recipe)
    with pytest.raises(UserError, match="4 feature columns, not the 5"):
        train([study], features.model_copy(update={"input_size": 5}), tmp_path / "m", recipe=recipe)
    with pytest.raises(UserError, match="exists already"):
        train([study], features, study.path, recipe=recipe)
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {}
    with pytest.raises(UserError, match="which animal is which"):
        train([herd.open()], features, tmp_path / "m", recipe=recipe)


def test_rows_without_anything_to_learn_from_are_left_out_and_counted(coats, tmp_path, pictures, recipe):
    coats.observations.loc[[2, 3], "image"] = [None, b"no picture"]
    coats.observations.loc[36:, "image"] = None
    coats.observations.loc[36:, "animal_id"] = "cow-7"
    trained = train([coats.open()], pictures, tmp_path / "m", recipe=recipe, workers=0)
    assert any("6 of 40 observations could not be used" in remark for remark in trained.remarks)
    assert any("1 animals left out" in remark for remark in trained.remarks)


@pytest.mark.parametrize("kind", ["pictures", "features"])
def test_the_standardisation_is_that_of_the_inputs(kind, request):
    encoder = build_encoder(request.getfixturevalue(kind))
    rng = np.random.default_rng(0)
    if kind == "pictures":
        inputs = rng.integers(0, 256, (20, 3, 16, 16), dtype=np.uint8)
        inputs[:, 2] = 7
        values = inputs.transpose(0, 2, 3, 1).reshape(-1, 3) / 255
    else:
        inputs = rng.normal(100, 3, (50, 4)).astype(np.float32)
        inputs[:9, 1], inputs[:, 3] = np.nan, 5.0
        values = inputs.astype(np.float64)
    standardise(encoder, inputs)
    spread = np.nanstd(values, axis=0)
    np.testing.assert_allclose(encoder.mean, np.nanmean(values, axis=0), rtol=1e-5)
    np.testing.assert_allclose(encoder.std, np.where(spread < 1e-6, 1.0, spread), rtol=1e-4)


def test_the_rate_rises_then_falls_to_nothing():
    recipe = Recipe(steps=100, warm_up=10)
    rates = [rate_at(step, recipe) for step in range(101)]
    assert rates[0] == 0.1 and rates[9] == rates[10] == 1.0 and rates[100] == pytest.approx(0.0)
    assert (np.diff(rates[10:]) < 0).all()


def test_the_usual_encoder_follows_what_the_study_holds(herd, coats):
    assert usual_config(coats.open()).architecture == "small_conv"
    del herd.spec["columns"]["image"]
    assert usual_config(herd.open()).input_size == 4
    herd.spec["columns"]["features"] = []
    with pytest.raises(UserError, match="neither pictures nor features"):
        usual_config(herd.open())


# --- tasks ---------------------------------------------------------------------------------------------------


def weighed(herd):
    """The features tell the animal's weight, but for their noise, and its breed; the weight differs by animal."""
    rng = np.random.default_rng(0)
    weight = np.repeat(rng.normal(500, 40, 8), 5) + rng.normal(0, 25, 40)
    herd.observations["weight"] = np.where(np.arange(40) % 6 == 0, np.nan, weight)
    herd.observations["p_0"] = (weight - 500) / 40 + rng.normal(0, 0.05, 40)
    herd.spec["variables"]["weight"]["role"] = "task"
    return herd.open()


TASKS = Recipe(steps=150, animals=4, each=4, warm_up=4, rate=1e-2, look_every=50, shares=(0.5, 0.25, 0.25))


def test_a_task_dimension_says_the_task_of_unseen_animals_in_its_unit(herd, tmp_path, features):
    study = weighed(herd)
    recipe = dataclasses.replace(TASKS, regress=("bcs", "weight"), weight=1.0)
    trained = train([study], features, tmp_path / "m", recipe=recipe, workers=0)
    model = load_model(tmp_path / "m")
    assert model.info.task_dimensions == {"bcs": 0, "weight": 1}
    assert model.info.task_scales["weight"].unit == "kg" and model.info.task_scales["bcs"].unit is None
    unseen = study.animal.isin([*model.info.trained_on[0].validation, *model.info.trained_on[0].test]).to_numpy()
    weights = study.values("weight").to_numpy()
    train_weights = weights[~unseen & np.isfinite(weights)]
    np.testing.assert_allclose(model.info.task_scales["weight"].mean, train_weights.mean(), rtol=1e-6)
    np.testing.assert_allclose(model.info.task_scales["weight"].spread, 10 * train_weights.std(), rtol=1e-6)
    vectors = model.encode(study.table.numbers(list(model.info.features)))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    told = model.task_values(vectors)["weight"]
    known = unseen & np.isfinite(weights)
    missed = np.abs(told - weights)[known].mean()
    assert missed < 0.6 * np.abs(np.median(train_weights) - weights[known]).mean()
    rows = study.animal.isin(model.info.trained_on[0].validation).to_numpy() & np.isfinite(weights)
    spread = trained.spreads["weight"]
    assert trained.best.errors["weight"] == pytest.approx(np.abs(told - weights)[rows].mean() / spread, rel=1e-4)
    assert trained.best.score == pytest.approx(trained.best.recall - np.mean(list(trained.best.errors.values())))
    assert trained.best.rank == max(look.rank for look in trained.looks)
    card = read_card(model.folder)
    assert "to say bcs, weight by a dimension each" in card and "| weight | 1 | kg |" in card
    assert "nothing else" not in card


def test_a_task_that_nothing_shows_is_said_as_its_median_on_validation_animals(herd, tmp_path, features):
    weighed(herd)
    herd.observations["weight"] = herd.observations["weight"].fillna(500.0)
    herd.observations["p_0"] = np.random.default_rng(1).normal(size=40)  # by heart only
    study = herd.open()
    recipe = dataclasses.replace(TASKS, regress=("weight",), identity=0.0, weight=1.0, shares=(0.25, 0.75, 0.0))
    trained = train([study], features, tmp_path / "m", recipe=recipe, workers=0)
    rows = study.animal.isin(trained.model.info.trained_on[0].validation).to_numpy()
    weights = study.values("weight").to_numpy()
    assert rows.sum() >= FEWEST
    vectors = trained.model.encode(study.table.numbers(list(trained.model.info.features)))
    missed = np.abs(trained.model.task_values(vectors)["weight"] - weights)[rows].mean()
    assert missed <= np.abs(np.median(weights[rows]) - weights[rows]).mean() + 0.1
    assert trained.best.errors["weight"] * trained.spreads["weight"] == pytest.approx(missed, rel=1e-4)


@pytest.mark.parametrize(
    ("choices", "parts", "dimensions"),
    [
        ({"tasks": ("weight", "breed"), "min_matches": 2}, {"identity", "matching"}, 0),
        ({"tasks": ("weight", "breed"), "identity": 0.0}, {"matching"}, 0),
        ({"regress": ("bcs",), "identity": 0.0}, {"regression"}, 1),
        ({"regress": ("bcs", "weight"), "final_layer": True}, {"identity", "regression"}, 0),
        ({"regress": ("bcs", "weight"), "loss": "opml"}, {"identity", "regression"}, 2),
    ],
)
def test_any_part_can_be_learnt_without_the_others(herd, tmp_path, features, choices, parts, dimensions):
    recipe = dataclasses.replace(TASKS, steps=20, look_every=10, **choices)
    trained = train([weighed(herd)], features, tmp_path / "m", recipe=recipe, workers=0)
    model = load_model(tmp_path / "m")
    assert set(trained.best.parts) == parts
    assert len(model.info.task_dimensions) == model.info.config.task_dims == dimensions
    assert set(trained.best.errors) == set(recipe.regress)
    assert (trained.best.alike is not None) == bool(recipe.tasks)
    expected = trained.best.recall * (recipe.identity > 0) + (trained.best.alike or 0.0)
    if recipe.regress:
        expected -= trained.best.error
    assert trained.best.score == pytest.approx(expected)
    if not dimensions:
        assert "No dimension stands for a health score" in read_card(model.folder)
    assert model.info.config.dims == (5 if recipe.loss == "opml" else 8), "OPML halves what says no task"


def test_the_nearest_alike_is_counted_by_the_rule(herd, tmp_path, features):
    study = weighed(herd)
    recipe = dataclasses.replace(TASKS, steps=10, look_every=10, tasks=("breed", "parity"), min_matches=2)
    trained = train([study], features, tmp_path / "m", recipe=recipe, workers=0)
    rows = np.flatnonzero(study.animal.isin(trained.model.info.trained_on[0].validation))
    vectors = trained.model.encode(study.table.numbers(list(trained.model.info.features))[rows])
    apart = np.linalg.norm(vectors[:, None].astype(float) - vectors, axis=2) + np.where(np.eye(len(rows)), 9, 0)
    near = rows[apart.argmin(axis=1)]
    breed, parity = study.values("breed").to_numpy(), study.values("parity").to_numpy()
    alike = (breed[rows] == breed[near]) & (parity[rows] == parity[near])
    assert trained.best.alike == pytest.approx(alike.mean())


def test_the_nearest_is_never_the_observation_itself(herd, tmp_path, features):
    """Where each observation has a label of its own, nothing is like anything but itself."""
    herd.observations["captured_at"] = np.datetime64("2024-01-10", "us")
    herd.observations["weight"] = np.arange(40) * 1000.0
    herd.spec["variables"]["weight"]["relevant_change"] = 1.0
    recipe = dataclasses.replace(TASKS, steps=4, look_every=4, tasks=("weight",), min_matches=1)
    trained = train([herd.open()], features, tmp_path / "m", recipe=recipe, workers=0)
    assert not trained.across_dates and trained.best.alike == 0.0


def test_a_task_that_no_validation_animal_has_chooses_nothing_and_is_told(herd, tmp_path, features):
    study = weighed(herd)
    recipe = dataclasses.replace(TASKS, steps=10, look_every=10, regress=("weight", "bcs"))
    parts = train([study], features, tmp_path / "a", recipe=recipe, workers=0).model.info.trained_on[0]
    herd.observations.loc[study.animal.isin(parts.validation).to_numpy(), "weight"] = np.nan
    trained = train([herd.open()], features, tmp_path / "b", recipe=recipe, workers=0)
    assert set(trained.best.errors) == {"bcs"}
    assert any("no validation animal has a value of 'weight'" in remark for remark in trained.remarks)
    assert "| weight | 0 | kg | no labels | no labels |" in read_card(trained.model.folder)


def test_anchors_that_were_dropped_are_told(herd, tmp_path, features):
    herd.observations["weight"] = np.arange(40) * 100.0
    recipe = dataclasses.replace(TASKS, steps=10, look_every=10, tasks=("weight",), min_matches=1)
    trained = train([herd.open()], features, tmp_path / "m", recipe=recipe, workers=0)
    assert trained.looks[0].anchors == 2 * 10 * 16
    assert any("anchors dropped" in remark for remark in trained.remarks)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"identity": 0.0}, "nothing to learn"),
        ({"final_layer": True}, "a final layer says nothing without tasks"),
        ({"regress": ("wool",)}, "no task 'wool'"),
        ({"loss": "cosface"}, "no metric loss 'cosface'"),
        ({"regress": ("bcs", "trend", "weight", "age", "calved", "parity", "p")}, "no task 'p'"),
        ({"regress": ("bcs", "trend", "weight", "age", "calved", "parity", "old")}, "7 tasks are more than the 8"),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_anything_is_read(herd, tmp_path, features, choices, sentence):
    herd.spec["variables"]["old"] = herd.spec["variables"]["age"]
    with pytest.raises(UserError, match=sentence):
        train([herd.open()], features, tmp_path / "m", recipe=Recipe(**choices), checkpoints=True)
    assert not (tmp_path / "m").exists()


def test_learning_tasks_reproduces_with_its_seed(herd, tmp_path, features):
    study = weighed(herd)
    recipe = dataclasses.replace(
        TASKS, steps=12, look_every=6, tasks=("weight", "breed"), miner="random", regress=("bcs",), turnover=0.5
    )
    found = [train([study], features, tmp_path / str(n), recipe=recipe, seed=n // 2, workers=0) for n in range(3)]
    assert found[0].model.hash == found[1].model.hash != found[2].model.hash
    assert found[0].looks == found[1].looks
