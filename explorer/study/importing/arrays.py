"""Named arrays of one file, sorted into vectors and columns."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.embeddings import FEATURES
from explorer.study.findings import Finding
from explorer.study.importing.columns import dated
from explorer.study.importing.reading import Reading
from explorer.study.importing.texts import Texts

Array = npt.NDArray[np.generic]

MAX_ARRAY_BYTES = 64 * 2**30

_CHUNK = 16_384
_PLAIN_NAMES = {"x", "data", "arr_0", "vectors", "vector", "embeddings", "embedding", FEATURES, ""}
_EXACT_IN_FLOAT32 = 2**24


@dataclass(frozen=True)
class Arrays:
    """What a file of arrays holds: vector sets (n, d) float32, columns of length n, and what was noticed."""

    vectors: dict[str, npt.NDArray[np.float32]]
    columns: dict[str, pa.Array]
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> int:
        """The length n that all of them share."""
        first = next(iter([*self.vectors.values(), *self.columns.values()]))
        return len(first)


def vectors_name(name: str) -> str:
    """``name`` as the name of an embedding; ``X`` and the like become ``vectors``."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:64]
    return "vectors" if plain.lower() in _PLAIN_NAMES else plain


def sort_arrays(arrays: Mapping[str, Array], *, file: str, reading: Reading) -> Arrays:
    """Two-dimensional numbers are vectors, one-dimensional arrays of the same length are columns.

    Raises UserError, by name, for an array that fits neither.
    """
    flat, matrices, findings = _by_shape(arrays, file=file)
    lengths = {name: len(array) for name, array in {**matrices, **flat}.items()}
    if not lengths:
        raise UserError(
            "holds no array of rows", where=file, how="Save vectors as an array of shape (rows, dimensions)"
        )
    expected_by, expected = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != expected:
            raise UserError(
                f"{name} has {length:,} rows, but {expected_by} has {expected:,}",
                where=file,
                how="Keep only arrays with one entry per observation in the file",
            )
    if expected == 0:
        raise UserError("its arrays are empty", where=file)
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    for name, array in matrices.items():
        free = _free(vectors_name(name), vectors)
        vectors[free], told = clean_vectors(array, file=file, name=name)
        findings += told
    columns: dict[str, pa.Array] = {}
    for name, array in flat.items():
        columns[name], told = as_column(array, file=file, name=name, reading=reading)
        findings += told
    return Arrays(vectors, columns, tuple(findings))


def _by_shape(arrays: Mapping[str, Array], *, file: str) -> tuple[dict[str, Array], dict[str, Array], list[Finding]]:
    flat: dict[str, Array] = {}
    matrices: dict[str, Array] = {}
    findings: list[Finding] = []
    for name, array in arrays.items():
        if array.ndim == 0:
            findings.append(Finding("note", f"the single value {name} left out: it is not one per observation", file))
        elif array.ndim == 1:
            flat[name] = array
        elif (
            array.ndim == 2
            and array.shape[1] == 1
            and any(other.ndim == 2 and other.shape[1] > 1 for other in arrays.values())
        ):
            flat[name] = array[:, 0]
        elif array.ndim == 2 and array.dtype.kind in "fiub" and array.shape[1] > 0:
            matrices[name] = array
        else:
            raise UserError(
                f"{name} holds {array.dtype} of shape {array.shape}, which is neither vectors nor a column",
                where=file,
                how="Vectors have the shape (rows, dimensions) and hold numbers; flatten or remove it",
            )
    return flat, matrices, findings


def _free(name: str, taken: Mapping[str, object]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def clean_vectors(array: Array, *, file: str, name: str) -> tuple[npt.NDArray[np.float32], list[Finding]]:
    """``array`` (n, d) as float32; a row with a gap or an infinite part becomes a row without vector (all
    NaN).

    The array itself comes back, memory-mapped or not, when there is nothing to change.
    """
    plain = array.dtype == np.float32
    out = array if plain else np.empty(array.shape, dtype=np.float32)
    absent = broken = 0
    first_absent = first_broken = first_column = -1
    largest = 0.0
    for start in range(0, len(array), _CHUNK):
        with np.errstate(over="ignore"):
            block = np.array(array[start : start + _CHUNK], dtype=np.float32)
        if array.dtype.kind in "iu" and array.dtype.itemsize > 2:
            largest = max(largest, float(np.abs(block).max()))
        finite = np.isfinite(block)
        whole = finite.all(axis=1)
        if not whole.all():
            gone = np.isnan(block).all(axis=1)
            partly = ~whole & ~gone
            if gone.any() and not absent:
                first_absent = start + int(np.argmax(gone))
            absent += int(gone.sum())
            if partly.any():
                if not broken:
                    first_broken = start + int(np.argmax(partly))
                    first_column = int(np.argmin(finite[first_broken - start]))
                    if plain:
                        out = np.array(array, dtype=np.float32)
                broken += int(partly.sum())
                block[partly] = np.nan
        if out is not array:
            out[start : start + _CHUNK] = block
    findings: list[Finding] = []
    if absent:
        rows = f"{absent:,} row{'' if absent == 1 else 's'}"
        findings.append(
            Finding(
                "note",
                f"{rows} of {name} hold no vector (all NaN)",
                file,
                first_absent + 1,
                rows_affected=absent,
            )
        )
    if broken:
        rows = f"{broken:,} row{'' if broken == 1 else 's'}"
        what = f"{rows} of {name} with a missing or infinite part left without a vector"
        findings.append(Finding("warning", what, file, first_broken + 1, str(first_column + 1), rows_affected=broken))
    if largest > _EXACT_IN_FLOAT32:
        findings.append(Finding("warning", f"{name} holds whole numbers too large to be kept exactly (float32)", file))
    if absent + broken == len(array):
        raise UserError(f"no row of {name} holds a whole vector", where=file, how="Check how the vectors were made")
    return out, findings  # type: ignore[return-value]


def as_column(array: Array, *, file: str, name: str, reading: Reading) -> tuple[pa.Array, list[Finding]]:
    """A one-dimensional array as a column; bytes are decoded, texts that are dates become dates."""
    if array.dtype.kind == "S":
        array = np.char.decode(array.astype(np.bytes_), "utf-8", errors="replace")
    if array.dtype.kind in "UT":
        return dated(Texts.of(pa.array(array.tolist(), pa.string())), file=file, name=name, reading=reading)
    if array.dtype.kind == "M":
        return pa.array(array.astype("datetime64[us]"), pa.timestamp("us"), from_pandas=True), []
    if array.dtype.kind == "b":
        return pa.array(array), []
    if array.dtype.kind in "iu":
        return pa.array(array.astype(np.int64 if array.dtype != np.uint64 else np.uint64)), []
    if array.dtype.kind == "f":
        return pa.array(array.astype(np.float64), from_pandas=True), []
    raise UserError(f"{name} holds {array.dtype}, which cannot be a column", where=file, how="Save numbers or text")
