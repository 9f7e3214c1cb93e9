"""What people found out about alerts: confirmed, a false alarm, or to be watched; each a decision to be undone.

The subject of each event is the animal. An alert is told by animal, day and task; the visits of one run of alerts are
resolved together. What is decided last of an alert counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.decisions.chain import Event
from explorer.decisions.names import checked_who
from explorer.decisions.place import store_of
from explorer.decisions.state import in_force
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study

Verdict = Literal["confirmed", "false alarm", "watch"]
"""A real change; nothing was wrong, so that the visit belongs to the animal's normal again; not known yet."""

Verdicts = Mapping[tuple[str, float, str], Verdict]
"""What people said of alerts, by animal, day and task."""

RESOLVE = "alert.resolve"
MOST_NOTE = 2_000


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    task: str
    days: Annotated[tuple[float, ...], Field(min_length=1)]
    verdict: Verdict
    note: Annotated[str, Field(max_length=MOST_NOTE)] = ""


@dataclass(frozen=True)
class Resolved:
    """What ``who`` decided, ``when`` (UTC), by event number ``seq``, of alerts of ``animal`` on ``days`` of ``task``.

    ``days`` are those of the alerts, of which it is the last word; in the days that ``change`` counts in.
    """

    animal: str
    task: str
    days: tuple[float, ...]
    verdict: Verdict
    note: str
    who: str
    when: datetime
    seq: int


@dataclass(frozen=True)
class Resolutions:
    """The decisions about alerts that have the last word on any, in order, as they were after event ``as_of``.

    ``troubles``: those that could not be read, in sentences.
    """

    as_of: int
    resolved: tuple[Resolved, ...]
    troubles: tuple[str, ...] = ()

    def of(self, animal: str) -> tuple[Resolved, ...]:
        """Those of one animal."""
        return tuple(one for one in self.resolved if one.animal == animal)


def resolve_alert(
    study: "Study",
    animal: str,
    days: Sequence[float],
    task: str,
    verdict: Verdict,
    *,
    note: str = "",
    who: str | None = None,
) -> Event:
    """Say what came of the alerts of ``animal`` on ``days`` of ``task``.

    ``who`` is by default the user of this computer.
    Raises UserError for no days, an unknown verdict, a note that is too long, and when nothing can be written.
    """
    who = checked_who(who)
    if verdict not in get_args(Verdict):
        raise UserError(f"an alert cannot be {verdict!r}", how=f"Use one of: {', '.join(get_args(Verdict))}")
    if not days:
        raise UserError("no alert was chosen", how="Give the days of the alerts")
    note = note.strip()
    if len(note) > MOST_NOTE:
        raise UserError(f"the note has {len(note):,} characters", how=f"Use at most {MOST_NOTE:,}")
    payload = _Payload(task=task, days=tuple(sorted(set(map(float, days)))), verdict=verdict, note=note)
    with store_of(study).writing() as log:
        return log.append(RESOLVE, animal, who=who, payload=payload.model_dump(mode="json"))


def resolutions(study: "Study", as_of: int | None = None) -> Resolutions:
    """What was decided about alerts, as it was after event ``as_of`` (default: now).

    Raises UserError for an ``as_of`` that has not been, and when the store cannot be read.
    """
    last: dict[tuple[str, float, str], int] = {}
    found: dict[int, tuple[Event, _Payload]] = {}
    troubles = []
    with store_of(study).reading() as log:
        number = log.head if as_of is None else as_of
        for event in in_force(log, number):
            if event.kind != RESOLVE:
                continue
            try:
                payload = _Payload.model_validate(log.payload(event))
            except (UserError, ValidationError):
                troubles.append(f"decision {event.seq} about an alert cannot be read and has no effect")
                continue
            found[event.seq] = (event, payload)
            last.update({(event.subject, day, payload.task): event.seq for day in payload.days})
    kept = []
    for seq, (event, payload) in found.items():
        days = tuple(day for day in payload.days if last[event.subject, day, payload.task] == seq)
        if days:
            said = (payload.verdict, payload.note, event.who, event.when, seq)
            kept.append(Resolved(event.subject, payload.task, days, *said))
    return Resolutions(number, tuple(kept), tuple(troubles))


def verdicts_at(study: "Study", as_of: int | None = None) -> dict[tuple[str, float, str], Verdict]:
    """The verdict on each alert that was resolved, by animal, day and task: what ``change.alerts_of`` takes.

    Raises UserError as ``resolutions`` does.
    """
    found = resolutions(study, as_of).resolved
    return {(one.animal, day, one.task): one.verdict for one in found for day in one.days}
