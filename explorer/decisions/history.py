"""What was decided, told in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from explorer.decisions.chain import PURGE, UNDO, Event
from explorer.decisions.events import Log
from explorer.decisions.place import store_of
from explorer.decisions.state import undone
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study

PHRASES: dict[str, tuple[str, str]] = {
    "view.save": ("saved the view {subject!r}", ""),
    "view.rename": ("renamed the view {subject!r}", " to {to!r}"),
    "view.remove": ("removed the view {subject!r}", ""),
    "selection.save": ("named the selection {subject!r}", " ({count:,} observations)"),
    "selection.rename": ("renamed the selection {subject!r}", " to {to!r}"),
    "selection.remove": ("removed the selection {subject!r}", ""),
    "cluster.name": ("named one of the clusters {subject!r}", ": {cluster} is {to!r}"),
    "cluster.merge": ("merged some of the clusters {subject!r}", ": {clusters}"),
    "cluster.split": ("split one of the clusters {subject!r}", ": {cluster}"),
    "alert.resolve": ("resolved alerts of {subject!r}", ": {task}, {verdict}"),
    "event.note": ("noted an event of {subject!r}", ": {kind}, {time}"),
}
"""What somebody did, by kind of event: what can be said of its ``subject``, and what only its payload tells."""


@dataclass(frozen=True)
class Entry:
    """One event of the history. ``when`` is in UTC.

    ``undone`` and ``purged`` say why it does not count at present; ``undo`` needs ``seq``, and so does ``purge``.
    """

    seq: int
    when: datetime
    who: str
    kind: str
    subject: str
    sentence: str
    undone: bool
    purged: bool


def history(study: "Study") -> list[Entry]:
    """All events of the study's store, first to last. Raises UserError when the store cannot be read."""
    with store_of(study).reading() as log:
        return entries(log)


def entries(log: Log) -> list[Entry]:
    """All events of ``log`` as entries."""
    by_id = {event.id: event for event in log.events}
    gone = undone(log.events)
    return [
        Entry(
            seq=event.seq,
            when=event.when,
            who=event.who,
            kind=event.kind,
            subject=event.subject,
            sentence=f"{event.who} {_deed(log, event, by_id)}",
            undone=event.id in gone,
            purged=event.id in log.purged,
        )
        for event in log.events
    ]


def _deed(log: Log, event: Event, by_id: Mapping[str, Event]) -> str:
    undos = 0
    while event.kind == UNDO and (target := by_id.get(event.target or "")):
        event, undos = target, undos + 1
    if undos:
        return f"{'undid' if undos % 2 else 'redid'} decision {event.seq}: {_deed(log, event, by_id)}"
    if event.kind == PURGE and (target := by_id.get(event.target or "")):
        return f"purged for good what decision {target.seq} held: {_deed(log, target, by_id)}"
    if event.kind not in PHRASES:  # a later version has written it
        return f"recorded {event.kind!r} of {event.subject!r}"
    deed, more = PHRASES[event.kind]
    return deed.format(subject=event.subject) + _told_by_payload(log, event, more)


def _told_by_payload(log: Log, event: Event, phrase: str) -> str:
    if event.id in log.purged:
        return " (purged since)"
    try:
        return phrase and phrase.format(**log.payload(event))
    except (UserError, KeyError, ValueError, TypeError):
        return " (what it held cannot be read)"
