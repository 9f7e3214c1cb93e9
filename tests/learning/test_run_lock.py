"""One process at a time trains into a folder."""

import json
import signal
import subprocess
import sys
import time

import pytest

from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig
from explorer.learning.model_files import load_model
from explorer.learning.recipe import Recipe
from explorer.learning.run_lock import held, is_held
from explorer.learning.train import train

CONFIG = EncoderConfig(architecture="multilayer", input_size=4, dims=8, widths=(16,))
LONG = Recipe(steps=900_000, animals=4, each=4, warm_up=4, look_every=20, patience=99_999, shares=(0.5, 0.25, 0.25))

TRAINS = """
import json, sys
from pathlib import Path
from explorer.learning.encoders import EncoderConfig
from explorer.learning.recipe import read_recipe
from explorer.learning.train import train
from explorer.study.study import open_study

given = json.loads(sys.argv[1])
def report(fraction, note):
    if note.startswith("step 20 "):
        print("learns", flush=True)
train([open_study(given["study"])], EncoderConfig(**given["config"]), Path(given["out"]),
      recipe=read_recipe(given["recipe"]), report=report, checkpoints=True, workers=0)
"""


@pytest.mark.slow
def test_a_run_that_is_being_trained_is_not_resumed_beside_and_one_that_was_killed_is(herd, tmp_path):
    study, out = herd.open(), tmp_path / "run"
    given = {"study": str(study.path), "config": CONFIG.model_dump(), "out": str(out), "recipe": LONG.described()}
    first = subprocess.Popen([sys.executable, "-c", TRAINS, json.dumps(given)], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "learns\n"
        assert is_held(out)
        half = out / ".metrics.jsonl.0123.partial"
        half.write_text("of the one that trains")
        with pytest.raises(UserError, match="another process is training the run in") as caught:
            train([study], CONFIG, out, recipe=LONG, resume=True, workers=0)
        assert str(caught.value).count(".") <= 2 and half.exists() and first.poll() is None
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stdout.close()
    assert not is_held(out)
    steps = []

    def stop(fraction, note):
        if note.startswith("step"):
            steps.append(int(note.split()[1].replace(",", "")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([study], CONFIG, out, recipe=LONG, resume=True, workers=0, report=stop)
    assert steps[0] > 20 and not half.exists() and not is_held(out)


@pytest.mark.slow
def test_somebody_who_only_looks_stops_nobody(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    looker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom pathlib import Path\nfrom explorer.learning.run_lock import is_held\n"
            "print('looks', flush=True)\nend = time.monotonic() + 3\n"
            "while time.monotonic() < end: is_held(Path(sys.argv[1]))",
            str(tmp_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert looker.stdout.readline() == "looks\n"
        end = time.monotonic() + 1
        while time.monotonic() < end:
            with held(tmp_path):
                pass
    finally:
        looker.kill()
        looker.wait()
        looker.stdout.close()


def test_an_ended_run_is_free_and_leaves_no_lock_behind(herd, tmp_path):
    recipe = Recipe(steps=4, animals=4, each=4, warm_up=2, look_every=2, shares=(0.5, 0.25, 0.25))
    train([herd.open()], CONFIG, tmp_path / "m", recipe=recipe, checkpoints=True, workers=0)
    assert not is_held(tmp_path / "m") and not is_held(tmp_path / "nowhere")
    assert load_model(tmp_path / "m").info.name == "encoder"
    assert sorted(file.name for file in (tmp_path / "m").iterdir()) == [
        "card.md",
        "config.json",
        "metrics.jsonl",
        "model.json",
        "model.safetensors",
        "validation_map.npz",
    ]
