"""Bytes to UTF-8: byte order marks, older encodings, and what is no text at all."""

import codecs

from explorer.errors import UserError
from explorer.study.findings import Finding

_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed with gzip",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "a database",
}


def to_utf8(data: bytes, *, file: str) -> tuple[bytes, list[Finding]]:
    """``data`` as UTF-8 without a byte order mark, and what was noticed on the way.

    Raises UserError for an empty file and for what is not text.
    """
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise UserError(f"is not a text table but {kind}", where=file, how="Save the table as CSV and import that")
    findings: list[Finding] = []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError:
            raise UserError(
                "begins like UTF-16 text but is damaged", where=file, how="Save it again as UTF-8"
            ) from None
        findings.append(Finding("note", "text in UTF-16 read as such", file))
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise UserError(
            "is not a text table: it holds NUL bytes",
            where=f"{file}, line {line:,}",
            how="Save it as CSV in UTF-8",
        )
    data = data.rstrip(b"\x1a")  # the end mark of old DOS programs
    if not data.strip():
        raise UserError("is empty", where=file, how="Choose a table with a header line and at least one row")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        data, name = _western(data)
        findings.append(
            Finding(
                "warning",
                f"not UTF-8 from line {line:,} on; read as Western European text ({name})",
                file,
                how="Look whether accented letters are right; if not, save the file as UTF-8",
            )
        )
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data, findings


def _western(data: bytes) -> tuple[bytes, str]:
    try:
        return data.decode("cp1252").encode(), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1").encode(), "Latin-1"
