"""True purge: what an event held is taken out of the file, byte for byte; that it was there, and who purged it, stays.

What stays is in the event itself: its number, time, person, kind and subject (the name), and the hashes. The copies
that migrations put beside the file would still hold what is purged, so they are deleted.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.decisions.events import Log, Store
from explorer.decisions.migrations import copies_beside
from explorer.decisions.names import checked_who
from explorer.decisions.place import store_of
from explorer.errors import UserError
from explorer.study.findings import Finding

if TYPE_CHECKING:
    from explorer.study.study import Study


def purge(study: "Study", *seqs: int, who: str | None = None) -> list[Finding]:
    """Purge what the events numbered ``seqs`` held; they count no more. All of them are purged, or none.

    Returns where some of it may still lie: nothing when it is gone for good. Raises UserError for an event that is
    not there, held nothing, or was purged before.
    """
    who = checked_who(who)
    store = store_of(study)
    with store.writing(create=False) as log:
        events = [log.event(seq) for seq in dict.fromkeys(seqs)]
        for event in events:
            if event.payload_hash is None:
                raise UserError(f"decision {event.seq} holds nothing that could be purged")
            if event.id in log.purged:
                raise UserError(f"decision {event.seq} was purged before")
            log.purge(event, who=who)
    left = []
    with store.reading() as log:
        left += unfinished(log, str(store.path))
    for copy in copies_beside(store.path):
        with suppress(OSError):
            copy.unlink()
        if copy.exists():
            left.append(Finding("warning", "may still hold what was purged", str(copy), how="Delete it"))
    if store.begins_with is not None and store.begins_with.exists():
        left += _left_in(store.begins_with, {event.id for event in events})
    return left


def _left_in(other: Path, ids: set[str]) -> list[Finding]:
    try:
        with Store(other).reading() as log:
            found = any(event.id in ids - log.purged for event in log.events)
    except UserError:  # what cannot be read may hold anything
        found = True
    return [Finding("warning", "may still hold what was purged", str(other), how="Delete it")] if found else []


def unfinished(log: Log, file: str) -> list[Finding]:
    """A warning when the bytes of something purged may still be in the ``file``."""
    if not log.unfinished_purges():
        return []
    return [
        Finding(
            "warning",
            "the bytes of something purged may still be in the file: another program was using it, or the disk is full",
            file,
            how="The next decision that is made takes them out",
        )
    ]
