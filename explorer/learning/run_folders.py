"""The folders of runs and encoders, as anybody may look into them: the app does, without PyTorch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from explorer.errors import UserError
from explorer.learning.look import Look

WEIGHTS, DESCRIPTION, CARD = "model.safetensors", "model.json", "card.md"
RUN = "config.json"
"""What a training run was started with; a folder with this and without weights is a run that has not ended."""

METRICS = "metrics.jsonl"
"""One look a line: the fields of ``Look``."""

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class RunFolder:
    """A run as its folder shows it: what it was asked (``recipe``, as ``Recipe.described``), and what it has seen.

    ``data`` are the hashes of the data it learns from, one a study; ``began`` is when its ``config.json`` was written,
    in seconds since 1970. An encoder whose folder tells of no run has no looks, and its description's recipe.
    """

    folder: Path
    name: str
    recipe: Mapping[str, Any]
    seed: int
    encoder: Mapping[str, Any]
    data: tuple[str, ...]
    looks: tuple[Look, ...]
    finished: bool
    began: float

    @property
    def best(self) -> Look | None:
        """The look whose encoder is kept, or would be if the run ended now; None before the first."""
        return max(self.looks, key=lambda look: look.rank, default=None)

    @cached_property
    def card(self) -> str:
        """The card of its encoder; empty when there is none."""
        return read_card(self.folder)

    @cached_property
    def parts(self) -> tuple[dict[str, tuple[str, ...]], ...]:
        """Of each study that a finished encoder has learnt from: the animals to train, validation and test."""
        described = _read_json(self.folder / DESCRIPTION) if self.finished else {}
        return tuple(
            {part: tuple(map(str, study.get(part, ()))) for part in ("train", "validation", "test")}
            for study in described.get("trained_on", ())
        )


def read_run_folder(folder: Path) -> RunFolder:
    """The run in ``folder``, going on or ended. Raises UserError when there is none, or none that can be read."""
    path = folder / RUN
    told = _read_json(path)
    try:
        return RunFolder(
            folder=folder,
            name=str(told["name"]),
            recipe=dict(told["recipe"]),
            seed=int(told["seed"]),
            encoder=dict(told["encoder"]),
            data=tuple(str(study["data_hash"]) for study in told["studies"]),
            looks=read_looks(folder),
            finished=(folder / WEIGHTS).exists(),
            began=path.stat().st_mtime,
        )
    except (KeyError, TypeError, ValueError, OSError):
        raise UserError(
            "is not what a training run was started with", where=str(path), how="Move the folder away"
        ) from None


def read_card(folder: Path) -> str:
    """The card of the encoder in ``folder``; empty when there is none."""
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def read_encoder_folder(folder: Path) -> RunFolder:
    """An encoder in ``folder`` of which no run need be known. Raises UserError when it has no readable description."""
    if (folder / RUN).exists():
        return read_run_folder(folder)
    path = folder / DESCRIPTION
    told = _read_json(path)
    try:
        data = tuple(str(study["data_hash"]) for study in told["trained_on"])
        recipe, encoder, seed = dict(told["recipe"]), dict(told["config"]), int(told["seed"])
        return RunFolder(folder, str(told["name"]), recipe, seed, encoder, data, (), True, path.stat().st_mtime)
    except (KeyError, TypeError, ValueError, OSError):
        raise UserError("does not describe an encoder", where=str(path), how="Copy the encoder again") from None


def read_looks(folder: Path) -> tuple[Look, ...]:
    """The looks of the run in ``folder`` so far; none before the first. Raises UserError for a file that is no such."""
    path = folder / METRICS
    try:
        return tuple(Look(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, RecursionError):
        raise UserError("cannot be read as the looks of a run", where=str(path), how="Move it away") from None


def runs_in(place: Path) -> tuple[list[RunFolder], list[str]]:
    """The runs in the folders of ``place``, the one begun last first, and a sentence on each that cannot be read."""
    found, wrong = [], []
    for path in sorted(place.glob(f"*/{RUN}")):
        try:
            found.append(read_run_folder(path.parent))
        except UserError as error:
            wrong.append(str(error))
    return sorted(found, key=lambda run: run.began, reverse=True), wrong


def _read_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"cannot be read ({str(error).splitlines()[0]})", where=str(path), how="Give a run's folder"
        ) from None
    return told if isinstance(told, dict) else {}
