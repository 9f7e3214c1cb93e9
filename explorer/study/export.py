"""Exported tables: CSV that a spreadsheet opens safely, Parquet with types, and the manifest that makes them again."""

import hashlib
import importlib.metadata
import io
import json
import platform
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explorer import __version__
from explorer.errors import UserError
from explorer.study.atomic import atomic_file
from explorer.study.own_files import MANIFEST, refuse_own
from explorer.study.times import written

Format = Literal["csv", "parquet"]

_RISKY = r"\A[=+\-@\t\r\x00]"
_NUMBER = r"\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\z"
_LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "openTSNE", "umap-learn", "pynndescent")
_ROWS_AT_ONCE = 65_536


def format_of(path: Path) -> Format:
    """The format that a file's name asks for. Raises UserError for a name that ends in neither .csv nor .parquet."""
    ending = path.suffix.lower().removeprefix(".")
    for known in get_args(Format):
        if ending == known:
            return known
    raise UserError(f"{path.name!r} does not say its format", how="Let the name end in .csv or .parquet")


def table_bytes(frame: pd.DataFrame, format: Format) -> bytes:
    """``frame`` as the bytes of a file; the same frame gives the same bytes."""
    return parquet_bytes(frame) if format == "parquet" else csv_bytes(frame)


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """``frame`` as Parquet: timestamps, booleans, numbers (missing: null) and text, categories as dictionaries.

    A category that no row has is not written. The same frame gives the same bytes with the same pyarrow.
    """
    columns = {}
    for name, values in frame.items():
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.cat.remove_unused_categories()
        columns[str(name)] = _mixed_as_text(values) if values.dtype == object else pa.array(values, from_pandas=True)
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), stream, compression="zstd", row_group_size=2**20)
    return bytes(stream.getvalue())


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """``frame`` as UTF-8 CSV with a header and LF line ends; the same frame gives the same bytes.

    Dates are ISO 8601, as ``written`` tells; missing cells are empty. Text that a spreadsheet would run as a formula
    (it begins with =, +, -, @, tab, CR or NUL) gets a leading apostrophe, in cells and in the header; genuine
    numbers are left alone. Cells with a comma, a quote or a line end are quoted.
    """
    alone = frame.shape[1] == 1
    header = _quoted(_defused(pa.array([str(name) for name in frame.columns], pa.large_string())), alone)
    columns = [_quoted(_texts(frame.iloc[:, place]), alone) for place in range(frame.shape[1])]
    stream = io.BytesIO()
    stream.write(",".join(header.to_pylist()).encode() + b"\n")
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        part = [column.slice(start, _ROWS_AT_ONCE) for column in columns]
        stream.write(_bytes(_glued(_glued(*part, between=","), "\n")))
    return stream.getvalue()


def _glued(*parts: pa.LargeStringArray | str, between: str = "") -> pa.LargeStringArray:
    """Texts (one per row, or one for all rows) joined row by row; null where one is."""
    text = pa.large_string()
    scalars = [pa.scalar(part, text) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, pa.scalar(between, text))


def _bytes(lines: pa.LargeStringArray) -> memoryview:
    """The bytes of all lines, one after the other, as Arrow holds them."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(data)[ends[0] : ends[-1]]


def _texts(values: pd.Series) -> pa.LargeStringArray:
    """A column as text, defused; null where missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        labels = _texts(pd.Series(values.cat.categories))
        codes = values.cat.codes.to_numpy()
        return labels.take(pa.array(codes, mask=codes < 0))
    kind = values.dtype.kind
    if kind == "f" and isinstance(values.dtype, np.dtype):
        return _numbers(values.to_numpy())
    if kind == "b":
        known = pa.array(values, from_pandas=True)
        return pc.if_else(known, "True", "False").cast(pa.large_string())
    if kind == "M" and isinstance(values.dtype, np.dtype):
        values = written(values.to_numpy())
    if kind in "iu":
        return pa.array(values, from_pandas=True).cast(pa.large_string())
    return _defused(_mixed_as_text(values).cast(pa.large_string()))


