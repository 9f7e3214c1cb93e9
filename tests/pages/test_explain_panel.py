"""What moves an encoder, for one selected observation on the Map page, in process."""

import time

import numpy as np
import pytest
import torch
from visiting import herd, run, sound, words

from explorer.learning.embed import embed_study
from explorer.learning.encoders import EncoderConfig, build_encoder
from explorer.learning.explained import Explanation
from explorer.learning.model_files import ModelInfo, save_model
from explorer.study.embeddings import TaskScale
from explorer.study.study import open_study
from explorer.ui import jobs
from explorer.ui.explain_panel import bars
from explorer.ui.palette import _PALETTES

CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,), task_dims=1)
P = ("p_0", "p_1", "p_2", "p_3")


@pytest.fixture
def folder(tmp_path):
    """A herd, an encoder of its features beside it that says the weight, and the embedding by it."""
    folder = herd(tmp_path / "herd")
    torch.manual_seed(0)
    encoder = build_encoder(CONFIG)
    encoder.task_mean.fill_(30.0)
    encoder.task_spread.fill_(10.0)
    scales = {"weight": TaskScale(mean=30.0, spread=10.0, unit="kg")}
    info = ModelInfo(name="net", config=CONFIG, features=P, task_dimensions={"weight": 0}, task_scales=scales)
    save_model(tmp_path / "net", encoder, info, "")
    embed_study(open_study(folder), tmp_path / "net", "mine")
    return folder


def explain_one(folder, monkeypatch, observation="row-1", **query):
    select = '{"strokes":[{"ids":["' + observation + '"]}]}'
    app = sound(run(folder, monkeypatch, "map", select=select, **query))
    app.button_group(key="selected_one_as").set_value("Explain").run()
    return sound(app)


def press(app, label="Explain"):
    next(button for button in app.button if button.label == label).click().run()
    for _ in range(600):
        keys = jobs.known("explain-")
        if all(jobs.state(key) not in ("waiting", "running") for key in keys):
            break
        time.sleep(0.1)
    return sound(app.run())


@pytest.mark.slow
def test_a_task_is_explained_by_the_encoder_of_the_embedding_and_kept(folder, monkeypatch):
    app = explain_one(folder, monkeypatch, embedding="mine")
    assert app.selectbox(key="explain_encoder").options[0] == "net"
    what = next(box for box in app.selectbox if box.label == "What moves")
    assert what.options == ["weight", "nearness to another observation"]
    app = press(app)
    text = words(app)
    assert "What moves weight" in text and "With random weights, rank correlation" in text
    assert "this is about the encoder" not in text
    assert [button.label for button in app.get("download_button")][-2:] == ["Save it", "How it was made"]
    monkeypatch.setattr(jobs, "start", lambda *_, **__: pytest.fail("it was kept"))
    again = explain_one(folder, monkeypatch, embedding="mine")
    assert "What moves weight" in words(again)


@pytest.mark.slow
def test_the_other_observation_is_the_nearest_of_the_same_animal_unless_another_is_chosen(folder, monkeypatch):
    app = explain_one(folder, monkeypatch, embedding="mine")
    next(box for box in app.selectbox if box.label == "What moves").set_value("nearness to another observation").run()
    box = next(box for box in sound(app).selectbox if box.label == "Which other observation")
    vectors = open_study(folder).embedding("mine").vectors
    own = [row for row in range(60) if row % 6 == 1 and row != 1]
    nearest = own[int(np.argmin(np.linalg.norm(vectors[own] - vectors[1], axis=1)))]
    assert box.value == f"row-{nearest}"
    assert "same animal" in box.options[0] and "another" in box.options[-1]
    text = words(press(app))
    assert rf"nearness to row\-{nearest}" in text


@pytest.mark.slow
def test_another_space_says_that_the_encoder_did_not_make_it(folder, monkeypatch):
    text = words(press(explain_one(folder, monkeypatch, embedding="features")))
    assert r"was made by measured features, z\-scored; this is about the encoder net" in text


@pytest.mark.slow
def test_without_an_encoder_its_folder_is_asked_for_and_a_wrong_one_is_told(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    app = explain_one(folder, monkeypatch)
    assert "No encoder that reads this study is known here" in words(app)
    app.text_input(key="explain_folder").input(str(tmp_path)).run()
    assert "There is no encoder of ours in" in words(sound(app))
    save_model(
        tmp_path / "a" / "wide",
        build_encoder(CONFIG.model_copy(update={"task_dims": 0})),
        ModelInfo(name="wide", config=CONFIG, features=("x", "y", "z", "p_0")),
        "",
    )
    app.text_input(key="explain_folder").input(str(tmp_path / "a" / "wide")).run()
    assert "wide reads what this study does not have" in words(sound(app))


@pytest.mark.slow
def test_a_failed_explanation_is_told_and_can_be_tried_again(folder, monkeypatch):
    weights = folder.parent / "net" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + b"\x00\x00\x00\x00")
    app = press(explain_one(folder, monkeypatch, embedding="mine"))
    assert "its hash differs" in words(app)
    weights.write_bytes(content)
    assert "What moves weight" in words(press(app, "Try again"))


def test_the_bars_are_the_largest_on_top_in_the_colours_of_the_overlay():
    parts = np.linspace(-1, 2, 30)
    found = Explanation(b"", {}, (), parts, np.arange(30.0))
    names = tuple(f"f{place}" for place in range(30))
    bar = bars(names, found, _PALETTES["dark"]).data[0]
    assert len(bar.x) == 20 and list(np.abs(bar.x)) == sorted(np.abs(bar.x), reverse=True)
    assert bar.y[0] == "f29" and bar.customdata[0] == 29
    assert {(x >= 0, colour) for x, colour in zip(bar.x, bar.marker.color, strict=True)} == {
        (True, "#E69F00"),
        (False, "#0072B2"),
    }
