"""``train`` with its options, and ``embed --average``, as typed."""

import json
import sys

import pytest
from mistakes import mistake

from explorer import cli
from explorer.learning.metric_loss import METRIC_LOSSES, mines
from explorer.learning.miners import MINERS
from explorer.learning.model_files import load_model
from explorer.learning.recipe import Recipe
from explorer.learning.runs import METRICS
from explorer.study.study import open_study


def test_training_tasks_says_what_was_learnt(herd, tmp_path, capsys):
    study, out = herd.save(), tmp_path / "m"
    options = ["--tasks", "weight", "breed", "parity", "--min-matches", "2", "--regress", "bcs", "weight"]
    more = ["--loss", "angular", "--miner", "hard", "--weight", "0.5", "--gradual", "0.25", "--seed", "3"]
    assert cli.main(["train", str(study), "--out", str(out), "--steps", "3", *options, *more]) == 0
    told = capsys.readouterr().out
    assert "validation animals: recall@1" in told and "nearest observation alike" in told
    assert "validation animals: weight wrong by" in told and " kg (" in told
    model = load_model(out)
    assert model.info.name == "m" and model.info.seed == 3 and model.info.task_dimensions == {"bcs": 0, "weight": 1}
    recipe = model.info.recipe
    assert recipe["tasks"] == ["weight", "breed", "parity"] and recipe["min_matches"] == 2
    assert (recipe["loss"], recipe["miner"], recipe["weight"], recipe["turnover"]) == ("angular", "hard", 0.5, 0.25)
    assert recipe["identity"] == 1.0 and len((out / METRICS).read_text().splitlines()) == 1
    assert cli.main(["embed", str(study), "--model", str(out)]) == 0
    assert open_study(study).embedding("m").note.task_scales["weight"].unit == "kg"


def test_settings_of_the_loss_and_the_miner_are_given_by_name(herd, tmp_path):
    study, out = herd.save(), tmp_path / "m"
    options = ["--loss-option", "margin=0.4", "--loss-option", "squared=true", "--miner-option", "band=none"]
    assert cli.main(["train", str(study), "--out", str(out), "--steps", "2", *options]) == 0
    recipe = load_model(out).info.recipe
    assert recipe["loss_options"] == {"margin": 0.4, "squared": True} and recipe["miner_options"] == {"band": None}


def test_without_options_it_is_the_usual_recipe(herd, tmp_path):
    assert cli.main(["train", str(herd.save()), "--out", str(tmp_path / "m"), "--steps", "2"]) == 0
    described = json.loads((tmp_path / "m" / "config.json").read_text())["recipe"]
    usual = json.loads(json.dumps(Recipe().described()))
    assert described == usual | {"steps": 2} and load_model(tmp_path / "m").info.task_dimensions == {}


def test_regression_alone_and_a_final_layer(herd, tmp_path, capsys):
    arguments = ["train", str(herd.save()), "--steps", "2", "--regress", "bcs", "--no-identity"]
    assert cli.main([*arguments, "--out", str(tmp_path / "a")]) == 0
    assert load_model(tmp_path / "a").info.recipe["identity"] == 0
    assert cli.main([*arguments, "--final-layer", "--out", str(tmp_path / "b")]) == 0
    assert load_model(tmp_path / "b").info.task_dimensions == {}
    assert "bcs wrong by" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_was_interrupted_says_how_to_go_on_and_does(herd, tmp_path, capsys, monkeypatch):
    study, out, whole = herd.save(), tmp_path / "my run", tmp_path / "whole"
    options = ["--steps", "150", "--regress", "bcs", "--name", "n"]
    assert cli.main(["train", str(study), "--out", str(whole), *options]) == 0
    steps = []

    def interrupting():
        def report(fraction, note):
            steps.append(note)
            if note.startswith("step 120 "):
                raise KeyboardInterrupt

        return report

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr("explorer.cli.encoders.reporter", interrupting)
        assert cli.main(["train", str(study), "--out", str(out), *options]) == 130
    said = capsys.readouterr().err
    assert said == f"latent-explorer: stopped; go on with: latent-explorer train {study} --out '{out}' --resume\n"
    assert "has not ended" in mistake(capsys, "train", study, "--out", out, *options)
    assert "has not ended" in mistake(capsys, "embed", study, "--model", out, "--as", "x")
    assert "--seed changes nothing" in mistake(capsys, "train", study, "--out", out, "--resume", "--seed", "0")
    assert cli.main(["train", str(study), "--out", str(out), "--resume"]) == 0
    assert load_model(out).hash == load_model(whole).hash and load_model(out).info.name == "n"
    assert "has ended" in mistake(capsys, "train", study, "--out", out, "--resume")


