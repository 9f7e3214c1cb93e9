"""The TensorBoard projector's files: ``projector_config.pbtxt``, tensors and metadata."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.findings import Finding
from explorer.study.importing.arrays import clean_vectors, vectors_name
from explorer.study.importing.columns import clean_names, typed
from explorer.study.importing.delimited import read_cells, read_number_matrix
from explorer.study.importing.reading import Reading
from explorer.study.pictures import inside

CONFIG = "projector_config.pbtxt"
_MAX_CONFIG_BYTES = 2**20
_TOKEN = re.compile(
    r"\s+|#[^\n]*"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<word>[\w.+-]+)"
    r"|(?P<mark>[{}:;,<>\[\]])"
)


@dataclass
class _Entry:
    """One ``embeddings { ... }`` of the configuration."""

    fields: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        values = self.fields.get(name)
        return values[-1] if values else None


def read_projector(
    config: Path, *, reading: Reading
) -> tuple[pa.Table | None, dict[str, npt.NDArray[np.float32]], list[Finding]]:
    """Table and vectors that a projector configuration names, all inside its own folder.

    Raises UserError for a path that leads elsewhere, a checkpoint, and counts that do not fit.
    """
    entries = _entries(_config_text(config), config.name)
    if not entries:
        raise UserError("names no embeddings", where=config.name, how="Export the tensors and metadata as TSV")
    findings: list[Finding] = []
    vectors: dict[str, npt.NDArray[np.float32]] = {}
    metadata: dict[Path, int] = {}
    for number, entry in enumerate(entries, start=1):
        tensor = entry.one("tensor_path")
        if tensor is None:
            raise UserError(
                f"embedding {number} lies in a TensorFlow checkpoint, which is not opened",
                where=config.name,
                how="Export it from the projector as TSV, or save it as .npy",
            )
        path = _inside(config.parent, tensor, config.name)
        shape = tuple(int(text) for text in entry.fields.get("tensor_shape", []) if text.isdigit())
        matrix = _bytes_matrix(path, shape) if path.suffix == ".bytes" else read_number_matrix(path)
        name = _free(vectors_name((entry.one("tensor_name") or path.stem).split(":")[0]), vectors)
        vectors[name], told = clean_vectors(matrix, file=path.name, name=name)
        findings += told
        if (labels := entry.one("metadata_path")) is not None:
            metadata[_inside(config.parent, labels, config.name)] = len(matrix)
        if "sprite" in entry.fields:
            findings.append(Finding("note", "the sprite of small pictures left out", config.name))
    if len({len(matrix) for matrix in vectors.values()}) > 1 or len(metadata) > 1:
        raise UserError(
            "its embeddings are of different things: "
            + "; ".join(f"{name} {matrix.shape}" for name, matrix in vectors.items()),
            where=config.name,
            how="Keep embeddings with the same metadata in it",
        )
    table = None
    for path, rows in metadata.items():
        table, told = read_metadata(path, rows=rows, reading=reading)
        findings += told
    return table, vectors, findings


def read_metadata(path: Path, *, rows: int, reading: Reading) -> tuple[pa.Table, list[Finding]]:
    """A metadata TSV for ``rows`` vectors, by the projector's rule: only several columns have a header row.

    A single column with one line more than there are vectors does have a header, and is read so.
    """
    tabbed = Reading(reading.decimal, "\t", reading.dates)
    cells, findings = read_cells(path, reading=tabbed, quoting=False)
    headed = cells.num_columns > 1 or cells.num_rows == rows + 1
    if headed:
        names, told = clean_names([column[0].as_py() for column in cells.columns], file=path.name)
        findings += told
        if cells.num_columns == 1:
            findings.append(
                Finding(
                    "note",
                    "the first line is taken as the column's name: there is one more than vectors",
                    path.name,
                )
            )
    else:
        names = ["label"]
        findings.append(Finding("note", "one column without a name, as the projector has it, named label", path.name))
    body = cells.slice(1 if headed else 0)
    table, told = typed(dict(zip(names, body.columns, strict=True)), file=path.name, reading=reading)
    return table, findings + told


def _config_text(config: Path) -> str:
    try:
        if config.stat().st_size > _MAX_CONFIG_BYTES:
            raise UserError("is too large for a projector configuration", where=config.name)
        return config.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {str(error)[:120]}", where=str(config)) from None


def _inside(folder: Path, relative: str, config: str) -> Path:
    try:
        path = inside(folder, relative)
    except UserError:
        raise UserError(
            f"the path {relative[:200]!r} leads out of the configuration's own folder",
            where=config,
            how="Copy the file beside the configuration and name it without folders above",
        ) from None
    probe = path
    while probe != folder:
        if probe.is_symlink():
            raise UserError(
                f"{relative[:200]!r} is a link, which is not followed",
                where=config,
                how="Copy the file itself",
            )
        probe = probe.parent
    if not path.is_file():
        raise UserError(f"there is no file {relative[:200]!r} beside it", where=config, how="Copy the file there")
    return path


def _bytes_matrix(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    size = path.stat().st_size
    if len(shape) != 2 or min(shape) < 1:
        raise UserError(
            "its shape is not told",
            where=path.name,
            how="Give tensor_shape twice in the configuration: rows, dimensions",
        )
    if size != shape[0] * shape[1] * 4:
        raise UserError(
            f"holds {size:,} bytes, but {shape[0]:,} vectors of {shape[1]:,} float32 take {shape[0] * shape[1] * 4:,}",
            where=path.name,
            how="Correct tensor_shape in the configuration",
        )
    return np.memmap(path, dtype="<f4", mode="r", shape=shape)


def _free(name: str, taken: dict[str, npt.NDArray[np.float32]]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _entries(text: str, file: str) -> list[_Entry]:
    """The ``embeddings`` of a configuration in protobuf's text form; fields that are not known are passed
    over.
    """
    pieces: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise UserError("cannot be understood", where=f"{file}, line {line}", how="Write the configuration again")
        if match.lastgroup is not None:
            pieces.append(match.group())
        position = match.end()
    entries: list[_Entry] = []
    path: list[str] = []
    at = 0
    while at < len(pieces):
        piece, following = pieces[at], pieces[at + 1] if at + 1 < len(pieces) else ""
        if piece in "}>":
            if not path:
                raise UserError("has a closing bracket too many", where=file, how="Write the configuration again")
            path.pop()
            at += 1
        elif piece in ",;":
            at += 1
        elif following in ("{", "<") or (following == ":" and pieces[at + 2 : at + 3] in (["{"], ["<"])):
            if not path and piece == "embeddings":
                entries.append(_Entry())
            elif path == ["embeddings"]:
                entries[-1].fields.setdefault(piece, [])
            path.append(piece)
            at += 2 if following in ("{", "<") else 3
        elif following == ":":
            at += 2
            values, at = _values(pieces, at, file)
            if path == ["embeddings"]:
                entries[-1].fields.setdefault(piece, []).extend(values)
        else:
            raise UserError(f"cannot be understood at {piece[:40]!r}", where=file, how="Write the configuration again")
    if path:
        raise UserError("ends before its last bracket is closed", where=file, how="Write the configuration again")
    return entries


def _values(pieces: list[str], at: int, file: str) -> tuple[list[str], int]:
    """The value or the bracketed values that start at piece ``at``, and where they end."""
    if at >= len(pieces):
        raise UserError("ends in the middle of a field", where=file, how="Write the configuration again")
    if pieces[at] != "[":
        return [_plain(pieces[at])], at + 1
    end = at + 1
    while end < len(pieces) and pieces[end] != "]":
        end += 1
    return [_plain(piece) for piece in pieces[at + 1 : end] if piece != ","], end + 1


def _plain(piece: str) -> str:
    # A backslash stays as it is: paths are all that is read, and one with an escape would be suspicious.
    return piece[1:-1] if piece[0] in "\"'" else piece
