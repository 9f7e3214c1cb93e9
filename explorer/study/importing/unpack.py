"""The bytes of a file, unpacked within bounds."""

import gzip
import zlib
from pathlib import Path

from explorer.errors import UserError

MAX_TEXT_BYTES = 4 * 2**30
"""A table of text beyond this is beyond what the import holds in memory."""

MAX_RATIO = 500
"""Unpacked to packed size; real tables compress up to about a hundredfold."""

RATIO_FROM = 256 * 2**20
"""The ratio is judged only above this size: a small constant array may well compress a thousandfold."""

_CHUNK = 4 * 2**20


def bomb(unpacked: int, packed: int) -> bool:
    """Whether an unpacked size is out of all proportion to the packed one."""
    return unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1)


def read_bytes(path: Path) -> bytes:
    """The whole of ``path``, unpacked when its name ends in ``.gz``.

    Raises UserError when it is too large, damaged, or cannot be opened.
    """
    try:
        packed = path.stat().st_size
        if packed > MAX_TEXT_BYTES:
            raise _too_large(path)
        if path.suffix.lower() != ".gz":
            return path.read_bytes()
        parts: list[bytes] = []
        total = 0
        with gzip.open(path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > MAX_TEXT_BYTES or bomb(total, packed):
                    raise _too_large(path)
                parts.append(chunk)
        return b"".join(parts)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise UserError(
            "cannot be unpacked: it is cut short or not a gzip file",
            where=path.name,
            how="Fetch or pack it again",
        ) from None
    except OSError as error:
        raise UserError(f"cannot be opened: {error.strerror or error}", where=str(path)) from None


def _too_large(path: Path) -> UserError:
    return UserError(
        f"unpacks to more than {MAX_TEXT_BYTES // 2**30} GiB or to {MAX_RATIO} times its size, which no table does",
        where=path.name,
        how="Split it, or save it as Parquet",
    )
