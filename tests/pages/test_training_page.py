"""The Training page in process: what the form offers and refuses, what the list and the comparison say."""

import dataclasses
import shutil
import subprocess
import sys

import numpy as np
import pytest
from visiting import herd, make, press, run, sound, words

from explorer.learning.encoders import EncoderConfig
from explorer.learning.model_files import load_model
from explorer.learning.recipe import Recipe, read_recipe
from explorer.learning.run_folders import WEIGHTS
from explorer.learning.run_lock import held
from explorer.learning.train import train
from explorer.study.study import open_study
from explorer.ui.training.comparing import differences

CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))
RECIPE = Recipe(steps=24, animals=4, each=4, warm_up=4, look_every=6)


def learnt(folder, name, **more):
    """A finished run of the study in ``folder``, where the page looks for runs."""
    options = {"seed": more.pop("seed", 0)}
    recipe = dataclasses.replace(RECIPE, **more)
    out = folder / "encoders" / name
    return train([open_study(folder)], CONFIG, out, name=name, recipe=recipe, workers=0, **options)


def unfinished(folder, name, **more):
    """A run that was stopped after its last look."""
    learnt(folder, name, **more)
    for file in (WEIGHTS, "model.json", "card.md"):
        (folder / "encoders" / name / file).unlink()
    return folder / "encoders" / name


def labels(app):
    return [one.label for kind in (app.selectbox, app.number_input, app.slider, app.multiselect) for one in kind]


