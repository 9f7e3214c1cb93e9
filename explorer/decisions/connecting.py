"""Connections to a store's file, and what its errors mean in plain words."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from explorer.errors import UserError

APPLICATION = 0x4C454458
"""What the header of a store says it is (SQLite's application_id)."""

BUSY_SECONDS = 10.0
"""How long to wait for another program that is writing."""

PRAGMAS = (
    "synchronous = FULL",
    "fullfsync = ON",  # macOS: a flush that reaches the disk
    "foreign_keys = ON",
    "secure_delete = ON",
    "trusted_schema = OFF",  # a study comes from anywhere
    "temp_store = MEMORY",  # VACUUM leaves nothing in the temporary folder
)

_BEGIN = "explorer_begin"


def _connect(path: Path, create: bool) -> sqlite3.Connection:
    mode = "rwc" if create else "rw"
    # isolation_level None: the driver begins nothing by itself, _begin below does.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        try:
            # Not before it is known to be ours: this writes into the file.
            if create or connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,):
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise  # while others are busy the older journal does as well; the next connection asks again
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: sa.Connection) -> None:
    statement = connection.get_execution_options().get(_BEGIN)
    if statement:
        connection.exec_driver_sql(statement)


@contextmanager
def connection(path: Path, begin: str = "", *, create: bool = False) -> Iterator[sa.Connection]:
    """A connection to the file ``path`` (made if need be, with ``create``), closed at the end.

    ``begin`` is "BEGIN" for one unchanging picture of the file, "BEGIN IMMEDIATE" to be the only one who writes, or
    nothing for statements on their own. What was begun is committed at the end, or rolled back on an error.
    """
    engine = sa.create_engine("sqlite://", creator=lambda: _connect(path, create), poolclass=sa.NullPool)
    sa.event.listen(engine, "begin", _begin)
    with engine.connect() as opened:
        opened.execution_options(**{_BEGIN: begin})
        with opened.begin():
            yield opened


def in_place(path: Path) -> bool:
    """Whether SQLite can work on ``path`` where it lies: even to read, it writes beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """``path``, or for as long as this lasts a copy of it (with its -wal) when it lies where nothing can be written."""
    if in_place(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            shutil.copyfile(path, copy)
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        except OSError as error:
            raise UserError(
                f"could not be read: {error.strerror or error}", where=str(path), how="Ask for the right to read it"
            ) from error
        yield copy


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the database or the disk refuses into one UserError about ``path``."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _in_words(path, error.orig or error) from error
    except (sqlite3.Error, OSError) as error:
        raise _in_words(path, error) from error


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended codes share their lowest byte


def _in_words(path: Path, error: BaseException) -> UserError:
    code = _code(error)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return damaged(path, "is damaged, or is no file of decisions")
    if code == sqlite3.SQLITE_FULL:
        what, how = "could not be written: the disk is full", "Free some space"
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        what, how = f"could not be written: {error}", "Check that you may write to this file and its folder"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        what, how = f"another program has been using it for {BUSY_SECONDS:g} seconds", "Try again in a moment"
    elif isinstance(error, OSError):
        what, how = f"could not be written: {error.strerror or error}", "Check the disk and your right to write there"
    else:
        what, how = f"could not be read or written: {error}", "Check the disk and its free space"
    return UserError(what, where=str(path), how=f"{how}; nothing was changed")


def damaged(path: Path, what: str) -> UserError:
    """The error for a file that cannot be what it should be."""
    return UserError(
        what, where=str(path), how="It was left as it is: put back a copy of it, or move it elsewhere to begin anew"
    )
