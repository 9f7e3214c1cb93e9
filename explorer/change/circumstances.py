"""What is known of an animal beside what is followed: facts about it, what else changed around it, and its pictures."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from explorer.change.clock import Clock, clock_of
from explorer.study.study import Study

BEFORE = 30.0
"""Days before an alert began from which on an event may have to do with it."""

_NAMED = 3
_HASH = 12


@dataclass(frozen=True)
class Changed:
    """One thing that is not what it was: what it is called, and how it was ``before`` and ``after``, in words."""

    label: str
    before: str
    after: str


def rows_of(study: Study, animal: str, until: float | None = None) -> npt.NDArray[np.int64]:
    """Rows of the observations of ``animal``, int64 (k,), by time; with ``until`` (days) those of no later day.

    Observations without a time are left out. Raises UserError when the study does not tell animals or times.
    """
    clock = clock_of(study)
    assert study.animal is not None and study.time is not None  # the clock has asked
    rows = np.flatnonzero((study.animal == animal).to_numpy())
    days = clock.days(study.time[rows])
    known = np.isfinite(days) if until is None else days <= until
    return rows[known][np.argsort(days[known], kind="stable")]


def facts_of(study: Study, animal: str, day: float | None = None) -> list[tuple[str, str]]:
    """What is known of ``animal`` at its last observation (up to ``day``): label and words of each background variable.

    What is missing is left out. Empty when it has not been observed by then.
    """
    rows = rows_of(study, animal, day)
    return list(_said(study, int(rows[-1])).items()) if len(rows) else []


def circumstances(study: Study, animal: str, before: float, after: float) -> list[Changed]:
    """The background variables that differ between the last observations of ``animal`` up to two days, and observers.

    A variable that was missing at either is left out: that says nothing. What changes with the calendar (age, season)
    is part of it, as a change in the animal may be no more than that.
    """
    ends = [rows_of(study, animal, day)[-1:] for day in (before, after)]
    if not all(len(end) for end in ends):
        return []
    then, now = (_said(study, int(end[0])) for end in ends)
    found = [Changed(label, then[label], now[label]) for label in then if now.get(label, then[label]) != then[label]]
    observers = [_observers(study, animal, day) for day in (before, after)]
    if all(observers) and observers[0] != observers[1]:
        found.append(Changed("Observer", *observers))
    return found


def encoders_said(study: Study, names: Iterable[str]) -> str:
    """Which encoders made the embeddings ``names``: one each, so that it explains no change. Empty where the study does
    not know of one by its hash (imported vectors, features)."""
    notes = [study.embedding(name).note for name in names]
    told = dict.fromkeys(f"{one.encoder} ({one.encoder_hash[:_HASH]})" for one in notes if one.encoder_hash)
    return f"Encoder {', '.join(told)}: the same for all visits" if told else ""


def events_about(events: pd.DataFrame, clock: Clock, since: float | None, until: float) -> str:
    """The latest events, of each kind the last one, from a month before the day ``since`` (on
    which an alert began) up to ``until``: what may explain it. ``events``: of one animal, with their ``day`` and
    ``kind``. Empty without an alert (None), and where there is none.
    """
    if since is None:
        return ""
    days = events["day"].to_numpy(dtype=np.float64)
    near = events[(days >= since - BEFORE) & (days <= until)].sort_values("day", kind="stable")
    last = near.drop_duplicates("kind", keep="last").iloc[-_NAMED:]
    return ", ".join(f"{kind} {clock.say(float(day))}" for kind, day in zip(last["kind"], last["day"], strict=True))


def in_a_sentence(about: str) -> str:
    """What ``events_about`` gives, as a sentence that follows another one; empty where it is."""
    return f" About that time: {about}." if about else ""


def picture_rows(study: Study, animal: str, before: float, after: float) -> tuple[int | None, int | None]:
    """Rows of the last observations of ``animal`` with a picture up to two days; None where there is none."""
    if not study.has_pictures:
        return None, None
    found: list[int | None] = []
    for day in (before, after):
        rows = rows_of(study, animal, day)
        found.append(next((int(row) for row in rows[::-1] if study.picture_source(int(row)) is not None), None))
    return found[0], found[1]


def _said(study: Study, row: int) -> dict[str, str]:
    said = {}
    for name, variable in study.variables.items():
        if variable.role != "background":
            continue
        value = study.values(name).iloc[row]
        if pd.isna(value):
            continue
        words = _figure(value) if isinstance(value, float) else str(value)
        said[variable.label or name] = f"{words} {variable.unit}" if variable.unit else words
    return said


def _figure(value: float) -> str:
    """Three digits, or all before the point where there are more."""
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e15 else f"{value:.3g}"


def _observers(study: Study, animal: str, day: float) -> str:
    """Who scored the animal last, up to ``day``; empty when nobody is told."""
    scores = study.scores
    if "observer" not in scores:
        return ""
    own = scores[(scores["animal"] == animal).to_numpy() & scores["observer"].notna().to_numpy()]
    days = clock_of(study).days(own["time"].to_numpy())
    seen = days[days <= day]
    return ", ".join(sorted(set(own["observer"][days == seen.max()].astype(str)))) if len(seen) else ""
