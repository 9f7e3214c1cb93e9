"""NumPy's files: ``.npy`` and ``.npz``. Python objects (pickles) in them are never opened."""

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from explorer.errors import UserError
from explorer.study.importing.arrays import MAX_ARRAY_BYTES, Array, Arrays, sort_arrays
from explorer.study.importing.reading import Reading
from explorer.study.importing.unpack import bomb

PICKLED = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".p")
"""Files that run code when they are opened, whoever made them."""

_DAMAGE = (ValueError, TypeError, EOFError, SyntaxError, OverflowError, MemoryError, tokenize.TokenError)
"""What NumPy raises on a damaged description of an array."""

_MAX_MEMBERS = 1_000
_OBJECTS = "it holds Python objects, which could run code when opened"
_SAVE_AGAIN = (
    "Save plain numbers and text instead: numpy.savez(FILE, X=vectors.astype('float32'), label=labels.astype('U'))"
)


def refuse_pickle(path: Path) -> None:
    """Raises UserError for a file that could run code when opened, by its name."""
    if path.suffix.lower() in PICKLED:
        raise UserError(
            f"is not opened: a {path.suffix} file can run any code on this computer as soon as it is read",
            where=path.name,
            how=(
                "Open it where you trust it and save its numbers: numpy.save('vectors.npy', vectors.astype('float32'))"
            ),
        )


def read_npy(path: Path, *, reading: Reading) -> Arrays:
    """One array of vectors (n, d), memory-mapped. Raises UserError for anything else."""
    try:
        with path.open("rb") as stream:
            _check_header(stream, path.stat().st_size, file=path.name, name=path.stem)
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as error:
        raise _broken(path.name, error) from None
    except OSError as error:
        raise UserError(f"cannot be opened: {error.strerror or error}", where=str(path)) from None
    if array.ndim == 1:
        raise UserError(
            f"holds one row of {len(array):,} values, not vectors",
            where=path.name,
            how="Vectors have the shape (rows, dimensions); put single columns into a table or an .npz file",
        )
    return sort_arrays({path.stem: array}, file=path.name, reading=reading)


def read_npz(path: Path, *, reading: Reading) -> Arrays:
    """The arrays of an ``.npz`` archive. Raises UserError for objects, damage, bombs and shapes that do
    not fit.
    """
    arrays: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members, file=path.name)
            for member in members:
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as stream:
                    _check_header(stream, member.file_size, file=path.name, name=name)
                with archive.open(member) as stream:
                    arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        raise _broken(path.name, error) from None
    except OSError as error:
        raise UserError(f"cannot be opened: {error.strerror or error}", where=str(path)) from None
    return sort_arrays(arrays, file=path.name, reading=reading)


def _check_members(members: list[zipfile.ZipInfo], *, file: str) -> None:
    if len(members) > _MAX_MEMBERS:
        raise UserError(
            f"holds {len(members):,} arrays, more than {_MAX_MEMBERS:,}",
            where=file,
            how="Keep only what is needed",
        )
    for member in members:
        if not member.filename.endswith(".npy"):
            raise UserError(f"{member.filename!r} in it is not an array", where=file, how=_SAVE_AGAIN)
        if bomb(member.file_size, member.compress_size):
            raise UserError(
                f"{member.filename} claims to unpack from {member.compress_size:,} to {member.file_size:,} bytes",
                where=file,
                how="If that is right, save it with numpy.savez (not compressed)",
            )
    total = sum(member.file_size for member in members)
    if total > MAX_ARRAY_BYTES:
        raise UserError(f"unpacks to {total / 2**30:,.0f} GiB, more than {MAX_ARRAY_BYTES // 2**30} GiB", where=file)


def _check_header(stream: IO[bytes], size: int, *, file: str, name: str) -> None:
    """Check an array's own description against the bytes that are there, before any memory is taken for
    it.
    """
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise UserError(f"{name} is not opened: {_OBJECTS}", where=file, how=_SAVE_AGAIN)
    described = math.prod(shape) * dtype.itemsize
    if described > size:
        raise UserError(
            f"{name} is cut short: it describes {described:,} bytes and the file holds {size:,}",
            where=file,
            how="Copy or save it again",
        )


def _broken(file: str, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    if "allow_pickle" in reason or "Object arrays" in reason:
        reason = _OBJECTS
    elif "magic string" in reason:
        reason = "it is not a NumPy array (or a pickle, which could run code when opened)"
    return UserError(f"cannot be opened: {reason}", where=file, how=_SAVE_AGAIN)
