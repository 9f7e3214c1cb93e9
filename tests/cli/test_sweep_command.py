"""``sweep`` as typed: tables with their manifest, stopped and gone on with, mistakes in one line."""

import json
import shlex
import shutil

import pandas as pd
import pytest
from mistakes import mistake

from explorer import cli
from explorer.learning.sweep_folder import COLUMNS

OPTIONS = ["--over", "alpha", "--values", "40", "50", "--methods", "angular", "--tasks", "weight", "breed", "parity"]
SHORT = ["--seeds", "2", "--steps", "6", "--animals", "4"]


@pytest.mark.slow
def test_a_sweep_prints_and_writes_what_its_manifest_makes_again(herd, tmp_path, capsys):
    study, out = herd.save(), tmp_path / "my sweep"
    assert cli.main(["sweep", str(study), *OPTIONS, *SHORT, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "recall@1" in told and "angular loss less the untrained network" in told and " ± " in told
    table = pd.read_csv(out / "sweep.csv")
    assert list(table.columns) == list(COLUMNS) and len(table) == 2 * 3
    content = {name: (out / name).read_bytes() for name in ("sweep.csv", "summary.csv")}
    command = json.loads((out / "summary.csv.manifest.json").read_text())["command"]
    assert cli.main(shlex.split(command)[1:]) == 0  # nothing is left to do
    shutil.rmtree(out)
    assert cli.main(shlex.split(command)[1:]) == 0
    assert content == {name: (out / name).read_bytes() for name in content}


@pytest.mark.slow
def test_a_sweep_that_was_interrupted_says_how_to_go_on_and_does(herd, tmp_path, capsys, monkeypatch):
    study, out = herd.save(), tmp_path / "sweep"

    def interrupting():
        def report(fraction, note):
            if note.startswith("run 3 of 6"):
                raise KeyboardInterrupt

        return report

    with monkeypatch.context() as patched:
        patched.setattr("explorer.cli.sweeping.reporter", interrupting)
        assert cli.main(["sweep", str(study), *OPTIONS, *SHORT, "--out", str(out)]) == 130
    said = capsys.readouterr().err
    beginning = "latent-explorer: stopped; go on with: "
    assert said.startswith(beginning) and len(pd.read_csv(out / "sweep.csv")) == 2
    assert cli.main(shlex.split(said.removeprefix(beginning))[1:]) == 0
    assert len(pd.read_csv(out / "sweep.csv")) == 6
    other = [*OPTIONS, "--seeds", "3", "--steps", "6", "--animals", "4"]
    assert "started with another seeds" in mistake(capsys, "sweep", study, *other, "--out", out)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--over", "miner"], "invalid choice"),
        (["--over", "alpha", "--values", "45", "95"], "an angle of 95 degrees"),
        (["--over", "alpha", "--values", "0", "45"], "not a number above 0"),
        (["--over", "matches", "--values", "1", "3"], "3 labels cannot agree where there are 2"),
        (["--over", "matches", "--matches", "2"], "Leave out --matches"),
        (["--over", "alpha", "--methods", "triplet"], "no method 'triplet'"),
        (["--over", "alpha", "--tasks", "wool", "bcs"], "no task 'wool'"),
        (["--over", "alpha", "--miner", "lucky"], "no miner 'lucky'"),
        (["--over", "alpha", "--seeds", "0"], "not a number of seeds"),
        (["--over", "alpha", "--side", "32"], "has no pictures"),
    ],
)
def test_each_mistake_is_one_line_and_leaves_nothing(herd, tmp_path, capsys, options, sentence):
    study = herd.save()
    assert sentence in mistake(capsys, "sweep", study, *options, "--out", tmp_path / "s")
    assert not (tmp_path / "s").exists()