def test_tensorboard_that_is_not_there_is_one_sentence(herd, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    out = tmp_path / "m"
    assert cli.main(["train", str(herd.save()), "--out", str(out), "--steps", "2", "--tensorboard"]) == 0
    assert "TensorBoard is not installed" in capsys.readouterr().out and not (out / "tensorboard").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--tasks", "wool"], "Small herd has no task 'wool'. Its tasks are: bcs, trend"),
        (["--regress", "wool"], "Small herd has no task 'wool'. Its tasks are: bcs, trend"),
        (["--regress", "breed"], "'breed' is nominal"),
        (["--regress"], "expected at least one argument"),
        (["--tasks", "bcs", "trend", "--min-matches", "3"], "3 tasks cannot agree where 2 are matched"),
        (["--tasks", "bcs", "--min-matches", "0"], "not a number of tasks (1 to 255)"),
        (["--tasks", "bcs", "--min-fraction", "0"], "above 0 and at most 1"),
        (["--tasks", "bcs", "--min-fraction", "2"], "not a number from 0 to 1"),
        (["--tasks", "bcs", "--min-fraction", "0.5", "--min-matches", "1"], "not allowed with"),
        (["--min-matches", "1"], "without tasks to match"),
        (["--loss", "cosface"], f"no metric loss 'cosface'. Choose one of: {', '.join(METRIC_LOSSES)}"),
        (["--miner", "lucky"], f"no miner 'lucky'. Choose one of: {', '.join(MINERS)}"),
        (["--loss", "histogram", "--miner", "hard"], "takes no triplets, so --miner changes nothing"),
        (["--loss", "center", "--tasks", "bcs"], "learns from classes"),
        (["--loss", "ladder"], "learns from tasks that agree"),
        (["--no-identity"], "nothing to learn"),
        (["--no-identity", "--regress", "bcs", "--loss", "opml"], "--loss changes nothing"),
        (["--no-identity", "--regress", "bcs", "--miner", "hard"], "--miner changes nothing"),
        (["--weight", "2"], "--weight changes nothing without tasks to --regress"),
        (["--regress", "bcs", "--weight", "0"], "not a number above 0"),
        (["--regress", "bcs", "--weight", "inf"], "not a number above 0"),
        (["--regress", "bcs", "--weight", "nan"], "not a number above 0"),
        (["--final-layer"], "a final layer says nothing without tasks"),
        (["--gradual", "0"], "--gradual must be above 0"),
        (["--gradual", "1.5"], "not a number from 0 to 1"),
        (["--loss", "magnet", "--gradual", "0.5"], "batches of clusters of its own"),
        (["--loss-option", "mrgin=1"], "has no option 'mrgin'. Its options are: margin, squared, reduction, normalise"),
        (["--loss-option", "margin"], "'margin' is not of the form NAME=VALUE"),
        (["--loss-option", "margin=wide"], "cannot be 'wide'. Give a number"),
        (["--loss-option", "margin=1", "--loss-option", "margin=2"], "--loss-option margin is given twice"),
        (["--loss", "angular", "--loss-option", "alpha=95"], "cannot be made: "),
        (["--miner-option", "band=-1"], "band must be above 0, not -1"),
        (["--miner", "hard", "--miner-option", "band=1"], "the miner 'hard' has no option 'band'"),
        (["--loss", "histogram", "--miner-option", "band=1"], "takes no triplets, so --miner-option changes nothing"),
        (["--no-identity", "--regress", "bcs", "--loss-option", "margin=1"], "--loss-option changes nothing"),
        (["--resume", "--loss-option", "margin=1"], "so --loss-option changes nothing"),
        (["--resume"], "no training run in"),
        (["--resume", "--steps", "9"], "so --steps changes nothing"),
        (["--resume", "--no-identity"], "so --no-identity changes nothing"),
    ],
)
def test_each_mistake_is_one_line_and_a_two_and_leaves_nothing(herd, tmp_path, capsys, options, sentence):
    study = herd.save()
    assert sentence in mistake(capsys, "train", study, "--out", tmp_path / "m", *options)
    assert not (tmp_path / "m").exists()


def test_only_pictures_are_averaged(herd, tmp_path, capsys):
    study = herd.save()
    assert cli.main(["train", str(study), "--out", str(tmp_path / "m"), "--steps", "1"]) == 0
    assert "no views to average over" in mistake(capsys, "embed", study, "--model", tmp_path / "m", "--average", "ten")
    herd.pictured("bytes").save()
    assert "not averaged" in mistake(capsys, "embed", study, "--model", "pixels", "--average", "five")
    assert cli.main(["embed", str(study), "--model", "herd", "--average", "five", "--as", "mean"]) == 0
    assert open_study(study).embedding("mean").note.averaged == "five"
    assert mines("triplet") and not mines("histogram")
