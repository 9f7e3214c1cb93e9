import json
import shlex

import pytest

from explorer import cli
from explorer.places import sample_study
from explorer.study.study import open_study


@pytest.mark.slow
def test_explain_writes_a_picture_that_its_manifest_makes_again(tmp_path, capsys):
    folder = sample_study("herd")
    one, other = (str(name) for name in open_study(folder).ids[:2])
    out = tmp_path / "near.png"
    options = ["--model", "herd", "--observation", one, "--near", other]
    assert cli.main(["explain", str(folder), *options, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "random weights" in said
    content = out.read_bytes()
    command = json.loads((tmp_path / "near.png.manifest.json").read_text())["command"]
    out.unlink()
    assert cli.main(shlex.split(command)[1:]) == 0
    assert out.read_bytes() == content


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--near", "nobody", "--out", "x.png"], "no observation 'nobody'"),
        (["--task", "bcs", "--out", "x.png"], "no task 'bcs'"),
        (["--out", "x.png"], "--task"),
        (["--near", "nobody", "--out", "x.jpg"], "does not end in .png"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    folder = sample_study("herd")
    one = str(open_study(folder).ids[0])
    assert cli.main(["explain", str(folder), "--model", "herd", "--observation", one, *options]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not list(tmp_path.iterdir())
