"""Sweeps: an encoder trained for each value of one choice and each seed, all measured with one yardstick."""

import json
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from explorer.engine import Report
from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig
from explorer.learning.look import Look
from explorer.learning.material import read_material
from explorer.learning.metric_loss import check_metric
from explorer.learning.model_files import load_model
from explorer.learning.recipe import Recipe
from explorer.learning.run_folders import CARD, DESCRIPTION, RUN, WEIGHTS, read_looks
from explorer.learning.sweep_folder import (
    CELLS,
    RESULT,
    Sweep,
    SweepFile,
    read_cell,
    read_sweep,
    start_sweep,
    write_tables,
)
from explorer.learning.sweep_plan import REGRESSING, Cell, SweepPlan
from explorer.learning.sweep_tables import summary
from explorer.learning.targets import check_tasks
from explorer.learning.train import train, usual_config
from explorer.learning.validation_map import MAP
from explorer.learning.yardstick import Measured, Yardstick
from explorer.study.atomic import write_text
from explorer.study.study import Study

SHARES = (0.6, 0.15, 0.25)
"""Of the animals, for training, validation and test: more for the test than usual, since it is what is compared."""

LOOKS = 6
"""At the validation animals in a cell, none of which ends it early."""

_READING = 0.02
"""Share of the progress that reading the pictures is given."""


def run_sweep(
    study: Study,
    plan: SweepPlan,
    out: Path,
    *,
    config: EncoderConfig | None = None,
    report: Report | None = None,
    cancel: threading.Event | None = None,
    device: str | None = None,
    workers: int | None = None,
    keep_models: bool = False,
) -> Sweep:
    """Train each cell of ``plan`` on ``study``, measure it, and write the tables into the folder ``out``.

    ``out`` will hold ``plan.json``; for each cell a folder with ``config.json``, ``metrics.jsonl`` and ``cell.json``,
    and with ``keep_models`` its encoder (3 MB each, usually); ``sweep.csv`` and ``summary.csv``, as far as they go,
    after every cell. After a kill, or ``cancel``, the same call goes on within the cell where it stood and gives the
    same tables, bit for bit on the same processor with as many threads. config: of the network, by default the usual.

    Losses of different n are of different triplets, losses of different alpha are different functions: neither can be
    compared. What can is ``Measured`` on the test animals, which are the same for all cells of a seed. Raises
    UserError for what cannot be learnt and for an ``out`` that holds anything but this sweep; Cancelled soon after
    ``cancel`` is set.
    """
    tell = report or (lambda _fraction, _note: None)
    config = config or usual_config(study)
    for cell in plan.cells():
        recipe = recipe_of(plan, cell)
        check_metric(recipe)
        check_tasks([study], recipe)
    file = SweepFile(plan=plan, study=study.name, data_hash=study.data_hash, encoder=config.model_dump(mode="json"))
    start_sweep(out, file)
    waiting = [cell for cell in plan.cells() if read_cell(out, cell) is None]
    if waiting:
        material = read_material([study], config, report=lambda f, note: tell(_READING * f, note), workers=workers)
        measure = Yardstick(study, material, plan.tasks)
        total = sum(1 for _ in plan.cells())
        for place, cell in enumerate(waiting):
            said = f"run {total - len(waiting) + place + 1} of {total} ({plan.told(cell)})"

            def tell_of(fraction: float, note: str, said: str = said, place: int = place) -> None:
                done = (place + min(fraction, 0.99)) / len(waiting)
                tell(_READING + (0.99 - _READING) * done, f"{said}: {note}")

            _run(study, plan, cell, out, config, measure, tell_of, cancel, device, workers)
            if not keep_models:
                _drop(out / CELLS / cell.folder)
            found = read_sweep(out)
            write_tables(found, summary(found), study)
    found = read_sweep(out)
    write_tables(found, summary(found), study)
    tell(1.0, f"{found.total} runs")
    return found