def _mixed_as_text(values: pd.Series) -> pa.Array:
    """Text as it is; cells that are not all text as Python writes them."""
    try:
        found = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = None
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    if found is None or not (pa.types.is_string(found.type) or pa.types.is_large_string(found.type)):
        found = pa.array([None if missing else str(cell) for cell, missing in zip(values, values.isna(), strict=True)])
    return found.cast(pa.large_string())


def _numbers(values: npt.NDArray[np.floating]) -> pa.LargeStringArray:
    """Numbers in the shortest form that reads back the same, whole ones with ".0", as pandas and Python write them."""
    texts = pa.array(values, from_pandas=True).cast(pa.large_string())
    size = np.abs(values)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        whole = (values == np.trunc(values)) & np.isfinite(values)
    texts = pc.if_else(pa.array(whole), _glued(texts, ".0"), texts)
    # Outside this range Arrow and Python do not agree where an exponent begins.
    rare = np.flatnonzero(np.isfinite(values) & (values != 0) & ((size < 1e-3) | (size >= 1e6)))
    if len(rare):
        theirs = pd.Series(values[rare]).to_csv(index=False, header=False, lineterminator="\n").split()
        at = np.zeros(len(values), dtype=bool)
        at[rare] = True
        texts = pc.replace_with_mask(texts, pa.array(at), pa.array(theirs, pa.large_string()))
    return texts


def _defused(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    risky = pc.match_substring_regex(texts, _RISKY)
    if not pc.any(risky).as_py():
        return texts
    risky = pc.and_not(risky, pc.match_substring_regex(texts, _NUMBER))
    return pc.if_else(risky, _glued("'", texts), texts)


def _quoted(texts: pa.LargeStringArray, alone: bool) -> pa.LargeStringArray:
    """Cells as they stand between commas; of a column that is ``alone``, an empty cell is no empty line."""
    needs = pc.match_substring_regex(texts, '[",\r\n]')
    if pc.any(needs).as_py():
        marked = _glued('"', pc.replace_substring(texts, '"', '""'), '"')
        texts = pc.if_else(needs, marked, texts)
    texts = texts.fill_null("")
    return pc.if_else(pc.equal(texts, ""), pa.scalar('""', pa.large_string()), texts) if alone else texts


def manifest(*, file: str, content: bytes, rows: int, command: str, **facts: Any) -> dict[str, Any]:
    """How ``file`` was made: its hash, the ``facts`` (data hash, parameters, filters, ...) and the command."""
    return {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows": rows,
        **facts,
        "made_with": {
            "latent-explorer": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        },
        "command": command,
    }


def manifest_text(facts: dict[str, Any]) -> str:
    """A manifest as the text of its ``.manifest.json``."""
    return json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n"


def write_with_manifest(path: Path, content: bytes, facts: dict[str, Any]) -> None:
    """Write an exported file and the ``.manifest.json`` beside it, as ``write_together`` does."""
    write_together([(path, content, facts)])


def write_together(files: Sequence[tuple[Path, bytes, dict[str, Any]]]) -> None:
    """Write exported files, each with the ``.manifest.json`` beside it: all of them, or none where one cannot be.

    Raises UserError for what cannot be written, and for what is not an export's to write over (``refuse_own``).
    """
    for path, _, _ in files:
        refuse_own(path)
        if path.is_dir():
            raise UserError(
                "could not be written: it is a folder", where=str(path), how="Name a file; nothing was changed"
            )
    with ExitStack() as written_out:  # each gets its name when all are on the disk
        for path, content, facts in files:
            written_out.enter_context(atomic_file(path)).write_bytes(content)
            beside = path.with_name(path.name + MANIFEST)
            written_out.enter_context(atomic_file(beside)).write_text(
                manifest_text(facts), encoding="utf-8", newline="\n"
            )
