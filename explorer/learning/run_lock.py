"""One process at a time trains into a run's folder, and others can tell that one does."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from explorer.errors import UserError
from explorer.learning.run_folders import RUN

_PATIENCE = 0.5
"""Seconds for which a lock is asked for: whoever looks whether there is one holds it for a moment."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the run in ``folder``, whose ``config.json`` is there, against all other processes, until the end or death.

    The lock is the system's, on that file (flock), so nothing of it is ever left behind. Raises UserError when another
    process holds it. Where there are no such locks, as on Windows and on some network drives, nothing is held.
    """
    path = folder / RUN
    deadline = time.monotonic() + _PATIENCE
    with path.open("rb+") as file:  # not to be written: for reading only, some network drives give no lock
        while not _locked(file, alone=True):
            if time.monotonic() > deadline:
                raise UserError(
                    f"another process is training the run in {folder}", how="Wait until it has ended, or stop it"
                )
            time.sleep(0.02)
        if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise UserError(f"the run in {folder} was replaced by another", how="Start again")
        yield


def is_held(folder: Path) -> bool:
    """Whether a process trains the run in ``folder`` at this moment."""
    try:
        with (folder / RUN).open("rb") as file:
            return not _locked(file, alone=False)
    except OSError:
        return False


def _locked(file: BinaryIO, *, alone: bool) -> bool:
    """Lock ``file`` until it is closed, against others who lock it ``alone``, or against all; whether that went."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a drive without locks
        return True
    return True
