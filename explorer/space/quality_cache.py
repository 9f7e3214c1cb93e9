"""What was measured of maps, kept on disk under names made of what went in."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from explorer.space.quality_bands import Groups
from explorer.study.atomic import atomic_file
from explorer.study.fingerprint import hash_json
from explorer.study.spoilt import SPOILT
from explorer.study.study import Study

T = TypeVar("T")
Facts = dict[str, Any]
Arrays = dict[str, npt.NDArray[Any]]

_VERSION = 1  # raised when a measure changes, so that old numbers are not read as new ones


def kept_at(study: Study, kind: str, *made_of: object) -> Path:
    """Where the result ``kind`` of ``made_of`` is kept: JSON-able values, or arrays, which count by their content."""
    key = hash_json([_VERSION, kind, *(_content(one) if isinstance(one, np.ndarray) else one for one in made_of)])
    return study.cache / "quality" / f"{kind}-{key[:20]}.npz"


def _content(array: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256(f"{array.dtype} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def read_kept(path: Path) -> tuple[Facts, Arrays] | None:
    """The facts and the arrays at ``path``; None when there are none, or they are spoilt."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(str(arrays.pop("facts")))
    except SPOILT:
        return None
    return (facts, arrays) if isinstance(facts, dict) else None


def read_as(path: Path, made: Callable[[Facts, Arrays], T]) -> T | None:
    """What ``made`` makes of the facts and the arrays at ``path``; None when there are none, or they are others."""
    found = read_kept(path)
    if found is None:
        return None
    try:
        return made(*found)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def keep(path: Path, facts: Facts, arrays: Arrays) -> None:
    """Write them, atomically. Raises UserError when the disk or the rights do not allow it."""
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        written: dict[str, Any] = {**arrays, "facts": np.array(json.dumps(facts))}
        np.savez(stream, **written)


def animal_codes(study: Study) -> Groups | None:
    """Whose each observation is, int64 (n,), -1 where it is not known; None when the study has no animals."""
    return None if study.animal is None else study.animal.cat.codes.to_numpy().astype(np.int64)
