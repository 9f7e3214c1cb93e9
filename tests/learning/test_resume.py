"""A run that was stopped and goes on must give what it would have given, bit for bit."""

import dataclasses
import json
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from explorer.engine import Cancelled
from explorer.errors import UserError
from explorer.learning import event_files, runs
from explorer.learning.checkpoints import CHECKPOINT, Checkpoint, read_checkpoint, write_checkpoint
from explorer.learning.encoders import EncoderConfig
from explorer.learning.look import Look
from explorer.learning.model_files import RUN, WEIGHTS, load_model
from explorer.learning.recipe import Recipe
from explorer.learning.runs import METRICS, read_run
from explorer.learning.train import train
from explorer.learning.validation_map import MAP
from explorer.study.study import open_study

CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))
SHORT = Recipe(steps=24, animals=4, each=4, warm_up=4, look_every=6, shares=(0.5, 0.25, 0.25))
CHOICES = {
    "identity": {},
    "gradual": {"turnover": 0.25},
    "drawn triplets": {"miner": "distance_weighted"},
    "tasks": {"tasks": ("weight", "breed", "parity"), "min_matches": 2, "regress": ("bcs", "trend")},
    "opml": {"loss": "opml", "regress": ("bcs",)},
    "opml and a layer": {"loss": "opml", "regress": ("bcs", "weight"), "final_layer": True},
    "clusters found anew": {"loss": "magnet", "refresh_every": 5, "animals": 3},
    "centers that are learnt": {"loss": "triplet_center"},
    "centers that are moved": {"loss": "center"},
    "regression alone": {"identity": 0.0, "regress": ("bcs", "trend")},
}