def config_of(study: Study, side: int | None) -> EncoderConfig:
    """The usual network for ``study``, for pictures of ``side`` pixels if that is given, which is quicker for less."""
    config = usual_config(study)
    if side is None:
        return config
    if config.architecture != "small_conv":
        raise UserError(f"{study.name} has no pictures, so they have no side", how="Leave out --side")
    try:
        return EncoderConfig(**{**config.model_dump(), "input_size": side})
    except ValueError:
        step = 2 ** len(config.widths)
        raise UserError(f"{side} pixels do not suit the network", how=f"Give a multiple of {step} up to 512") from None


def recipe_of(plan: SweepPlan, cell: Cell) -> Recipe:
    """What one cell is trained by: only the labels are learnt, and all steps are taken.

    OPML+MSE is taken for one more layer that says the tasks, and "OPML and dimensions" for dimensions of the embedding
    that do, both with the weight 1 of the mean over the tasks of their squared errors in spreads.
    """
    regress = plan.regress if cell.method in REGRESSING else ()
    recipe = Recipe(
        steps=plan.steps,
        animals=plan.animals,
        warm_up=min(100, max(1, plan.steps // 5)),
        look_every=max(1, plan.steps // LOOKS),
        patience=plan.steps,
        shares=SHARES,
        identity=0.0,
        tasks=plan.tasks,
        min_matches=plan.matches_of(cell),
        loss="angular" if cell.method == "angular" else "opml",
        loss_options={"alpha": plan.alpha_of(cell)},
        miner=plan.miner,
        regress=regress,
        weight=1 / len(regress) if regress else 0.1,
        final_layer=cell.method == "opml_mse",
    )
    if cell.method == "untrained":
        return replace(recipe, steps=1, rate=0.0, warm_up=1, look_every=1, loss="angular")  # OPML's map would be fitted
    return recipe


def _run(
    study: Study,
    plan: SweepPlan,
    cell: Cell,
    out: Path,
    config: EncoderConfig,
    measure: Yardstick,
    tell: Report,
    cancel: threading.Event | None,
    device: str | None,
    workers: int | None,
) -> None:
    """Train one cell, or go on with it, measure it and write its row."""
    folder, recipe, start = out / CELLS / cell.folder, recipe_of(plan, cell), time.perf_counter()
    if not (folder / WEIGHTS).exists():
        train(
            [study],
            config,
            folder,
            name=cell.folder,
            recipe=recipe,
            seed=cell.seed,
            report=tell,
            cancel=cancel,
            device=device,
            workers=workers,
            checkpoints=True,
            resume=(folder / RUN).exists(),
        )
    looks = read_looks(folder)
    measured = measure(load_model(folder), torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu")))
    row = row_of(plan, cell, recipe, looks, measured)
    texts = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
    write_text(folder / RESULT, json.dumps(texts | {"seconds": round(time.perf_counter() - start, 1)}, indent=1) + "\n")


def row_of(plan: SweepPlan, cell: Cell, recipe: Recipe, looks: Sequence[Look], measured: Measured) -> dict[str, Any]:
    """The row of a cell, ``COLUMNS`` of ``sweep_folder``.

    Losses and triplets are those of the steps since the look before the last one, in the mean over the batches: what
    training came to. Anchors dropped are counted over all steps. The untrained control has none of these.
    """
    last = looks[-1]
    best = max(looks, key=lambda look: look.rank)
    trained = cell.method != "untrained"
    loss = last.parts["matching"] if trained else math.nan
    anchors = sum(look.anchors for look in looks)
    tasks = len(recipe.regress)
    return {
        "method": cell.method,
        "n": plan.matches_of(cell) if trained else None,
        "alpha": plan.alpha_of(cell) if trained else math.nan,
        "seed": cell.seed,
        "steps": recipe.steps if trained else 0,
        "best_step": best.step if trained else 0,
        "loss_per_triplet": loss,
        "regression_loss": last.parts["regression"] / tasks if tasks else math.nan,
        "triplets": last.triplets if trained else math.nan,
        "loss_summed": loss * last.triplets if trained else math.nan,
        "anchors_dropped": sum(look.anchors_dropped for look in looks) / anchors if trained and anchors else math.nan,
        **asdict(measured),
    }


def _drop(folder: Path) -> None:
    """Remove a measured cell's encoder and keep what it was trained by and what was seen."""
    for name in (WEIGHTS, DESCRIPTION, CARD, MAP):
        (folder / name).unlink(missing_ok=True)
