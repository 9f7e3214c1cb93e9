"""Events of animals that people noted in the app, beside those of the study's own table; each can be undone.

The subject of each event is the animal.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from explorer.decisions.chain import Event
from explorer.decisions.names import checked_name, checked_who
from explorer.decisions.place import store_of
from explorer.decisions.state import in_force
from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.study.study import Study

NOTE = "event.note"
MOST_DETAIL = 400


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    time: date | float
    kind: Annotated[str, Field(min_length=1)]
    detail: Annotated[str, Field(max_length=MOST_DETAIL)] = ""

    @model_validator(mode="before")
    @classmethod
    def _time_as_written(cls, given: dict[str, object]) -> dict[str, object]:
        """A number is a number: pydantic would take it for seconds since 1970."""
        time = given.get("time")
        return {**given, "time": date.fromisoformat(time)} if isinstance(time, str) else given


@dataclass(frozen=True)
class NotedEvent:
    """``who`` noted, ``when`` (UTC), by event number ``seq``, that ``animal`` had an event of this ``kind``.

    ``time``: a date, or a number in the study's unit.
    """

    animal: str
    time: date | float
    kind: str
    detail: str
    who: str
    when: datetime
    seq: int


def note_event(
    study: "Study", animal: str, time: date | float, kind: str, detail: str = "", *, who: str | None = None
) -> Event:
    """Note that ``animal`` had an event of a ``kind`` (calving, ...) at ``time``: a date, or a number in its unit.

    ``who`` is by default the user of this computer.
    Raises UserError for an animal that the study does not have, a time of the other sort, a kind that cannot be a
    name, a detail that is too long, and when nothing can be written.
    """
    who, kind, detail = checked_who(who), checked_name(kind, "the kind of event"), detail.strip()
    if study.animal is None or animal not in study.animal.cat.categories:
        raise UserError(f"there is no animal {animal!r} in this study", how="Choose one of its animals")
    dated = study.spec.columns.time_unit is None
    if isinstance(time, datetime):
        time = time.date()
    if dated != isinstance(time, date) or (not isinstance(time, date) and not np.isfinite(time)):
        sort = "a date" if dated else f"a number of {study.spec.columns.time_unit}"
        raise UserError(f"the time {time} is none of this study's", how=f"Give {sort}")
    if len(detail) > MOST_DETAIL:
        raise UserError(f"the detail has {len(detail):,} characters", how=f"Use at most {MOST_DETAIL}")
    payload = _Payload(time=time, kind=kind, detail=detail)
    with store_of(study).writing() as log:
        return log.append(NOTE, animal, who=who, payload=payload.model_dump(mode="json"))


def noted_events(study: "Study", as_of: int | None = None) -> tuple[list[NotedEvent], list[str]]:
    """The events that people noted, in the order of noting, as they were after event ``as_of`` (default: now); and a
    sentence for each that cannot be read.

    Raises UserError for an ``as_of`` that has not been, and when the store cannot be read.
    """
    found, troubles = [], []
    with store_of(study).reading() as log:
        for event in in_force(log, as_of):
            if event.kind != NOTE:
                continue
            try:
                told = _Payload.model_validate(log.payload(event))
            except (UserError, ValidationError, ValueError):
                troubles.append(f"the event of {event.subject} that decision {event.seq} noted cannot be read")
                continue
            found.append(NotedEvent(event.subject, told.time, told.kind, told.detail, event.who, event.when, event.seq))
    return found, troubles


def events_with_noted(study: "Study", as_of: int | None = None) -> pd.DataFrame:
    """All events of the study: animal (text), time (as ``study.time``), kind and detail (text), who noted it ("" for
    the study's own table) and seq (-1 for those), by animal and time. What cannot be read is left out.

    Raises UserError as ``noted_events`` does.
    """
    own = study.events
    blank = pd.Series([""] * len(own), dtype=object)
    table = pd.DataFrame(
        {
            "animal": own["animal"].astype(object),
            "time": own["time"],
            "kind": own["kind"].astype(object).fillna("").astype(str),
            "detail": own["detail"].astype(object).fillna("").astype(str) if "detail" in own else blank,
            "who": blank,
            "seq": -1,
        }
    )
    noted = noted_events(study, as_of)[0]
    if noted:
        dated = study.spec.columns.time_unit is None
        times = np.array([one.time for one in noted], dtype="datetime64[us]" if dated else np.float64)
        more = pd.DataFrame(
            {
                "animal": [one.animal for one in noted],
                "time": times,
                "kind": [one.kind for one in noted],
                "detail": [one.detail for one in noted],
                "who": [one.who for one in noted],
                "seq": [one.seq for one in noted],
            }
        )
        table = pd.concat([table, more], ignore_index=True) if len(table) else more
    return table.sort_values(["animal", "time", "seq"], kind="stable", ignore_index=True)
