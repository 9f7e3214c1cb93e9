"""Which events count: the state of a store is a fold over these, and over nothing else.

An event is undone by a later event of kind "undo" that names it, unless that undo is undone itself. An event whose
payload was purged counts no more, at whatever moment one looks. All others count, in their order, whether or not the
events they were built on still do: what acts on something that is not there (a rename, a removal) has no effect then.
"""

from collections.abc import Iterable

from explorer.decisions.chain import PURGE, UNDO, Event
from explorer.decisions.events import Log


def undone(events: Iterable[Event]) -> frozenset[str]:
    """Ids of those of ``events`` (in order) that others of them undo."""
    found: set[str] = set()
    for event in reversed(list(events)):  # what is said later decides first
        if event.kind == UNDO and event.target and event.id not in found:
            found.add(event.target)
    return frozenset(found)


def in_force(log: Log, as_of: int | None = None) -> list[Event]:
    """The events that count, in order, as they did after event number ``as_of`` (default: now).

    Undos and purges are not among them: they act through what is missing. Raises UserError for an ``as_of`` that has
    not been.
    """
    events = log.until(as_of)
    gone = undone(events) | log.purged
    return [event for event in events if event.kind not in (UNDO, PURGE) and event.id not in gone]
