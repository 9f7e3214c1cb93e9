"""An ONNX file as bytes on disk: whether it may be opened, which other files belong to it, one hash over them all.

Nothing here needs onnxruntime. Of the file's protocol buffers only the places of its tensors are read.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import UserError
from explorer.study.pictures import inside

MOST_BYTES = 2_000_000_000
"""A larger file is refused unread; ONNX itself ends at 2 GiB. Files of weights beside it may be as large each."""

_MOST_DEPTH = 32
_MOST_BESIDE = 4_096

_Kind = dict[int, str]
_PARTS: dict[str, _Kind] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""Which fields of which message lead to a tensor, and there to the name of the file that holds it (onnx.proto3)."""


@dataclass(frozen=True)
class OnnxFile:
    """``path`` with the files of weights ``beside`` it; ``hash`` is the SHA-256 of it, or of it and their hashes."""

    path: Path
    beside: tuple[Path, ...]
    hash: str


def read_onnx_file(path: Path) -> OnnxFile:
    """Look at the ONNX file ``path`` before anything opens it.

    Raises UserError for a path that is no such file, one too large, one that is not ONNX, and one whose weights lie
    outside its folder.
    """
    where = str(path)
    if path.suffix.lower() != ".onnx":
        raise UserError(f"{path.name} does not end in .onnx", where=where, how="Give the model's .onnx file")
    try:
        if not path.is_file():
            raise UserError(f"there is no file {path}", how="Check the path")
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(f"is {size / 1e9:.1f} GB large, more than an ONNX file can be", where=where)
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=where) from None
    try:
        names = sorted(set(_locations(memoryview(content), "model", 0)))
    except (ValueError, IndexError, RecursionError):
        raise UserError("is not an ONNX model", where=where, how="Export the model again") from None
    if len(names) > _MOST_BESIDE:
        raise UserError(f"keeps its weights in {len(names):,} files, which is too many", where=where)
    beside = tuple(_beside(path, name) for name in names)
    digest = hashlib.sha256(content)
    if beside:
        digest = hashlib.sha256("".join([digest.hexdigest(), *map(_hash, beside)]).encode())
    return OnnxFile(path, beside, digest.hexdigest())


def _beside(path: Path, name: str) -> Path:
    try:
        found = inside(path.parent, name)
    except UserError:
        raise UserError(
            f"wants weights from {name[:120]!r}, which does not lie in its folder, so it is refused",
            where=str(path),
            how="Export it again with its weights inside, or beside it",
        ) from None
    if not found.is_file():
        raise UserError(
            f"lacks its file of weights {name[:120]!r}", where=str(path), how="Copy that file beside it too"
        )
    if found.stat().st_size > MOST_BYTES:
        raise UserError(f"has weights of {found.stat().st_size / 1e9:.1f} GB, which is too large", where=str(path))
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _locations(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    """The files named anywhere in a ``message`` of this kind. Raises ValueError or IndexError for what is none."""
    if depth > _MOST_DEPTH:
        raise ValueError("too deep")
    parts = _PARTS[kind]
    for field, content in _fields(message):
        if field not in parts:
            continue
        if parts[field] == "entry":
            pair = dict(_fields(content))
            if bytes(pair.get(1, b"")) == b"location":
                yield bytes(pair.get(2, b"")).decode("utf-8")
        else:
            yield from _locations(content, parts[field], depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of the fields that have a length; the others are passed over."""
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        kind = key & 7
        if kind == 0:
            _, place = _number(message, place)
            continue
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, place = _number(message, place)
        elif not length:
            raise ValueError("no such kind of field")
        if place + length > len(message):
            raise ValueError("it ends too early")
        if kind == 2:
            yield key >> 3, message[place : place + length]
        place += length


def _number(message: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte at ``place``, and the place after it."""
    found = shift = 0
    while True:
        byte = message[place]
        place += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, place
        shift += 7
        if shift > 63:
            raise ValueError("no such number")
