"""CSV, TSV and other text tables with a separator between the cells."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.columns import clean_names, typed
from explorer.study.importing.dialect import CANDIDATES, NAMES, ONE_COLUMN, sniff
from explorer.study.importing.encoding import to_utf8
from explorer.study.importing.reading import Reading, place
from explorer.study.importing.unpack import read_bytes


class _Quoting(csv.excel):
    """Text that holds the separator stands in quotes."""


class _Plain(csv.excel):
    """Quotation marks are characters like others."""

    quoting = csv.QUOTE_NONE


_MAX_BLOCK = 2**31 - 1
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?|nan|NaN")


def read_delimited(path: Path, *, reading: Reading, keep_empty_rows: bool = False) -> tuple[pa.Table, list[Finding]]:
    """A text table with a header line, typed, and how it was read.

    Rows without any value are left out and told, unless ``keep_empty_rows`` (their vectors lie elsewhere).
    Raises UserError naming the file, line and column of what cannot be read.
    """
    raw, findings = read_cells(path, reading=reading)
    header = [raw.column(place)[0].as_py() for place in range(raw.num_columns)]
    body = raw.slice(1)
    if body.num_rows == 0:
        raise UserError("holds a header line and no rows", where=path.name, how="Choose the table that holds the data")
    if raw.num_columns > 1 and all(_NUMBER.fullmatch(cell.strip()) for cell in header):
        raise UserError(
            "the first line holds only numbers, so the columns have no names",
            where=f"{path.name}, line 1",
            how="Add a line with the columns' names above it, or save vectors as .npy or as .tsv",
        )
    names, told = clean_names(header, file=path.name)
    findings += told
    columns = dict(zip(names, body.columns, strict=True))
    blank = _blank_cells(columns)
    unnamed = [
        name
        for name, cell in zip(names, header, strict=True)
        if not cell.strip() and blank[name].all() and len(names) > 1
    ]
    for name in unnamed:
        findings.append(Finding("note", "a column without name and values left out", path.name, None, name))
        del columns[name], blank[name]
    empty = np.logical_and.reduce(list(blank.values()))
    if empty.all():
        raise UserError("holds a header line and only empty rows", where=path.name)
    if empty.any() and not keep_empty_rows:
        count, first = int(empty.sum()), int(np.argmax(empty)) + 1
        rows = f"{count:,} row{'' if count == 1 else 's'}"
        what = f"{rows} without any value left out and not counted"
        findings.append(Finding("warning", what, path.name, first, rows_affected=count))
        columns = {name: column.filter(pa.array(~empty)) for name, column in columns.items()}
    table, told = typed(columns, file=path.name, reading=reading)
    return table, findings + told


def read_cells(path: Path, *, reading: Reading, quoting: bool = True) -> tuple[pa.Table, list[Finding]]:
    """All cells of a text table as text, the header line as first row. Raises UserError as
    ``read_delimited``.
    """
    data, findings = to_utf8(read_bytes(path), file=path.name)
    data, delimiter = _told_delimiter(data, reading.delimiter)
    tabbed = ".tsv" in [suffix.lower() for suffix in path.suffixes]
    if delimiter is None:
        sample = data[: 4 * 2**20].decode(errors="ignore")
        delimiter = sniff(sample, complete=len(sample) <= 2**20, candidates=("\t",) if tabbed else CANDIDATES)
    width = _header_width(data, delimiter, quoting=quoting)
    if width == 1:
        data = data.strip(b"\r\n") + b"\n"
    elif b'"' not in data and (blanks := len(re.findall(rb"\n\r?(?=\n)", data.strip(b"\r\n")))):
        lines = f"{blanks:,} empty line{'' if blanks == 1 else 's'}"
        findings.append(Finding("note", f"{lines} between the rows skipped", path.name))
    cells = _parse(data, delimiter, width, quoting=quoting, file=path.name)
    if quoting and b'"' in data and (data.count(b'"') % 2 or _has_line_breaks(cells)):
        _check_quotes(data, delimiter, file=path.name)
    if reading.delimiter is None and delimiter not in (",", ONE_COLUMN) and width > 1:
        findings.append(Finding("note", f"cells separated by a {NAMES.get(delimiter, repr(delimiter))}", path.name))
    return cells, findings


def _told_delimiter(data: bytes, chosen: str | None) -> tuple[bytes, str | None]:
    """The delimiter of the user, or of a first line ``sep=;`` as Excel writes it (which is then left out)."""
    first, _, rest = data.partition(b"\n")
    told = re.fullmatch(rb'"?sep=([,;|\t])"?\r?', first, re.IGNORECASE)
    if told:
        return b"\n" + rest, chosen or told.group(1).decode()
    return data, chosen


def _records(data: bytes, delimiter: str, *, quoting: bool) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, one by one, each with the line in which it begins."""
    csv.field_size_limit(2**31 - 1)
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(text, _Quoting if quoting else _Plain, delimiter=delimiter)
    begins = 1
    for cells in reader:
        if cells:
            yield begins, cells
        begins = reader.line_num + 1


