"""The folder of a sweep: what it was started with, which cells are finished. Read without torch, by the app too."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer import __version__
from explorer.errors import UserError
from explorer.learning.sweep_plan import Cell, SweepPlan
from explorer.study.atomic import write_text
from explorer.study.export import csv_bytes, manifest, write_with_manifest
from explorer.study.study import Study

PLAN, CELLS, RESULT = "plan.json", "cells", "cell.json"
TABLE, SUMMARY = "sweep.csv", "summary.csv"

COLUMNS = {
    "method": "str",
    "n": "Int64",
    "alpha": "float64",
    "seed": "int64",
    "steps": "int64",
    "best_step": "int64",
    "loss_per_triplet": "float64",
    "regression_loss": "float64",
    "triplets": "float64",
    "loss_summed": "float64",
    "anchors_dropped": "float64",
    "recall_at_1": "float64",
    "map_at_r": "float64",
    "labels_alike": "float64",
    "labels_alike_by_chance": "float64",
    "queries": "int64",
    "animals": "int64",
}
"""The columns of the table, in their order, one row a cell; a contract with whoever reads it."""


class SweepFile(BaseModel):
    """The ``plan.json`` of a sweep: all that its result depends on, by whose study and with which version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    plan: SweepPlan
    study: Annotated[str, Field(max_length=500)]
    data_hash: str
    encoder: dict[str, Any]
    version: str = __version__


@dataclass(frozen=True)
class Sweep:
    """A sweep as far as it has come. ``table`` has a row for each finished cell, with ``COLUMNS``, as planned."""

    folder: Path
    file: SweepFile
    table: pd.DataFrame

    @property
    def plan(self) -> SweepPlan:
        """What is swept."""
        return self.file.plan

    @property
    def total(self) -> int:
        """How many cells there will be."""
        return sum(1 for _ in self.plan.cells())

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return len(self.table) == self.total


def sweep_command(study: Path, file: SweepFile, out: Path) -> list[str]:
    """What makes the sweep that ``file`` describes, of the study in the folder ``study``."""
    side = ["--side", str(file.encoder["input_size"])] if file.encoder["architecture"] == "small_conv" else []
    return ["latent-explorer", "sweep", str(study), *file.plan.options, *side, "--out", str(out)]


def start_sweep(folder: Path, wanted: SweepFile) -> None:
    """Make the folder of a sweep, or make sure that it holds this one. Raises UserError when it holds anything else."""
    if (folder / PLAN).exists():
        there = read_file(folder)
        for part in ("plan", "encoder", "data_hash"):
            old, new = getattr(there, part), getattr(wanted, part)
            if old == new:
                continue
            what = {"encoder": "network", "data_hash": "data"}.get(part, part)
            if part == "plan":
                what = ", ".join(name for name in SweepPlan.model_fields if getattr(old, name) != getattr(new, name))
            raise UserError(
                f"the sweep in {folder} was started with another {what}",
                how="Go on with what it was started with, or start a new sweep in another folder",
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already", how="Choose another name, or move the old one away")
    write_text(folder / PLAN, wanted.model_dump_json(indent=1) + "\n")


def read_file(folder: Path) -> SweepFile:
    """What the sweep in ``folder`` was started with. Raises UserError when there is none, or it cannot be read."""
    path = folder / PLAN
    try:
        return SweepFile.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no sweep in {folder}", how="Check the path") from None
    except (ValidationError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot be read ({reason})", where=str(path), how="Start the sweep anew elsewhere") from None


def read_sweep(folder: Path) -> Sweep:
    """The sweep in ``folder`` as far as it has come. Raises UserError when there is none, or it cannot be read."""
    file = read_file(folder)
    found = [read_cell(folder, cell) for cell in file.plan.cells()]
    table = pd.DataFrame([row for row in found if row is not None], columns=list(COLUMNS))
    return Sweep(folder, file, table.astype(COLUMNS))


def read_cell(folder: Path, cell: Cell) -> dict[str, Any] | None:
    """The row of one cell; None while it is not finished. Raises UserError for one that cannot be read."""
    path = folder / CELLS / cell.folder / RESULT
    if not path.exists():
        return None
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        return {name: row[name] for name in COLUMNS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot be read ({reason})", where=str(path), how="Delete its folder") from None


def find_sweeps(folder: Path) -> list[Path]:
    """The folders of the sweeps in ``folder``, by name."""
    return sorted(path.parent for path in folder.glob(f"*/{PLAN}"))


def write_tables(sweep: Sweep, summary: pd.DataFrame, study: Study) -> None:
    """Write the table and the ``summary`` of a sweep into its folder, each with its manifest."""
    command = shlex.join(sweep_command(study.path, sweep.file, sweep.folder))
    for name, frame in ((TABLE, sweep.table), (SUMMARY, summary)):
        content = csv_bytes(frame)
        facts = manifest(
            file=str(sweep.folder / name),
            content=content,
            rows=len(frame),
            command=command,
            study={"name": study.name, "data_sha256": study.data_hash},
            plan=sweep.plan.model_dump(mode="json"),
            encoder=sweep.file.encoder,
            finished=sweep.finished,
        )
        write_with_manifest(sweep.folder / name, content, facts)
