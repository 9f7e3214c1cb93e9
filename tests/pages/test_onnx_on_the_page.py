"""An ONNX file on the Data page, in process."""

import time

import numpy as np
import pytest
from onnx_models import linear
from visiting import herd, run, sound, words

from explorer.study.study import open_study
from explorer.ui import jobs


def data_page(folder, monkeypatch, path):
    app = sound(run(folder, monkeypatch, "data"))
    app.button_group(key="data_part").set_value("Embeddings of the study at hand").run()
    app.selectbox(key="embed_encoder").set_value("another folder or file").run()
    app.text_input(key="embed_folder").input(str(path)).run()
    return sound(app)


def embed(app, folder):
    next(button for button in app.button if button.label == "Embed").click().run()
    key = f"embed-{open_study(folder).path}"
    for _ in range(300):
        if jobs.state(key) not in ("waiting", "running"):
            break
        time.sleep(0.1)
    return sound(app.run())


@pytest.mark.slow
def test_a_file_by_its_path_embeds_the_study_as_the_page_says(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    path = linear(tmp_path / "net.onnx", np.eye(4)[:, :3], np.zeros(3))
    app = data_page(folder, monkeypatch, path)
    assert app.text_input(key="embed_name_net.onnx").value == "net"
    app.selectbox(key="onnx_scale").set_value("own numbers").run()
    app.text_input(key="onnx_mean").input("1, 2, 3, 4").run()
    app.text_input(key="onnx_std").input("2").run()
    app.toggle(key="onnx_normalise").set_value(False).run()
    assert "The embedding is ready" in words(embed(app, folder))
    study = open_study(folder)
    found = study.embedding("net")
    expected = (study.table.numbers(["p_0", "p_1", "p_2", "p_3"]) - [1, 2, 3, 4]) / 2
    np.testing.assert_allclose(found.vectors, expected[:, :3], atol=1e-5)
    assert found.note.encoder_options["std"] == [2.0] and not found.note.normalised


@pytest.mark.slow
def test_what_does_not_fit_is_told_by_the_names_of_the_page(tmp_path, monkeypatch):
    folder = herd(tmp_path / "herd")
    app = data_page(folder, monkeypatch, linear(tmp_path / "net.onnx", np.eye(4), np.zeros(4)))
    app.selectbox(key="onnx_scale").set_value("own numbers").run()
    app.text_input(key="onnx_mean").input("1 2").run()
    text = words(embed(app, folder))
    assert "2 numbers of *Means* for 4 features" in text and "--onnx" not in text
    app.text_input(key="onnx_mean").input("many").run()
    assert "'many' are no numbers" in words(sound(app))
    assert open_study(folder).embedding_names == ["features"]
