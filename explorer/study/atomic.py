"""Writing that leaves the old file or the new one, never half of one."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from explorer.errors import UserError


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # Windows cannot open a folder, and needs no such flush
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _named(path: Path) -> Path:
    """``path`` with a name of its own, which "." has not."""
    path = path.absolute()
    if not path.name:
        raise UserError("could not be written: it has no name", where=str(path), how="Name a file or folder in it")
    return path


def _unwritten(path: Path, error: OSError) -> UserError:
    return UserError(
        f"could not be written: {error.strerror or error}",
        where=str(path),
        how="Free some space or choose a folder you may write to; nothing was changed",
    )


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on leaving without an error, flush it and rename it to ``path``.

    Raises UserError when the disk or the rights do not allow it; the temporary file is gone in every case.
    """
    path = _named(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        with suppress(OSError):  # a name too long, or a folder that is a file: there is nothing to take away
            temporary.unlink()


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` that becomes ``path`` on leaving without an error.

    ``path`` must not exist yet, or be an empty folder. Raises UserError otherwise, and as ``atomic_file`` does.
    """
    path = _named(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(
            f"{path} exists already",
            how="Choose another name, or move the old one away; it is never overwritten",
        )
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                with file.open("rb+") as written:
                    os.fsync(written.fileno())
        if path.exists():
            path.rmdir()
        temporary.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
