"""The chain of hashes: each event is covered by its own hash, which covers the hash of the event before.

A payload is covered through a hash of its own that is salted, so that it can be purged: what is left does not let
anybody guess what it was.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

START = "0" * 64
"""What stands for the hash before the first event."""

UNDO, PURGE = "undo", "purge"
"""The kinds of event that speak of another event: its ``target``."""


@dataclass(frozen=True)
class Event:
    """One thing that somebody did. ``seq`` counts from 1 without gaps; hashes are SHA-256, in hexadecimal.

    ``time`` is UTC in ISO form. ``target`` is the id of the event that an undo or a purge is about.
    ``payload_hash`` is None for an event that was made without a payload.
    """

    seq: int
    id: str
    time: str
    who: str
    kind: str
    subject: str
    target: str | None
    payload_hash: str | None
    previous: str
    hash: str = field(default="")

    @property
    def when(self) -> datetime:
        """``time``, as an aware datetime; the year 1 when somebody has made it unreadable, which its hash tells."""
        try:
            found = datetime.fromisoformat(self.time)
        except ValueError:
            found = datetime.min
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    @property
    def own_hash(self) -> str:
        """What ``hash`` has to be: SHA-256 of all other fields in canonical form."""
        fields = asdict(self)
        del fields["hash"]
        return hashlib.sha256(canonical({"format": 1, **fields}).encode()).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A payload as it lies in the file: canonical JSON and the salt of its hash."""

    salt: bytes
    content: str

    @property
    def hash(self) -> str:
        """SHA-256 of salt and content, in hexadecimal."""
        return hashlib.sha256(self.salt + self.content.encode()).hexdigest()


def canonical(value: object) -> str:
    """``value`` as JSON in the one form that is hashed: keys sorted, no spaces, ASCII, finite numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sealed(payload: Mapping[str, Any]) -> Stored:
    """``payload`` in canonical form, with a new random salt of 32 bytes."""
    return Stored(secrets.token_bytes(32), canonical(payload))


def first_break(events: Iterable[Event], previous: str = START, seq: int = 0) -> str | None:
    """Where ``events``, which should follow event ``seq`` with hash ``previous``, break; None when they do not."""
    for event in events:
        if event.seq != seq + 1:
            return f"decision {seq + 1} is missing: after decision {seq} comes decision {event.seq}"
        if event.hash != event.own_hash:
            return f"decision {event.seq} ({event.subject!r}) is not as it was written: it was changed or moved"
        if event.previous != previous:
            return (
                f"decision {event.seq} ({event.subject!r}) does not follow the one before: one was put in or replaced"
            )
        seq, previous = event.seq, event.hash
    return None


def payload_break(event: Event, stored: Stored | None, *, purged: bool) -> str | None:
    """What is wrong with the payload of ``event`` as it lies in the file; None when nothing is."""
    name = f"the content of decision {event.seq} ({event.subject!r})"
    if event.payload_hash is None or purged:
        return None if stored is None else f"{name} should not be there: the event has none, or it was purged"
    if stored is None:
        return f"{name} is missing, and no decision says that it was purged"
    return None if stored.hash == event.payload_hash else f"{name} was changed or cut off after it was written"
