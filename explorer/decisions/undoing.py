"""Undo and redo: events that name the event they undo.

Any decision can be undone, and any undo (which is a redo), but not what is undone already, nor a purge. When later
events were built on what is undone, they stay and act on what is left: see ``state``. ``undo`` without a number takes
back the last decision that counts, whoever made it; ``redo`` takes back the last such undo, until a new decision is
made. Both can be asked about one ``subject`` only, whatever was decided about others meanwhile.
"""

from typing import TYPE_CHECKING

from explorer.decisions.chain import PURGE, UNDO, Event
from explorer.decisions.events import Log
from explorer.decisions.history import Entry, entries
from explorer.decisions.names import checked_who
from explorer.decisions.place import store_of
from explorer.decisions.state import in_force, undone
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study


def undo(study: "Study", seq: int | None = None, *, subject: str | None = None, who: str | None = None) -> Event:
    """Undo event number ``seq``, or the last decision that counts. Returns the event that says so.

    Raises UserError when there is nothing to undo, or when that event cannot be undone.
    """
    who = checked_who(who)
    with store_of(study).writing(create=False) as log:
        target = _last(log, subject) if seq is None else _undoable(log, seq)
        if target is None:
            raise UserError("there is nothing to undo")
        return log.append(UNDO, target.subject, who=who, target=target.id)


def redo(study: "Study", *, subject: str | None = None, who: str | None = None) -> Event:
    """Undo the last undo. Returns the event that says so. Raises UserError when there is nothing to redo."""
    who = checked_who(who)
    with store_of(study).writing(create=False) as log:
        target = _last_undo(log, subject)
        if target is None:
            raise UserError("there is nothing to redo", how="A redo follows an undo, before any new decision")
        return log.append(UNDO, target.subject, who=who, target=target.id)


def next_undo(study: "Study", subject: str | None = None) -> Entry | None:
    """The decision that ``undo`` would take back; None when there is nothing to undo."""
    with store_of(study).reading() as log:
        target = _last(log, subject)
        return None if target is None else _entry(log, target.seq)


def next_redo(study: "Study", subject: str | None = None) -> Entry | None:
    """The decision that ``redo`` would bring back; None when there is nothing to redo."""
    with store_of(study).reading() as log:
        target = _last_undo(log, subject)
        return None if target is None else next(_entry(log, e.seq) for e in log.events if e.id == target.target)


def _entry(log: Log, seq: int) -> Entry:
    return next(entry for entry in entries(log) if entry.seq == seq)


def _last(log: Log, subject: str | None) -> Event | None:
    counting = [event for event in in_force(log) if subject in (None, event.subject)]
    return counting[-1] if counting else None


def _last_undo(log: Log, subject: str | None) -> Event | None:
    decisions = {event.id for event in log.events if event.kind not in (UNDO, PURGE)} - log.purged
    gone = undone(log.events)
    for event in reversed(log.events):
        if subject not in (None, event.subject):
            continue
        if event.kind == UNDO and event.target in decisions and event.id not in gone:
            return event
        if event.kind not in (UNDO, PURGE):
            return None
    return None


def _undoable(log: Log, seq: int) -> Event:
    event = log.event(seq)
    if event.kind == PURGE:
        raise UserError(f"decision {seq} purged something for good, which cannot be undone")
    if event.id in log.purged or event.target in log.purged:
        raise UserError(f"what decision {seq} is about was purged for good", how="Make the decision anew")
    if event.id in undone(log.events):
        raise UserError(f"decision {seq} is undone already")
    return event