@pytest.mark.slow
def test_as_it_stands_the_form_starts_the_usual_recipe(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    app = sound(run(folder, monkeypatch, "training"))
    text = words(app)
    assert str(folder / "encoders").replace("-", "\\-").replace("_", "\\_") in text
    assert "Of the 6 animals seen more than once, 2 are learnt from, 2 choose the best moment, and 2 are never" in text
    assert "Weight of their errors" not in labels(app)
    press(app, "Start")
    ((function, path, out, name, seed, choices),) = asked
    assert (function, path, out) == ("train_at", folder, folder / "encoders" / "encoder")
    assert (name, seed) == ("encoder", 0) and read_recipe(choices) == Recipe()


@pytest.mark.slow
def test_what_is_chosen_is_what_is_asked(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    text = (folder / "study.toml").read_text()
    text = text.replace('kind = "nominal"\n[variables.hour]', 'kind = "nominal"\nrole = "task"\n[variables.hour]')
    (folder / "study.toml").write_text(text)
    app = sound(run(folder, monkeypatch, "training"))
    regress = app.multiselect(key=f"training_regress-{folder}")
    assert regress.options == ["weight"]  # the sex of an animal has no order
    regress.set_value(["weight"]).run()
    app.multiselect(key=f"training_tasks-{folder}").set_value(["weight", "sex"]).run()
    app.slider(key="training_enough-2").set_value(2).run()
    app.number_input(key="training_weight").set_value(0.3).run()
    loss = next(box for box in app.selectbox if box.label.startswith("Loss"))
    assert "Magnet" not in loss.options and "Ladder" not in loss.options
    loss.select("opml").run()
    app.selectbox(key="training_miner").select("hard").run()
    app.number_input(key="training_steps").set_value(70).run()
    app.number_input(key="training_seed").set_value(4).run()
    next(one for one in app.text_input if one.label == "Name").set_value("mine").run()
    press(app, "Start")
    ((_, _, out, name, seed, choices),) = asked
    assert (out.name, name, seed) == ("mine", "mine", 4)
    wanted = {"regress": ("weight",), "tasks": ("weight", "sex"), "min_matches": 2, "weight": 0.3}
    assert read_recipe(choices) == Recipe(steps=70, loss="opml", miner="hard", **wanted)


def test_only_what_makes_a_difference_is_offered(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    app = sound(run(folder, monkeypatch, "training"))
    assert "Miner: which triplets are learnt from" in labels(app)
    next(box for box in app.selectbox if box.label.startswith("Loss")).select("contrastive").run()
    assert "Miner: which triplets are learnt from" not in labels(app)
    app.multiselect(key=f"training_tasks-{folder}").set_value(["weight"]).run()
    assert "How many of them must agree" not in labels(app)
    app.multiselect(key=f"training_tasks-{folder}").set_value([]).run()
    app.checkbox(key="training_animals").uncheck().run()
    assert "There is nothing to learn yet" in words(app) and app.button(key="training_start").disabled
    assert not any(label.startswith("Loss") for label in labels(app))
    app.multiselect(key=f"training_regress-{folder}").set_value(["weight"]).run()
    assert not app.button(key="training_start").disabled and "Weight of their errors" not in labels(sound(app))
    press(app, "Start")
    assert read_recipe(asked[0][-1]) == Recipe(identity=0.0, regress=("weight",))


@pytest.mark.parametrize("name", ["", "../out", "a b", "features", "one"])
@pytest.mark.slow
def test_a_name_that_cannot_be_is_told_before(tmp_path, monkeypatch, asked, name):
    folder = herd(tmp_path / "herd")
    (folder / "encoders" / "one").mkdir(parents=True)
    app = sound(run(folder, monkeypatch, "training"))
    next(one for one in app.text_input if one.label == "Name").set_value(name).run()
    assert app.button(key="training_start").disabled
    assert len(sound(app).warning) == 1


@pytest.mark.slow
def test_a_study_that_cannot_be_learnt_from_says_why_and_has_no_form(tmp_path, monkeypatch):
    few = herd(tmp_path / "few", n=6)
    nameless = make(tmp_path / "nameless", '[study]\nname = "N"\n[columns]\nfeatures = ["p"]\n', {"p": [1.0, 2.0]})
    nothing = make(tmp_path / "nothing", '[study]\nname = "N"\n[columns]\nanimal = "a"\n', {"a": ["x", "x"]})
    told = {few: "0 animals are too few", nameless: "which animal is which", nothing: "neither pictures nor measured"}
    for folder, sentence in told.items():
        app = sound(run(folder, monkeypatch, "training"))
        assert sentence in words(app) and not [one for one in app.button if one.label == "Start"]


@pytest.mark.slow
def test_what_may_not_be_written_into_is_left_alone(monkeypatch):
    app = sound(run(None, monkeypatch, "training"))
    assert "since nothing may be written into this study" in words(app)


@pytest.mark.slow
def test_a_finished_run_is_shown_with_its_card_and_the_animals_it_never_used(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    trained = learnt(folder, "first", regress=("weight",))
    app = sound(run(folder, monkeypatch, "training"))
    text = words(app)
    row = app.dataframe[0].value.iloc[0]
    assert (row["run"], row["stands"], row["learns"], row["steps"]) == (
        "first",
        "finished",
        "animals; to say weight",
        24,
    )
    assert row["recall@1"] == trained.best.recall
    assert f"Kept: the encoder of step {trained.best.step}" in text and "the figures flatter" in text
    assert "**2 were never used** (" in text
    for name in trained.model.info.trained_on[0].test:
        assert name in text.split("were never used** (")[1].split(")")[0]
    assert any("latent-explorer evaluate" in code.value for code in app.code)
    assert "An encoder (multilayer" in text  # its card
    assert app.selectbox(key=f"training_colour-{folder / 'encoders' / 'first'}").options == ["animal", "weight"]
    press(app, "Embed this study with it")
    assert asked == [("embed_at", folder, folder / "encoders" / "first", "first")]


@pytest.mark.slow
def test_the_data_page_offers_the_finished_runs_too(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    learnt(folder, "mine")
    unfinished(folder, "half")
    app = run(folder, monkeypatch, "data")
    app.button_group(key="data_part").set_value("Embeddings of the study at hand").run()
    assert sound(app).selectbox(key="embed_encoder").options == ["mine", "another folder or file"]
    press(app, "Embed")
    assert asked == [("embed_at", folder, folder / "encoders" / "mine", "mine")]


@pytest.mark.slow
def test_a_stopped_run_goes_on_by_a_button_unless_the_study_has_changed(tmp_path, monkeypatch, asked):
    folder = herd(tmp_path / "herd")
    at = unfinished(folder, "half")
    app = sound(run(folder, monkeypatch, "training"))
    assert app.dataframe[0].value["stands"].tolist() == ["stopped"]
    assert "It can go on from step 24" in words(app)
    press(app, "Go on")
    assert asked == [("resume_at", folder, at)]
    with (folder / "study.toml").open("a") as file:
        file.write("\n")
    app = sound(run(folder, monkeypatch, "training"))
    assert app.button(key=f"training_resume-{at}").disabled


@pytest.mark.slow
def test_a_run_that_another_process_trains_is_seen_and_not_resumed(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    at = unfinished(folder, "half")
    with held(at):
        app = sound(run(folder, monkeypatch, "training"))
        assert app.dataframe[0].value["stands"].tolist() == ["learning in another program"]
        assert "Go on" not in [button.label for button in app.button]


@pytest.mark.slow
def test_a_folder_that_is_no_run_costs_a_sentence_not_the_page(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    learnt(folder, "good")
    for name, content in {"a": "{", "b": "[]", "c": '{"name": "c"}'}.items():
        (folder / "encoders" / name).mkdir()
        (folder / "encoders" / name / "config.json").write_text(content)
    shutil.copytree(folder / "encoders" / "good", folder / "encoders" / "d")
    (folder / "encoders" / "d" / "metrics.jsonl").write_text('{"step": 1, "surprise": 2}\n')
    app = sound(run(folder, monkeypatch, "training"))
    assert app.dataframe[0].value["run"].tolist() == ["good"] and len(app.warning) == 4
    (folder / "encoders" / "good" / "validation_map.npz").write_bytes(b"no map")
    assert "cannot be read as the map" in words(sound(run(folder, monkeypatch, "training")))


@pytest.mark.slow
def test_comparing_shows_what_differs_and_nothing_else(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    one, two = learnt(folder, "one", regress=("weight",)), learnt(folder, "two", loss="angular", rate=0.01)
    app = sound(run(folder, monkeypatch, "training"))
    app.multiselect(key=f"training_compare-{folder}").set_value(["one", "two"]).run()
    _, apart, reached = (frame.value for frame in sound(app).dataframe)
    assert apart.set_index("choice").to_dict("index") == {
        "rate": {"one": "0.001", "two": "0.01"},
        "loss": {"one": "triplet", "two": "angular"},
        "tasks said by a dimension": {"one": "weight", "two": "-"},
        "encoder: task dims": {"one": "1", "two": "0"},
    }
    assert reached["run"].tolist() == ["one", "two"] and reached["validation animals"].tolist() == [2, 2]
    assert reached["recall@1"].tolist() == [one.best.recall, two.best.recall]
    best = max(one.looks, key=lambda look: look.rank)
    error = best.errors["weight"] * one.spreads["weight"]
    np.testing.assert_allclose(reached["error of weight (kg)"], [error, np.nan])
    assert "These figures flatter" in words(app) and "dealt the animals differently" not in words(app)


@pytest.mark.slow
def test_runs_of_other_seeds_are_said_to_be_of_other_animals(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    learnt(folder, "one"), learnt(folder, "two", seed=1)
    app = sound(run(folder, monkeypatch, "training"))
    app.multiselect(key=f"training_compare-{folder}").set_value(["one", "two"]).run()
    assert "not even of the same animals" in words(sound(app))
    app.multiselect(key=f"training_compare-{folder}").set_value(["one"]).run()
    assert len(sound(app).dataframe) == 1


def test_equal_recipes_differ_in_nothing(tmp_path):
    from explorer.learning.run_folders import read_run_folder

    folder = herd(tmp_path / "herd")
    learnt(folder, "one")
    found = read_run_folder(folder / "encoders" / "one")
    assert differences({"a": found, "b": found}, {}).empty
    assert found.parts[0]["test"] == load_model(folder / "encoders" / "one").info.trained_on[0].test


@pytest.mark.slow
def test_the_page_does_not_load_pytorch():
    code = "import sys, explorer.ui.training.page, explorer.ui.data_page; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
