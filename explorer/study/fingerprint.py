"""Hashes that say whether two things hold the same."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa

from explorer.errors import UserError
from explorer.study.atomic import write_text


def hash_ids(ids: pa.Array | pa.ChunkedArray) -> str:
    """SHA-256 of the ordered observation ids: their int64 end offsets, then their UTF-8 bytes.

    Any change of an id, of their number or of their order changes it.
    """
    column = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    if isinstance(column, pa.ChunkedArray):  # combine_chunks of an empty column
        column = pa.array([], type=pa.large_string())
    column = pa.concat_arrays([column.cast(pa.large_string())])  # a copy whose offsets start at 0
    digest = hashlib.sha256()
    if len(column):
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[1 : len(column) + 1]
        digest.update(ends.astype("<i8").tobytes())
        digest.update(memoryview(data)[: int(ends[-1])] if data is not None else b"")
    return digest.hexdigest()


def hash_json(value: object) -> str:
    """SHA-256 of a JSON-able value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FileHashes:
    """Remembers the hashes of large files by name, size and time of change, in one small file of the cache."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory

    def of(self, path: Path) -> str:
        """SHA-256 of ``path``, computed again only when the file has changed."""
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        entry = known.get(str(path)) if isinstance(known, dict) else None
        if isinstance(entry, dict) and entry.get("stamp") == stamp:
            return str(entry["sha256"])
        digest = hash_file(path)
        known = known if isinstance(known, dict) else {}
        known[str(path)] = {"stamp": stamp, "sha256": digest}
        with suppress(UserError):  # a hash that cannot be remembered is computed again next time
            write_text(self._memory, json.dumps(known, indent=1))
        return digest
