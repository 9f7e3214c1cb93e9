import itertools
import threading

import numpy as np
import pytest
import torch

from explorer.engine import Cancelled
from explorer.errors import UserError
from explorer.learning.batches import AnimalBatches
from explorer.learning.encoders import build_encoder
from explorer.learning.material import read_material, standardise
from explorer.learning.model_files import encode, load_model
from explorer.learning.train import Recipe, rate_at, steps_of, train_identity, usual_config
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


def test_a_seed_gives_the_same_encoder_and_leaves_the_generator_alone(coats, tmp_path, pictures, recipe):
    study = coats.open()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = train_identity([study], pictures, tmp_path / "a", recipe=recipe, seed=3, workers=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(7)
    second = train_identity([study], pictures, tmp_path / "b", recipe=recipe, seed=3, workers=0)
    other = train_identity([study], pictures, tmp_path / "c", recipe=recipe, seed=4, workers=0)
    assert first.model.hash == second.model.hash == load_model(tmp_path / "a").hash
    assert first.model.hash != other.model.hash
    assert first.looks == second.looks


def test_what_was_learnt_from_is_written_down(coats, tmp_path, pictures, recipe):
    study = coats.open()
    told = []
    trained = train_identity(
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
    trained = train_identity([coats.open()], pictures, tmp_path / "m", recipe=recipe, workers=0)
    assert trained.looks[-1].step < 100


def test_cancelling_leaves_nothing(coats, tmp_path, pictures, recipe):
    cancel = threading.Event()

    def report(fraction, note):
        if note.startswith("step"):
            cancel.set()

    with pytest.raises(Cancelled):
        train_identity([coats.open()], pictures, tmp_path / "m", recipe=recipe, report=report, cancel=cancel, workers=0)
    assert not (tmp_path / "m").exists() and not list(tmp_path.glob(".*"))


def test_what_cannot_be_learnt_from_is_refused(herd, tmp_path, pictures, features, recipe):
    study = herd.open()
    with pytest.raises(UserError, match="has no pictures"):
        train_identity([study], pictures, tmp_path / "m", recipe=recipe)
    with pytest.raises(UserError, match="4 feature columns, not the 5"):
        train_identity([study], features.model_copy(update={"input_size": 5}), tmp_path / "m", recipe=recipe)
    with pytest.raises(UserError, match="exists already"):
        train_identity([study], features, study.path, recipe=recipe)
    del herd.spec["columns"]["animal"]
    herd.spec["variables"] = {}
    with pytest.raises(UserError, match="which animal is which"):
        train_identity([herd.open()], features, tmp_path / "m", recipe=recipe)


def test_rows_without_anything_to_learn_from_are_left_out_and_counted(coats, tmp_path, pictures, recipe):
    coats.observations.loc[[2, 3], "image"] = [None, b"no picture"]
    coats.observations.loc[36:, "image"] = None
    coats.observations.loc[36:, "animal_id"] = "cow-7"
    trained = train_identity([coats.open()], pictures, tmp_path / "m", recipe=recipe, workers=0)
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
