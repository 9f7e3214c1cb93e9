"""Where a training run stands, on disk: one safetensors file, its plain values as JSON in the header. No pickles."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from explorer.errors import UserError
from explorer.learning.run_folders import CHECKPOINT
from explorer.study.atomic import atomic_file

_FORMAT = "1"


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and whatever else there is to know, as JSON can hold it."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Put it in the place of the folder's older one. A kill leaves the old one or the new one, never half of one."""
    content = save(checkpoint.tensors, metadata={"format": _FORMAT, "values": json.dumps(checkpoint.values)})
    with atomic_file(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(content)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The folder's checkpoint; None when it has none. Raises UserError for one that cannot be read."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        content = path.read_bytes()  # not mapped into memory: what is gone on from must not change under us
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        told = header.get("__metadata__", {})
        if told.get("format") != _FORMAT:
            raise ValueError("it is of another format")
        return Checkpoint(tensors, json.loads(told["values"]))
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
        raise UserError(
            f"cannot be gone on from: {str(error).splitlines()[0][:120]}", where=str(path), how="Start the run again"
        ) from None
