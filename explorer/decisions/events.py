"""The event store: one file, to which events are added and from which they are read. Nothing in it is ever changed."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from explorer.decisions import migrations
from explorer.decisions.chain import PURGE, START, Event, Stored, first_break, payload_break, sealed
from explorer.decisions.connecting import connection, readable, told
from explorer.errors import UserError

_FIELDS = ("seq", "id", "time", "who", "kind", "subject", "target", "payload_hash", "previous", "hash")
_EVENTS = sa.table("events", *(sa.column(name) for name in _FIELDS))
_PAYLOADS = sa.table("payloads", sa.column("event"), sa.column("salt"), sa.column("content"))
_UNFINISHED = sa.table("unfinished_purges", sa.column("event"))


class Log:
    """The events of a store within one transaction; made by ``Store.reading`` and ``Store.writing``."""

    def __init__(self, opened: sa.Connection | None) -> None:
        self._opened = opened  # None: there is no file yet

    @cached_property
    def events(self) -> list[Event]:
        """All events, first to last."""
        return self._select(sa.select(_EVENTS).order_by(_EVENTS.c.seq))

    def _select(self, query: sa.Select[Any]) -> list[Event]:
        return [] if self._opened is None else [_event(row) for row in self._opened.execute(query)]

    @cached_property
    def purged(self) -> frozenset[str]:
        """Ids of the events whose payload was purged."""
        return frozenset(event.target for event in self.events if event.kind == PURGE and event.target)

    def _last(self, number: int) -> list[Event]:
        return self._select(sa.select(_EVENTS).order_by(_EVENTS.c.seq.desc()).limit(number))[::-1]

    @property
    def head(self) -> int:
        """Number of the last event; 0 when there is none."""
        last = self._last(1)
        return last[0].seq if last else 0

    def event(self, seq: int) -> Event:
        """The event with that number. Raises UserError when there is none."""
        for event in self.events:
            if event.seq == seq:
                return event
        raise UserError(f"there is no decision {seq}", how=f"The last one is {self.head}")

    def until(self, as_of: int | None) -> list[Event]:
        """The events up to number ``as_of`` (default: all). Raises UserError when there has not been one."""
        if as_of is None:
            return self.events
        if not 0 <= as_of <= self.head:
            raise UserError(f"there is no decision {as_of}", how=f"The last one is {self.head}")
        return [event for event in self.events if event.seq <= as_of]

    # --- payloads ----------------------------------------------------------------------------------------

    def stored(self, seq: int) -> Stored | None:
        """The payload of event ``seq`` as it lies in the file; None when there is none, or none any more."""
        if self._opened is None:
            return None
        row = self._opened.execute(sa.select(_PAYLOADS).where(_PAYLOADS.c.event == seq)).one_or_none()
        return None if row is None else _stored(row)

    def payload(self, event: Event) -> dict[str, Any]:
        """What ``event`` holds, as it was given. Raises UserError when it is gone, changed, or cannot be read."""
        stored = self.stored(event.seq)
        trouble = payload_break(event, stored, purged=event.id in self.purged)
        if trouble:
            raise UserError(trouble, how="Put back a copy of the file of decisions")
        try:
            content = json.loads(stored.content) if stored else {}
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise UserError(f"the content of decision {event.seq} ({event.subject!r}) cannot be read")
        return content

    # --- adding ------------------------------------------------------------------------------------------

    def append(
        self,
        kind: str,
        subject: str,
        *,
        who: str,
        payload: Mapping[str, Any] | None = None,
        target: str | None = None,
    ) -> Event:
        """Add an event at the end; it counts once the transaction is over. ``payload`` is anything JSON can hold."""
        assert self._opened is not None, "a store that is not there yet is not written to"
        last = self._last(1)
        stored = None if payload is None else sealed(payload)
        event = Event(
            seq=last[0].seq + 1 if last else 1,
            id=uuid.uuid4().hex,
            time=datetime.now(UTC).isoformat(timespec="microseconds"),
            who=who,
            kind=kind,
            subject=subject,
            target=target,
            payload_hash=None if stored is None else stored.hash,
            previous=last[0].hash if last else START,
        )
        event = replace(event, hash=event.own_hash)
        self._opened.execute(sa.insert(_EVENTS).values({name: getattr(event, name) for name in _FIELDS}))
        if stored is not None:
            row = {"event": event.seq, "salt": stored.salt, "content": stored.content}
            self._opened.execute(sa.insert(_PAYLOADS).values(row))
        for cached in ("events", "purged"):
            self.__dict__.pop(cached, None)
        return event

    def purge(self, event: Event, *, who: str) -> Event:
        """Add the tombstone of a payload and take the payload out. Returns the tombstone."""
        assert self._opened is not None, "a store that is not there yet has nothing to purge"
        tombstone = self.append(PURGE, event.subject, who=who, target=event.id)
        self._opened.execute(sa.delete(_PAYLOADS).where(_PAYLOADS.c.event == event.seq))
        self._opened.execute(sa.insert(_UNFINISHED).values(event=event.seq))
        return tombstone

    # --- checking ----------------------------------------------------------------------------------------

    def unfinished_purges(self) -> int:
        """Number of purged payloads whose bytes may still be in the file."""
        if self._opened is None:
            return 0
        return int(self._opened.execute(sa.select(sa.func.count()).select_from(_UNFINISHED)).scalar_one())

    def quick_breaks(self) -> list[str]:
        """What a look at the schema, the number of events and the last two of them says is wrong."""
        if self._opened is None:
            return []
        breaks = []
        if not migrations.schema_is_ours(self._opened):
            breaks.append("the tables, or the guards that keep events from being changed, are not as they were made")
        count = int(self._opened.execute(sa.select(sa.func.count()).select_from(_EVENTS)).scalar_one())
        highest = self._opened.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'events'").scalar() or 0
        if count != highest:
            breaks.append(f"there should be {highest:,} decisions, but there are {count:,}")
        last = self._last(2)
        if last:
            before = (last[0].previous, last[0].seq - 1)
            breaks.extend(filter(None, [first_break(last, *before)]))
        return breaks

    def breaks(self) -> list[str]:
        """All that is wrong: in the file, in the chain (its first break), and in each payload; one sentence each."""
        if self._opened is None:
            return []
        fine = self._opened.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        chain = first_break(self.events)
        breaks = [] if fine == "ok" else [f"the file is damaged inside: {fine}"]
        breaks += [chain] if chain else self.quick_breaks()
        stored = {int(row.event): _stored(row) for row in self._opened.execute(sa.select(_PAYLOADS))}
        for event in self.events:
            trouble = payload_break(event, stored.pop(event.seq, None), purged=event.id in self.purged)
            breaks += [trouble] if trouble else []
        breaks += [f"there is a content of decision {seq}, but no such decision" for seq in stored]
        return breaks


def _event(row: Any) -> Event:
    # Whatever somebody may have put there in place of text becomes text, which its hash then contradicts.
    texts: list[Any] = [None if value is None else str(value) for value in row[1:]]
    return Event(int(row[0]), *texts)


def _stored(row: sa.Row[Any]) -> Stored:
    salt = row.salt if isinstance(row.salt, bytes) else str(row.salt).encode()
    return Stored(salt, str(row.content))


@dataclass(frozen=True)
class Store:
    """The store in the file ``path``, which need not exist yet.

    ``begins_with`` is another store, if there is one: it is read while ``path`` is not there, and the first event
    that is written makes ``path`` a copy of it that goes on. All methods raise UserError for a file that is damaged,
    newer than this program, or locked by another one; the file is left as it is then.
    """

    path: Path
    begins_with: Path | None = None

    @property
    def source(self) -> Path | None:
        """The file that is read; None when there is none yet."""
        return next((path for path in (self.path, self.begins_with) if path is not None and path.exists()), None)

    @contextmanager
    def reading(self) -> Iterator[Log]:
        """The events as they are at this moment, whatever is written meanwhile. Makes no file where there is none."""
        source = self.source
        if source is None:
            yield Log(None)
            return
        with told(source), readable(source) as path:
            migrations.bring_up_to_date(path, source)
            with connection(path, "BEGIN") as opened:
                yield Log(opened)

    @contextmanager
    def writing(self, *, create: bool = True) -> Iterator[Log]:
        """The events, for adding some: all of them on leaving, or none on an error. Nobody else writes meanwhile.

        Where payloads were purged, now or before, it then tries to take their bytes out of the file.

        Without ``create`` a store that is not there is not made: the log is empty then, and nothing can be added.
        Raises UserError also for a full disk, and when the end of the chain is broken.
        """
        if not create and self.source is None:
            yield Log(None)
            return
        with told(self.path):
            if self.path.exists():
                migrations.bring_up_to_date(self.path)
            else:
                migrations.create(self.path, self.begins_with if self.source else None)
            with connection(self.path, "BEGIN IMMEDIATE") as opened:
                log = Log(opened)
                breaks = log.quick_breaks()
                if breaks:
                    raise UserError(
                        breaks[0],
                        where=str(self.path),
                        how="Nothing was added: put back a copy of the file, or move it elsewhere to begin anew",
                    )
                yield log
                unfinished = log.unfinished_purges()
            if unfinished:
                with suppress(UserError):  # what was added counts; the next one tries again
                    self._finish_purges()

    def _finish_purges(self) -> None:
        with told(self.path), connection(self.path) as opened:
            done = opened.execute(sa.select(_UNFINISHED.c.event)).scalars().all()
            opened.exec_driver_sql("VACUUM")
            busy = opened.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            if not busy:
                opened.execute(sa.delete(_UNFINISHED).where(_UNFINISHED.c.event.in_(done)))
