"""What the app asks of this room, by paths, for a worker process.

The app itself must not import torch: that would cost each page seconds and the server its memory.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.engine import Report
from explorer.learning.onnx_options import OnnxOptions
from explorer.learning.sweep_plan import SweepPlan


def embed_at(path: Path, model_folder: Path, name: str, *, report: Report) -> None:
    """``embed_study`` by path."""
    from explorer.learning.embed import embed_study
    from explorer.study.study import open_study

    report(0.0, "loading the encoder")
    embed_study(open_study(path), model_folder, name, report=report)


def explain_at(
    path: Path,
    folder: Path,
    observation: str,
    task: str | None,
    near: str | None,
    file: str,
    out: Path,
    *,
    report: Report,
) -> None:
    """``explain_observation`` by paths, kept at ``out``."""
    report(0.0, "loading the encoder")
    from explorer.learning.explain_study import explain_observation
    from explorer.learning.explained import keep_explained
    from explorer.study.study import open_study

    found = explain_observation(open_study(path), folder, observation, task=task, near=near, file=file, report=report)
    keep_explained(out, found)


def embed_onnx_at(path: Path, file: Path, name: str, options: OnnxOptions, *, report: Report) -> None:
    """``embed_onnx`` by path."""
    from explorer.learning.embed_onnx import embed_onnx
    from explorer.study.study import open_study

    report(0.0, "opening the model")
    embed_onnx(open_study(path), file, name, options=options, report=report)


def train_at(path: Path, out: Path, name: str, seed: int, asked: Mapping[str, Any], *, report: Report) -> None:
    """``train`` by path, with checkpoints; ``asked`` are the choices of the recipe that differ from the usual one."""
    report(0.0, "loading what learns")
    from explorer.learning.recipe import read_recipe
    from explorer.learning.train import train, usual_config
    from explorer.study.study import open_study

    study, recipe = open_study(path), read_recipe(asked)
    train([study], usual_config(study), out, name=name, recipe=recipe, seed=seed, report=report, checkpoints=True)


def resume_at(path: Path, out: Path, *, report: Report) -> None:
    """Go on with the run in the folder ``out``, as it was started."""
    report(0.0, "loading what learns")
    from explorer.learning.runs import read_run
    from explorer.learning.train import train
    from explorer.study.study import open_study

    run = read_run(out)
    train(
        [open_study(path)],
        run.encoder,
        out,
        name=run.name,
        recipe=run.recipe,
        seed=run.seed,
        report=report,
        resume=True,
    )


def sweep_at(path: Path, plan: SweepPlan, out: Path, *, report: Report) -> None:
    """``run_sweep`` by path."""
    from explorer.learning.sweep import run_sweep
    from explorer.study.study import open_study

    report(0.0, "loading what learns")
    run_sweep(open_study(path), plan, out, report=report)
