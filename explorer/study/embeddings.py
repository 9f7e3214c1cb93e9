"""Embeddings of a study: one vector per observation, on disk or made of the measured features."""

import fnmatch
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import UserError
from explorer.study.atomic import atomic_file
from explorer.study.tables import Table, not_a_way_out

FOLDER = "embeddings"
FEATURES = "features"
"""Name of the embedding that every study with feature columns has."""

MOSTLY_MISSING = 0.10
"""A feature missing in more than this share of the rows is left out; one gap would otherwise cost a whole row."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CHUNK = 65_536


class TaskScale(BaseModel):
    """How a task dimension is read in the task's own ``unit``: ``mean + spread * value``, value that of the vector.

    ``mean`` is the task where the dimension is 0, ``spread`` what a length of 1 along it is worth.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    mean: float
    spread: Annotated[float, Field(gt=0)]
    unit: str | None = None

    def read(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """The dimension's ``values``, of any shape, in the task's unit; NaN stays NaN."""
        return self.mean + self.spread * np.asarray(values, dtype=np.float64)


class EmbeddingNote(BaseModel):
    """The ``embeddings/NAME.json`` beside the vectors: where they come from and whose they are.

    ``task_dimensions`` says which dimension (from 0) expresses a task, ``task_scales`` how it is read in the task's
    unit. ``averaged``: of which views of its picture each vector is the mean, if of any. ``encoder_options``: what an
    encoder from elsewhere was told, as its file did not say it (``OnnxOptions``).
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    observations: Annotated[str, Field(description="hash of the ordered observation ids")]
    encoder: str
    encoder_hash: str | None = None
    encoder_options: dict[str, Any] = {}
    normalised: bool = False
    task_dimensions: dict[str, int] = {}
    task_scales: dict[str, TaskScale] = {}
    averaged: str | None = None
    remarks: tuple[str, ...] = ()
    data_sha256: Annotated[str | None, Field(description="hash of study.toml and the tables it was made from")] = None
    made_with: dict[str, str] = {}
    command: str | None = None


@dataclass(frozen=True)
class Embedding:
    """One vector per observation.

    ``vectors`` is float32 (n, d), memory-mapped where it comes from a file; a row of NaN has no vector.
    ``note`` says where it comes from; ``remarks`` are sentences on what was left out, for the screen and exports.
    ``members`` is bool (n,): which observations it is about; None for all of them.
    """

    name: str
    vectors: npt.NDArray[np.float32]
    note: EmbeddingNote
    fingerprint: str
    columns: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    members: npt.NDArray[np.bool_] | None = None

    @property
    def dims(self) -> int:
        """Number of dimensions d."""
        return int(self.vectors.shape[1])

    @cached_property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which observations have a vector without NaN or infinite parts; bool (n,)."""
        out = np.empty(len(self.vectors), dtype=bool)
        ones = np.ones(self.dims, dtype=np.float32)
        for start in range(0, len(out), _CHUNK):
            chunk = self.vectors[start : start + _CHUNK]
            # A row's sum is NaN or infinite as soon as one part is; only rows that look so are gone through.
            with np.errstate(invalid="ignore", over="ignore"):
                fine = np.isfinite(chunk @ ones)
            fine[~fine] = np.isfinite(chunk[~fine]).all(axis=1)
            out[start : start + _CHUNK] = fine
        return out

    def task_values(self, task: str) -> npt.NDArray[np.float64]:
        """What the dimension of ``task`` says of each observation, in the task's unit: float64 (n,), NaN if nothing.

        Raises UserError when no dimension expresses the task, or none says in which unit.
        """
        place, scale = self.note.task_dimensions.get(task), self.note.task_scales.get(task)
        if place is None or scale is None or not 0 <= place < self.dims:
            known = ", ".join(name for name in self.note.task_dimensions if name in self.note.task_scales) or "none"
            raise UserError(
                f"no dimension of the embedding {self.name!r} says {task!r} in its own unit",
                how=f"Those that one says: {known}",
            )
        return scale.read(self.vectors[:, place])


def valid_name(name: str) -> str:
    """``name`` when it may name an embedding (a file name without tricks); raises UserError otherwise."""
    if not _NAME.fullmatch(name) or name == FEATURES:
        raise UserError(
            f"{name!r} cannot name an embedding",
            how=f"Use letters, digits, '.', '_' and '-', starting with a letter or digit, and not {FEATURES!r}",
        )
    return name


def stored_names(folder: Path) -> list[str]:
    """Names of the embeddings stored in a study's folder, sorted."""
    stems = (path.stem for path in (folder / FOLDER).glob("*.npy"))
    return sorted(stem for stem in stems if _NAME.fullmatch(stem) and stem != FEATURES)


def read_note(folder: Path, name: str) -> EmbeddingNote:
    """The note beside the vectors ``name``. Raises UserError when it is missing or wrong."""
    path = not_a_way_out(folder, folder / FOLDER / f"{name}.json")
    how = "Import the vectors again together with their table, so that each row gets its own vector"
    try:
        return EmbeddingNote.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError("is missing, so nothing says whose vectors these are", where=str(path), how=how) from None
    except (ValidationError, ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"cannot be read ({reason})", where=str(path), how=how) from None


def open_vectors(path: Path) -> npt.NDArray[np.float32]:
    """Memory-map float32 vectors (n, d). Raises UserError for anything else, object arrays (pickles) included."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path)) from None
    except (ValueError, TypeError, OSError, EOFError, SyntaxError, TokenError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        if "pickle" in reason.lower() or "Python objects" in reason:
            reason = "it holds Python objects, which could run code when opened"
        raise UserError(
            f"cannot be opened as vectors: {reason}",
            where=str(path),
            how="Save it again as plain numbers: numpy.save(FILE, vectors.astype('float32'))",
        ) from None
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype != np.float32 or not vectors.shape[1]:
        shape = getattr(vectors, "shape", "?")
        kind = getattr(vectors, "dtype", "?")
        raise UserError(f"holds {kind} of shape {shape}, not float32 rows and columns", where=str(path))
    return vectors


def read_embedding(folder: Path, name: str, *, observations: str, rows: int, fingerprint: str) -> Embedding:
    """The stored embedding ``name``; ``observations`` is the id hash of the study's table, ``rows`` its length.

    Raises UserError when the vectors do not belong to the table: a re-sorted table must not shift rows.
    """
    note = read_note(folder, name)
    path = not_a_way_out(folder, folder / FOLDER / f"{name}.npy")
    vectors = open_vectors(path)
    if len(vectors) != rows:
        raise UserError(
            f"holds {len(vectors):,} vectors, but the table has {rows:,} observations",
            where=str(path),
            how="Embed the study again, or import the vectors with the table they were made from",
        )
    if note.observations != observations:
        raise UserError(
            "belongs to another table: the observation ids or their order have changed since it was made",
            where=str(path),
            how="Restore the table's old order, or embed the study again",
        )
    return Embedding(name, vectors, note, fingerprint, remarks=note.remarks)


def write_embedding(folder: Path, name: str, vectors: npt.NDArray[np.floating], note: EmbeddingNote) -> None:
    """Store ``vectors`` (n, d) as float32 with their note. Raises UserError for a bad name or a full disk."""
    path = folder / FOLDER / f"{valid_name(name)}.npy"
    note_path = path.with_suffix(".json")
    with atomic_file(note_path) as new_note, atomic_file(path) as new_vectors:
        new_note.write_text(note.model_dump_json(indent=1), encoding="utf-8")
        with new_vectors.open("wb") as stream:
            np.save(stream, np.asarray(vectors, dtype=np.float32), allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        # All is on the disk: now the old note goes, the vectors are renamed, then the new note. A kill between
        # leaves vectors that are refused, never vectors under a note that is not theirs.
        note_path.unlink(missing_ok=True)


def match_features(columns: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The columns that the feature patterns (``p_*``) name, in the table's order."""
    return [name for name in columns if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def features_embedding(
    table: Table,
    columns: list[str],
    *,
    missing: Literal["leave_out", "column_median"],
    observations: str,
    fingerprint: str,
) -> Embedding:
    """The measured feature columns as an embedding: each z-scored (ddof 0) over the rows that are used.

    With ``leave_out``, columns missing in more than a tenth of the rows are left out, then rows with a gap are
    left without a vector. With ``column_median``, gaps are filled with the column's median. Constant columns are
    left out. Everything left out or filled is named in ``remarks``. Raises UserError when nothing is left.
    """
    values = table.numbers(columns)
    values[~np.isfinite(values)] = np.nan
    remarks: list[str] = []
    gaps = np.isnan(values)
    sparse = gaps.mean(axis=0) > MOSTLY_MISSING if len(values) else np.zeros(len(columns), dtype=bool)
    if missing == "column_median":
        sparse = gaps.all(axis=0) if len(values) else sparse
    sparse = np.asarray(sparse)
    if sparse.any():
        names = [name for name, out in zip(columns, sparse, strict=True) if out]
        share = "everywhere" if missing == "column_median" else f"in over {MOSTLY_MISSING:.0%} of the rows"
        remarks.append(f"{_count(len(names), 'feature')} missing {share} left out: {_list(names)}")
    values, gaps = values[:, ~sparse], np.asarray(gaps[:, ~sparse])
    kept = [name for name, out in zip(columns, sparse, strict=True) if not out]
    if missing == "column_median" and gaps.any():
        medians = np.nanmedian(values, axis=0)
        values = np.where(gaps, medians, values)
        remarks.append(f"{int(gaps.sum()):,} missing values filled with their column's median")
    used = np.asarray(np.isfinite(values).all(axis=1))
    if not used.all():
        remarks.append(
            f"{int((~used).sum()):,} of {len(used):,} observations left out: a feature is missing in each of them"
        )
    if not used.any() or not kept:
        raise UserError(
            f"no observation has all of its {len(kept)} features",
            where=str(table.path),
            how='Set features_missing = "column_median" under [columns] in study.toml, or list fewer features',
        )
    mean = values[used].mean(axis=0)
    spread = values[used].std(axis=0)
    constant = np.asarray(spread <= 1e-12 * np.abs(mean))  # what rounding the mean leaves of a constant
    if constant.any():
        names = [name for name, out in zip(kept, constant, strict=True) if out]
        remarks.append(f"{_count(len(names), 'feature')} without any variation left out: {_list(names)}")
    if constant.all():
        raise UserError("every feature is constant, so there is nothing to compare", where=str(table.path))
    vectors = ((values - mean) / np.where(constant, 1.0, spread))[:, ~constant].astype(np.float32)
    vectors[~used] = np.nan
    kept = [name for name, out in zip(kept, constant, strict=True) if not out]
    note = EmbeddingNote(observations=observations, encoder="measured features, z-scored", remarks=tuple(remarks))
    return Embedding(FEATURES, vectors, note, fingerprint, columns=tuple(kept), remarks=tuple(remarks))


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _list(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
