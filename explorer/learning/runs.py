"""The folder of a training run: what it was started with, what it saw, where it stands."""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer import __version__
from explorer.errors import UserError
from explorer.learning.encoders import EncoderConfig
from explorer.learning.look import Look
from explorer.learning.recipe import Recipe
from explorer.learning.run_folders import CHECKPOINT, METRICS, RUN, WEIGHTS
from explorer.study.atomic import write_text
from explorer.study.fingerprint import hash_json
from explorer.study.study import Study

_CHOICES = ("name", "encoder", "recipe", "seed", "studies")
_CIRCUMSTANCES = {"torch": "PyTorch", "device": "the device", "version": "latent-explorer"}


class LearntFrom(BaseModel):
    """A study, by its name and the hash of its data and of its ordered observation ids."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    data_hash: str
    ids_hash: str


class RunConfig(BaseModel):
    """The ``config.json`` of a run: all that its result depends on, and on what it was started."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: Annotated[str, Field(min_length=1, max_length=200)]
    encoder: EncoderConfig
    recipe: Recipe
    seed: int
    studies: tuple[LearntFrom, ...]
    device: str
    torch: str = torch.__version__
    version: str = __version__

    @property
    def fingerprint(self) -> str:
        """One hash over all that the result depends on but the last bits: not where and with which versions it ran."""
        values = json.loads(self.described())
        return hash_json({name: value for name, value in values.items() if name not in _CIRCUMSTANCES})

    def described(self) -> str:
        """As the file holds it."""
        values = self.model_dump(mode="json") | {"recipe": self.recipe.described()}
        return json.dumps(values, indent=1) + "\n"


def learnt_from(studies: Sequence[Study]) -> tuple[LearntFrom, ...]:
    """What identifies ``studies``."""
    return tuple(LearntFrom(study=one.name, data_hash=one.data_hash, ids_hash=one.ids_hash) for one in studies)


def start_run(folder: Path, config: RunConfig) -> None:
    """Make the folder of a new run. Raises UserError when it is in use."""
    refuse_used(folder)
    write_text(folder / RUN, config.described())


def refuse_used(folder: Path) -> None:
    """Raise UserError unless nothing is in the way of a new run or model in ``folder``."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if (folder / RUN).is_file() and not (folder / WEIGHTS).exists():
        raise UserError(
            f"{folder} holds a training run that has not ended",
            how="Go on with it with --resume, choose another name, or move it away",
        )
    raise UserError(f"{folder} exists already", how="Choose another name, or move the old one away")


def read_run(folder: Path) -> RunConfig:
    """What the unfinished run in ``folder`` was started with. Raises UserError when there is no such run."""
    path = folder / RUN
    if (folder / WEIGHTS).exists():
        raise UserError(f"the run in {folder} has ended, so there is nothing to go on with", how="Leave out --resume")
    try:
        return RunConfig.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"there is no training run in {folder} to go on with", how="Leave out --resume") from None
    except (ValidationError, ValueError, OSError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot be read ({reason})", where=str(path), how="Start the run again") from None


def resume_run(folder: Path, wanted: RunConfig) -> tuple[str, ...]:
    """Make sure that ``wanted`` is what the run in ``folder`` was started with; what else differs, in sentences.

    Raises UserError when there is no such run, and when its result would not be that of ``wanted``.
    """
    there = read_run(folder)
    for part in _CHOICES:
        old, new = getattr(there, part), getattr(wanted, part)
        if old == new:
            continue
        what = {"encoder": "encoder's configuration", "studies": "data of the studies"}.get(part, part)
        if part == "recipe":
            before, after = there.recipe.described(), wanted.recipe.described()
            what = ", ".join(name for name in before if _plain(before[name]) != _plain(after[name]))
            if not what:
                continue
        raise UserError(
            f"the run in {folder} was started with another {what}",
            how="Go on with what it was started with, or start a new run in another folder",
        )
    for left in folder.glob(".*.partial"):  # of a write that was killed
        with suppress(OSError):
            left.unlink()
    return tuple(
        f"the run was started on {what} {getattr(there, part)} and goes on on {getattr(wanted, part)}, so the last "
        "bits may differ from those of a run that was not stopped"
        for part, what in _CIRCUMSTANCES.items()
        if getattr(there, part) != getattr(wanted, part)
    )


def metrics_text(looks: Sequence[Look]) -> str:
    """The looks as the metrics file holds them."""
    return "".join(json.dumps(look.described()) + "\n" for look in looks)


def write_metrics(folder: Path, looks: Sequence[Look]) -> None:
    """Write the metrics file anew: it is small, and so never half of one."""
    write_text(folder / METRICS, metrics_text(looks))


def drop_checkpoint(folder: Path) -> None:
    """Remove what only an unfinished run needs."""
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