def metrics_of(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def stopped(study, out, recipe, step, *, config=CONFIG, **options):
    """A run that is cancelled at ``step``."""
    cancel = threading.Event()

    def report(fraction, note):
        if note.startswith(f"step {step} "):
            cancel.set()

    with pytest.raises(Cancelled):
        train([study], config, out, recipe=recipe, report=report, cancel=cancel, checkpoints=True, workers=0, **options)


def same(one, other, folder, control):
    assert one.model.hash == other.model.hash == load_model(folder).hash == load_model(control).hash
    assert one.looks == other.looks and one.best == other.best
    for file in (METRICS, RUN, MAP):
        assert (folder / file).read_bytes() == (control / file).read_bytes(), file


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_encoder(herd, tmp_path, choice):
    study = herd.open()
    recipe = dataclasses.replace(SHORT, **CHOICES[choice])
    whole = train([study], CONFIG, tmp_path / "whole", recipe=recipe, workers=0)
    stopped(study, tmp_path / "run", recipe, 15)
    assert len(metrics_of(tmp_path / "run")) == 2 and not (tmp_path / "run" / WEIGHTS).exists()
    torch.rand(5)
    resumed = train([study], CONFIG, tmp_path / "run", recipe=recipe, resume=True, workers=0)
    same(resumed, whole, tmp_path / "run", tmp_path / "whole")
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == sorted(
        file.name for file in (tmp_path / "whole").iterdir()
    )


def test_pictures_go_on_too_and_more_than_once(coats, tmp_path, pictures):
    """Convolutions, batch statistics, augmentation; stopped before the first look, then after two of them."""
    study = coats.open()
    whole = train([study], pictures, tmp_path / "whole", recipe=SHORT, workers=0)
    stopped(study, tmp_path / "run", SHORT, 5, config=pictures)
    assert read_checkpoint(tmp_path / "run") is None
    stopped(study, tmp_path / "run", SHORT, 10, config=pictures, resume=True)
    stopped(study, tmp_path / "run", SHORT, 20, config=pictures, resume=True)
    resumed = train([study], pictures, tmp_path / "run", recipe=SHORT, resume=True, workers=0)
    same(resumed, whole, tmp_path / "run", tmp_path / "whole")


KILLED = """
import os, signal, sys
from pathlib import Path
from explorer.learning.encoders import EncoderConfig
from explorer.learning.recipe import read_recipe
from explorer.learning.train import train
from explorer.study.study import open_study
import json

def report(fraction, note):
    if note.startswith("step 20 "):
        os.kill(os.getpid(), signal.SIGKILL)

given = json.loads(sys.argv[1])
train([open_study(given["study"])], EncoderConfig(**given["config"]), Path(given["out"]),
      recipe=read_recipe(given["recipe"]), report=report, checkpoints=True, workers=0)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_a_run_that_goes_on_to_the_same_encoder(coats, tmp_path, pictures):
    study = coats.open()
    recipe = dataclasses.replace(SHORT, regress=("bcs", "trend"), turnover=0.5)
    whole = train([study], pictures, tmp_path / "whole", recipe=recipe, workers=0)
    given = {
        "study": str(study.path),
        "config": pictures.model_dump(),
        "out": str(tmp_path / "run"),
        "recipe": recipe.described(),
    }
    ended = subprocess.run([sys.executable, "-c", KILLED, json.dumps(given)], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with pytest.raises(UserError, match="is a training run that has not ended"):
        load_model(tmp_path / "run")
    (tmp_path / "run" / ".metrics.jsonl.0123.partial").write_text("half")
    resumed = train([study], pictures, tmp_path / "run", recipe=recipe, resume=True, workers=0)
    same(resumed, whole, tmp_path / "run", tmp_path / "whole")
    assert not list((tmp_path / "run").glob(".*"))


KILLED_ANYWHERE = """
import json, os, signal, sys, threading
from pathlib import Path
from explorer.learning.encoders import EncoderConfig
from explorer.learning.recipe import read_recipe
from explorer.learning.train import train
from explorer.study.study import open_study

given = json.loads(sys.argv[1])
timer = threading.Timer(given["after"], os.kill, (os.getpid(), signal.SIGKILL))

def report(fraction, note):
    if note.startswith("step") and not timer.is_alive() and given["after"]:
        timer.start()

out = Path(given["out"])
train([open_study(given["study"])], EncoderConfig(**given["config"]), out, recipe=read_recipe(given["recipe"]),
      report=report, checkpoints=True, resume=(out / "config.json").exists(), workers=0)
timer.cancel()
"""


@pytest.mark.slow
def test_kills_at_any_moment_change_nothing(herd, tmp_path):
    """A checkpoint with every second step, so that kills come between writes and within them."""
    study = herd.open()
    recipe = dataclasses.replace(SHORT, steps=300, look_every=2, patience=999, regress=("bcs",), loss="opml")
    whole = train([study], CONFIG, tmp_path / "whole", recipe=recipe, workers=0)
    out, rng, kills = tmp_path / "run", np.random.default_rng(), 0
    given = {"study": str(study.path), "config": CONFIG.model_dump(), "out": str(out), "recipe": recipe.described()}
    while kills < 6:
        given["after"] = float(rng.uniform(0.01, 0.3))
        ended = subprocess.run(
            [sys.executable, "-c", KILLED_ANYWHERE, json.dumps(given)], capture_output=True, text=True
        )
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
    if not (out / WEIGHTS).exists():
        train([study], CONFIG, out, recipe=recipe, resume=True, workers=0)
    assert kills > 0 and load_model(out).hash == whole.model.hash
    for file in (METRICS, MAP):
        assert (out / file).read_bytes() == (tmp_path / "whole" / file).read_bytes(), file


def test_a_run_that_had_lost_patience_only_writes_its_model(herd, tmp_path, monkeypatch):
    """Killed between the last look and the end: there is no step left to take."""
    study = herd.open()
    recipe = dataclasses.replace(SHORT, steps=200, rate=0.0, patience=2)
    whole = train([study], CONFIG, tmp_path / "whole", recipe=recipe, workers=0)

    def full(*_, **__):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("explorer.learning.train.finish_run", full)
        with pytest.raises(OSError, match="disk full"):
            train([study], CONFIG, tmp_path / "run", recipe=recipe, checkpoints=True, workers=0)
    steps = []
    resumed = train(
        [study],
        CONFIG,
        tmp_path / "run",
        recipe=recipe,
        resume=True,
        workers=0,
        report=lambda fraction, note: steps.append(note) if note.startswith("step") else None,
    )
    assert steps == [] and whole.looks[-1].step < 200
    same(resumed, whole, tmp_path / "run", tmp_path / "whole")


def test_a_run_folder_says_what_was_asked_and_seen(herd, tmp_path):
    study = herd.open()
    trained = train([study], CONFIG, tmp_path / "m", name="mine", recipe=SHORT, seed=3, workers=0)
    described = json.loads((tmp_path / "m" / RUN).read_text())
    assert described["name"] == "mine" and described["seed"] == 3 and described["recipe"]["steps"] == 24
    assert described["studies"][0]["data_hash"] == study.data_hash and described["torch"] == torch.__version__
    seen = metrics_of(tmp_path / "m")
    assert [one["step"] for one in seen] == [6, 12, 18, 24]
    assert [one["recall"] for one in seen] == [look.recall for look in trained.looks]
    assert sum(one["anchors"] for one in seen) == 24 * 16 and all(one["anchors_dropped"] == 0 for one in seen)


def test_what_cannot_be_gone_on_with_is_refused(herd, tmp_path):
    study = herd.open()

    def refusal(out=tmp_path / "run", recipe=SHORT, config=CONFIG, **options):
        with pytest.raises(UserError) as caught:
            train([options.pop("study", study)], config, out, recipe=recipe, workers=0, **options)
        return str(caught.value)

    assert "no training run in" in refusal(tmp_path / "nowhere", resume=True)
    assert not (tmp_path / "nowhere").exists()
    stopped(study, tmp_path / "run", SHORT, 15)
    assert "holds a training run that has not ended. Go on with it" in refusal()
    assert "started with another seed" in refusal(resume=True, seed=9)
    assert "started with another name" in refusal(resume=True, name="other")
    assert "started with another rate, loss" in refusal(
        resume=True, recipe=dataclasses.replace(SHORT, rate=0.5, loss="angular")
    )
    assert "another encoder's configuration" in refusal(resume=True, config=CONFIG.model_copy(update={"dims": 9}))
    herd.observations["weight"] += 1.0
    assert "another data of the studies" in refusal(resume=True, study=herd.open())
    herd.observations["weight"] -= 1.0
    assert read_run(tmp_path / "run").recipe == SHORT
    train([herd.open()], CONFIG, tmp_path / "run", recipe=SHORT, resume=True, workers=0)
    assert "has ended" in refusal(resume=True)
    assert "exists already" in refusal()


def test_a_checkpoint_that_does_not_fit_is_refused(herd, tmp_path):
    study, out = herd.open(), tmp_path / "run"

    def refusal():
        with pytest.raises(UserError) as caught:
            train([study], CONFIG, out, recipe=SHORT, resume=True, workers=0)
        return str(caught.value)

    stopped(study, out, SHORT, 15)
    good = read_checkpoint(out)
    content = (out / CHECKPOINT).read_bytes()
    (out / CHECKPOINT).write_bytes(content[:500])
    assert "cannot be gone on from" in refusal()
    save_file(good.tensors, out / CHECKPOINT)
    assert "another format" in refusal()
    write_checkpoint(out, Checkpoint(good.tensors, good.values | {"run": "other"}))
    assert "is of another run" in refusal()
    write_checkpoint(out, Checkpoint({k: v for k, v in good.tensors.items() if "head" not in k}, good.values))
    assert "does not fit the run" in refusal()
    write_checkpoint(out, Checkpoint(good.tensors | {"best/head.bias": torch.zeros(3)}, good.values))
    assert "does not fit the run" in refusal()
    (out / RUN).write_text("{")
    assert "config.json: cannot be read" in refusal()


def test_a_checkpoint_holds_no_pickle_and_is_replaced_whole(tmp_path, monkeypatch):
    values = {"state": 2**127 + 1, "looks": [{"loss": 0.1}]}
    write_checkpoint(tmp_path, Checkpoint({"a/b": torch.arange(3)}, values))
    with safe_open(tmp_path / CHECKPOINT, "pt") as stored:
        assert json.loads(stored.metadata()["values"]) == values
    found = read_checkpoint(tmp_path)
    assert found.values == values and torch.equal(found.tensors["a/b"], torch.arange(3))

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(tmp_path, Checkpoint({"a/b": torch.zeros(9)}, {}))
    assert torch.equal(read_checkpoint(tmp_path).tensors["a/b"], torch.arange(3))


def test_another_version_of_torch_is_remarked(herd, tmp_path, monkeypatch):
    study = herd.open()
    with monkeypatch.context() as patched:
        patched.setattr(
            "explorer.learning.train.RunConfig",
            lambda **parts: runs.RunConfig(**parts, torch="2.10.0", version="0.0.1"),
        )
        stopped(study, tmp_path / "run", SHORT, 15)
    resumed = train([study], CONFIG, tmp_path / "run", recipe=SHORT, resume=True, workers=0)
    assert any("started on PyTorch 2.10.0" in remark for remark in resumed.remarks)
    assert any("started on latent-explorer 0.0.1" in remark for remark in resumed.remarks)


# --- TensorBoard -------------------------------------------------------------------------------------------


def test_without_tensorboard_one_sentence_says_so(herd, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    trained = train([herd.open()], CONFIG, tmp_path / "m", recipe=SHORT, tensorboard=True, workers=0)
    assert event_files.MISSING in trained.remarks and "latent-explorer[tensorboard]" in event_files.MISSING
    assert not (tmp_path / "m" / event_files.FOLDER).exists() and len(metrics_of(tmp_path / "m")) == 4


def test_event_files_hold_each_look_and_are_written_only_when_asked_for(herd, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    study = herd.open()
    recipe = dataclasses.replace(SHORT, regress=("bcs",))
    train([study], CONFIG, tmp_path / "plain", recipe=recipe, workers=0)
    assert not (tmp_path / "plain" / event_files.FOLDER).exists()
    stopped(study, tmp_path / "run", recipe, 15, tensorboard=True)
    trained = train([study], CONFIG, tmp_path / "run", recipe=recipe, resume=True, tensorboard=True, workers=0)
    events = EventAccumulator(str(tmp_path / "run" / event_files.FOLDER))
    events.Reload()
    scalars = events.Scalars("validation/recall_at_1")
    assert [one.step for one in scalars] == [6, 12, 18, 24]
    np.testing.assert_allclose([one.value for one in scalars], [look.recall for look in trained.looks], rtol=1e-6)
    assert {"loss", "loss/identity", "loss/regression", "error_in_spreads/bcs"} <= set(events.Tags()["scalars"])


def test_what_event_files_are_told():
    class Writer:
        def __init__(self):
            self.told, self.flushed, self.closed = {}, 0, False

        def add_scalar(self, name, value, global_step):
            self.told[name] = (value, global_step)

        def flush(self):
            self.flushed += 1

        def close(self):
            self.closed = True

    writer = Writer()
    events = event_files.EventFiles(writer)
    events.write(
        Look(7, 0.5, 0.9, 0.8, 0.4, alike=0.6, errors={"bcs": 0.5}, parts={"identity": 0.3}, anchors_dropped=2)
    )
    events.close()
    assert writer.flushed == 1 and writer.closed and {step for _, step in writer.told.values()} == {7}
    expected = {"loss": 0.5, "loss/identity": 0.3, "validation/nearest_alike": 0.6, "error_in_spreads/bcs": 0.5}
    assert {name: writer.told[name][0] for name in expected} == expected
    assert writer.told["mining/anchors_dropped"][0] == 2


def test_nothing_reads_a_run_as_a_study(herd, tmp_path):
    stopped(herd.open(), tmp_path / "run", SHORT, 15)
    with pytest.raises(UserError):
        open_study(tmp_path / "run")
    assert runs.read_run(tmp_path / "run").name == "encoder"