def _header_width(data: bytes, delimiter: str, *, quoting: bool) -> int:
    return next((len(cells) for _, cells in _records(data, delimiter, quoting=quoting)), 1)


def _parse(data: bytes, delimiter: str, width: int, *, quoting: bool, file: str) -> pa.Table:
    names = [str(position) for position in range(width)]
    has_quotes = quoting and b'"' in data
    block = min(max(2**22, len(data) // 64), _MAX_BLOCK)
    while True:
        try:
            return pa_csv.read_csv(
                pa.py_buffer(data),
                read_options=pa_csv.ReadOptions(column_names=names, block_size=block),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter,
                    quote_char='"' if quoting else False,
                    newlines_in_values=has_quotes,
                    ignore_empty_lines=width > 1,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.large_string()),
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if "straddling" in str(error) and block < min(len(data) + 1, _MAX_BLOCK):
                block = min(len(data) + 1, _MAX_BLOCK)
                continue
            _check_quotes(data, delimiter, file=file)
            raise _ragged(data, delimiter, width, quoting=quoting, file=file, error=error) from None


def _ragged(data: bytes, delimiter: str, width: int, *, quoting: bool, file: str, error: Exception) -> UserError:
    """Which line has another number of cells than the header."""
    header_line = 0
    for line, cells in _records(data, delimiter, quoting=quoting):
        header_line = header_line or line
        if len(cells) != width:
            found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
            expected = f"the header in line {header_line} has {width}"
            how = (
                "Remove the lines above the header"
                if width == 1
                else "Mend that line: put quotes around text that holds the separator, or fill missing cells"
            )
            return UserError(f"{found}, where {expected}", where=f"{file}, line {line:,}", how=how)
    return UserError(f"cannot be read as a table ({str(error).splitlines()[0][:120]})", where=file)


def _has_line_breaks(cells: pa.Table) -> bool:
    return any(pc.any(pc.match_substring(column, "\n")).as_py() for column in cells.columns)


def _check_quotes(data: bytes, delimiter: str, *, file: str) -> None:
    """Refuse a quotation mark that is opened and not closed: it would swallow the rows after it."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    reader = csv.reader(text, _Quoting, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for _ in reader:
            begins = reader.line_num + 1
    except csv.Error:
        raise UserError(
            "a quotation mark is opened in this row and not closed before a separator or the end of the file",
            where=f"{file}, line {begins:,}",
            how='Close it, or write a quotation mark inside a cell twice ("")',
        ) from None


def _blank_cells(columns: dict[str, pa.ChunkedArray]) -> dict[str, npt.NDArray[np.bool_]]:
    """Which cells of each column hold nothing but spaces."""
    out: dict[str, npt.NDArray[np.bool_]] = {}
    for name, column in columns.items():
        lengths = pc.binary_length(pc.utf8_trim_whitespace(column)) if column.num_chunks else pa.array([])
        out[name] = lengths.to_numpy() == 0
    return out


def read_number_matrix(path: Path, *, delimiter: str | None = None) -> npt.NDArray[np.float32]:
    """A text file of nothing but numbers, (n, d) float32, with or without a header line.

    Raises UserError naming the line and column of a cell that is none.
    """
    cells, _ = read_cells(path, reading=Reading(delimiter=delimiter), quoting=False)
    first = [cells.column(position)[0].as_py().strip() for position in range(cells.num_columns)]
    headed = not all(_NUMBER.fullmatch(cell) or not cell for cell in first)
    body = cells.slice(1 if headed else 0)
    out = np.empty((body.num_rows, body.num_columns), dtype=np.float32)
    for position, column in enumerate(body.columns):
        stripped = pc.utf8_trim_whitespace(column)
        gaps = pc.is_in(stripped, value_set=pa.array(["", "NA", "NaN", "nan"], pa.large_string()))
        try:
            out[:, position] = pc.if_else(gaps, "nan", stripped).cast(pa.float32()).to_numpy()
        except pa.ArrowInvalid:
            parsed = pc.or_(gaps, pc.match_substring_regex(stripped, r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"))
            row = pc.index(parsed, False).as_py()
            column_name = first[position] if headed else str(position + 1)
            raise UserError(
                f"{str(column[max(row, 0)])[:40]!r} is not a number, but vectors hold nothing else",
                where=place(path.name, max(row, 0) + 1, column_name),
                how="Mend that cell, or give a labels table and its vectors as two files",
            ) from None
    return out
