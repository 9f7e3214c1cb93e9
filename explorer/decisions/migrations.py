"""The schema of a store, version by version: making a new file, and bringing an older one up to date."""

import os
import secrets
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from explorer.decisions.connecting import APPLICATION, connection, damaged, readable, told
from explorer.errors import UserError
from explorer.study.atomic import atomic_file

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # AUTOINCREMENT remembers the highest number there ever was, so that a cut-off end is noticed.
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            time TEXT NOT NULL,
            who TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            target TEXT REFERENCES events (id),
            payload_hash TEXT,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL
        )""",
        """CREATE TABLE payloads (
            event INTEGER PRIMARY KEY REFERENCES events (seq),
            salt BLOB NOT NULL,
            content TEXT NOT NULL
        )""",
        # Payloads that are purged, while their bytes may still be in the file.
        "CREATE TABLE unfinished_purges (event INTEGER PRIMARY KEY REFERENCES events (seq))",
        """CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END""",
        """CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END""",
        # Also against INSERT OR REPLACE, which fires no trigger for what it deletes.
        """CREATE TRIGGER events_join_at_the_end BEFORE INSERT ON events
            WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
            OR NEW.previous IS NOT coalesce((SELECT hash FROM events ORDER BY seq DESC LIMIT 1),
                '0000000000000000000000000000000000000000000000000000000000000000')
            BEGIN SELECT RAISE(ABORT, 'an event joins at the end'); END""",
        """CREATE TRIGGER payloads_are_never_changed BEFORE UPDATE ON payloads
            BEGIN SELECT RAISE(ABORT, 'a payload is never changed'); END""",
        """CREATE TRIGGER payloads_join_at_the_end BEFORE INSERT ON payloads
            WHEN NEW.event IS NOT (SELECT max(seq) FROM events)
            BEGIN SELECT RAISE(ABORT, 'a payload joins with its event'); END""",
        """CREATE TRIGGER payloads_go_by_purge_only BEFORE DELETE ON payloads
            WHEN NOT EXISTS (
                SELECT 1 FROM events AS gone JOIN events AS tombstone ON tombstone.target = gone.id
                WHERE gone.seq = OLD.event AND tombstone.kind = 'purge')
            BEGIN SELECT RAISE(ABORT, 'a payload goes by a purge only'); END""",
    ),
)
"""The statements that lead to version 1, 2, ...; what has been released is never edited, only added to."""


def version_of(opened: sa.Connection, path: Path) -> int:
    """The schema version of the store. Raises UserError when it is none, or one that is newer than this program."""
    if opened.exec_driver_sql("PRAGMA application_id").scalar_one() != APPLICATION:
        raise damaged(path, "is damaged, or is no file of decisions")
    version = int(opened.exec_driver_sql("PRAGMA user_version").scalar_one())
    if version > len(MIGRATIONS):
        raise UserError(
            f"was written by a newer version of Latent Explorer (its format is {version}, "
            f"this version knows {len(MIGRATIONS)})",
            where=str(path),
            how="Update Latent Explorer; the file was left as it is",
        )
    return version


def bring_up_to_date(path: Path, where: Path | None = None) -> None:
    """Migrate the store at ``path``, one transaction for each version, after a copy of it was put beside it.

    Raises UserError (about ``where``, if ``path`` is but a copy of it) when it is damaged or newer; it is left as it
    was then.
    """
    where = where or path
    if not path.stat().st_size:
        raise damaged(where, "is empty, so it is no file of decisions")
    copied = False
    with connection(path) as opened:
        version = version_of(opened, where)
    while version < len(MIGRATIONS):
        with connection(path, "BEGIN IMMEDIATE") as opened:
            version = version_of(opened, where)  # another program may have been faster
            if version < len(MIGRATIONS):
                if not copied:
                    _put_copy_beside(path, version)
                    copied = True
                _migrate(opened, version)
                version += 1


def _migrate(opened: sa.Connection, version: int) -> None:
    for statement in MIGRATIONS[version]:
        opened.exec_driver_sql(statement)
    opened.exec_driver_sql(f"PRAGMA user_version = {version + 1}")


def _put_copy_beside(path: Path, version: int) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    with atomic_file(path.with_name(f"{path.stem}.version-{version}.{stamp}{path.suffix}")) as copy:
        _backup(path, copy)


def copies_beside(path: Path) -> list[Path]:
    """The copies that migrations of ``path`` have left."""
    return sorted(path.parent.glob(f"{path.stem}.version-*.*{path.suffix}"))


def _backup(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(copy)) as new:
        old.backup(new)


def create(path: Path, begins_with: Path | None = None) -> None:
    """Make the store ``path``, empty or as a copy of another one, whole or not at all. One that is there stays.

    Raises UserError or OSError when that cannot be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        if begins_with is not None:
            with told(begins_with), readable(begins_with) as source:
                bring_up_to_date(source, begins_with)
                _backup(source, temporary)
        else:
            with connection(temporary, "BEGIN IMMEDIATE", create=True) as opened:
                opened.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
                for version in range(len(MIGRATIONS)):
                    _migrate(opened, version)
        _put_in_place(temporary, path)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):  # a folder that is a file: there is nothing to take away
                Path(f"{temporary}{ending}").unlink()


def _put_in_place(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)  # unlike a renaming, it never replaces what another program has made meanwhile
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if path.exists():
            return
        temporary.rename(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_SCHEMA = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"


def schema_is_ours(opened: sa.Connection) -> bool:
    """Whether tables and guards of an up-to-date store are those that the migrations make."""
    found = {tuple(row) for row in opened.exec_driver_sql(_SCHEMA)}
    return found == _expected(MIGRATIONS)


@lru_cache(maxsize=2)
def _expected(migrations: tuple[tuple[str, ...], ...]) -> frozenset[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as memory:
        for statements in migrations:
            for statement in statements:
                memory.execute(statement)
        return frozenset(memory.execute(_SCHEMA))
