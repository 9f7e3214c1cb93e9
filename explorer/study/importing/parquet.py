"""Parquet tables: types made plain, vectors and picture bytes found."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.arrays import clean_vectors, vectors_name
from explorer.study.importing.columns import clean_names, dated
from explorer.study.importing.reading import Reading
from explorer.study.importing.texts import Texts
from explorer.study.tables import is_binary

_MAX_ROWS = 50_000_000


def read_parquet(path: Path, *, reading: Reading) -> tuple[pa.Table, dict[str, npt.NDArray[np.float32]], list[Finding]]:
    """The table of a Parquet file, the vectors in its list columns, and how they were read.

    Raises UserError when it cannot be read or is empty.
    """
    try:
        with pq.ParquetFile(path) as file:
            rows = file.metadata.num_rows
            if rows > _MAX_ROWS:
                raise UserError(
                    f"holds {rows:,} rows, more than {_MAX_ROWS:,}",
                    where=path.name,
                    how="Import a part of it",
                )
            raw = file.read()
            raw.validate(full=True)  # text that is no UTF-8 would fail later, without a place
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or ["damaged"])[0][:160]
        raise UserError(f"cannot be read as Parquet: {reason}", where=path.name, how="Save it again") from None
    if rows == 0 or raw.num_columns == 0:
        raise UserError("holds no rows", where=path.name, how="Choose the table that holds the data")
    names, findings = clean_names(raw.column_names, file=path.name)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    for name, column in zip(names, raw.columns, strict=True):
        matrix = _matrix(column)
        if matrix is not None:
            free = vectors_name(name)
            free = free if free not in vectors else f"{free}_{len(vectors) + 1}"
            vectors[free], told = clean_vectors(matrix, file=path.name, name=name)
            findings.append(
                Finding(
                    "note",
                    f"lists of {matrix.shape[1]:,} numbers read as vectors {free}",
                    path.name,
                    None,
                    name,
                )
            )
            findings += told
            continue
        plain, told = _plain(column, file=path.name, name=name, reading=reading)
        findings += told
        if plain is not None:
            columns[name] = plain
    if not columns:
        columns["row"] = pa.array(np.arange(1, rows + 1))
    return pa.table(columns), vectors, findings


def _plain(
    column: pa.ChunkedArray, *, file: str, name: str, reading: Reading
) -> tuple[pa.Array | pa.ChunkedArray | None, list[Finding]]:
    """A column in one of the plain types; None, with a finding, for what has no plain type."""
    kind = column.type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0 and is_binary(kind.field("bytes").type):
        return pc.struct_field(column, "bytes"), [Finding("note", "pictures taken from its bytes", file, None, name)]
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return dated(Texts.of(column), file=file, name=name, reading=reading)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        plain = column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.timestamp("us"))
        return plain, [Finding("note", "times with an offset turned into UTC", file, None, name)]
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return column.cast(pa.timestamp("us"), safe=False), []
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64()), []
    if pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_null(kind):
        return column.cast(pa.string()), []
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or is_binary(kind):
        return column, []
    return None, [Finding("warning", f"left out: it holds {kind}, not single values", file, None, name)]


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.generic] | None:
    """Vectors (n, d) of a column of equally long lists of numbers; a missing list is a row of NaN."""
    kind = column.type
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not listed or not (pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type)):
        return None
    lengths = pc.unique(pc.list_value_length(column)).drop_null()
    if len(lengths) != 1 or lengths[0].as_py() == 0:
        return None
    known = column.is_valid().to_numpy()
    flat = pc.list_flatten(column.drop_null()).cast(pa.float32(), safe=False).to_numpy()
    out = np.full((len(column), lengths[0].as_py()), np.nan, dtype=np.float32)
    out[known] = flat.reshape(int(known.sum()), -1)
    return out
