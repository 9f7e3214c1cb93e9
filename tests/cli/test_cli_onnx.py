"""``embed`` with an ONNX file, as typed."""

import shlex

import numpy as np
import pytest
from mistakes import mistake
from onnx_models import linear, mean_colour

from explorer import cli
from explorer.study.study import open_study


def test_the_note_holds_a_command_that_makes_the_same_again(herd, tmp_path, capsys, monkeypatch):
    study = herd.pictured("bytes").save()
    mean_colour(tmp_path / "net.onnx", side=8)
    monkeypatch.chdir(tmp_path)
    options = ["--onnx-mean", "0.5", "0.4", "0.3", "--onnx-std", "0.2", "--onnx-colours", "bgr", "--onnx-raw"]
    assert cli.main(["embed", str(study), "--model", "net.onnx", "--as", "one", *options]) == 0
    said = capsys.readouterr().out
    assert "40 of 40 observations have a vector of 3 dimensions in 'one'" in said
    assert "pictures of 8 x 8 pixels, BGR from 0 to 1, less a mean and over a spread of each" in said
    one = open_study(study).embedding("one")
    grey = 5 * np.arange(40)[:, None] / 255
    np.testing.assert_allclose(one.vectors, (grey - [0.5, 0.4, 0.3]) / 0.2, atol=1e-5)
    command = one.note.command.replace("STUDY", str(study)).replace("--as one", "--as two")
    assert cli.main(shlex.split(command)[1:]) == 0
    np.testing.assert_array_equal(open_study(study).embedding("two").vectors, one.vectors)
    assert cli.main(["embed", str(study), "--model", "net.onnx"]) == 0
    assert open_study(study).embedding("net").note.normalised


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "herd", "--onnx-range", "255"], "--onnx-range changes nothing: herd is no .onnx file"),
        (["--model", "pixels", "--onnx-raw"], "--onnx-raw changes nothing: pixels is no .onnx file"),
        (["--model", "no.onnx"], "there is no file no.onnx"),
        (["--model", "net.onnx", "--average", "five"], "not averaged over views"),
        (["--model", "net.onnx", "--onnx-std", "0"], "--onnx-std cannot be so: each std must be above 0"),
        (["--model", "net.onnx", "--onnx-mean", "nan"], "--onnx-mean cannot be so"),
        (["--model", "net.onnx", "--onnx-mean", "1", "2"], "2 numbers of --onnx-mean for 4 features"),
        (["--model", "net.onnx", "--onnx-side", "64"], "so --onnx-side changes nothing"),
        (["--model", "net.onnx", "--onnx-side", "4"], "not a side in pixels (8 to 2048)"),
        (["--model", "net.onnx", "--onnx-output", "z"], "no output 'z'. Its outputs are: y"),
        (["--model", "wide.onnx"], "reads 9 features, and Small herd has 4 feature columns"),
        (["--model", "text.onnx"], "text.onnx"),
    ],
)
def test_each_mistake_is_one_line_and_leaves_nothing(herd, tmp_path, capsys, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    study = herd.save()
    linear(tmp_path / "net.onnx", np.eye(4), np.zeros(4))
    linear(tmp_path / "wide.onnx", np.eye(9), np.zeros(9))
    (tmp_path / "text.onnx").write_text("a letter to the vet")
    assert sentence in mistake(capsys, "embed", study, *options, "--as", "mine")
    assert open_study(study).embedding_names == ["features"]
