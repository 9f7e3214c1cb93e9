"""What is imported: a table, vectors and pictures, read from whatever the user points at."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.arrays import Arrays, clean_vectors, vectors_name
from explorer.study.importing.delimited import read_delimited, read_number_matrix
from explorer.study.importing.hdf5 import read_hdf5
from explorer.study.importing.parquet import read_parquet
from explorer.study.importing.projector import CONFIG, read_metadata, read_projector
from explorer.study.importing.reading import DateOrder, Reading
from explorer.study.importing.vectors import read_npy, read_npz, refuse_pickle
from explorer.study.importing.wildlife import check_pictures, find_pictures, picture_column
from explorer.study.schema import FILE_NAME
from explorer.study.tables import is_binary

TEXT_TABLES = (".csv", ".tsv", ".txt", ".tab")
VECTOR_FILES = (".npy", ".npz", ".h5", ".hdf5")
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_TENSORS, _METADATA = ("tensors.tsv", "vectors.tsv"), "metadata.tsv"


@dataclass(frozen=True)
class Source:
    """What was read: ``table`` with clean columns, ``vectors`` (name to (n, d) float32), where pictures lie.

    ``findings`` say what was noticed and how it was read, in words for the user.
    """

    path: Path
    name: str
    table: pa.Table
    vectors: dict[str, npt.NDArray[np.float32]]
    picture_folder: Path | None
    findings: tuple[Finding, ...]


def read_source(
    path: str | Path,
    *,
    vectors: Path | None = None,
    images: Path | None = None,
    decimal: str | None = None,
    delimiter: str | None = None,
    dates: DateOrder | None = None,
) -> Source:
    """Read a table, vectors, a projector's export or a folder of these.

    ``vectors`` gives vectors, one per row of the table; ``images`` the folder that picture paths start
    from (default:
    the table's own). Raises UserError, naming file, row and column, for what cannot be read or would have
    to be guessed.
    """
    reading = Reading(decimal, delimiter, dates)
    path = Path(path).expanduser()
    if not path.exists():
        raise UserError(f"there is no file or folder {path}", how="Check the path")
    if vectors is not None and not Path(vectors).expanduser().is_file():
        raise UserError(f"there is no file {vectors}", how="Check the path of the vectors")
    name = None
    if path.is_dir():
        name = path.resolve().name
        path, found = _inside_folder(path)
        vectors = vectors or found
    source = _read(path, None if vectors is None else Path(vectors).expanduser(), reading)
    source = replace(source, name=name or source.name)
    if source.table.num_rows == 0:
        raise UserError("holds no rows", where=path.name, how="Choose the table that holds the data")
    return _with_pictures(source, None if images is None else Path(images).expanduser())


def table_suffix(path: Path) -> str:
    """The suffix that says what a file holds, ``.gz`` left aside, in lower case."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == ".gz" else suffix


def read_table(path: Path, *, reading: Reading) -> tuple[pa.Table, list[Finding]]:
    """A text or Parquet table alone. Raises UserError for other files."""
    table, _, findings = _table_with_vectors(path, reading=reading)
    return table, findings


def _read(path: Path, vectors: Path | None, reading: Reading) -> Source:
    refuse_pickle(path)
    suffix = table_suffix(path)
    findings: list[Finding] = []
    if suffix in VECTOR_FILES and vectors is None:
        arrays = _read_arrays(path, reading)
        columns = arrays.columns or {"row": pa.array(np.arange(1, arrays.rows + 1))}
        return Source(path, _name(path), pa.table(columns), dict(arrays.vectors), None, arrays.findings)
    if path.suffix.lower() == ".pbtxt":
        table, found, findings = read_projector(path, reading=reading)
        rows = len(next(iter(found.values())))
        table = table if table is not None else pa.table({"row": pa.array(np.arange(1, rows + 1))})
        return _fitting(Source(path, path.resolve().parent.name, table, found, None, tuple(findings)))
    if suffix == ".tsv" and vectors is None and _only_numbers(path):
        matrix, findings = clean_vectors(read_number_matrix(path, delimiter="\t"), file=path.name, name=path.stem)
        table = pa.table({"row": pa.array(np.arange(1, len(matrix) + 1))})
        note = Finding(
            "note",
            f"no header line: read as {len(matrix):,} vectors of {matrix.shape[1]:,} numbers",
            path.name,
        )
        return Source(path, _name(path), table, {vectors_name(_name(path)): matrix}, None, (note, *findings))
    if vectors is None:
        table, found, findings = _table_with_vectors(path, reading=reading)
        return Source(path, _name(path), table, found, None, tuple(findings))
    return _table_and_vectors(path, vectors, reading)


def _table_and_vectors(path: Path, vectors: Path, reading: Reading) -> Source:
    refuse_pickle(vectors)
    columns: dict[str, pa.Array] = {}
    if table_suffix(vectors) in VECTOR_FILES:
        arrays = _read_arrays(vectors, reading)
        found, told, columns = dict(arrays.vectors), list(arrays.findings), arrays.columns
    elif table_suffix(vectors) in TEXT_TABLES:
        matrix, told = clean_vectors(read_number_matrix(vectors), file=vectors.name, name=vectors.stem)
        found = {vectors_name(_name(vectors)): matrix}
    else:
        raise UserError(
            f"{vectors.suffix or 'this'} is not a file of vectors",
            where=vectors.name,
            how="Give .npy, .npz, .h5 or .tsv",
        )
    if not found:
        raise UserError("holds no vectors", where=vectors.name, how="Vectors have the shape (rows, dimensions)")
    rows = len(next(iter(found.values())))
    if table_suffix(path) == ".tsv" and table_suffix(vectors) == ".tsv":
        table, findings = read_metadata(path, rows=rows, reading=reading)
    else:
        table, more, findings = _table_with_vectors(path, reading=reading, keep_empty_rows=True)
        found = {**more, **found}
    source = _fitting(Source(path, _name(path), table, found, None, (*findings, *told)), vectors.name)
    for name, column in columns.items():
        if name in source.table.column_names:
            note = Finding("warning", "left out: the table has a column of that name already", vectors.name, None, name)
            source = replace(source, findings=(*source.findings, note))
        else:
            source = replace(source, table=source.table.append_column(name, column))
    return source


def _fitting(source: Source, vectors_file: str | None = None) -> Source:
    rows = source.table.num_rows
    for name, matrix in source.vectors.items():
        if len(matrix) != rows:
            raise UserError(
                f"the table has {rows:,} rows, but there are {len(matrix):,} vectors ({vectors_file or name})",
                where=source.path.name,
                how="Give each row exactly one vector, in the same order; a row of NaN stands for none",
            )
    return source


def _table_with_vectors(
    path: Path, *, reading: Reading, keep_empty_rows: bool = False
) -> tuple[pa.Table, dict[str, npt.NDArray[np.float32]], list[Finding]]:
    suffix = table_suffix(path)
    refuse_pickle(path)
    if suffix in (".parquet", ".pq"):
        return read_parquet(path, reading=reading)
    if suffix in TEXT_TABLES:
        table, findings = read_delimited(path, reading=reading, keep_empty_rows=keep_empty_rows)
        return table, {}, findings
    if suffix in _SPREADSHEETS:
        raise UserError(
            "is a spreadsheet",
            where=path.name,
            how="Open it and save the sheet as CSV (UTF-8), then import that",
        )
    if suffix == ".bytes":
        raise UserError("does not say its shape", where=path.name, how=f"Import the {CONFIG} that names it")
    raise UserError(
        f"{suffix or 'this'} is not a kind of file that can be imported",
        where=path.name,
        how="Give CSV, TSV, TXT, Parquet, .npy, .npz, HDF5 or a projector_config.pbtxt",
    )


def _read_arrays(path: Path, reading: Reading) -> Arrays:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return read_npy(path, reading=reading)
    return read_npz(path, reading=reading) if suffix == ".npz" else read_hdf5(path, reading=reading)


def _only_numbers(path: Path) -> bool:
    """Whether a TSV begins with a line of several numbers: a projector's tensors, which have no header."""
    if path.suffix.lower() == ".gz":
        return False
    try:
        with path.open("rb") as stream:
            cells = stream.readline(2**24).decode("utf-8-sig").rstrip("\r\n").split("\t")
        return len(cells) > 1 and all(np.isreal(float(cell)) for cell in cells)
    except (OSError, ValueError):
        return False


def _inside_folder(folder: Path) -> tuple[Path, Path | None]:
    """The table and the vectors in a folder; one of the two may be missing."""
    if (folder / FILE_NAME).exists():
        raise UserError(f"{folder} is a study already", how=f"Open it with: latent-explorer app {folder}")
    if (folder / CONFIG).is_file():
        return folder / CONFIG, None
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    tensors = [path for path in files if path.name in _TENSORS]
    if len(tensors) == 1 and (folder / _METADATA).is_file():
        return folder / _METADATA, tensors[0]
    tables = [path for path in files if table_suffix(path) in (".csv", ".tsv", ".tab", ".parquet", ".pq")]
    vectors = [path for path in files if table_suffix(path) in VECTOR_FILES]
    if len(tables) > 1 or len(vectors) > 1 or not tables + vectors:
        for path in files:
            refuse_pickle(path)
        named = ", ".join(path.name for path in (tables + vectors)[:8])
        found = (
            f"holds {len(tables)} tables and {len(vectors)} files of vectors ({named})" if named else "holds no table"
        )
        raise UserError(found, where=str(folder), how="Give the path of the one table to import, and --vectors FILE")
    if tables:
        return tables[0], vectors[0] if vectors else None
    return vectors[0], None


def _with_pictures(source: Source, images: Path | None) -> Source:
    if images is not None and not images.is_dir():
        raise UserError(f"there is no folder {images}", how="Check the path of the pictures")
    column = picture_column(source.table)
    if column is None:
        if images is not None:
            raise UserError(
                "no column names pictures",
                where=source.path.name,
                how="Name the column of the pictures' paths image or path",
            )
        return source
    if is_binary(source.table.schema.field(column).type):
        return source
    folder = images or source.path.parent
    paths = find_pictures(source.table, column, folder, file=source.path.name)
    findings = check_pictures(paths, column, file=source.path.name, needed=images is not None)
    return replace(
        source,
        findings=(*source.findings, *findings),
        picture_folder=folder if paths.exists.any() else None,
    )


def _name(path: Path) -> str:
    stem = path.stem if path.suffix.lower() != ".gz" else Path(path.stem).stem
    return stem or path.name
